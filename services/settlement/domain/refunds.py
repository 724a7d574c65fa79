"""Money on its way back through a channel: states, legal moves, and patience."""

from datetime import datetime, timedelta
from enum import StrEnum

from services.contracts.settlement import RefundState


class RefundAct(StrEnum):
    """What can happen to a refund."""

    ACCEPT = "accept"
    """The channel has taken it on."""
    SUCCEED = "succeed"
    GIVE_UP = "give_up"


REFUND_MOVES = {
    (RefundState.PENDING, RefundAct.ACCEPT): RefundState.PROCESSING,
    (RefundState.PENDING, RefundAct.SUCCEED): RefundState.DONE,
    (RefundState.PENDING, RefundAct.GIVE_UP): RefundState.FAILED,
    (RefundState.PROCESSING, RefundAct.SUCCEED): RefundState.DONE,
    (RefundState.PROCESSING, RefundAct.GIVE_UP): RefundState.FAILED,
    # An operator can mend a failed refund at the channel's own desk: its notice still counts.
    (RefundState.FAILED, RefundAct.SUCCEED): RefundState.DONE,
}

UNDER_WAY = (RefundState.PENDING, RefundState.PROCESSING)


RETRY_AFTER_S = (2, 5, 15, 60, 300, 900, 3600)
"""Waits between tries; the last one repeats."""


def next_try_at(try_count: int, now: datetime) -> datetime:
    """When to try again, or to ask how it went, after `try_count` tries."""
    return now + timedelta(seconds=RETRY_AFTER_S[min(try_count, len(RETRY_AFTER_S) - 1)])
