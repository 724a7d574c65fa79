"""marketing's entrypoints."""

import logging
from typing import Any

from services.contracts.cards import CardReturned
from services.contracts.marketing import (
    AnswerText,
    ExchangeCode,
    MarketingCounts,
    MarketingCountsQuery,
    NoticesQuery,
    NoticeView,
    OpenidView,
    PutWechatAccount,
    QuoteQuery,
    QuoteView,
    ReplyView,
    WechatAccountQuery,
    WechatAccountView,
    WechatEventReceived,
)
from services.contracts.orders import (
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderDispatched,
    OrderPaid,
    OrderReady,
    OrderReminder,
    OrderTrouble,
)
from services.contracts.permissions import Permission
from services.contracts.settlement import EscrowReleased, RefundCompleted, RefundFailed
from services.contracts.withdrawals import WithdrawalChanged
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.crypto import Sealer
from services.kernel.db import Database, Tx
from services.kernel.entrypoints import every, rpc, subscribe
from services.kernel.runtime import Runtime
from services.kernel.wire import Done, Page
from services.marketing.desk import SendingDesk
from services.marketing.metrics import REFUNDS_FAILED
from services.marketing.settings import Settings
from services.marketing.use_cases import accounts, events, notices
from services.marketing.use_cases import quote as promotions

log = logging.getLogger(__name__)


class Extras:
    """What one process of marketing keeps: the key to the secrets, and the desk that sends."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self.sealer = Sealer(settings.data_keys)
        self.desk = SendingDesk(db, self.sealer, settings, now)


class MarketingService:
    """WeChat accounts, notices, webhook events, promotions."""

    name = "marketing"
    runtime: Any = Runtime(Settings, extras=Extras)

    # accounts

    @rpc(permission=Permission.ACCOUNT_EDIT)
    def put_wechat_account(self, command: PutWechatAccount, actor: Actor) -> Done:
        runtime = self.runtime
        return accounts.put_wechat_account(runtime.db, runtime.extras.sealer, command, actor, now())

    @rpc(callers=("gateway",))
    def wechat_account(self, query: WechatAccountQuery) -> WechatAccountView:
        return accounts.wechat_account(self.runtime.db, self.runtime.extras.sealer, query)

    @rpc(callers=("gateway",))
    def exchange_code(self, command: ExchangeCode) -> OpenidView:
        runtime = self.runtime
        return accounts.exchange_code(
            runtime.db, runtime.extras.sealer, command, runtime.settings.wechat_timeout_s
        )

    @rpc(callers=("gateway",))
    def answer_text(self, query: AnswerText) -> ReplyView:
        return accounts.answer_text(query, self.runtime.settings.public_url)

    # promotions

    @rpc(callers=("orders",))
    def quote(self, query: QuoteQuery) -> QuoteView:
        return promotions.quote(self.runtime.db, query, now())

    # notices

    @rpc(signed_in=True)
    def notices(self, query: NoticesQuery, actor: Actor) -> Page[NoticeView]:
        return notices.notices(self.runtime.db, query, actor, self.runtime.settings.public_url)

    @rpc(permission=Permission.OVERVIEW_VIEW)
    def counts(self, query: MarketingCountsQuery) -> MarketingCounts:
        return notices.counts(self.runtime.db, query, now())

    @subscribe(OrderPaid)
    def on_order_paid(self, event: OrderPaid, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(OrderConfirmed)
    def on_order_confirmed(self, event: OrderConfirmed, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(OrderDispatched)
    def on_order_dispatched(self, event: OrderDispatched, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(OrderDelivered)
    def on_order_delivered(self, event: OrderDelivered, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(OrderReady)
    def on_order_ready(self, event: OrderReady, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(OrderReminder)
    def on_order_reminder(self, event: OrderReminder, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(OrderTrouble)
    def on_order_trouble(self, event: OrderTrouble, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(OrderCancelled)
    def on_order_cancelled(self, event: OrderCancelled, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(EscrowReleased)
    def on_escrow_released(self, event: EscrowReleased, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(RefundCompleted)
    def on_refund_completed(self, event: RefundCompleted, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(RefundFailed)
    def on_refund_failed(self, event: RefundFailed, tx: Tx) -> None:
        # Nobody outside is told: first a cashier must see why the channel refuses.
        tx.on_commit(REFUNDS_FAILED.inc)
        log.error("refund %s of payment %s failed", event.aggregate_id, event.payment_id)

    @subscribe(CardReturned)
    def on_card_returned(self, event: CardReturned, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(WithdrawalChanged)
    def on_withdrawal_changed(self, event: WithdrawalChanged, tx: Tx) -> None:
        events.queue_notices(tx, event, now())

    @subscribe(WechatEventReceived)
    def on_wechat_event_received(self, event: WechatEventReceived, tx: Tx) -> None:
        events.take_in_wechat_event(tx, event, now())

    # by itself

    @every(seconds=1)
    def send_notices(self) -> None:
        runtime = self.runtime
        for _ in range(runtime.settings.notice_rounds):
            taken = notices.address_notices(runtime.db, runtime.services, now(), runtime.settings)
            taken += notices.send_notices(
                runtime.db, runtime.extras.desk.send, now(), runtime.settings
            )
            if not taken:
                return

    @every(seconds=3600)
    def forget_old(self) -> None:
        notices.forget_old(self.runtime.db, now(), self.runtime.settings)
