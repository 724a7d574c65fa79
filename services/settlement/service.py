"""Settlement's entrypoints: a parsed command in, a use case, a view out."""

from datetime import timedelta

from services.contracts.delivery import DropDelivered
from services.contracts.identity import MerchantLeft
from services.contracts.orders import OrderCancelled, OrderCompleted
from services.contracts.permissions import Permission
from services.contracts.settlement import (
    AuditQuery,
    AuditView,
    MatchOrders,
    Proof,
)
from services.kernel.clock import now
from services.kernel.db import Tx
from services.kernel.entrypoints import every, rpc, subscribe
from services.kernel.runtime import Runtime
from services.settlement import ledger
from services.settlement.audit import match_orders, prove_books
from services.settlement.entry_cards import CardsEntry
from services.settlement.entry_fees import FeesEntry
from services.settlement.entry_funds import FundsEntry
from services.settlement.entry_payments import PaymentsEntry
from services.settlement.entry_reconciliation import ReconciliationEntry
from services.settlement.entry_rules import RulesEntry
from services.settlement.entry_sharing import SharingEntry
from services.settlement.entry_withdrawals import WithdrawalsEntry
from services.settlement.extras import open_channels, terms_of
from services.settlement.settings import Settings
from services.settlement.use_cases.ask_channel import poll_payments
from services.settlement.use_cases.close_payment import close_stragglers
from services.settlement.use_cases.collect_cash import collect
from services.settlement.use_cases.forget_notices import forget_notices
from services.settlement.use_cases.resolve_escrow import (
    refund_escrow,
    release_escrow,
)
from services.settlement.use_cases.return_cards import begin_return
from services.settlement.use_cases.settle_due import settle_due
from services.settlement.use_cases.settle_refund import run_refunds

SETTLE_BATCHES = 5


class SettlementService(
    PaymentsEntry,
    FundsEntry,
    WithdrawalsEntry,
    FeesEntry,
    CardsEntry,
    ReconciliationEntry,
    SharingEntry,
    RulesEntry,
):
    """Every fen, who it is owed to, and why."""

    name = "settlement"
    runtime = Runtime(Settings, extras=open_channels)

    @rpc(permission=Permission.MONEY_AUDIT)
    def audit(self, query: AuditQuery) -> AuditView:
        channels = self.runtime.extras.channels
        bill_days = self.runtime.settings.audit_bill_days if query.with_channels else 0
        return prove_books(self.runtime.db, channels, bill_days, now())

    @rpc(permission=Permission.MONEY_AUDIT)
    def match_orders(self, query: MatchOrders) -> Proof:
        return match_orders(self.runtime.db, query)

    @subscribe(OrderCompleted)
    def on_order_completed(self, event: OrderCompleted, tx: Tx) -> None:
        release_escrow(tx, event, terms_of(self.runtime.settings))

    @subscribe(MerchantLeft)
    def on_merchant_left(self, event: MerchantLeft, tx: Tx) -> None:
        begin_return(tx, event, now())

    @subscribe(OrderCancelled)
    def on_order_cancelled(self, event: OrderCancelled, tx: Tx) -> None:
        if event.paid:
            refund_escrow(tx, event, now())

    @subscribe(DropDelivered)
    def on_drop_delivered(self, event: DropDelivered, tx: Tx) -> None:
        collect(tx, event, now())

    @every(seconds=2)
    def poll_payments(self) -> None:
        poll_payments(self.runtime.db, self.runtime.extras.channels, now())

    @every(seconds=1)
    def run_refunds(self) -> None:
        try_max = self.runtime.settings.refund_try_max
        run_refunds(self.runtime.db, self.runtime.extras.channels, try_max, now())

    @every(seconds=5)
    def settle_due(self) -> None:
        settle_due(self.runtime.db, terms_of(self.runtime.settings), SETTLE_BATCHES)

    @every(seconds=30)
    def close_stragglers(self) -> None:
        past = now() - timedelta(seconds=self.runtime.settings.close_after_s)
        close_stragglers(self.runtime.db, self.runtime.extras.channels, past, now())

    @every(seconds=300)
    def take_checkpoints(self) -> None:
        with self.runtime.db.transaction() as tx:
            ledger.take_checkpoints(tx, now())

    @every(seconds=3600)
    def forget_notices(self) -> None:
        before = now() - timedelta(days=self.runtime.settings.notice_retention_days)
        forget_notices(self.runtime.db, before)
