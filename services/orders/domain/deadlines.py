"""How long an order may rest in a state, who must act, and what happens when the time has passed.

A quarter of the time before its end, whoever must act is reminded.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from services.contracts.catalog import Fulfilment
from services.contracts.orders import OrderState, Party, Trouble
from services.orders.domain.order import Order

REMIND_FROM = timedelta(minutes=2)
"""Who has less time than this in all is not reminded."""

LEFT_AT_LEAST = timedelta(hours=1)
"""For whoever must act, when nothing is open beside the course any more."""


class Passing(StrEnum):
    """What the clock does."""

    CLOSE = "close"
    """Unpaid: given up, once the channel has agreed."""
    CANCEL = "cancel"
    """Off, and the money goes back."""
    LATE = "late"
    """The resident may take it back without asking; if nobody acts, it is cancelled later."""
    COMPLETE = "complete"
    MEDIATE = "mediate"
    """Nobody can tell from afar: the property looks at it."""


class Limit(NamedTuple):
    """`setting` names the seconds; `by` must `act` before they are over, or `then` comes."""

    setting: str
    by: Party
    act: str
    then: Passing


S, F = OrderState, Fulfilment
LIMITS: dict[OrderState, Limit] = {
    S.AWAITING_PAYMENT: Limit("unpaid_after_s", Party.RESIDENT, "pay", Passing.CLOSE),
    S.AWAITING_CONFIRMATION: Limit(
        "unconfirmed_after_s", Party.MERCHANT, "confirm", Passing.CANCEL
    ),
    S.PREPARING: Limit("unready_after_s", Party.MERCHANT, "mark_ready", Passing.LATE),
    S.READY: Limit("unready_after_s", Party.MERCHANT, "dispatch", Passing.LATE),
    S.SCHEDULED: Limit("unserved_after_s", Party.MERCHANT, "finish_service", Passing.LATE),
    S.IN_SERVICE: Limit("undelivered_after_s", Party.MERCHANT, "finish_service", Passing.MEDIATE),
    S.OUT_FOR_DELIVERY: Limit(
        "undelivered_after_s", Party.RESIDENT, "confirm_receipt", Passing.MEDIATE
    ),
    S.DELIVERED: Limit(
        "auto_complete_after_s", Party.RESIDENT, "confirm_receipt", Passing.COMPLETE
    ),
}
TO_BE_FETCHED = Limit("unfetched_after_s", Party.RESIDENT, "hand_over", Passing.CANCEL)
"""In place of READY's, for what the resident comes for."""
PARTLY_FETCHED = TO_BE_FETCHED._replace(then=Passing.MEDIATE)
STILL_LATE = Limit("late_cancel_after_s", Party.MERCHANT, "cancel", Passing.CANCEL)
"""In place of any LATE limit that has passed once."""
LIMIT_NAMES = frozenset(
    limit.setting for limit in (*LIMITS.values(), TO_BE_FETCHED, PARTLY_FETCHED, STILL_LATE)
)
"""The settings that this table reads."""
FETCHED = frozenset({F.PICKUP, F.IN_STORE})


def limit_of(order: Order) -> Limit | None:
    """The limit that holds for the order as it stands; None where it may rest for ever.

    A supplement has no time of its own once it is paid: it ends with its main order.
    """
    if order.supplement_of and order.state is not S.AWAITING_PAYMENT:
        return None
    limit = LIMITS.get(order.state)
    if order.state is S.READY and order.fulfilment in FETCHED:
        limit = PARTLY_FETCHED if order.picked_at else TO_BE_FETCHED
    if limit and limit.then is Passing.LATE and order.late:
        return STILL_LATE
    return limit


def timed(order: Order, now: datetime, seconds: Mapping[str, int]) -> Order:
    """The order with the deadline of its state, counted from now, or from when it is wanted for."""
    limit = limit_of(order)
    if limit is None:
        return replace(order, deadline_at=None, remind_at=None)
    start = now if limit is STILL_LATE else max(now, _wanted_for(order) or now)
    deadline_at = start + timedelta(seconds=seconds[limit.setting])
    return with_deadline(order, deadline_at, now)


def paused(order: Order, trouble: Trouble, now: datetime) -> Order:
    """In trouble: what is left of its state's time is kept, as it was when the first one opened."""
    left_s = order.time_left_s
    if left_s is None and order.deadline_at is not None:
        left_s = max(0, int((order.deadline_at - now).total_seconds()))
    return replace(order.in_trouble(trouble), time_left_s=left_s)


def resumed(order: Order, now: datetime, seconds: Mapping[str, int]) -> Order:
    """The time of its state goes on where it was paused; of a state that is new it begins."""
    fresh = timed(replace(order, time_left_s=None), now, seconds)
    if order.time_left_s is None or fresh.deadline_at is None:
        return fresh
    left = max(timedelta(seconds=order.time_left_s), LEFT_AT_LEAST)
    return with_deadline(fresh, min(fresh.deadline_at, now + left), now)


def with_deadline(order: Order, deadline_at: datetime, now: datetime) -> Order:
    """The same with a deadline that somebody else has set."""
    left = deadline_at - now
    remind_at = deadline_at - left / 4 if left > REMIND_FROM else None
    return replace(order, deadline_at=deadline_at, remind_at=remind_at)


def _wanted_for(order: Order) -> datetime | None:
    if order.state in (S.PREPARING, S.READY):
        return order.deliver_after
    if order.state is S.SCHEDULED:
        return order.slot_until
    return None
