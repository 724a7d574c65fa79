"""Reviews: one for each completed order, answered once, hidden with a reason; and the score."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.contracts.after_sales import TooLate
from services.contracts.disputes import AnotherMustDecide
from services.contracts.orders import NotYourOrder, OrderState, WrongState
from services.contracts.permissions import Role
from services.contracts.reviews import (
    AnswerReview,
    HideReview,
    NoSuchReview,
    ReviewedAlready,
    ReviewQuery,
    ReviewsQuery,
    ReviewView,
    StoreScore,
    StoreScoresQuery,
    WriteReview,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Forbidden, Malformed
from services.kernel.ids import new_id
from services.orders.use_cases import reviews
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS, person, told_events

pytestmark = pytest.mark.database
S = OrderState


class Street(Walk):
    """A walk at whose end people say what they think."""

    def write(
        self, order_id: str, stars: int, actor: Actor | None = None, **fields: Any
    ) -> ReviewView:
        """The resident's review."""
        now: datetime = fields.pop("now", NOW)
        values = {"request_id": new_id(), "text": "很好吃", **fields}
        command = WriteReview(order_id=order_id, stars=stars, **values)
        by = actor or self.street.resident
        return reviews.write_review(self.db, self.files, command, by, now, SETTINGS)

    def answer(self, order_id: str, actor: Actor | None = None) -> ReviewView:
        """The store's answer."""
        command = AnswerReview(request_id=new_id(), order_id=order_id, text="谢谢惠顾")
        return reviews.answer_review(self.db, command, actor or self.street.merchant, NOW)

    def hide(self, order_id: str, hidden: bool = True, actor: Actor | None = None) -> ReviewView:
        """Staff hide it, or show it again."""
        command = HideReview(
            request_id=new_id(), order_id=order_id, hidden=hidden, reason="辱骂他人"
        )
        return reviews.hide_review(self.db, command, actor or self.street.mediator, NOW)

    def shown(self, actor: Actor | None = None, **fields: Any) -> list[ReviewView]:
        """The store's reviews as `actor`, or anybody, sees them."""
        query = ReviewsQuery(store_id=self.street.breakfast.store_id, **fields)
        return reviews.see_reviews(self.db, query, actor).items

    def score(self) -> StoreScore | None:
        """The store's score."""
        query = StoreScoresQuery(store_ids=[self.street.breakfast.store_id])
        scores = reviews.see_scores(self.db, query).scores
        return scores[0] if scores else None


@pytest.fixture
def street(database_of: Callable[[str], Database]) -> Street:
    """A street on an empty database."""
    return Street(database_of("orders"))


def test_a_completed_order_is_reviewed_once_and_the_store_hears_it(street: Street) -> None:
    order_id = street.order_in(S.COMPLETED)
    assert "review" in street.view(order_id).may
    review = street.write(order_id, 5, photos=[street.photo()])
    assert (review.stars, review.author, review.written_at) == (5, "张**", NOW)
    assert review.photos[0].startswith("orders/")
    order = street.view(order_id)
    assert (order.reviewed_at, order.timeline[-1].step) == (NOW, "reviewed")
    assert "review" not in order.may
    assert told_events(street.db)[-1][1]["to"] == ["merchant"]
    with pytest.raises(ReviewedAlready):
        street.write(order_id, 1)
    assert street.score() == StoreScore(
        store_id=street.street.breakfast.store_id,
        score_hundredths=409,
        votes=1,
        by_stars=[0, 0, 0, 0, 1],
    )


def test_the_same_request_writes_one_review(street: Street) -> None:
    order_id, request_id = street.order_in(S.COMPLETED), new_id()
    first = street.write(order_id, 4, request_id=request_id)
    assert street.write(order_id, 4, request_id=request_id) == first
    score = street.score()
    assert score is not None
    assert score.votes == 1


@pytest.mark.parametrize("state", [S.AWAITING_PAYMENT, S.DELIVERED, S.CANCELLED])
def test_only_a_completed_order_is_reviewed(street: Street, state: OrderState) -> None:
    order_id = street.order_in(state)
    assert "review" not in street.view(order_id).may
    with pytest.raises(WrongState):
        street.write(order_id, 5)


def test_a_review_is_written_within_a_set_time(street: Street) -> None:
    order_id = street.order_in(S.COMPLETED)
    late = NOW + timedelta(seconds=SETTINGS.review_within_s)
    assert "review" not in street.view(order_id, now=late).may
    with pytest.raises(TooLate):
        street.write(order_id, 5, now=late)


def test_only_the_household_reviews_and_only_the_store_answers(street: Street) -> None:
    order_id = street.order_in(S.COMPLETED)
    with pytest.raises(Forbidden):
        street.write(order_id, 5, street.street.merchant)
    with pytest.raises(NotYourOrder):
        street.write(order_id, 5, street.street.stranger)
    with pytest.raises(NoSuchReview):
        street.answer(order_id)
    street.write(order_id, 2)
    with pytest.raises(Forbidden):
        street.answer(order_id, street.street.resident)
    with pytest.raises(NotYourOrder):
        street.answer(order_id, street.street.other_merchant)


def test_the_store_answers_once(street: Street) -> None:
    order_id = street.order_in(S.COMPLETED)
    merchant = street.street.merchant
    assert "answer_review" not in street.view(order_id, merchant).may
    street.write(order_id, 2)
    assert "answer_review" in street.view(order_id, merchant).may
    answered = street.answer(order_id)
    assert (answered.answer, answered.answered_at) == ("谢谢惠顾", NOW)
    assert "answer_review" not in street.view(order_id, merchant).may
    with pytest.raises(ReviewedAlready):
        street.answer(order_id)


def test_staff_hide_a_review_and_its_vote_and_bring_both_back(street: Street) -> None:
    order_id = street.order_in(S.COMPLETED)
    street.write(order_id, 1)
    hidden = street.hide(order_id)
    assert (hidden.hidden, hidden.hidden_reason) == (True, "辱骂他人")
    street.hide(order_id)
    assert (street.shown(), street.score()) == ([], None)
    assert street.steps(order_id).count("review_hidden") == 1
    assert [one.order_id for one in street.shown(street.street.mediator, hidden=True)] == [order_id]
    query = ReviewQuery(order_id=order_id)
    assert reviews.see_review(street.db, query, street.street.resident).hidden
    street.hide(order_id, hidden=False)
    score = street.score()
    assert score is not None
    assert (len(street.shown()), score.by_stars) == (1, [1, 0, 0, 0, 0])


def test_hidden_reviews_are_for_staff_in_reach(street: Street) -> None:
    order_id = street.order_in(S.COMPLETED)
    street.write(order_id, 1)
    elsewhere = person({}, roles=(Role.MEDIATOR,), communities=(new_id(),))
    with pytest.raises(NoSuchReview):
        street.hide(order_id, actor=elsewhere)
    street.hide(order_id)
    for actor in (None, street.street.resident, street.street.merchant):
        with pytest.raises(Forbidden):
            street.shown(actor, hidden=True)
    assert street.shown(elsewhere, hidden=True) == []
    with pytest.raises(NoSuchReview):
        reviews.see_review(street.db, ReviewQuery(order_id=order_id), street.street.stranger)


def test_everybody_reads_a_stores_reviews_newest_first(street: Street) -> None:
    ids = [street.order_in(S.COMPLETED) for _ in range(3)]
    for order_id, stars in zip(ids, (5, 4, 5), strict=True):
        street.write(order_id, stars, anonymous=stars == 4)
    assert [one.order_id for one in street.shown()] == ids[::-1]
    assert [one.author for one in street.shown(stars=4)] == ["匿名邻居"]
    query = ReviewsQuery(store_id=street.street.breakfast.store_id, limit=2)
    first = reviews.see_reviews(street.db, query, None)
    rest = reviews.see_reviews(
        street.db, query.model_copy(update={"after": first.next_after}), None
    )
    assert [one.order_id for one in (*first.items, *rest.items)] == ids[::-1]
    assert rest.next_after is None
    with pytest.raises(Malformed):
        street.shown(after="不是")


def test_a_card_may_be_reviewed_too(street: Street) -> None:
    placed = street.place({street.street.plan.sku_id: 1})
    street.pay(placed)
    assert street.write(placed.orders[0].order_id, 3).stars == 3


def test_nobody_praises_a_store_of_their_own_nor_hides_what_is_said_of_it(street: Street) -> None:
    order_id = street.order_in(S.COMPLETED)
    mine = {street.street.household_id: Role.OWNER, street.street.breakfast.store_id: Role.CLERK}
    clerk = person(mine, roles=(Role.MEDIATOR,), communities=street.street.mediator.communities)
    assert "review" not in street.view(order_id, clerk).may
    with pytest.raises(Forbidden):
        street.write(order_id, 5, clerk)
    street.write(order_id, 1)
    with pytest.raises(AnotherMustDecide):
        street.hide(order_id, actor=clerk)
    assert len(street.shown()) == 1
