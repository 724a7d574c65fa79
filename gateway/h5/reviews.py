"""Reviews: one for each order that was completed, and all that were written of a shop."""

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.h5.attachments import typed_photos
from gateway.h5.deals import order_of
from gateway.h5.scores import scores_of
from gateway.pages import after, client_info, command, draw, first_href, next_href, write_once
from gateway.parts import parts
from services.contracts.identity import StoreQuery
from services.contracts.orders import OrderView
from services.contracts.reviews import ReviewQuery, ReviewsQuery, ReviewView, WriteReview
from services.kernel.errors import Malformed

blueprint = Blueprint("h5_reviews", __name__)

STARS = ("1", "2", "3", "4", "5")


@blueprint.get("/h5/orders/<order_id>/review")
def review_form(order_id: str) -> str:
    """Stars and words, or what was written before."""
    guard.act()
    return _draw(order_of(order_id))


def _draw(order: OrderView, **context: object) -> str:
    return draw("h5/resident/review.html", order=order, review=_written(order), **context)


def _written(order: OrderView) -> ReviewView | None:
    if order.reviewed_at is None:
        return None
    return parts().backends.orders.review(ReviewQuery(order_id=order.order_id))


@blueprint.post("/h5/orders/<order_id>/review")
def write_review(order_id: str) -> Response:
    """The resident's word."""
    guard.act()
    order = order_of(order_id)

    def write() -> str:
        stars = request.form.get("stars", "")
        if stars not in STARS:
            raise Malformed(fields={"stars": gettext("请点几颗星")})
        photos = typed_photos()
        wish = command(
            WriteReview,
            order_id=order_id,
            stars=int(stars),
            text=request.form.get("text", "").strip(),
            photos=photos,
            anonymous=request.form.get("anonymous") == "1",
            client=client_info(),
        )
        parts().backends.orders.write_review(wish)
        return f"/h5/orders/{order_id}/review"

    return write_once(write, lambda faults, notice: _draw(order, faults=faults, notice=notice))


@blueprint.get("/h5/stores/<store_id>/reviews")
def store_reviews(store_id: str) -> str:
    """What buyers say, newest first; `?stars=2` shows those with so many."""
    guard.me()
    asked = request.args.get("stars", "")
    stars = int(asked) if asked in STARS else None
    page = parts().backends.orders.reviews(
        ReviewsQuery(store_id=store_id, stars=stars, after=after())
    )
    return draw(
        "h5/resident/reviews.html",
        store=parts().backends.identity.store(StoreQuery(store_id=store_id)),
        score=scores_of([store_id]).get(store_id),
        stars=stars,
        reviews=page.items,
        next_href=next_href(page.next_after),
        first_href=first_href(),
    )
