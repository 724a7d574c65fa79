"""Every legal move of an order in one table: from where, by which act, to where, by whom."""

from enum import StrEnum
from typing import NamedTuple

from services.contracts.orders import OrderState, Party, WrongState


class Act(StrEnum):
    """What somebody does to an order."""

    PAY = "pay"
    CLOSE = "close"
    """Give up an unpaid order: first the channel must agree to take no more money for it."""
    CANCEL = "cancel"
    CONFIRM = "confirm"
    MARK_READY = "mark_ready"
    DISPATCH = "dispatch"
    DELIVER = "deliver"
    COMPLETE = "complete"


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
    # A prepaid card is there when it is paid; nothing else is completed from here.
    (S.AWAITING_CONFIRMATION, Act.COMPLETE): _to(S.COMPLETED, _SYSTEM),
    (S.AWAITING_CONFIRMATION, Act.CONFIRM): _to(S.PREPARING, _MERCHANT),
    (S.PREPARING, Act.MARK_READY): _to(S.READY, _MERCHANT),
    (S.PREPARING, Act.DISPATCH): _to(S.OUT_FOR_DELIVERY, _MERCHANT),
    (S.READY, Act.DISPATCH): _to(S.OUT_FOR_DELIVERY, _MERCHANT),
    # A dispatch that was cut off after delivery had the drop leaves the order behind the courier.
    (S.PREPARING, Act.DELIVER): _to(S.DELIVERED, _COURIER),
    (S.READY, Act.DELIVER): _to(S.DELIVERED, _COURIER),
    (S.OUT_FOR_DELIVERY, Act.DELIVER): _to(S.DELIVERED, _COURIER),
    # The resident has it in hand before the courier has said so.
    (S.OUT_FOR_DELIVERY, Act.COMPLETE): _to(S.COMPLETED, _RESIDENT),
    (S.DELIVERED, Act.COMPLETE): _to(S.COMPLETED, _RESIDENT, _SYSTEM),
}


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
