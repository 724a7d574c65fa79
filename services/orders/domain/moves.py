"""The life of an order in one table: from where, by which act, to where, by whom.

    awaiting_payment → (closing →) cancelled
    awaiting_payment → awaiting_confirmation
        → preparing → ready → out_for_delivery → delivered → completed     brought by a courier
        → preparing → ready → completed                                    fetched with its code
        → scheduled → in_service → delivered → completed                   a service at a set time

What else is open on an order (`Trouble`) halts some acts; which ones stands below the table.
"""

from enum import StrEnum
from typing import NamedTuple

from services.contracts.catalog import Fulfilment
from services.contracts.orders import InTrouble, OrderState, Party, Trouble, WrongState


class Act(StrEnum):
    """What somebody does to an order."""

    PAY = "pay"
    CLOSE = "close"
    """Give up an unpaid order: first the channel must agree to take no more money for it."""
    CANCEL = "cancel"
    CANCEL_LATE = "cancel_late"
    """The resident takes back what the store has let lie beyond its time."""
    CONFIRM = "confirm"
    SCHEDULE = "schedule"
    """The store confirms an appointment."""
    MARK_READY = "mark_ready"
    DISPATCH = "dispatch"
    DELIVER = "deliver"
    HAND_OVER = "hand_over"
    """The last piece is given out against the code."""
    START = "start_service"
    FINISH = "finish_service"
    COMPLETE = "complete"
    END = "end"
    """What the two agreed, or a ruling, ends the deal where it stands."""


class Move(NamedTuple):
    """Where an act leads, and on whose side one must stand to do it."""

    to: OrderState
    by: frozenset[Party]


S = OrderState
_RESIDENT, _MERCHANT, _COURIER = Party.RESIDENT, Party.MERCHANT, Party.COURIER
_STAFF, _SYSTEM = Party.STAFF, Party.SYSTEM


def _to(state: OrderState, *by: Party) -> Move:
    return Move(state, frozenset(by))


MOVES: dict[tuple[OrderState, Act], Move] = {
    (S.AWAITING_PAYMENT, Act.PAY): _to(S.AWAITING_CONFIRMATION, _SYSTEM),
    (S.CLOSING, Act.PAY): _to(S.AWAITING_CONFIRMATION, _SYSTEM),
    (S.CANCELLED, Act.PAY): _to(S.CANCELLED, _SYSTEM),  # too late: the money goes back
    # One payment may be for several stores, so no single store may give it up.
    (S.AWAITING_PAYMENT, Act.CLOSE): _to(S.CLOSING, _RESIDENT, _STAFF, _SYSTEM),
    (S.CLOSING, Act.CANCEL): _to(S.CANCELLED, _SYSTEM),
    (S.AWAITING_CONFIRMATION, Act.CANCEL): _to(S.CANCELLED, _RESIDENT, _MERCHANT, _STAFF, _SYSTEM),
    (S.PREPARING, Act.CANCEL): _to(S.CANCELLED, _MERCHANT, _STAFF, _SYSTEM),
    (S.READY, Act.CANCEL): _to(S.CANCELLED, _MERCHANT, _STAFF, _SYSTEM),
    (S.SCHEDULED, Act.CANCEL): _to(S.CANCELLED, _MERCHANT, _STAFF, _SYSTEM),
    (S.PREPARING, Act.CANCEL_LATE): _to(S.CANCELLED, _RESIDENT),
    (S.READY, Act.CANCEL_LATE): _to(S.CANCELLED, _RESIDENT),
    (S.SCHEDULED, Act.CANCEL_LATE): _to(S.CANCELLED, _RESIDENT),
    # A prepaid card is there when it is paid; nothing else is completed from here.
    (S.AWAITING_CONFIRMATION, Act.COMPLETE): _to(S.COMPLETED, _SYSTEM),
    # A supplement has nothing to be confirmed: it waits for its main order.
    (S.AWAITING_CONFIRMATION, Act.CONFIRM): _to(S.PREPARING, _MERCHANT, _SYSTEM),
    (S.AWAITING_CONFIRMATION, Act.SCHEDULE): _to(S.SCHEDULED, _MERCHANT),
    (S.PREPARING, Act.MARK_READY): _to(S.READY, _MERCHANT),
    (S.PREPARING, Act.DISPATCH): _to(S.OUT_FOR_DELIVERY, _MERCHANT),
    (S.READY, Act.DISPATCH): _to(S.OUT_FOR_DELIVERY, _MERCHANT),
    # A dispatch that was cut off after delivery had the drop leaves the order behind the courier.
    (S.PREPARING, Act.DELIVER): _to(S.DELIVERED, _COURIER),
    (S.READY, Act.DELIVER): _to(S.DELIVERED, _COURIER),
    (S.OUT_FOR_DELIVERY, Act.DELIVER): _to(S.DELIVERED, _COURIER),
    (S.PREPARING, Act.HAND_OVER): _to(S.COMPLETED, _MERCHANT),
    (S.READY, Act.HAND_OVER): _to(S.COMPLETED, _MERCHANT),
    (S.SCHEDULED, Act.HAND_OVER): _to(S.COMPLETED, _MERCHANT),
    (S.IN_SERVICE, Act.HAND_OVER): _to(S.COMPLETED, _MERCHANT),
    (S.SCHEDULED, Act.START): _to(S.IN_SERVICE, _MERCHANT),
    (S.SCHEDULED, Act.FINISH): _to(S.DELIVERED, _MERCHANT),
    (S.IN_SERVICE, Act.FINISH): _to(S.DELIVERED, _MERCHANT),
    # The resident has it in hand before the courier has said so.
    (S.OUT_FOR_DELIVERY, Act.COMPLETE): _to(S.COMPLETED, _RESIDENT),
    (S.DELIVERED, Act.COMPLETE): _to(S.COMPLETED, _RESIDENT, _SYSTEM),
    (S.AWAITING_CONFIRMATION, Act.END): _to(S.COMPLETED, _SYSTEM),
    (S.PREPARING, Act.END): _to(S.COMPLETED, _SYSTEM),
    (S.READY, Act.END): _to(S.COMPLETED, _SYSTEM),
    (S.SCHEDULED, Act.END): _to(S.COMPLETED, _SYSTEM),
    (S.IN_SERVICE, Act.END): _to(S.COMPLETED, _SYSTEM),
    (S.OUT_FOR_DELIVERY, Act.END): _to(S.COMPLETED, _SYSTEM),
    (S.DELIVERED, Act.END): _to(S.COMPLETED, _SYSTEM),
}

OPEN = frozenset(OrderState) - {S.COMPLETED, S.CANCELLED}
"""Neither done nor off."""

_GOING_ON = frozenset(
    {
        Act.CANCEL,
        Act.CANCEL_LATE,
        Act.CONFIRM,
        Act.SCHEDULE,
        Act.MARK_READY,
        Act.DISPATCH,
        Act.HAND_OVER,
        Act.START,
        Act.FINISH,
        Act.COMPLETE,
    }
)
HALTED: dict[Trouble, frozenset[Act]] = {
    Trouble.NONE: frozenset(),
    Trouble.AMENDING: _GOING_ON,
    Trouble.AFTER_SALE: _GOING_ON,
    Trouble.DISPUTED: _GOING_ON,
}
"""What must wait while something else is open. Facts never wait: money that is here (PAY), a parcel
at the door (DELIVER), and the end that the two or a ruling have found (END)."""

ONLY_FOR: dict[Act, frozenset[Fulfilment]] = {
    Act.DISPATCH: frozenset({Fulfilment.DELIVERY}),
    Act.DELIVER: frozenset({Fulfilment.DELIVERY}),
    Act.HAND_OVER: frozenset({Fulfilment.PICKUP, Fulfilment.IN_STORE}),
    Act.START: frozenset({Fulfilment.AT_HOME, Fulfilment.IN_STORE}),
    Act.FINISH: frozenset({Fulfilment.AT_HOME, Fulfilment.IN_STORE}),
}
"""Acts that fit only some ways of handing over; all others fit each."""


def move(state: OrderState, act: Act, party: Party) -> OrderState:
    """Where `act` by `party` leads from `state`; WrongState when the table has no such line."""
    found = MOVES.get((state, act))
    if found is None or party not in found.by:
        raise WrongState(
            f"{party} cannot {act} an order that is {state}",
            fields={"state": state.value, "act": act.value},
        )
    return found.to


def can(state: OrderState, act: Act, party: Party) -> bool:
    """True when the table has the line."""
    found = MOVES.get((state, act))
    return found is not None and party in found.by


def halts(trouble: Trouble, act: Act) -> bool:
    """True when `act` must wait until what is open is over."""
    return act in HALTED[trouble]


def need_calm(trouble: Trouble, act: Act) -> None:
    """InTrouble when `act` must wait."""
    if halts(trouble, act):
        raise InTrouble(f"{act} waits: {trouble}", fields={"trouble": trouble.value})
