"""Reviews: one for each completed order, and a score that few votes cannot swing."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.contracts.orders import OrderCommand, Photos
from services.kernel.errors import Conflict, NotFound
from services.kernel.ids import Id
from services.kernel.wire import PageQuery, Query, View

Stars = Annotated[int, Field(strict=True, ge=1, le=5)]


class NoSuchReview(NotFound):
    """There is no such review, or the order is not yours."""

    code = "orders.no_such_review"


class ReviewedAlready(Conflict):
    """An order is reviewed once, and a review answered once."""

    code = "orders.reviewed_already"


class WriteReview(OrderCommand):
    """The resident's word on a completed order, within a set time."""

    stars: Stars
    text: Annotated[str, Field(max_length=500)] = ""
    photos: Photos = []
    anonymous: bool = False


class AnswerReview(OrderCommand):
    """The store's one answer."""

    text: Annotated[str, Field(min_length=1, max_length=500)]


class HideReview(OrderCommand):
    """Staff: out of sight and out of the score, with the reason; or back again."""

    hidden: bool
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class ReviewView(View):
    """A review as everybody sees it; a hidden one only its two sides and staff."""

    order_id: Id
    store_id: Id
    stars: int
    text: str
    photos: list[str] = []
    author: str
    """Masked: 张**, or 匿名邻居."""
    summary: str
    """What was bought."""
    written_at: datetime
    answer: str = ""
    answered_at: datetime | None = None
    hidden: bool = False
    hidden_reason: str = ""


class ReviewQuery(Query):
    """The review of one order, for those with a part in it; NoSuchReview."""

    order_id: Id


class ReviewsQuery(PageQuery):
    """A store's reviews, newest first; hidden ones only for staff."""

    store_id: Id
    stars: Stars | None = None
    hidden: bool = False


class StoreScore(View):
    """`score_hundredths` 0-500: the mean of the votes and of ten imagined ones of 4.0, so that one
    friend's five stars or one enemy's single star says little."""

    store_id: Id
    score_hundredths: int
    votes: int
    by_stars: list[int] = [0, 0, 0, 0, 0]
    """How many votes of 1, 2, 3, 4 and 5 stars."""


class StoreScoresQuery(Query):
    """Scores of several stores at once."""

    store_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class StoreScores(View):
    """Stores without a vote are left out."""

    scores: list[StoreScore]
