"""orders: what was agreed with one store, its state and its timeline."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from services.contracts.catalog import Fulfilment, Quantity
from services.kernel.errors import Conflict, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.money import Fen
from services.kernel.wire import Command, Event, PageQuery, Query, ShortText, View


class OrderState(StrEnum):
    """Where a deal stands. 待支付 关闭中 待接单 备货中 待配送/待自提 已预约 服务中 配送中 已送达
    已完成 已取消."""

    AWAITING_PAYMENT = "awaiting_payment"
    CLOSING = "closing"
    """The channel is being asked to take no more money; then cancelled, or paid after all."""
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    PREPARING = "preparing"
    READY = "ready"
    """Packed: waits for a courier, or to be fetched."""
    SCHEDULED = "scheduled"
    """A service whose appointment the store has confirmed."""
    IN_SERVICE = "in_service"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Trouble(StrEnum):
    """What is open beside the ordinary course; one at a time. 改单中, 退款/售后, 纠纷中."""

    NONE = "none"
    AMENDING = "amending"
    AFTER_SALE = "after_sale"
    DISPUTED = "disputed"


class Party(StrEnum):
    """On whose side an actor stands in an order."""

    RESIDENT = "resident"
    MERCHANT = "merchant"
    COURIER = "courier"
    STAFF = "staff"
    SYSTEM = "system"


class Step(StrEnum):
    """What a timeline entry tells; a reader that does not know one shows its note alone."""

    PLACED = "placed"
    PAID = "paid"
    PAY_ON_DELIVERY = "pay_on_delivery"
    """To be paid at the door."""
    PAID_LATE = "paid_late"
    """Paid after it was cancelled: the money goes back."""
    CLOSING = "closing"
    CONFIRMED = "confirmed"
    READY = "ready"
    DISPATCHED = "dispatched"
    ENTERED = "entered"
    LEFT = "left"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CARD_SOLD = "card_sold"
    """A prepaid card is ready: completed when paid."""
    SETTLED = "settled"
    CARD_KEPT = "card_kept"
    """Its money is on the card, and the merchant's only as it is spent."""
    CANCELLED = "cancelled"
    STOCK_SHORT = "stock_short"
    """Paid, but its pieces had been sold to somebody else."""
    REFUNDED = "refunded"
    EXCESS_REFUNDED = "excess_refunded"
    """Money that came late or twice went back; the order itself is untouched."""
    SAID = "said"
    """In `order.trouble` only: a word in the thread, not on the timeline."""
    REMINDED = "reminded"
    """Its time is nearly over: whoever must act was told."""
    OVERDUE = "overdue"
    """Its time is over: the resident may take it back without asking."""
    PICKED_UP = "picked_up"
    """Fetched with its code, all of it or a part."""
    SCHEDULED = "scheduled"
    SERVICE_STARTED = "service_started"
    SERVICE_FINISHED = "service_finished"
    AMENDMENT_PROPOSED = "amendment_proposed"
    AMENDMENT_ACCEPTED = "amendment_accepted"
    AMENDED = "amended"
    AMENDMENT_OVER = "amendment_over"
    """Refused, withdrawn, too late, or not possible any more; the order is as it was."""
    CASE_OPENED = "case_opened"
    CASE_ANSWERED = "case_answered"
    CASE_SENT_BACK = "case_sent_back"
    CASE_TAKEN_BACK = "case_taken_back"
    CASE_REPLACED = "case_replaced"
    CASE_CLOSED = "case_closed"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_PROPOSED = "dispute_proposed"
    MEDIATOR_CALLED = "mediator_called"
    DISPUTE_TAKEN = "dispute_taken"
    DISPUTE_RULED = "dispute_ruled"
    DISPUTE_APPEALED = "dispute_appealed"
    DISPUTE_CLOSED = "dispute_closed"
    REVIEWED = "reviewed"
    REVIEW_ANSWERED = "review_answered"
    REVIEW_HIDDEN = "review_hidden"


class RefundTo(StrEnum):
    """Where money goes back to: the way it came, or the household's fund account."""

    CHANNEL = "channel"
    FUND = "fund"
    CARD = "card"
    """Back onto the prepaid card that paid."""


# errors


class NotYourOrder(NotFound):
    """There is no such order, or it is not yours."""

    code = "orders.not_yours"


class WrongState(Conflict):
    """The order's state does not allow this; `fields.state` names it."""

    code = "orders.wrong_state"


class OtherAddressNeedsRemark(Refused):
    """Another address than the certified home must be explained in the remark."""

    code = "orders.other_address_needs_remark"


class NothingToPay(Refused):
    """Each store's part must cost something: a payment of nothing cannot be held or settled."""

    code = "orders.nothing_to_pay"


class TooManyStores(Refused):
    """One payment is for at most 20 orders: one a store, and one a prepaid card."""

    code = "orders.too_many_stores"


class InTrouble(Conflict):
    """Something else is open on this order first; `fields.trouble` names it."""

    code = "orders.in_trouble"


class NotOffered(Refused):
    """The store does not hand this over in that way; `fields` maps each SKU to what it offers."""

    code = "orders.not_offered"


class AppointmentNeeded(Refused):
    """A service needs a time; `fields` names its SKU."""

    code = "orders.appointment_needed"


class SlotNotOffered(Refused):
    """No appointment begins at that time: in the past, off the hour, or outside the hours."""

    code = "orders.slot_not_offered"


class SlotTaken(Conflict):
    """Somebody was faster; `fields` names the SKU."""

    code = "orders.slot_taken"


class NoSuchCode(NotFound):
    """No order of this store has this pick-up code."""

    code = "orders.no_such_code"


class CodeUsed(Conflict):
    """All of it was handed over before; `fields.at` and `fields.by` say when and by whom."""

    code = "orders.code_used"


class NotThatMany(Refused):
    """More than is left; `fields` maps each SKU to what is left."""

    code = "orders.not_that_many"


class HandingOver(Conflict):
    """Another courier is being asked this very moment; try again in half a minute."""

    code = "orders.handing_over"


# commands


class OrderLine(View):
    """So many of one SKU."""

    sku_id: Id
    quantity: Quantity


class ClientInfo(View):
    """Which client the order came from: no address finer than a city, no device number."""

    kind: str = Field(default="", max_length=30)
    page: str = Field(default="", max_length=100)
    agent: str = Field(default="", max_length=200)
    wechat: str = Field(default="", max_length=20)
    """Version of WeChat, where it is one."""
    network: str = Field(default="", max_length=45)
    """The address cut to its network (/16 or /32): never the whole of it."""


class StoreHandover(View):
    """How one store's goods reach the household; delivery where nothing is said."""

    store_id: Id
    fulfilment: Fulfilment


class Appointment(View):
    """When one service takes place; it is an order of its own."""

    sku_id: Id
    fulfilment: Fulfilment = Fulfilment.AT_HOME
    starts_at: AwareDatetime


class UploadedPhoto(View):
    """What the gateway has stored under a one-time key."""

    key: ShortText
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


Photos = Annotated[list[UploadedPhoto], Field(max_length=6)]


class PlaceOrders(Command):
    """Order for a household: one payment, one order for each store in the lines.

    A prepaid card is an order of its own, which completes when it is paid: nothing is delivered. A
    service with an appointment is an order of its own too.

    Delivered to the certified home unless `other_address` is given, which needs a remark.
    """

    household_id: Id
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=50)]
    other_address: ShortText = ""
    remark: ShortText = ""
    deliver_after: AwareDatetime | None = None
    handovers: Annotated[list[StoreHandover], Field(max_length=20)] = []
    appointments: Annotated[list[Appointment], Field(max_length=20)] = []
    client: ClientInfo = ClientInfo()


class OrderCommand(Command):
    """An act on one order."""

    order_id: Id
    client: ClientInfo = ClientInfo()


class CancelOrder(OrderCommand):
    """Before payment: all orders of the same payment go. After it, until dispatch: money back.

    The resident may cancel until the merchant has confirmed, and again when it is overdue; the
    merchant and staff until dispatch.
    """

    reason: Annotated[str, Field(min_length=2, max_length=200)]
    refund_to: RefundTo = RefundTo.CHANNEL


class ConfirmOrder(OrderCommand):
    """The merchant takes the order: 接单."""


class MarkReady(OrderCommand):
    """Packed, waiting for the courier."""


class DispatchOrder(OrderCommand):
    """Hand the order to a courier of the store: delivery makes the drop and the pass."""

    courier_id: Id


class PickedLine(View):
    """So many of one SKU, handed over."""

    sku_id: Id
    quantity: Quantity


class HandOver(OrderCommand):
    """The store gives out what was fetched with the code (or used at the store).

    `lines` empty: all that is left. With the last piece the deal is done. CodeUsed when nothing is
    left, NoSuchCode for a wrong code, NotThatMany.
    """

    code: Annotated[str, Field(pattern=r"^\d{8}$")]
    lines: Annotated[list[PickedLine], Field(max_length=50)] = []


class StartService(OrderCommand):
    """At the resident's door, or at the store: it begins."""


class FinishService(OrderCommand):
    """Done: the resident confirms, or time does."""

    photos: Photos = []


class Say(OrderCommand):
    """A word between the two about an order, with photos perhaps."""

    text: Annotated[str, Field(max_length=1000)] = ""
    photos: Photos = []


class ConfirmReceipt(OrderCommand):
    """The resident has it: the deal is done and the money goes to the merchant."""


# views


class AdjustmentView(View):
    """What changed a line's price, and who pays for it."""

    promotion_id: Id
    label: str
    amount_fen: int
    """Below zero lowers the price."""
    funded_by: str


class OrderLineView(View):
    """A line as agreed."""

    sku_id: Id
    item_id: Id
    item_name: str
    sku_name: str = ""
    picture: str = ""
    quantity: int
    price_fen: int
    amount_fen: int
    adjustments: list[AdjustmentView] = []


class TimelineEntry(View):
    """One step: when, by whom, what, from which client."""

    at: datetime
    step: str
    """A `Step`, or one that is newer than the reader."""
    party: Party
    actor_name: str = ""
    note: str = ""
    client: str = ""


class PickupView(View):
    """What was handed over at once, when and by whom."""

    at: datetime
    by: str
    lines: list[PickedLine]


class MessageView(View):
    """One word in the thread of an order."""

    message_id: Id
    at: datetime
    party: Party
    name: str
    text: str
    photos: list[str] = []
    to: Party | None = None
    """Staff asked this side."""


class OrderBrief(View):
    """An order in a list."""

    order_id: Id
    number: str
    """Short, for people: #0317."""
    payment_id: Id
    household_id: Id
    store_id: Id
    store_name: str
    state: OrderState
    amount_fen: int
    summary: str
    """豆浆×2 油条×4."""
    address: str
    other_address: bool = False
    remark: str = ""
    deliver_after: datetime | None = None
    placed_at: datetime
    paid_at: datetime | None = None
    deadline_at: datetime | None = None
    """Until when the present state may last; then it goes on by itself."""
    picture: str = ""
    sells_card: bool = False
    """It sells a prepaid card: done when paid."""
    fulfilment: Fulfilment = Fulfilment.DELIVERY
    trouble: Trouble = Trouble.NONE
    agreed_fen: int = 0
    """What the goods cost as agreed now; `amount_fen` is what this order's own payment is for."""
    refunded_fen: int = 0
    slot_from: datetime | None = None
    slot_until: datetime | None = None
    late: bool = False
    """The store has let its time pass: the resident may take the order back."""
    supplement_of: Id | None = None
    """It only pays the difference of that order; it ends with it."""


class OrderView(OrderBrief):
    """An order with everything that O1 asks for."""

    merchant_id: Id
    community_id: Id
    home_id: Id
    building_id: Id
    contact_name: str
    store_phone: str = ""
    placed_by: str = ""
    client: str = ""
    confirmed_at: datetime | None = None
    handled_by: str = ""
    """Who took it at the store."""
    ready_at: datetime | None = None
    dispatched_at: datetime | None = None
    delivered_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancel_reason: str = ""
    refund_to: RefundTo | None = None
    refunded_at: datetime | None = None
    """All of it."""
    settled_at: datetime | None = None
    paid_by_channel: str = ""
    delivered_to_door: bool = False
    courier_id: Id | None = None
    courier_name: str = ""
    delivery_photo: str = ""
    lines: list[OrderLineView]
    timeline: list[TimelineEntry]
    pickup_code: str | None = None
    """For the resident's eyes: shown to no store, which reads it from the resident's phone."""
    pickups: list[PickupView] = []
    started_at: datetime | None = None
    amendment_id: Id | None = None
    """The newest, open or not."""
    case_id: Id | None = None
    dispute_id: Id | None = None
    supplements: list[Id] = []
    reviewed_at: datetime | None = None
    record_hash: str = ""
    """The end of the timeline's chain of hashes."""
    sides: list[Party] = []
    """On which sides the asking actor stands."""
    may: list[str] = []
    """What the asking actor can do next: cancel, confirm, mark_ready, dispatch, hand_over,
    start_service, finish_service, confirm_receipt, pay, amend, answer_amendment,
    withdraw_amendment, open_case, open_dispute, review, answer_review, say.
    """


class PlacedView(View):
    """The orders, and the one payment that they wait for."""

    payment_id: Id
    amount_fen: int
    pay_before: datetime
    orders: list[OrderBrief]


class OrderQuery(Query):
    """One order, with its timeline, for those who have a part in it and for staff."""

    order_id: Id


class OrderFilters(PageQuery):
    """What lists of orders are narrowed by; each empty means all."""

    states: list[OrderState] = []
    fulfilments: list[Fulfilment] = []
    troubles: list[Trouble] = []
    placed_from: AwareDatetime | None = None
    placed_until: AwareDatetime | None = None
    """Exclusive."""
    late: bool | None = None


class HouseholdOrdersQuery(OrderFilters):
    """A household's orders, newest first."""

    household_id: Id


class StoreOrdersQuery(OrderFilters):
    """A store's orders, newest first."""

    store_id: Id
    text: str = Field(default="", max_length=60)
    """A number, an id, or part of an address, a contact's name or the goods."""


class AllOrdersQuery(OrderFilters):
    """Every order, for staff; `text` is a number, an id of an order or payment, a pick-up code, or
    part of an address, store, contact, courier, remark or the goods (those of 90 days)."""

    community_id: Id | None = None
    merchant_id: Id | None = None
    text: str = Field(default="", max_length=60)


class CodeQuery(Query):
    """The order of a store that a pick-up code belongs to; NoSuchCode."""

    store_id: Id
    code: Annotated[str, Field(pattern=r"^\d{8}$")]


class ThreadQuery(PageQuery):
    """What was said about an order, oldest first."""

    order_id: Id


class TakenSlotsQuery(Query):
    """Which appointments of a service are taken, at most 31 days."""

    item_id: Id
    day_from: AwareDatetime
    day_until: AwareDatetime


class TakenSlot(View):
    """So many are booked for that time."""

    starts_at: datetime
    taken: int


class TakenSlots(View):
    """Times without a booking are left out."""

    slots: list[TakenSlot]


class DeskQuery(Query):
    """What a store's desk shows on top; cheap enough to be asked every two seconds."""

    store_id: Id


class DeskView(View):
    """`stamp` changes whenever anything open changes."""

    stamp: str
    counts: dict[OrderState, int]
    """Open states only."""
    troubles: dict[Trouble, int]
    late: int
    newest_new: Id | None = None
    """The newest order that waits for the store's word."""


class RecordQuery(Query):
    """An order's whole record with its proof."""

    order_id: Id


class RecordEntry(TimelineEntry):
    """A timeline entry with its link in the chain."""

    seq: int
    hash: str


class OrderRecord(View):
    """`whole` is False when any entry was rewritten, left out or added; `broken_at` names it."""

    order: OrderView
    entries: list[RecordEntry]
    messages: list[MessageView]
    whole: bool
    broken_at: int | None = None


class SagasQuery(PageQuery):
    """Work across services that has not ended, the oldest first."""

    stuck: bool = True
    """Only what has failed three times or is ten minutes old."""


class SagaView(View):
    """What hangs, and on which step."""

    saga_id: Id
    kind: str
    order_id: Id
    number: str
    step: str
    undoing: bool
    tries: int
    last_error: str
    started_at: datetime
    next_try_at: datetime | None = None


class RetrySaga(Command):
    """Try again now."""

    saga_id: Id


class StateCountsQuery(Query):
    """How many orders stand in each state: of a store, a household, or (staff) a community."""

    store_id: Id | None = None
    household_id: Id | None = None
    community_id: Id | None = None


class StateCounts(View):
    """States without orders are left out; of ended ones only the last 30 days' are counted."""

    counts: dict[OrderState, int]
    troubles: dict[Trouble, int] = {}


class OrderAmountsQuery(PageQuery):
    """For the audit: what orders believes about money, in id order."""


class OrderAmount(View):
    """One order's state and amount, and what it believes has happened to the money."""

    order_id: Id
    payment_id: Id
    merchant_id: Id
    state: OrderState
    amount_fen: int
    paid: bool
    refunded: bool
    settled: bool
    refunded_fen: int = 0


# events


class OrderEvent(Event):
    """What each order event says."""

    source: ClassVar[str] = "orders"
    number: str
    payment_id: Id
    household_id: Id
    merchant_id: Id
    store_id: Id
    store_name: str
    community_id: Id
    amount_fen: Fen
    summary: str = ""
    address: str = ""
    placed_by: Id
    reservation_id: Id
    sku_ids: list[Id] = []
    sells_card: bool = False
    paid_by_channel: str = ""
    fulfilment: Fulfilment = Fulfilment.DELIVERY
    supplement_of: Id | None = None
    slot_from: datetime | None = None


class OrderPaid(OrderEvent):
    """Paid: the merchant must be told, the pieces are sold."""

    name: ClassVar[str] = "order.paid"


class OrderConfirmed(OrderEvent):
    """The merchant has taken it."""

    name: ClassVar[str] = "order.confirmed"


class OrderReady(OrderEvent):
    """Packed and to be fetched."""

    name: ClassVar[str] = "order.ready"


class OrderReminder(OrderEvent):
    """Its time is nearly over; `to` must act, `act` is what (a word of `OrderView.may`)."""

    name: ClassVar[str] = "order.reminder"
    to: Party
    act: str
    deadline_at: datetime


class OrderTrouble(OrderEvent):
    """Something beside the ordinary course was said; `to` are the sides that must hear it.

    `what` is a `Step`; `words` is one sentence for people, already in their language.
    """

    name: ClassVar[str] = "order.trouble"
    to: list[Party]
    what: str
    words: str = ""
    deadline_at: datetime | None = None


class OrderDispatched(OrderEvent):
    """On its way with a courier."""

    name: ClassVar[str] = "order.dispatched"
    courier_name: str = ""


class OrderDelivered(OrderEvent):
    """Brought to the door; completes by itself at `completes_at`."""

    name: ClassVar[str] = "order.delivered"
    completes_at: datetime


class OrderCompleted(OrderEvent):
    """The deal is done: the money may go to the merchant."""

    name: ClassVar[str] = "order.completed"
    given_back: bool = False
    """All of its money went back before, as the two had agreed: nothing is left to release."""


class OrderCancelled(OrderEvent):
    """Off; `paid` says whether money must go back, `refund_to` where."""

    name: ClassVar[str] = "order.cancelled"
    paid: bool
    given_back: bool = False
    """All of its money went back before, as the two had agreed: nothing is left to refund."""
    refund_to: RefundTo = RefundTo.CHANNEL
    reason: str = ""
    cancelled_by: Party = Party.SYSTEM
