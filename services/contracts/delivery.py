"""delivery: who brings it, by which gate, to which door."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from services.kernel.errors import Conflict, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.wire import Command, Event, PageQuery, Query, ShortText, View


class VisitState(StrEnum):
    """One coming and leaving."""

    EXPECTED = "expected"
    INSIDE = "inside"
    LEFT = "left"
    REFUSED = "refused"
    EXPIRED = "expired"


class DropState(StrEnum):
    """What is brought to one door."""

    ASSIGNED = "assigned"
    DELIVERED = "delivered"
    WITHDRAWN = "withdrawn"


# errors


class NoSuchCourier(NotFound):
    """There is no such courier, or not for this store."""

    code = "delivery.no_such_courier"


class NoSuchVisit(NotFound):
    """There is no such visit or pass."""

    code = "delivery.no_such_visit"


class NotYourDrop(NotFound):
    """There is no such drop, or it is not yours."""

    code = "delivery.not_your_drop"


class PassRefused(Refused):
    """The pass is forged, expired, or for another community; `fields.why` says which."""

    code = "delivery.pass_refused"


class WrongVisitState(Conflict):
    """The visit's or drop's state does not allow this; `fields.state` names it."""

    code = "delivery.wrong_state"


# couriers


class RegisterCourier(Command):
    """A courier of a store (or the property's, without one), with photo and phone."""

    courier_id: Id
    account_id: Id
    store_ids: Annotated[list[Id], Field(max_length=20)] = []
    community_ids: Annotated[list[Id], Field(min_length=1, max_length=20)]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    phone: Annotated[str, Field(pattern=r"^\+?\d{5,15}$")]
    photo_key: ShortText = ""
    photo_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class CouriersQuery(Query):
    """The couriers that a store can send."""

    store_id: Id


class CourierView(View):
    """A courier as the merchant and the guard see it."""

    courier_id: Id
    name: str
    phone_masked: str
    photo: str = ""
    open_drops: int = 0


class CouriersView(View):
    """At most 100."""

    couriers: list[CourierView]


# drops


class AssignDrop(Command):
    """orders hands one order to a courier; the courier's open visit to the community is joined.

    `order_id` is the order's, or an after-sales case's whose replacement is brought: each has one
    drop for ever.
    """

    drop_id: Id
    order_id: Id
    order_number: str
    courier_id: Id
    store_id: Id
    store_name: str
    household_id: Id
    home_id: Id
    community_id: Id
    address: str
    summary: str = ""
    remark: str = ""


class DropView(View):
    """One parcel for one door."""

    drop_id: Id
    visit_id: Id
    order_id: Id | None = None
    order_number: str = ""
    store_name: str = ""
    address: str
    summary: str = ""
    remark: str = ""
    state: DropState
    delivered_at: datetime | None = None
    photo: str = ""


class AssignedView(View):
    """The drop, and who brings it."""

    drop_id: Id
    visit_id: Id
    courier_name: str


class DeliverDrop(Command):
    """Brought to the door; the photo was put under a one-time key by the gateway."""

    drop_id: Id
    photo_key: ShortText = ""
    photo_sha256: Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")] = ""


class MyVisitsQuery(Query):
    """The asking courier's visits that are not over."""


class VisitView(View):
    """One coming and leaving by a gate, with its drops."""

    visit_id: Id
    courier_id: Id
    courier_name: str
    courier_photo: str = ""
    phone_masked: str = ""
    community_id: Id
    state: VisitState
    expected_from: datetime
    expected_until: datetime
    entered_at: datetime | None = None
    entry_gate: str = ""
    left_at: datetime | None = None
    exit_gate: str = ""
    refused_reason: str = ""
    drops: list[DropView] = []
    overstayed: bool = False


class VisitsView(View):
    """The visits."""

    visits: list[VisitView]


class PassView(View):
    """What lets a courier in: a signed text for the QR code and six digits to say aloud."""

    visit_id: Id
    token: str
    digits: str
    expires_at: datetime


class PassQuery(Query):
    """The asking courier's pass for a visit."""

    visit_id: Id


# the gate


class CheckPass(Query):
    """What a guard scanned or typed: a pass token or six digits."""

    community_id: Id
    code: Annotated[str, Field(min_length=6, max_length=500)]


class VisitQuery(Query):
    """One visit, for a guard or for staff."""

    visit_id: Id


class AdmitVisit(Command):
    """放行: in by this gate."""

    visit_id: Id
    gate_id: Id


class RefuseVisit(Command):
    """不放行, with the reason."""

    visit_id: Id
    gate_id: Id
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class LeaveVisit(Command):
    """Out by this gate."""

    visit_id: Id
    gate_id: Id


class GateLogQuery(PageQuery):
    """Visits of a community, newest first; `states` empty means all."""

    community_id: Id
    states: list[VisitState] = []


class OrderVisitsQuery(Query):
    """Who brought these orders (or replacements), by which gate: for a mediator's case file.

    Drops outside the actor's communities are left out, as if there were none.
    """

    order_ids: Annotated[list[Id], Field(min_length=1, max_length=20)]


class GateEntryView(View):
    """One line of the gate log."""

    at: datetime
    gate: str
    direction: str
    """`in`, `out` or `refused`."""
    guard_name: str


class OrderVisitView(View):
    """A drop, the visit that it came with, and what the guards wrote down.

    `visit.drops` names only drops that were asked for: what else came with it is other people's.
    """

    drop: DropView
    visit: VisitView
    log: list[GateEntryView] = []


class OrderVisitsView(View):
    """Newest first; none for what was not brought by a courier."""

    visits: list[OrderVisitView]


class DeliveryCountsQuery(Query):
    """Numbers for the staff overview."""

    community_id: Id | None = None


class DeliveryCounts(View):
    """Now."""

    expected: int
    inside: int
    overstayed: int
    delivered_today: int


# events


class VisitEvent(Event):
    """`aggregate_id` is the visit; `order_ids` are the orders of its drops."""

    source: ClassVar[str] = "delivery"
    courier_id: Id
    courier_name: str
    community_id: Id
    gate: str
    order_ids: list[Id]
    at: datetime


class VisitEntered(VisitEvent):
    """The courier came in."""

    name: ClassVar[str] = "visit.entered"


class VisitLeft(VisitEvent):
    """The courier went out."""

    name: ClassVar[str] = "visit.left"


class DropDelivered(Event):
    """Brought to the door. `aggregate_id` is the drop."""

    name: ClassVar[str] = "drop.delivered"
    source: ClassVar[str] = "delivery"
    order_id: Id
    courier_id: Id
    courier_name: str
    photo: str = ""
    at: datetime
