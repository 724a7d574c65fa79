"""orders' entrypoints for reviews."""

from typing import Any

from services.contracts.permissions import Permission
from services.contracts.reviews import (
    AnswerReview,
    HideReview,
    ReviewQuery,
    ReviewsQuery,
    ReviewView,
    StoreScores,
    StoreScoresQuery,
    WriteReview,
)
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import rpc
from services.kernel.wire import Page
from services.orders.use_cases import reviews


class ReviewsEntry:
    """Commands and questions about reviews."""

    runtime: Any

    @rpc(permission=Permission.ORDER_AFTER_SALES)
    def write_review(self, command: WriteReview, actor: Actor) -> ReviewView:
        run = self.runtime
        return reviews.write_review(run.db, run.files, command, actor, now(), run.settings)

    @rpc(permission=Permission.STORE_ORDER_HANDLE)
    def answer_review(self, command: AnswerReview, actor: Actor) -> ReviewView:
        return reviews.answer_review(self.runtime.db, command, actor, now())

    @rpc(permission=Permission.ORDER_MEDIATE)
    def hide_review(self, command: HideReview, actor: Actor) -> ReviewView:
        return reviews.hide_review(self.runtime.db, command, actor, now())

    @rpc(signed_in=True)
    def review(self, query: ReviewQuery, actor: Actor) -> ReviewView:
        return reviews.see_review(self.runtime.db, query, actor)

    @rpc(public=True)
    def reviews(self, query: ReviewsQuery, actor: Actor | None = None) -> Page[ReviewView]:
        return reviews.see_reviews(self.runtime.db, query, actor)

    @rpc(public=True)
    def store_scores(self, query: StoreScoresQuery) -> StoreScores:
        return reviews.see_scores(self.runtime.db, query)
