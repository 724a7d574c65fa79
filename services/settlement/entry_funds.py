"""Settlement's entrypoints for looking at money."""

from typing import Any

from services.contracts.permissions import Permission
from services.contracts.settlement import (
    FundQuery,
    FundView,
    MoneyCounts,
    MoneyCountsQuery,
    OrderMoneyQuery,
    OrderMoneyView,
    SettledOrder,
    SettledOrdersQuery,
)
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import rpc
from services.kernel.wire import Page
from services.settlement.use_cases.see_money import (
    count_money,
    see_fund,
    see_order_money,
    see_settled_orders,
)


class FundsEntry:
    """Questions about funds, orders' money and the day's figures."""

    runtime: Any

    @rpc(signed_in=True)
    def fund(self, query: FundQuery, actor: Actor) -> FundView:
        return see_fund(self.runtime.db, query, actor, now())

    @rpc(signed_in=True)
    def order_money(self, query: OrderMoneyQuery, actor: Actor) -> OrderMoneyView:
        return see_order_money(self.runtime.db, query, actor)

    @rpc(signed_in=True)
    def settled_orders(self, query: SettledOrdersQuery, actor: Actor) -> Page[SettledOrder]:
        return see_settled_orders(self.runtime.db, query, actor, now())

    @rpc(permission=Permission.OVERVIEW_VIEW)
    def counts(self, query: MoneyCountsQuery) -> MoneyCounts:
        return count_money(self.runtime.db, now())
