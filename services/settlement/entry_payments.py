"""Settlement's entrypoints for payments, refunds, the desk and cash at doors."""

from typing import Any

from services.contracts.permissions import Permission
from services.contracts.settlement import (
    CashDueQuery,
    CashList,
    CashQuery,
    CashView,
    ClosePayment,
    DeskReceipt,
    DeskReceiptQuery,
    FreezeOrder,
    FrozenView,
    HandedIn,
    HandInCash,
    NoticeView,
    OpenPayment,
    OrderMoneyView,
    Pay,
    PaymentQuery,
    PaymentView,
    PayOutRefund,
    PayView,
    ReceiveNotice,
    RedirectRefund,
    RefundOrder,
    RefundOrderPart,
    RefundsQuery,
    RefundView,
    RetryRefund,
    RuleOrder,
    TakeAtDesk,
    TakeDeposit,
    ThawOrder,
)
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import rpc
from services.kernel.wire import Page
from services.settlement.extras import terms_of
from services.settlement.use_cases import cash, desk, dispute, mend_refund, see_money
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.pay import pay
from services.settlement.use_cases.receive_notice import receive_notice
from services.settlement.use_cases.refund_order import refund_order, refund_part
from services.settlement.use_cases.see_payment import see_payment


class PaymentsEntry:
    """Commands and questions about payments."""

    runtime: Any

    @rpc(callers=("orders",))
    def open_payment(self, command: OpenPayment) -> PaymentView:
        return open_payment(self.runtime.db, command, now())

    @rpc(callers=("orders",))
    def close_payment(self, command: ClosePayment) -> PaymentView:
        return close_payment(self.runtime.db, self.runtime.extras.channels, command, now())

    @rpc(permission=Permission.PAYMENT_PAY)
    def pay(self, command: Pay, actor: Actor) -> PayView:
        return pay(self.runtime.db, self.runtime.extras.channels, command, actor, now())

    @rpc(signed_in=True)
    def payment(self, query: PaymentQuery, actor: Actor) -> PaymentView:
        return see_payment(self.runtime.db, self.runtime.extras.channels, query, actor, now())

    @rpc(callers=("gateway",))
    def receive_notice(self, command: ReceiveNotice) -> NoticeView:
        return receive_notice(self.runtime.db, self.runtime.extras.channels, command, now())

    # refunds and quarrels

    @rpc(permission=Permission.MONEY_REFUND)
    def refund_order_part(self, command: RefundOrderPart, actor: Actor) -> OrderMoneyView:
        return refund_part(self.runtime.db, command, actor, now())

    @rpc(callers=("orders",))
    def refund_order(self, command: RefundOrder) -> OrderMoneyView:
        return refund_order(self.runtime.db, command, now())

    @rpc(callers=("orders",))
    def freeze_order(self, command: FreezeOrder) -> FrozenView:
        return dispute.freeze_order(self.runtime.db, command, now())

    @rpc(callers=("orders",))
    def thaw_order(self, command: ThawOrder) -> OrderMoneyView:
        return dispute.thaw_order(self.runtime.db, command, terms_of(self.runtime.settings))

    @rpc(callers=("orders",))
    def rule_order(self, command: RuleOrder) -> OrderMoneyView:
        return dispute.rule_order(self.runtime.db, command, terms_of(self.runtime.settings))

    @rpc(permission=Permission.MONEY_VIEW_ANY)
    def refunds(self, query: RefundsQuery, actor: Actor) -> Page[RefundView]:
        return see_money.see_refunds(self.runtime.db, query, actor)

    @rpc(permission=Permission.MONEY_REFUND)
    def retry_refund(self, command: RetryRefund, actor: Actor) -> RefundView:
        return mend_refund.retry_refund(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MONEY_REFUND)
    def redirect_refund(self, command: RedirectRefund, actor: Actor) -> RefundView:
        channels = self.runtime.extras.channels
        return mend_refund.redirect_refund(self.runtime.db, channels, command, actor, now())

    @rpc(permission=Permission.MONEY_DESK)
    def pay_out_refund(self, command: PayOutRefund, actor: Actor) -> RefundView:
        return mend_refund.pay_out_refund(self.runtime.db, command, actor, now())

    # the desk, and cash at doors

    @rpc(permission=Permission.MONEY_DESK)
    def take_at_desk(self, command: TakeAtDesk, actor: Actor) -> DeskReceipt:
        return desk.take_at_desk(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MONEY_DESK)
    def take_deposit(self, command: TakeDeposit, actor: Actor) -> DeskReceipt:
        return desk.take_deposit(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.MONEY_VIEW_ANY)
    def desk_receipt(self, query: DeskReceiptQuery, actor: Actor) -> DeskReceipt:
        return desk.see_receipt(self.runtime.db, query, actor)

    @rpc(permission=Permission.MONEY_DESK)
    def hand_in_cash(self, command: HandInCash, actor: Actor) -> HandedIn:
        return cash.hand_in(self.runtime.db, command, actor, terms_of(self.runtime.settings))

    @rpc(permission=Permission.MONEY_VIEW_ANY)
    def cash(self, query: CashQuery, actor: Actor) -> Page[CashView]:
        return cash.see_cash(self.runtime.db, query, actor)

    @rpc(permission=Permission.DROP_DELIVER)
    def cash_due(self, query: CashDueQuery) -> CashList:
        return cash.see_due(self.runtime.db, query)
