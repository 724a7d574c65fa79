"""What residents say afterwards: after-sales that wait for the shop, reviews and its answers."""

from flask import Blueprint, Response, request

from gateway import guard
from gateway.h5.merchant import my_store
from gateway.pages import after, client_info, command, draw, first_href, next_href, write_once
from gateway.parts import parts
from services.contracts.after_sales import CasesQuery, CaseState
from services.contracts.disputes import MerchantStats, MerchantStatsQuery
from services.contracts.identity import StoreMembership
from services.contracts.reviews import AnswerReview, ReviewsQuery, StoreScore, StoreScoresQuery
from services.kernel.errors import Forbidden, Unavailable

blueprint = Blueprint("h5_voices", __name__)

OPEN_CASES = [
    CaseState.REQUESTED,
    CaseState.COUNTERED,
    CaseState.AWAITING_RETURN,
    CaseState.RETURNING,
    CaseState.REPLACING,
    CaseState.REFUNDING,
]


@blueprint.get("/h5/merchant/cases")
def cases() -> str:
    """Open after-sales first; all of them when asked for."""
    store = my_store(guard.me())
    tab = "all" if request.args.get("tab") == "all" else "open"
    page = parts().backends.orders.cases(
        CasesQuery(
            store_id=store.store_id, states=OPEN_CASES if tab == "open" else [], after=after()
        )
    )
    mine_first = sorted(page.items, key=lambda case: case.waits_for != "merchant")
    return draw(
        "h5/merchant/cases.html",
        store=store,
        tab=tab,
        cases=mine_first if tab == "open" else page.items,
        stats=_stats(store),
        next_href=next_href(page.next_after),
        first_href=first_href(),
    )


def _stats(store: StoreMembership) -> MerchantStats | None:
    """One line beside the list; the list is shown without it, too."""
    try:
        question = MerchantStatsQuery(merchant_id=store.merchant_id)
        return parts().backends.orders.merchant_stats(question)
    except (Unavailable, Forbidden):
        return None


@blueprint.get("/h5/merchant/reviews")
def reviews() -> str:
    """The score, and each review with the shop's one answer."""
    return _draw_reviews(my_store(guard.me()))


def _draw_reviews(store: StoreMembership, **context: object) -> str:
    asked = request.args.get("stars", "")
    stars = int(asked) if asked in set("12345") else None
    page = parts().backends.orders.reviews(
        ReviewsQuery(store_id=store.store_id, stars=stars, after=after())
    )
    return draw(
        "h5/merchant/reviews.html",
        store=store,
        stars=stars,
        score=_score(store),
        stats=_stats(store),
        reviews=page.items,
        next_href=next_href(page.next_after),
        first_href=first_href(),
        **context,
    )


def _score(store: StoreMembership) -> StoreScore | None:
    scores = parts().backends.orders.store_scores(StoreScoresQuery(store_ids=[store.store_id]))
    return scores.scores[0] if scores.scores else None


@blueprint.post("/h5/merchant/reviews/<order_id>")
def answer(order_id: str) -> Response:
    """The shop's one answer to a review."""
    store = my_store(guard.me())

    def write() -> str:
        text = request.form.get("text", "").strip()
        wish = command(AnswerReview, order_id=order_id, text=text, client=client_info())
        parts().backends.orders.answer_review(wish)
        return f"/h5/merchant/reviews?store_id={store.store_id}#r-{order_id}"

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        return _draw_reviews(store, faults=faults, notice=notice, answering=order_id)

    return write_once(write, redraw)
