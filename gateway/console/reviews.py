"""What residents say about a store; staff may take a review out of sight, with a reason."""

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from gateway.console.filters import chosen_community, community_names
from gateway.console.money.reading import list_links, one_id, typed
from gateway.console.staff import need_staff
from gateway.errors import NoSuchPage
from gateway.pages import after, client_info, command, draw, number, write_once
from gateway.parts import parts
from services.contracts.identity import MeView, StoreQuery, StoresQuery, StoreView
from services.contracts.reviews import HideReview, ReviewsQuery, StoreScore, StoreScoresQuery
from services.kernel.errors import Refused, Unavailable
from services.kernel.wire import Page

blueprint = Blueprint("console_reviews", __name__)


@blueprint.get("/console/reviews")
def reviews() -> str:
    """The reviews of one store, newest first; the stores with their scores before one is chosen."""
    return _draw()


def _draw(**context: Any) -> str:
    who = need_staff()
    store_id = one_id("store_id")
    return _draw_reviews(store_id, **context) if store_id else _draw_stores(who)


def _draw_stores(who: MeView) -> str:
    names = community_names(who)
    community_id = chosen_community(who) or next(iter(names), None)
    stores = _stores(community_id) if community_id else Page[StoreView](items=[])
    return draw(
        "console/review_stores.html",
        community=community_id or "",
        communities=names,
        stores=stores.items,
        scores=scores_of([store.store_id for store in stores.items]),
        **list_links("/console/reviews", stores.next_after),
    )


def _stores(community_id: str) -> Page[StoreView]:
    query = StoresQuery(community_id=community_id, after=after(), limit=50)
    return parts().backends.identity.stores(query)


def scores_of(store_ids: list[str]) -> dict[str, StoreScore]:
    """Store → score, for those that have votes; none when orders is silent."""
    if not store_ids:
        return {}
    try:
        found = parts().backends.orders.store_scores(StoreScoresQuery(store_ids=store_ids))
    except (Refused, Unavailable):
        return {}
    return {score.store_id: score for score in found.scores}


def _draw_reviews(store_id: str, **context: Any) -> str:
    stars, hidden = number(request.args.get("stars", "")), request.args.get("hidden") == "1"
    query = ReviewsQuery(store_id=store_id, stars=stars, hidden=hidden, after=after(), limit=50)
    page = parts().backends.orders.reviews(query)
    return draw(
        "console/reviews.html",
        store=parts().backends.identity.store(StoreQuery(store_id=store_id)),
        score=scores_of([store_id]).get(store_id),
        stars=stars,
        hidden=hidden,
        reviews=page.items,
        **list_links("/console/reviews", page.next_after),
        **context,
    )


@blueprint.post("/console/reviews/<order_id>/<act>")
def hide(order_id: str, act: str) -> Response:
    """隐藏, 恢复; the reason is on record and its two sides see it."""
    need_staff()
    if act not in {"hide", "show"}:
        raise NoSuchPage()

    def write() -> str:
        wish = command(
            HideReview,
            order_id=order_id,
            hidden=act == "hide",
            reason=typed("reason"),
            client=client_info(),
        )
        parts().backends.orders.hide_review(wish)
        return f"/console/reviews?{urlencode(request.args)}"

    return write_once(
        write, lambda faults, notice: _draw(refused=order_id, faults=faults, notice=notice)
    )
