"""Reviews: until when one may be written, and the score that few votes cannot swing."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.contracts.orders import OrderState
from services.orders.domain.order import Order
from services.orders.domain.wording_disputes import ANONYMOUS, masked

IMAGINED_VOTES = 10
IMAGINED_HUNDREDTHS = 400
"""Ten votes of 4.0 stand beside the real ones: one friend's five stars then say little."""


def score_hundredths(by_stars: Sequence[int]) -> int:
    """0-500, rounded half up; `by_stars` is how many votes of 1, 2, 3, 4 and 5 stars there are."""
    given = sum(stars * votes * 100 for stars, votes in enumerate(by_stars, 1))
    votes = sum(by_stars) + IMAGINED_VOTES
    return (2 * (given + IMAGINED_VOTES * IMAGINED_HUNDREDTHS) + votes) // (2 * votes)


def reviewable_until(order: Order, within: timedelta) -> datetime | None:
    """Until when the order may be reviewed; None when it may not at all.

    A supplement is no deal of its own.
    """
    if order.state is not OrderState.COMPLETED or order.supplement_of or order.reviewed_at:
        return None
    return order.completed_at and order.completed_at + within


def author_of(name: str, *, anonymous: bool) -> str:
    """张**, or no name at all."""
    return ANONYMOUS if anonymous or not name else masked(name)
