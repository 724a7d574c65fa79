"""settlement: every fen, who it is owed to, and why."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from services.contracts.orders import OrderAmount, RefundTo
from services.kernel.errors import Conflict, Forbidden, InvariantBroken, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.money import Fen, PositiveFen, PriceFen
from services.kernel.wire import Command, Event, PageQuery, Query, ShortText, View


class Channel(StrEnum):
    """Through whom money comes in."""

    WECHAT = "wechat"
    ALIPAY = "alipay"
    UNIONPAY = "unionpay"
    DELIVERY = "delivery"
    """Cash on delivery: what the courier collects."""
    DESK = "desk"
    """The cashier takes cash or a card."""
    INTERNAL = "internal"
    """Nothing came in: paid from a fund account or a prepaid card alone."""


class PayWay(StrEnum):
    """How a payer pays."""

    WECHAT_JSAPI = "wechat_jsapi"
    """The sheet inside WeChat."""
    WECHAT_NATIVE = "wechat_native"
    """A code to be scanned with WeChat."""
    WECHAT_H5 = "wechat_h5"
    """A phone's browser outside WeChat."""
    ALIPAY_WAP = "alipay_wap"
    ALIPAY_PAGE = "alipay_page"
    ALIPAY_QR = "alipay_qr"
    """A code to be scanned with Alipay, at the desk for example."""
    UNIONPAY_PAGE = "unionpay_page"
    ON_DELIVERY = "on_delivery"
    BALANCE = "balance"
    """The whole amount from the household's fund or from a prepaid card."""


class PaymentState(StrEnum):
    """One act of paying."""

    OPEN = "open"
    PAID = "paid"
    CLOSING = "closing"
    CLOSED = "closed"


class EscrowState(StrEnum):
    """Money held for one order resolves once."""

    HELD = "held"
    FROZEN = "frozen"
    """In dispute: nobody gets it until a ruling."""
    RELEASED = "released"
    REFUNDED = "refunded"


class RefundState(StrEnum):
    """Money on its way back."""

    PENDING = "pending"
    PROCESSING = "processing"
    DONE = "done"
    FAILED = "failed"


class Custody(StrEnum):
    """Who receives the money of a community's orders and holds it until the deal is done."""

    COLLECT = "collect"
    """The property's merchant number receives; the ledger says whose it is."""
    PLATFORM = "platform"
    """The shop's own sub-merchant receives and the channel freezes it (分账)."""


class DeskMethod(StrEnum):
    """What the cashier took."""

    CASH = "cash"
    POS = "pos"


class CashState(StrEnum):
    """Money to be collected at the door."""

    DUE = "due"
    COLLECTED = "collected"
    """The courier has it, and owes it."""
    HANDED_IN = "handed_in"
    VOID = "void"
    """Called off before anybody collected."""


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


class NotYourOrderMoney(NotFound):
    """No money is known of such an order, or it is not yours."""

    code = "settlement.no_such_order"


class TooMuch(Refused):
    """More than is left; `fields.left_fen` says how much is."""

    code = "settlement.too_much"


class PartsFixed(Conflict):
    """What the fund or the card pays of this payment was settled with an earlier try."""

    code = "settlement.parts_fixed"


class WayNotOpen(Refused):
    """This payment cannot be paid that way; `fields.way` names it."""

    code = "settlement.way_not_open"


class HoldOver(Conflict):
    """The hold has been posted or voided before; `fields.state` says which."""

    code = "settlement.hold_over"


class NothingToCorrect(NotFound):
    """There is no such transfer, or it has been corrected before."""

    code = "settlement.nothing_to_correct"


class NotCorrectable(Refused):
    """This kind of transfer goes with the state of something else; `fields.kind` names it."""

    code = "settlement.not_correctable"


class NeedsAnotherPerson(Forbidden):
    """Whoever made it may not approve it."""

    code = "settlement.needs_another_person"


class Unbalanced(InvariantBroken):
    """A transfer whose entries do not sum to zero."""

    code = "settlement.unbalanced"


# payments


class CardSale(View):
    """A prepaid card that an order sells: pay `amount_fen`, get `gift_fen` of promise on top."""

    name: ShortText
    gift_fen: PriceFen = 0


class Allocation(View):
    """The part of a payment that is for one order."""

    order_id: Id
    merchant_id: Id
    amount_fen: PositiveFen
    category: str = Field(default="", max_length=40)
    """The kind of what was bought, for the commission's rule."""
    subsidy_fen: PriceFen = 0
    """What the property pays the merchant on top, for discounts that it funds."""
    card: CardSale | None = None
    """The order sells a prepaid card: its completion does not release the money."""


class OpenPayment(Command):
    """A payment for one or more orders; `payment_id` is chosen by orders."""

    payment_id: Id
    household_id: Id
    community_id: Id
    payer_account_id: Id
    subject: ShortText
    pay_before: datetime
    allocations: Annotated[list[Allocation], Field(min_length=1, max_length=20)]
    cash_at_door: bool = True
    """False where nobody comes to a door to collect: of it nothing can be paid on delivery."""


class ClosePayment(Command):
    """Take no more money for it; answered only when the channel has agreed.

    A payment that is unknown is closed too: an opening that comes later will find it closed.
    """

    payment_id: Id
    household_id: Id


class Pay(Command):
    """Pay an open payment: what fund and card do not cover goes through a channel.

    `fund_fen` and `card_id` are settled with the first try and stay the same for later ones.
    """

    payment_id: Id
    way: PayWay = PayWay.WECHAT_JSAPI
    openid: Annotated[str, Field(max_length=80)] = ""
    fund_fen: PriceFen = 0
    card_id: Id | None = None
    client_ip: Annotated[str, Field(max_length=45)] = "127.0.0.1"
    return_url: Annotated[str, Field(max_length=500)] = ""


class JsapiParams(View):
    """What WeixinJSBridge's getBrandWCPayRequest takes; `package` carries the prepay id."""

    app_id: str
    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str


class FormPost(View):
    """A form that the payer's browser posts."""

    url: str
    fields: dict[str, str]


class PayOffer(View):
    """What the payer's page needs: exactly one of the four, depending on the way."""

    way: PayWay
    jsapi: JsapiParams | None = None
    code_url: str = ""
    """To be shown as a QR code."""
    redirect_url: str = ""
    form: FormPost | None = None


class PayView(View):
    """The way to pay, until `pay_before`; no offer when there is nothing left to pay."""

    payment_id: Id
    state: PaymentState
    amount_fen: int
    channel_fen: int
    fund_fen: int = 0
    card_fen: int = 0
    """What the card covers, its gift part included."""
    pay_before: datetime
    offer: PayOffer | None = None


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
    fund_fen: int = 0
    card_id: Id | None = None
    card_fen: int = 0
    custody: Custody = Custody.COLLECT
    ways: list[PayWay] = []
    """The ways that are open for it."""
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
    withdrawable_fen: int = 0
    """What may be withdrawn now: not what was settled within the time for disputes."""
    deposit_fen: int = 0
    owed_fen: int = 0
    """For a merchant: what it owes the property; its next income pays that first."""
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
    transfer_id: str = ""
    by: str = ""
    """The person who made it, where a person did."""


class RefundView(View):
    """Money going back."""

    refund_id: Id
    order_id: Id | None = None
    amount_fen: int
    state: RefundState
    to: RefundTo
    at: datetime
    note: str = ""
    channel: Channel | None = None
    tries: int = 0


class OrderMoneyView(View):
    """One order's money as a flow."""

    order_id: Id
    household_id: Id
    merchant_id: Id
    amount_fen: int
    held_fen: int
    state: EscrowState | None = None
    channel: Channel | None = None
    channel_fen: int = 0
    fund_fen: int = 0
    card_fen: int = 0
    gift_fen: int = 0
    refunded_fen: int = 0
    refundable_fen: int = 0
    commission_fen: int = 0
    custody: Custody = Custody.COLLECT
    cash: CashState | None = None
    withdrawable_at: datetime | None = None
    steps: list[MoneyStep] = []
    refunds: list[RefundView] = []


class SettledOrdersQuery(PageQuery):
    """A merchant's orders settled on one Beijing day, newest first."""

    merchant_id: Id
    day: date | None = None


class SettledOrder(View):
    """What one order brought."""

    order_id: Id
    settled_at: datetime
    amount_fen: int
    refunded_fen: int
    commission_fen: int
    subsidy_fen: int
    net_fen: int
    withdrawable_at: datetime


# acts of staff on an order's money


class RefundOrderPart(Command):
    """Give back a part of what was paid for an order, before or after its settlement."""

    order_id: Id
    amount_fen: PositiveFen
    to: RefundTo = RefundTo.CHANNEL
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class OrderMoneyCommand(Command):
    """What orders asks for in the course of after-sales and disputes; `by_name` is who decided."""

    order_id: Id
    reason: Annotated[str, Field(min_length=2, max_length=200)]
    by_name: ShortText = ""


class RefundOrder(OrderMoneyCommand):
    """Give so much of an order back, as the two have agreed; before or after settlement.

    TooMuch when less is left, with `fields.left_fen`.
    """

    amount_fen: PositiveFen
    to: RefundTo = RefundTo.CHANNEL


class FreezeOrder(OrderMoneyCommand):
    """In dispute: nobody gets the money until a ruling. After settlement it is taken back: from the
    merchant's fund, its deposit, then as a debt. AlreadyResolved when all of it has gone back."""


class FrozenView(View):
    """What is frozen now, what of it was taken back, and what the merchant still owes."""

    order_id: Id
    frozen_fen: int
    taken_back_fen: int = 0
    owed_fen: int = 0


class ThawOrder(OrderMoneyCommand):
    """The quarrel was taken back: held as before, or settled again where the deal is done."""


class RuleOrder(OrderMoneyCommand):
    """Split what is frozen: so much to the resident, the rest to the merchant."""

    to_resident_fen: PriceFen
    to: RefundTo = RefundTo.CHANNEL


class RefundsQuery(PageQuery):
    """Refunds in one state, for staff, newest first."""

    state: RefundState | None = None


class RetryRefund(Command):
    """Send a failed refund again."""

    refund_id: Id


class RedirectRefund(Command):
    """Give a failed refund to the household's fund instead."""

    refund_id: Id
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class PayOutRefund(Command):
    """The cashier has given the money back in cash or to the card."""

    refund_id: Id
    reference: ShortText = ""


# the desk, and cash at the door


class TakeAtDesk(Command):
    """The cashier has taken the money of an open payment."""

    payment_id: Id
    method: DeskMethod
    reference: ShortText = ""
    """The slip's number of the card terminal."""


class TakeDeposit(Command):
    """The cashier has taken a merchant's deposit (保证金)."""

    merchant_id: Id
    amount_fen: PositiveFen
    method: DeskMethod
    reference: ShortText = ""


class DeskReceipt(View):
    """What is printed for the payer."""

    receipt_number: str
    subject: str
    amount_fen: int
    method: DeskMethod
    reference: str = ""
    taken_by: str
    taken_at: datetime


class DeskReceiptQuery(Query):
    """A receipt again, to print it once more."""

    payment_id: Id


class CashQuery(PageQuery):
    """Cash at the door, for the cashier: of a courier, in a state."""

    courier_id: Id | None = None
    state: CashState | None = None


class CashDueQuery(Query):
    """What is to be collected for these orders: for the courier who brings them."""

    order_ids: Annotated[list[Id], Field(min_length=1, max_length=50)]


class CashView(View):
    """What is to be collected, or was."""

    order_id: Id
    amount_fen: int
    state: CashState
    courier_id: Id | None = None
    courier_name: str = ""
    collected_at: datetime | None = None
    handed_in_at: datetime | None = None


class CashList(View):
    """Several of them; those without cash on delivery are left out."""

    items: list[CashView]


class HandInCash(Command):
    """A courier brings what was collected for these orders to the desk."""

    order_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]
    amount_fen: PositiveFen
    """What the cashier counted; it must be the sum."""


class HandedIn(View):
    """Taken."""

    receipt_number: str
    amount_fen: int
    order_count: int


# rules and corrections


class CommissionRule(View):
    """So many hundredths of a percent for a merchant, a category, or all, from day to day."""

    rule_id: Id
    merchant_id: Id | None = None
    category: str = ""
    rate_bp: int
    from_day: date
    until_day: date | None = None
    made_by: str
    made_at: datetime


class CommissionRules(View):
    """All rules, the strongest first."""

    items: list[CommissionRule]


class CommissionRulesQuery(Query):
    """The rules in force and to come."""


class PutCommissionRule(Command):
    """A new rule; a merchant's beats a category's, which beats the general one."""

    merchant_id: Id | None = None
    category: str = Field(default="", max_length=40)
    rate_bp: Annotated[int, Field(ge=0, le=3000)]
    from_day: date
    until_day: date | None = None


class CustodyView(View):
    """A community's custody, and each shop's own merchant number at the channel."""

    community_id: Id
    custody: Custody
    sub_merchants: dict[str, str] = {}


class CustodyQuery(Query):
    """How a community's money is kept."""

    community_id: Id


class PutCustody(Command):
    """Choose it; orders that are paid already stay as they are."""

    community_id: Id
    custody: Custody


class PutSubMerchant(Command):
    """A shop's own merchant number at WeChat Pay."""

    merchant_id: Id
    sub_mchid: Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[0-9]+$")]


class CorrectTransfer(Command):
    """Undo a wrong transfer by a new one that names it."""

    transfer_id: Id
    reason: Annotated[str, Field(min_length=4, max_length=200)]


class CorrectionView(View):
    """The new transfer."""

    transfer_id: Id
    corrects: Id
    amount_fen: int
    by: str
    at: datetime


class TrialBalanceQuery(Query):
    """The sums of all kinds of account."""


class TrialBalanceLine(View):
    """One kind of account in one pair of hands."""

    kind: str
    custodian: str
    channel: str = ""
    account_count: int
    balance_fen: int


class TrialBalanceView(View):
    """Sums to zero in each pair of hands."""

    at: datetime
    lines: list[TrialBalanceLine]


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
    """The merchant has the money of an order. `aggregate_id` is the order.

    `amount_fen` is 0 when the order sold a prepaid card: its money is on the card.
    """

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
