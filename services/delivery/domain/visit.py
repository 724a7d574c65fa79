"""One coming and leaving, and the drops that it brings."""

from datetime import datetime, timedelta, timezone
from enum import StrEnum

from services.contracts.delivery import DropState, VisitState, WrongVisitState

CHINA = timezone(timedelta(hours=8))
KEPT_OUT = "kept_out"
"""The direction of a refusal in the gate log."""


class VisitAct(StrEnum):
    """What can happen to a visit."""

    ADMIT = "admit"
    REFUSE = "refuse"
    LEAVE = "leave"
    EXPIRE = "expire"


class DropAct(StrEnum):
    """What can happen to a drop."""

    DELIVER = "deliver"
    WITHDRAW = "withdraw"


VISIT_MOVES = {
    (VisitState.EXPECTED, VisitAct.ADMIT): VisitState.INSIDE,
    (VisitState.EXPECTED, VisitAct.REFUSE): VisitState.REFUSED,
    (VisitState.EXPECTED, VisitAct.EXPIRE): VisitState.EXPIRED,
    (VisitState.INSIDE, VisitAct.LEAVE): VisitState.LEFT,
}

# A drop does not wait for a gate: who trades from a flat of the same estate passes none, and what
# a guard keeps out is often handed over at the gate.
DROP_MOVES = {
    (DropState.ASSIGNED, DropAct.DELIVER): DropState.DELIVERED,
    (DropState.ASSIGNED, DropAct.WITHDRAW): DropState.WITHDRAWN,
}

OPEN_STATES = (VisitState.EXPECTED, VisitState.INSIDE)
"""States in which a pass still says something to a gate."""

CARRIED_ON_STATES = (VisitState.EXPIRED, VisitState.LEFT)
"""After these, drops that nobody has received go on a new visit. Not after a guard's refusal."""


def visit_after(state: VisitState, act: VisitAct) -> VisitState:
    """The state that `act` leads to; WrongVisitState when it is not allowed."""
    try:
        return VISIT_MOVES[state, act]
    except KeyError:
        raise WrongVisitState(f"a visit that is {state}", fields={"state": state}) from None


def drop_after(state: DropState, act: DropAct) -> DropState:
    """The state that `act` leads to; WrongVisitState when it is not allowed."""
    try:
        return DROP_MOVES[state, act]
    except KeyError:
        raise WrongVisitState(f"a drop that is {state}", fields={"state": state}) from None


def window_until(now: datetime, window_s: int, known_until: datetime | None = None) -> datetime:
    """How long a visit is expected: a window from now, never shorter than was promised before."""
    until = now + timedelta(seconds=window_s)
    return until if known_until is None else max(until, known_until)


def overstayed(
    entered_at: datetime | None, left_at: datetime | None, now: datetime, overstay_after_s: int
) -> bool:
    """Whether somebody stayed, or has been inside by now, longer than an errand takes."""
    if entered_at is None:
        return False
    return (left_at or now) - entered_at > timedelta(seconds=overstay_after_s)


def day_began(now: datetime) -> datetime:
    """When the local day of `now` began."""
    return now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
