"""orders: what was agreed with one store, its state and its timeline."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from services.contracts.catalog import Quantity
from services.kernel.errors import Conflict, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.money import Fen
from services.kernel.wire import Command, Event, PageQuery, Query, ShortText, View


class OrderState(StrEnum):
    """Where a deal stands. 待支付 关闭中 待接单 备货中 待配送 配送中 已送达 已完成 已取消."""

    AWAITING_PAYMENT = "awaiting_payment"
    CLOSING = "closing"
    """The channel is being asked to take no more money; then cancelled, or paid after all."""
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    PREPARING = "preparing"
    READY = "ready"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


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


class PlaceOrders(Command):
    """Order for a household: one payment, one order for each store in the lines.

    A prepaid card is an order of its own, which completes when it is paid: nothing is delivered.

    Delivered to the certified home unless `other_address` is given, which needs a remark.
    """

    household_id: Id
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=50)]
    other_address: ShortText = ""
    remark: ShortText = ""
    deliver_after: AwareDatetime | None = None
    client: ClientInfo = ClientInfo()


class OrderCommand(Command):
    """An act on one order."""

    order_id: Id
    client: ClientInfo = ClientInfo()


class CancelOrder(OrderCommand):
    """Before payment: all orders of the same payment go. After it, until dispatch: money back.

    The resident may cancel until the merchant has confirmed; the merchant and staff until dispatch.
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
    refunded_fen: int = 0
    settled_at: datetime | None = None
    paid_by_channel: str = ""
    delivered_to_door: bool = False
    courier_id: Id | None = None
    courier_name: str = ""
    delivery_photo: str = ""
    lines: list[OrderLineView]
    timeline: list[TimelineEntry]
    may: list[str] = []
    """What the asking actor can do next:
    cancel, confirm, mark_ready, dispatch, confirm_receipt, pay.
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


class HouseholdOrdersQuery(PageQuery):
    """A household's orders, newest first."""

    household_id: Id
    states: list[OrderState] = []


class StoreOrdersQuery(PageQuery):
    """A store's orders, newest first."""

    store_id: Id
    states: list[OrderState] = []


class AllOrdersQuery(PageQuery):
    """Every order, for staff; `text` is a number, an id, or part of an address or store name."""

    community_id: Id | None = None
    states: list[OrderState] = []
    text: str = Field(default="", max_length=60)


class StateCountsQuery(Query):
    """How many orders stand in each state: of a store, a household, or (staff) a community."""

    store_id: Id | None = None
    household_id: Id | None = None
    community_id: Id | None = None


class StateCounts(View):
    """States without orders are left out."""

    counts: dict[OrderState, int]


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


class OrderPaid(OrderEvent):
    """Paid: the merchant must be told, the pieces are sold."""

    name: ClassVar[str] = "order.paid"


class OrderConfirmed(OrderEvent):
    """The merchant has taken it."""

    name: ClassVar[str] = "order.confirmed"


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


class OrderCancelled(OrderEvent):
    """Off; `paid` says whether money must go back, `refund_to` where."""

    name: ClassVar[str] = "order.cancelled"
    paid: bool
    refund_to: RefundTo = RefundTo.CHANNEL
    reason: str = ""
    cancelled_by: Party = Party.SYSTEM
