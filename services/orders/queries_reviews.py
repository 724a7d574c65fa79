"""Reads of reviews, and of what they add up to."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, select

from services.contracts.orders import Party
from services.contracts.permissions import Permission
from services.contracts.reviews import ReviewView, StoreScore
from services.kernel.actor import Actor
from services.kernel.db import Tx
from services.orders.domain.order import Order
from services.orders.domain.review import reviewable_until, score_hundredths
from services.orders.queries import checked_id
from services.orders.settings import Settings
from services.orders.tables_reviews import ReviewRow, StoreScoreRow

_TABLE = ReviewRow.__table__
_ONE = select(_TABLE).where(ReviewRow.order_id == bindparam("order"))
_ANSWERED = select(ReviewRow.answered_at).where(ReviewRow.order_id == bindparam("order"))
_SCORES = select(StoreScoreRow.__table__).where(
    StoreScoreRow.store_id.in_(bindparam("stores", expanding=True))
)


def find_review(tx: Tx, order_id: str) -> Row[Any] | None:
    """The review of the order, or None."""
    return tx.first(_ONE, {"order": order_id})


def review_page(
    tx: Tx, where: Sequence[ColumnElement[bool]], after: str | None, limit: int
) -> list[Row[Any]]:
    """Newest first; one more than `limit` when there is a next page."""
    statement = select(_TABLE).where(*where).order_by(ReviewRow.review_id.desc())
    if after:
        statement = statement.where(ReviewRow.review_id < checked_id(after))
    return tx.all(statement.limit(limit + 1))


def review_view(row: Row[Any]) -> ReviewView:
    """The review as it is shown."""
    return ReviewView.model_validate(row._mapping)


def scores_of(tx: Tx, store_ids: Sequence[str]) -> list[StoreScore]:
    """The scores of those that have any vote."""
    scores = [_score(row) for row in tx.all(_SCORES, {"stores": list(store_ids)})]
    return [score for score in scores if score.votes]


def _score(row: Row[Any]) -> StoreScore:
    by_stars = [getattr(row, f"stars_{stars}") for stars in range(1, 6)]
    return StoreScore(
        store_id=row.store_id,
        score_hundredths=score_hundredths(by_stars),
        votes=sum(by_stars),
        by_stars=by_stars,
    )


def may_review(
    tx: Tx,
    actor: Actor,
    order: Order,
    parties: list[Party],
    now: datetime,
    settings: Settings,
) -> list[str]:
    """`review` or `answer_review`; one statement at most."""
    within = timedelta(seconds=settings.review_within_s)
    until = reviewable_until(order, within)
    resident = Party.RESIDENT in parties and actor.may(Permission.ORDER_AFTER_SALES)
    own_store = Party.MERCHANT in parties
    if resident and not own_store and until is not None and now < until:
        return ["review"]
    store = Party.MERCHANT in parties and actor.may(Permission.STORE_ORDER_HANDLE)
    if store and order.reviewed_at and _is_unanswered(tx, order.order_id):
        return ["answer_review"]
    return []


def _is_unanswered(tx: Tx, order_id: str) -> bool:
    row = tx.first(_ANSWERED, {"order": order_id})
    return row is not None and row.answered_at is None
