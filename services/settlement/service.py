"""Settlement's entrypoints: a parsed command in, a use case, a view out."""

from collections.abc import Mapping
from datetime import timedelta

from services.contracts.orders import OrderCancelled, OrderCompleted
from services.contracts.permissions import Permission
from services.contracts.settlement import (
    AuditQuery,
    AuditView,
    Channel,
    ClosePayment,
    FundQuery,
    FundView,
    MatchOrders,
    MoneyCounts,
    MoneyCountsQuery,
    NoticeView,
    OpenPayment,
    OrderMoneyQuery,
    OrderMoneyView,
    PaymentQuery,
    PaymentView,
    PayWithWechat,
    PrepayView,
    Proof,
    ReceiveNotice,
)
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.db import Database, Tx
from services.kernel.entrypoints import every, rpc, subscribe
from services.kernel.runtime import Runtime
from services.settlement import ledger
from services.settlement.audit import match_orders, prove_books
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.domain import accounts
from services.settlement.domain.channel import PayChannel
from services.settlement.settings import Settings
from services.settlement.use_cases.ask_channel import poll_payments
from services.settlement.use_cases.close_payment import close_payment, close_stragglers
from services.settlement.use_cases.forget_notices import forget_notices
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.pay_with_wechat import pay_with_wechat
from services.settlement.use_cases.receive_notice import receive_notice
from services.settlement.use_cases.resolve_escrow import refund_escrow, release_escrow
from services.settlement.use_cases.see_money import count_money, see_fund, see_order_money
from services.settlement.use_cases.see_payment import see_payment
from services.settlement.use_cases.settle_refund import run_refunds


def open_channels(settings: Settings, db: Database) -> Mapping[Channel, PayChannel]:
    """The pay channels, with the accounts on which their money is booked."""
    channels = {Channel.WECHAT: WechatPayChannel(settings)}
    tills = [(way.till.channel, way.till.merchant_number) for way in channels.values()]
    with db.transaction() as tx:
        ledger.open_accounts(tx, accounts.standing(tills), now())
    return channels


class SettlementService:
    """Every fen, who it is owed to, and why."""

    name = "settlement"
    runtime = Runtime(Settings, extras=open_channels)

    @rpc(callers=("orders",))
    def open_payment(self, command: OpenPayment) -> PaymentView:
        return open_payment(self.runtime.db, command, now())

    @rpc(callers=("orders",))
    def close_payment(self, command: ClosePayment) -> PaymentView:
        return close_payment(self.runtime.db, self.runtime.extras, command, now())

    @rpc(permission=Permission.PAYMENT_PAY)
    def pay_with_wechat(self, command: PayWithWechat, actor: Actor) -> PrepayView:
        channel = self.runtime.extras[Channel.WECHAT]
        return pay_with_wechat(self.runtime.db, channel, command, actor, now())

    @rpc(signed_in=True)
    def payment(self, query: PaymentQuery, actor: Actor) -> PaymentView:
        return see_payment(self.runtime.db, self.runtime.extras, query, actor, now())

    @rpc(callers=("gateway",))
    def receive_notice(self, command: ReceiveNotice) -> NoticeView:
        return receive_notice(self.runtime.db, self.runtime.extras, command, now())

    @rpc(signed_in=True)
    def fund(self, query: FundQuery, actor: Actor) -> FundView:
        return see_fund(self.runtime.db, query, actor, now())

    @rpc(signed_in=True)
    def order_money(self, query: OrderMoneyQuery, actor: Actor) -> OrderMoneyView:
        return see_order_money(self.runtime.db, query, actor)

    @rpc(permission=Permission.OVERVIEW_VIEW)
    def counts(self, query: MoneyCountsQuery) -> MoneyCounts:
        return count_money(self.runtime.db, now())

    @rpc(permission=Permission.MONEY_AUDIT)
    def audit(self, query: AuditQuery) -> AuditView:
        channels = self.runtime.extras
        bill_days = self.runtime.settings.audit_bill_days if query.with_channels else 0
        return prove_books(self.runtime.db, channels, bill_days, now())

    @rpc(permission=Permission.MONEY_AUDIT)
    def match_orders(self, query: MatchOrders) -> Proof:
        return match_orders(self.runtime.db, query)

    @subscribe(OrderCompleted)
    def on_order_completed(self, event: OrderCompleted, tx: Tx) -> None:
        release_escrow(tx, event, now())

    @subscribe(OrderCancelled)
    def on_order_cancelled(self, event: OrderCancelled, tx: Tx) -> None:
        if event.paid:
            refund_escrow(tx, event, now())

    @every(seconds=2)
    def poll_payments(self) -> None:
        poll_payments(self.runtime.db, self.runtime.extras, now())

    @every(seconds=1)
    def run_refunds(self) -> None:
        try_max = self.runtime.settings.refund_try_max
        run_refunds(self.runtime.db, self.runtime.extras, try_max, now())

    @every(seconds=30)
    def close_stragglers(self) -> None:
        past = now() - timedelta(seconds=self.runtime.settings.close_after_s)
        close_stragglers(self.runtime.db, self.runtime.extras, past, now())

    @every(seconds=300)
    def take_checkpoints(self) -> None:
        with self.runtime.db.transaction() as tx:
            ledger.take_checkpoints(tx, now())

    @every(seconds=3600)
    def forget_notices(self) -> None:
        before = now() - timedelta(days=self.runtime.settings.notice_retention_days)
        forget_notices(self.runtime.db, before)
