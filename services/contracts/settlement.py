"""settlement: every fen, who it is owed to, and why."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from services.contracts.orders import OrderAmount, RefundTo
from services.kernel.errors import Conflict, Forbidden, InvariantBroken, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.money import Fen, PositiveFen
from services.kernel.wire import Command, Event, PageQuery, Query, ShortText, View


class Channel(StrEnum):
    """How money comes in. More channels join this list as their drivers do."""

    WECHAT = "wechat"


class PaymentState(StrEnum):
    """One act of paying."""

    OPEN = "open"
    PAID = "paid"
    CLOSING = "closing"
    CLOSED = "closed"


class EscrowState(StrEnum):
    """Money held for one order resolves once."""

    HELD = "held"
    RELEASED = "released"
    REFUNDED = "refunded"


class RefundState(StrEnum):
    """Money on its way back."""

    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


class OwnerKind(StrEnum):
    """Who owns a fund account."""

    HOUSEHOLD = "household"
    MERCHANT = "merchant"


# errors


class NoSuchPayment(NotFound):
    """There is no such payment, or it is not yours."""

    code = "settlement.no_such_payment"


class PaymentOver(Conflict):
    """The payment is paid or closed; `fields.state` says which."""

    code = "settlement.payment_over"


class InsufficientFunds(Refused):
    """The account does not hold that much."""

    code = "settlement.insufficient_funds"


class AlreadyResolved(Conflict):
    """What was held has been resolved before; `fields.state` says how."""

    code = "settlement.already_resolved"


class AlreadyPosted(Conflict):
    """This very transfer is in the ledger."""

    code = "settlement.already_posted"


class NoticeRefused(Forbidden):
    """The notice is not genuine, too old, or not for us."""

    code = "settlement.notice_refused"


class NoticeMismatch(Refused):
    """The notice is genuine, but what it says (amount, merchant, app) is not what was asked."""

    code = "settlement.notice_mismatch"


class ChannelRefused(Refused):
    """The pay channel refused; the message is the channel's own."""

    code = "settlement.channel_refused"


class NotYourFund(NotFound):
    """There is no such account, or it is not yours."""

    code = "settlement.not_your_fund"


class Unbalanced(InvariantBroken):
    """A transfer whose entries do not sum to zero."""

    code = "settlement.unbalanced"


# payments


class Allocation(View):
    """The part of a payment that is for one order."""

    order_id: Id
    merchant_id: Id
    amount_fen: PositiveFen


class OpenPayment(Command):
    """A payment for one or more orders; `payment_id` is chosen by orders."""

    payment_id: Id
    household_id: Id
    community_id: Id
    payer_account_id: Id
    subject: ShortText
    pay_before: datetime
    allocations: Annotated[list[Allocation], Field(min_length=1, max_length=20)]


class ClosePayment(Command):
    """Take no more money for it; answered only when the channel has agreed.

    A payment that is unknown is closed too: an opening that comes later will find it closed.
    """

    payment_id: Id
    household_id: Id


class PayWithWechat(Command):
    """Ask WeChat Pay for a prepay of this payment, for the payer's openid (JSAPI)."""

    payment_id: Id
    openid: Annotated[str, Field(min_length=3, max_length=80)]


class JsapiParams(View):
    """What WeixinJSBridge's getBrandWCPayRequest takes; `package` carries the prepay id."""

    app_id: str
    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str


class PrepayView(View):
    """The way to pay, until `pay_before`."""

    payment_id: Id
    amount_fen: int
    pay_before: datetime
    prepay_id: str
    jsapi: JsapiParams


class PaymentQuery(Query):
    """One payment; `refresh` asks the channel when no notice has come yet."""

    payment_id: Id
    refresh: bool = False


class PaymentView(View):
    """One act of paying."""

    payment_id: Id
    household_id: Id
    state: PaymentState
    amount_fen: int
    subject: str
    pay_before: datetime
    channel: Channel | None = None
    paid_at: datetime | None = None
    allocations: list[Allocation]


class ReceiveNotice(Command):
    """A pay channel's notice exactly as it came in: settlement verifies it on the raw bytes."""

    channel: Channel
    headers: dict[str, str]
    body: Annotated[str, StringConstraints(strip_whitespace=False, max_length=65_536)]
    """The raw body, decoded as UTF-8 without any change: a space more breaks the signature."""


class NoticeView(View):
    """What became of it; answered only after commit."""

    accepted: bool = True
    duplicate: bool = False


# money


class FundQuery(PageQuery):
    """A fund account with its newest entries first."""

    owner_kind: OwnerKind
    owner_id: Id


class StatementLine(View):
    """One entry of a statement."""

    at: datetime
    amount_fen: int
    balance_fen: int
    reason: str
    order_id: Id | None = None
    transfer_id: Id


class FundView(View):
    """What the platform owes the owner, and why."""

    owner_kind: OwnerKind
    owner_id: Id
    balance_fen: int
    in_escrow_fen: int = 0
    """For a merchant: held for orders that are not done yet."""
    today_in_fen: int = 0
    lines: list[StatementLine]
    next_after: str | None = None


class OrderMoneyQuery(Query):
    """Where the money of one order lies and went."""

    order_id: Id


class MoneyStep(View):
    """One movement: from whom to whom."""

    at: datetime
    from_account: str
    to_account: str
    amount_fen: int
    reason: str


class RefundView(View):
    """Money going back."""

    refund_id: Id
    order_id: Id | None = None
    amount_fen: int
    state: RefundState
    to: RefundTo
    at: datetime
    note: str = ""


class OrderMoneyView(View):
    """One order's money as a flow."""

    order_id: Id
    household_id: Id
    merchant_id: Id
    amount_fen: int
    held_fen: int
    state: EscrowState | None = None
    steps: list[MoneyStep] = []
    refunds: list[RefundView] = []


class AuditQuery(Query):
    """Prove the books; `with_channels` fetches the channels' own bills as well."""

    with_channels: bool = True


class Proof(View):
    """One sentence that must hold, and whether it does."""

    name: str
    statement: str
    holds: bool
    checked: int
    differences: list[str] = []


class MatchOrders(Query):
    """Compare what orders believes of some orders with what the ledger says."""

    orders: Annotated[list[OrderAmount], Field(min_length=1, max_length=100)]


class AuditView(View):
    """All proofs."""

    at: datetime
    proved: bool
    proofs: list[Proof]
    trial_balance: dict[str, int] = {}


class MoneyCountsQuery(Query):
    """Numbers for the staff overview."""


class MoneyCounts(View):
    """Today, in fen."""

    escrow_fen: int
    merchant_funds_fen: int
    household_funds_fen: int
    paid_today_fen: int
    paid_today_count: int
    settled_today_fen: int
    refunds_pending: int
    refunds_failed: int


# events


class PaymentReceived(Event):
    """The money is here and held, for each allocated order. `aggregate_id` is the payment."""

    name: ClassVar[str] = "payment.received"
    source: ClassVar[str] = "settlement"
    household_id: Id
    channel: Channel
    amount_fen: Fen
    allocations: list[Allocation]
    paid_at: datetime


class EscrowReleased(Event):
    """The merchant has the money of an order. `aggregate_id` is the order."""

    name: ClassVar[str] = "escrow.released"
    source: ClassVar[str] = "settlement"
    merchant_id: Id
    household_id: Id
    amount_fen: Fen
    commission_fen: Fen = 0


class RefundCompleted(Event):
    """Money is back. `aggregate_id`: the refund; `order_id`: None for late and double payments."""

    name: ClassVar[str] = "refund.completed"
    source: ClassVar[str] = "settlement"
    order_id: Id | None
    payment_id: Id
    household_id: Id
    payer_account_id: Id
    amount_fen: Fen
    to: RefundTo
    reason: str = ""


class RefundFailed(Event):
    """The channel refuses to give the money back; a cashier must look."""

    name: ClassVar[str] = "refund.failed"
    source: ClassVar[str] = "settlement"
    order_id: Id | None
    payment_id: Id
    household_id: Id
    amount_fen: Fen
    reason: str = ""
