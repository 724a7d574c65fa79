"""Handing out at the counter: the resident shows a code, the shop scans or types it, and gives out.

The code may come in the address: a QR code that is an address opens here from any camera.
"""

import re
from datetime import datetime
from urllib.parse import urlencode

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.errors import message_of, status_of
from gateway.h5.merchant import my_store, order_of
from gateway.pages import client_info, command, draw, number, write_once
from gateway.parts import parts
from gateway.ui import shanghai
from services.contracts.identity import StoreMembership
from services.contracts.orders import (
    CodeQuery,
    CodeUsed,
    HandOver,
    NoSuchCode,
    OrderView,
    PickedLine,
)
from services.kernel.errors import Malformed

blueprint = Blueprint("h5_pickup", __name__)

PAGE = "/h5/merchant/pick-up"
PREFIX = "h."
_CODE = re.compile(r"(?<!\d)(\d{4})[ \-]?(\d{4})(?!\d)", re.ASCII)


def code_in(text: str) -> str:
    """The eight digits of what was scanned or typed: bare, in two groups, or in an address."""
    found = _CODE.findall(text)
    return "".join(found[-1]) if found else ""


def left_of(order: OrderView) -> dict[str, int]:
    """SKU → how many are still to be handed over."""
    left = {line.sku_id: line.quantity for line in order.lines}
    for pickup in order.pickups:
        for line in pickup.lines:
            left[line.sku_id] = left.get(line.sku_id, 0) - line.quantity
    return left


@blueprint.get(PAGE)
def pick_up() -> str | Response:
    """The keypad; with a code, what is behind it."""
    who = guard.me()
    store = my_store(who)
    typed = request.args.get("code", "")
    if not typed:
        return _draw_keys(store, done=_done())
    code = code_in(typed)
    if not code:
        return Response(_draw_keys(store, faults={"code": gettext("取货码是 8 位数字")}), 422)
    try:
        store, order = _behind(code, [store] if request.args.get("store_id") else who.stores)
    except (NoSuchCode, CodeUsed) as error:
        return Response(_draw_keys(store, faults={"code": _words_of(error)}), status_of(error))
    return _draw_order(store, code, order)


def _behind(code: str, stores: list[StoreMembership]) -> tuple[StoreMembership, OrderView]:
    """The first of these stores that has the code; a scanned address names no store."""
    for store in stores:
        question = CodeQuery(store_id=store.store_id, code=code)
        try:
            return store, parts().backends.orders.order_by_code(question)
        except NoSuchCode:
            if store is stores[-1]:
                raise
    raise NoSuchCode


def _done() -> OrderView | None:
    """What was handed over a moment ago."""
    order_id = request.args.get("done", "")
    return order_of(order_id) if order_id else None


def _draw_keys(store: StoreMembership, **context: object) -> str:
    return draw("h5/merchant/pick_up.html", store=store, **{"done": None, **context})


def _draw_order(store: StoreMembership, code: str, order: OrderView, **context: object) -> str:
    left = left_of(order)
    return draw(
        "h5/merchant/hand_over.html", store=store, code=code, order=order, left=left, **context
    )


def _words_of(error: NoSuchCode | CodeUsed) -> str:
    """A used code says when and by whom, where the service has told it."""
    at, by = error.fields.get("at", ""), error.fields.get("by", "")
    if not isinstance(error, CodeUsed) or not at:
        return message_of(error)
    return str(gettext("这个码用过了：%(at)s，%(by)s", at=_said(at), by=by or gettext("本店")))


def _said(at: str) -> str:
    try:
        return shanghai(datetime.fromisoformat(at))
    except ValueError:
        return at


@blueprint.post(PAGE)
def hand_over() -> Response:
    """Give out what was asked for with the code; with the last piece the deal is done."""
    store = my_store(guard.me())
    code, order_id = request.form.get("code", ""), request.form.get("order_id", "")

    def write() -> str:
        wish = command(HandOver, order_id=order_id, code=code, lines=_lines(), client=client_info())
        parts().backends.orders.hand_over(wish)
        return f"{PAGE}?{urlencode({'store_id': store.store_id, 'done': order_id})}"

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        said = {field: _how_many(words) for field, words in faults.items()}
        return _draw_order(store, code, order_of(order_id), faults=said, notice=notice)

    return write_once(write, redraw)


def _lines() -> list[PickedLine]:
    """What the form says of each SKU; Malformed when it says nothing at all."""
    counts = {
        name.removeprefix(PREFIX): number(value) or 0
        for name, value in request.form.items()
        if name.startswith(PREFIX)
    }
    lines = [PickedLine(sku_id=sku, quantity=count) for sku, count in counts.items() if count]
    if counts and not lines:
        raise Malformed(fields={"lines": gettext("请填这次给几份")})
    return lines


def _how_many(words: str) -> str:
    """What is left, said as a sentence, where the refusal is a bare number."""
    return str(gettext("只剩 %(n)s 份", n=words)) if words.isdigit() else words
