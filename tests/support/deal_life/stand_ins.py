"""identity and marketing as the others need them: light, made by hand, always right."""

from typing import Any

from services.contracts.identity import (
    AccountBrief,
    CommunityQuery,
    CommunityView,
    CourierCheckQuery,
    GateView,
    MarkCourier,
    OrderContext,
    OrderContextQuery,
)
from services.contracts.marketing import FUNDED_BY_COMPANY, Adjustment, QuoteQuery, QuoteView
from services.kernel.wire import Done, Query, View
from tests.support.deal_life.town import Town


class Identity:
    """Where everybody lives, and which gates there are."""

    name = "identity"

    def __init__(self, town: Town) -> None:
        self.town = town

    def ask(self, method: str, command: Query, actor: Any = None, caller: str = "") -> View:
        """As a house is asked."""
        answer: View = getattr(self, method)(command)
        return answer

    def order_context(self, query: OrderContextQuery) -> OrderContext:
        town, number = self.town, self.town.households.index(query.household_id)
        stores = {shop.brief.store_id: shop.brief for shop in town.shops}
        return OrderContext(
            household_id=query.household_id,
            home_id=town.homes[number],
            community_id=town.community_id,
            building_id=town.building_id,
            address=f"翠湖苑 3号楼2单元{number + 1}01",
            contact_name="张伟",
            stores=[stores[store_id] for store_id in query.store_ids],
        )

    def account_brief(self, query: CourierCheckQuery) -> AccountBrief:
        return AccountBrief(account_id=query.account_id, name="张师傅", phone_masked="138****5678")

    def mark_courier(self, command: MarkCourier) -> Done:
        return Done()

    def community(self, query: CommunityQuery) -> CommunityView:
        gate = GateView(gate_id=self.town.gate_id, community_id=query.community_id, name="东门")
        return CommunityView(community_id=query.community_id, name="翠湖苑", gates=[gate])


class Marketing:
    """Some goods are cheaper: one at the property's cost, one at the shop's own."""

    name = "marketing"

    def __init__(self, town: Town) -> None:
        self.town = town

    def ask(self, method: str, command: Query, actor: Any = None, caller: str = "") -> View:
        """As a house is asked."""
        answer: View = getattr(self, method)(command)
        return answer

    def quote(self, query: QuoteQuery) -> QuoteView:
        cheaper = [line for line in query.lines if line.sku_id in self.town.cheaper]
        return QuoteView(
            adjustments=[
                Adjustment(
                    sku_id=line.sku_id,
                    promotion_id=self.town.promotion_id,
                    label="邻里价",
                    amount_fen=-20 * line.quantity,
                    funded_by=self._payer(line.sku_id),
                )
                for line in cheaper
            ]
        )

    def _payer(self, sku_id: str) -> str:
        payer = self.town.cheaper[sku_id]
        return f"merchant:{payer}" if payer else FUNDED_BY_COMPANY
