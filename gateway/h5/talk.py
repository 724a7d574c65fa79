"""The two talk about an order, whether or not anything is wrong with it."""

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway.h5.attachments import typed_photos
from gateway.h5.sides import order_for_either, order_href, side_of
from gateway.pages import PAGE_MAX, after, client_info, command, draw, next_href, write_once
from gateway.parts import parts
from services.contracts.orders import MessageView, OrderView, Say, ThreadQuery
from services.kernel.errors import Malformed
from services.kernel.wire import Page

blueprint = Blueprint("h5_talk", __name__)


def said(order_id: str, after: str | None = None) -> Page[MessageView]:
    """What was said about an order, oldest first."""
    question = ThreadQuery(order_id=order_id, after=after, limit=PAGE_MAX)
    return parts().backends.orders.thread(question)


def say(order_id: str) -> None:
    """The text and the photos of the present form; Malformed without either."""
    text = request.form.get("text", "").strip()
    photos = typed_photos()
    if not text and not photos:
        raise Malformed(fields={"text": gettext("请写一句话，或者选一张照片")})
    wish = command(Say, order_id=order_id, text=text, photos=photos, client=client_info())
    parts().backends.orders.say(wish)


@blueprint.get("/h5/orders/<order_id>/talk")
def talk(order_id: str) -> str:
    """Everything that was said, and a place to say more; `?about=change` begins the sentence."""
    return _draw(order_for_either(order_id))


def _draw(order: OrderView, **context: object) -> str:
    page = said(order.order_id, after())
    return draw(
        "h5/deal/talk.html",
        order=order,
        side=side_of(order),
        back_href=order_href(order),
        about=request.args.get("about", ""),
        messages=page.items,
        next_href=next_href(page.next_after),
        **context,
    )


@blueprint.post("/h5/orders/<order_id>/talk")
def send(order_id: str) -> Response:
    """A word to the other side."""
    order = order_for_either(order_id)

    def write() -> str:
        say(order_id)
        return f"/h5/orders/{order_id}/talk#say"

    return write_once(write, lambda faults, notice: _draw(order, faults=faults, notice=notice))
