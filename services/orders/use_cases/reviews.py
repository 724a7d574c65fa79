"""One review for each completed order, the store's one answer, and staff's hand over both."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.dialects.mysql import insert as upsert

from services.contracts.after_sales import TooLate
from services.contracts.disputes import AnotherMustDecide
from services.contracts.orders import NotYourOrder, Party, Step, WrongState
from services.contracts.reviews import (
    AnswerReview,
    HideReview,
    NoSuchReview,
    ReviewedAlready,
    ReviewQuery,
    ReviewsQuery,
    ReviewView,
    StoreScores,
    StoreScoresQuery,
    WriteReview,
)
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Forbidden
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from services.kernel.wire import Done, Page
from services.orders import locks, queries, thread
from services.orders.domain.order import Order
from services.orders.domain.review import author_of, reviewable_until
from services.orders.domain.wording import shortened
from services.orders.domain.wording_disputes import (
    REVIEW_HIDDEN,
    REVIEW_SHOWN,
    reviewed_words,
)
from services.orders.events import trouble
from services.orders.queries_reviews import (
    find_review,
    review_page,
    review_view,
    scores_of,
)
from services.orders.settings import Settings
from services.orders.standing import doer_of, parties_of, reaches, sees_all
from services.orders.store import Change, record
from services.orders.tables_reviews import ReviewRow, StoreScoreRow


def write_review(
    db: Database,
    files: FileStore,
    command: WriteReview,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> ReviewView:
    """The resident's word on a completed order. WrongState before its end and for what is no deal
    of its own, ReviewedAlready, TooLate."""
    with db.reading() as tx:
        _need_side(actor, queries.need_order(tx, command.order_id), Party.RESIDENT)
    photos = thread.claim_photos(files, command.photos)
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            _need_side(actor, order, Party.RESIDENT)
            if actor.role_in(order.store_id):
                raise Forbidden("nobody reviews a store of their own")
            _need_reviewable(order, now, settings)
            tx.execute(insert(ReviewRow), _row(order, command, actor, photos, now))
            _count(tx, order.store_id, command.stars, 1)
            after = replace(order.noted(), reviewed_at=now)
            doer = doer_of(actor, Party.RESIDENT, command.client)
            words = reviewed_words(command.stars)
            noted = record(tx, [Change(order, after, Step.REVIEWED, doer, words)], now)[0]
            said = shortened(f"{words} {command.text}".strip())
            outbox.emit(tx, trouble(noted, [Party.MERCHANT], Step.REVIEWED, said))
            claim.answer = Done()
    return see_review(db, ReviewQuery(order_id=command.order_id), actor)


def answer_review(db: Database, command: AnswerReview, actor: Actor, now: datetime) -> ReviewView:
    """The store's one answer; ReviewedAlready when there is one."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            _need_side(actor, order, Party.MERCHANT)
            row = _need_review(tx, command.order_id)
            if row.answered_at is not None:
                raise ReviewedAlready
            _write(tx, command.order_id, answer=command.text, answered_at=now)
            doer = doer_of(actor, Party.MERCHANT, command.client)
            change = Change(order, order.noted(), Step.REVIEW_ANSWERED, doer)
            noted = record(tx, [change], now)[0]
            words = shortened(command.text)
            outbox.emit(tx, trouble(noted, [Party.RESIDENT], Step.REVIEW_ANSWERED, words))
            claim.answer = Done()
    return see_review(db, ReviewQuery(order_id=command.order_id), actor)


def hide_review(db: Database, command: HideReview, actor: Actor, now: datetime) -> ReviewView:
    """Out of sight and out of the score, or back again; for staff in reach. NoSuchReview,
    AnotherMustDecide about a store of one's own."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            _need_review(tx, command.order_id)
            order = locks.order_for_update(tx, command.order_id)
            if not reaches(actor, order.community_id):
                raise NoSuchReview
            if actor.role_in(order.store_id):
                raise AnotherMustDecide
            row = _need_review(tx, command.order_id)
            if row.hidden is not command.hidden:
                _hide(tx, order, row.stars, command, actor, now)
            claim.answer = Done()
    return see_review(db, ReviewQuery(order_id=command.order_id), actor)


def see_review(db: Database, query: ReviewQuery, actor: Actor) -> ReviewView:
    """The review of one order for those with a part in it, hidden or not; NoSuchReview."""
    with db.reading() as tx:
        order = queries.find_order(tx, query.order_id)
        row = find_review(tx, query.order_id)
    if order is None or row is None:
        raise NoSuchReview
    try:
        parties_of(actor, order)
    except NotYourOrder:
        raise NoSuchReview from None
    return review_view(row)


def see_reviews(db: Database, query: ReviewsQuery, actor: Actor | None) -> Page[ReviewView]:
    """A store's reviews for everybody, newest first; the hidden ones for staff in reach."""
    where = [ReviewRow.store_id == query.store_id, ReviewRow.hidden.is_(query.hidden)]
    if query.hidden:
        if actor is None or not sees_all(actor):
            raise Forbidden("hidden reviews are for staff")
        where.append(ReviewRow.community_id.in_(actor.communities))
    if query.stars is not None:
        where.append(ReviewRow.stars == query.stars)
    with db.reading() as tx:
        rows = review_page(tx, where, query.after, query.limit)
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    return Page(
        items=[review_view(row) for row in shown],
        next_after=shown[-1].review_id if more else None,
    )


def see_scores(db: Database, query: StoreScoresQuery) -> StoreScores:
    """The scores of several stores, for everybody."""
    with db.reading() as tx:
        return StoreScores(scores=scores_of(tx, query.store_ids))


def _need_side(actor: Actor, order: Order, side: Party) -> None:
    if side not in parties_of(actor, order):
        raise Forbidden(f"only the {side}'s side does this")


def _need_reviewable(order: Order, now: datetime, settings: Settings) -> None:
    if order.reviewed_at:
        raise ReviewedAlready
    until = reviewable_until(order, timedelta(seconds=settings.review_within_s))
    if until is None:
        raise WrongState(fields={"state": order.state.value})
    if until <= now:
        raise TooLate(fields={"until": until.isoformat()})


def _need_review(tx: Tx, order_id: str) -> Any:
    row = find_review(tx, order_id)
    if row is None:
        raise NoSuchReview
    return row


def _row(
    order: Order, command: WriteReview, actor: Actor, photos: list[str], now: datetime
) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "review_id": new_id(),
        "store_id": order.store_id,
        "household_id": order.household_id,
        "community_id": order.community_id,
        "stars": command.stars,
        "text": command.text,
        "photos": photos,
        "author": author_of(actor.name, anonymous=command.anonymous),
        "author_id": actor.account_id,
        "summary": order.summary,
        "written_at": now,
        "answer": "",
        "answered_at": None,
        "hidden": False,
        "hidden_reason": "",
    }


def _hide(
    tx: Tx, order: Order, stars: int, command: HideReview, actor: Actor, now: datetime
) -> None:
    reason = command.reason if command.hidden else ""
    _write(tx, order.order_id, hidden=command.hidden, hidden_reason=reason)
    _count(tx, order.store_id, stars, -1 if command.hidden else 1)
    words = (REVIEW_HIDDEN if command.hidden else REVIEW_SHOWN) + command.reason
    doer = doer_of(actor, Party.STAFF, command.client)
    change = Change(order, order.noted(), Step.REVIEW_HIDDEN, doer, shortened(words))
    record(tx, [change], now)


def _write(tx: Tx, order_id: str, **values: Any) -> None:
    tx.execute(update(ReviewRow).where(ReviewRow.order_id == order_id).values(values))


def _count(tx: Tx, store_id: str, stars: int, by: int) -> None:
    """One statement: two reviews at once both count."""
    name = f"stars_{stars}"
    none = {f"stars_{n}": 0 for n in range(1, 6)}
    adding = upsert(StoreScoreRow).values({"store_id": store_id, **none, name: by})
    column = getattr(StoreScoreRow, name)
    tx.execute(adding.on_duplicate_key_update({name: column + by}))
