"""An order as it stands, and what each act makes of it. An order is a value: acts give new ones."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from services.contracts.catalog import Fulfilment
from services.contracts.orders import HandingOver, OrderState, Party, RefundTo, Trouble, WrongState
from services.orders.domain.moves import ONLY_FOR, Act, can, halts, move, need_calm


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The deal with one store. Its fields are the columns of `tables.OrderRow`."""

    order_id: str
    number: str
    state: OrderState
    version: int
    payment_id: str
    reservation_id: str
    household_id: str
    merchant_id: str
    store_id: str
    store_name: str
    store_phone: str
    community_id: str
    home_id: str
    building_id: str
    contact_name: str
    address: str
    other_address: bool
    remark: str
    deliver_after: datetime | None
    placed_by: str
    placed_by_name: str
    client: str
    placed_at: datetime
    amount_fen: int
    summary: str
    picture: str
    sku_ids: list[str]
    deadline_at: datetime | None = None
    paid_at: datetime | None = None
    paid_by_channel: str = ""
    confirmed_at: datetime | None = None
    handled_by: str = ""
    ready_at: datetime | None = None
    asked_courier_id: str | None = None
    asked_at: datetime | None = None
    dispatched_at: datetime | None = None
    courier_id: str | None = None
    courier_name: str = ""
    delivered_at: datetime | None = None
    delivered_to_door: bool = False
    delivery_photo: str = ""
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: Party | None = None
    cancel_reason: str = ""
    refund_to: RefundTo | None = None
    refunded_at: datetime | None = None
    settled_at: datetime | None = None
    refunded_fen: int = 0
    sells_card: bool = False
    fulfilment: Fulfilment = Fulfilment.DELIVERY
    trouble: Trouble = Trouble.NONE
    beside: bool = False
    agreed_fen: int = 0
    revision: int = 0
    slot_from: datetime | None = None
    slot_until: datetime | None = None
    pickup_code: str | None = None
    picked_at: datetime | None = None
    started_at: datetime | None = None
    late: bool = False
    remind_at: datetime | None = None
    time_left_s: int | None = None
    supplement_of: str | None = None
    reviewed_at: datetime | None = None
    record_hash: str = ""

    @property
    def has_appointment(self) -> bool:
        """A service at a set time."""
        return self.slot_from is not None

    @property
    def is_handed_over(self) -> bool:
        """The resident has it or a part of it, or the courier is on the way."""
        return bool(self.picked_at or self.dispatched_at or self.started_at or self.delivered_at)

    @property
    def confirming(self) -> Act:
        """How the store takes it: an appointment is scheduled."""
        return Act.SCHEDULE if self.has_appointment else Act.CONFIRM

    def allows(self, act: Act, party: Party) -> bool:
        """True when `party` may do `act` now."""
        by_itself = party is Party.SYSTEM or not self.supplement_of or act in _WHILE_UNPAID
        calm = not halts(self.trouble, act)
        return by_itself and calm and can(self.state, act, party) and self._fits(act)

    def _fits(self, act: Act) -> bool:
        if self.fulfilment not in ONLY_FOR.get(act, frozenset(Fulfilment)):
            return False
        if act in (Act.CANCEL, Act.CANCEL_LATE) and self.picked_at:
            return False
        if act in (Act.CONFIRM, Act.SCHEDULE):
            return self.has_appointment is (act is Act.SCHEDULE)
        return act is not Act.CANCEL_LATE or self.late

    def need(self, act: Act, party: Party) -> OrderState:
        """Where `act` leads; InTrouble or WrongState when `party` may not do it now."""
        state = move(self.state, act, party)
        need_calm(self.trouble, act)
        if not self.allows(act, party):
            raise WrongState(
                f"{act} does not fit this order",
                fields={"state": self.state.value, "act": act.value},
            )
        return state

    def _after(self, act: Act, party: Party, **facts: Any) -> "Order":
        """The order after an act; a new state has no deadline unless `facts` give one."""
        state = self.need(act, party)
        idle = {"deadline_at": None, "remind_at": None, "time_left_s": None, "late": False}
        return replace(self, **{**idle, **facts, "state": state}).noted()

    def in_trouble(self, trouble: Trouble) -> "Order":
        """Something else is open now, or (NONE) it is over; one more entry on the timeline."""
        return replace(self, trouble=trouble, beside=True).noted()

    def noted(self) -> "Order":
        """One more entry on the timeline; versions count them."""
        return replace(self, version=self.version + 1)

    def pay(self, paid_at: datetime, channel: str) -> "Order":
        """The money is held. A cancelled order stays cancelled and owes the money back."""
        late = self.state is OrderState.CANCELLED
        return self._after(
            Act.PAY,
            Party.SYSTEM,
            paid_at=paid_at,
            paid_by_channel=channel,
            **({"refund_to": RefundTo.CHANNEL} if late else _NOT_CANCELLED),
        )

    def close(self, party: Party, reason: str, retry_at: datetime) -> "Order":
        """Give the unpaid order up; at `retry_at` the channel is asked again if need be."""
        return self._after(
            Act.CLOSE, party, cancelled_by=party, cancel_reason=reason, deadline_at=retry_at
        )

    def put_off(self, retry_at: datetime) -> "Order":
        """The same, to be looked at again at `retry_at`."""
        return replace(self, deadline_at=retry_at)

    def is_overdue(self, now: datetime) -> bool:
        """True when the present state has lasted as long as it may."""
        return self.deadline_at is not None and self.deadline_at <= now

    def close_finished(self, now: datetime) -> "Order":
        """The channel takes no more money: off, for the reason it was given up."""
        return self._after(Act.CANCEL, Party.SYSTEM, cancelled_at=now)

    def cancel(self, party: Party, reason: str, refund_to: RefundTo, now: datetime) -> "Order":
        """Off after it was paid; the money goes back to `refund_to`."""
        late = party is Party.RESIDENT and not self.allows(Act.CANCEL, party) and self.late
        return self._after(
            Act.CANCEL_LATE if late else Act.CANCEL,
            party,
            cancelled_at=now,
            cancelled_by=party,
            cancel_reason=reason,
            refund_to=refund_to,
            **_NOT_ASKED,
        )

    def confirm(self, name: str, now: datetime) -> "Order":
        """The store takes it; `name` is who did there."""
        return self._after(self.confirming, Party.MERCHANT, confirmed_at=now, handled_by=name)

    def confirm_supplement(self, now: datetime) -> "Order":
        """Paid, and nothing of its own to be done: it goes where its main order goes."""
        return self._after(Act.CONFIRM, Party.SYSTEM, confirmed_at=now)

    def mark_ready(self, now: datetime) -> "Order":
        """Packed."""
        return self._after(Act.MARK_READY, Party.MERCHANT, ready_at=now)

    def ask(self, courier_id: str, now: datetime) -> "Order":
        """Begin to hand it to a courier, unseen until `dispatch`; HandingOver to another one."""
        self.need(Act.DISPATCH, Party.MERCHANT)
        if self.asked_courier_id not in (None, courier_id):
            raise HandingOver
        return replace(self, asked_courier_id=courier_id, asked_at=now)

    def ask_refused(self) -> "Order":
        """This courier cannot have it: another one may be asked."""
        return replace(self, **_NOT_ASKED)

    def dispatch(self, courier_id: str, courier_name: str, now: datetime) -> "Order":
        """With the courier; an order that skipped `mark_ready` was ready by now at the latest."""
        return self._after(
            Act.DISPATCH,
            Party.MERCHANT,
            ready_at=self.ready_at or now,
            dispatched_at=now,
            courier_id=courier_id,
            courier_name=courier_name,
            **_NOT_ASKED,
        )

    def deliver(
        self, courier_id: str, courier_name: str, photo: str, at: datetime, completes_at: datetime
    ) -> "Order":
        """At the door; it completes by itself at `completes_at`."""
        return self._after(
            Act.DELIVER,
            Party.COURIER,
            deadline_at=completes_at,
            **self._brought(courier_id, courier_name, photo, at),
        )

    def found_delivered(
        self, courier_id: str, courier_name: str, photo: str, at: datetime
    ) -> "Order":
        """The courier's word for an order that is over already: kept, and nothing else changes."""
        return replace(self, **self._brought(courier_id, courier_name, photo, at)).noted()

    def _brought(
        self, courier_id: str, courier_name: str, photo: str, at: datetime
    ) -> dict[str, Any]:
        return {
            "dispatched_at": self.dispatched_at or at,
            "courier_id": courier_id,
            "courier_name": courier_name,
            "delivered_at": at,
            "delivered_to_door": True,
            "delivery_photo": photo,
            **_NOT_ASKED,
        }

    def hand_out(self, now: datetime) -> "Order":
        """A part is fetched; the rest waits."""
        self.need(Act.HAND_OVER, Party.MERCHANT)
        return replace(self, picked_at=self.picked_at or now).noted()

    def hand_over(self, now: datetime) -> "Order":
        """The last piece is fetched: the deal is done."""
        return self._after(
            Act.HAND_OVER, Party.MERCHANT, picked_at=self.picked_at or now, completed_at=now
        )

    def start_service(self, now: datetime) -> "Order":
        """It begins."""
        return self._after(Act.START, Party.MERCHANT, started_at=now)

    def finish_service(self, now: datetime, completes_at: datetime) -> "Order":
        """Done, for the resident to confirm."""
        return self._after(
            Act.FINISH,
            Party.MERCHANT,
            started_at=self.started_at or now,
            delivered_at=now,
            delivered_to_door=self.fulfilment is Fulfilment.AT_HOME,
            deadline_at=completes_at,
        )

    def end(self, now: datetime) -> "Order":
        """The deal ends where it stands, by what was agreed or ruled."""
        return self._after(Act.END, Party.SYSTEM, completed_at=now)

    def fall_late(self) -> "Order":
        """The store has let its time pass."""
        return replace(self, late=True).noted()

    def complete(self, party: Party, now: datetime) -> "Order":
        """The deal is done."""
        return self._after(Act.COMPLETE, party, completed_at=now)

    def settle(self, now: datetime) -> "Order":
        """The merchant has the money."""
        return replace(self, settled_at=self.settled_at or now).noted()

    def refund(self, amount_fen: int, now: datetime) -> "Order":
        """The household has so much back; refunded is the order when that makes all of it."""
        refunded_fen = self.refunded_fen + amount_fen
        whole = refunded_fen >= self.amount_fen
        refunded_at = (self.refunded_at or now) if whole else None
        return replace(self, refunded_fen=refunded_fen, refunded_at=refunded_at).noted()


_NOT_CANCELLED: dict[str, Any] = {"cancelled_by": None, "cancel_reason": ""}
"""Paid while it was being given up: it never was cancelled."""
_WHILE_UNPAID = (Act.CLOSE, Act.PAY)
"""A supplement is paid or given up by hand; all else happens to its main order."""
_NOT_ASKED: dict[str, Any] = {"asked_courier_id": None, "asked_at": None}
