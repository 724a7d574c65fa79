"""The shop proposes a change: other pieces, another price, another time. Seen before it is sent."""

from dataclasses import dataclass, field
from datetime import datetime

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.answers import see_other
from gateway.h5.merchant import href_of, order_of
from gateway.h5.slots import Day, free_days
from gateway.pages import PAGE_MAX, Faults, client_info, command, draw, write_once
from gateway.parts import parts
from gateway.ui import SHANGHAI
from services.contracts.amendments import AmendedLine, ProposeAmendment
from services.contracts.catalog import ItemKind, ItemsQuery, ItemView, SkusQuery
from services.contracts.orders import OrderLineView, OrderView
from services.kernel import clock
from services.kernel.money import from_yuan

blueprint = Blueprint("h5_amending", __name__)

ADDED_MAX = 3
QUANTITY_MAX = 999
NOTE_MIN, NOTE_MAX = 2, 200
CARRIED_NOT = {"csrf_token", "idempotency_key", "sure", "again"}


@dataclass(slots=True)
class Proposal:
    """What was typed: the order as it is and as it would be; `faults` says what cannot be."""

    before: list[OrderLineView]
    after: list[OrderLineView] = field(default_factory=list)
    deliver_after: datetime | None = None
    slot_from: datetime | None = None
    note: str = ""
    faults: Faults = field(default_factory=dict)

    @property
    def before_fen(self) -> int:
        """What the goods cost now."""
        return sum(line.amount_fen for line in self.before)

    @property
    def after_fen(self) -> int:
        """What they would cost."""
        return sum(line.amount_fen for line in self.after)

    @property
    def lines(self) -> list[AmendedLine]:
        """The goods as they would be; nothing where they stay."""
        if self.after == self.before:
            return []
        return [
            AmendedLine(sku_id=line.sku_id, quantity=line.quantity, price_fen=line.price_fen)
            for line in self.after
        ]


@blueprint.get("/h5/merchant/orders/<order_id>/amend")
def form(order_id: str) -> str | Response:
    """Each line with its pieces and price, something more, another time, and why."""
    guard.act()
    order = order_of(order_id)
    return (
        _draw_form(order, _shelf(order)) if "amend" in order.may else see_other(href_of(order_id))
    )


@blueprint.post("/h5/merchant/orders/<order_id>/amend")
def amend(order_id: str) -> Response:
    """First what would change is shown, with the difference; then it is sent to the resident."""
    guard.act()
    order = order_of(order_id)
    shelf = _shelf(order)
    typed = _typed(order, shelf)
    if "again" in request.form:
        return Response(_draw_form(order, shelf))
    if typed.faults:
        return Response(_draw_form(order, shelf, faults=typed.faults), 422)
    if "sure" not in request.form:
        return Response(_draw_preview(order, typed))

    def write() -> str:
        _propose(order_id, typed)
        return href_of(order_id)

    def redraw(faults: Faults, notice: dict[str, str]) -> str:
        return _draw_form(order, shelf, faults=_at_fields(faults), notice=notice)

    return write_once(write, redraw)


def _at_fields(faults: Faults) -> Faults:
    """Faults of SKUs at the fields in which they were typed."""
    added = {request.form.get(f"new_sku.{n}", ""): f"new_sku.{n}" for n in range(1, ADDED_MAX + 1)}
    places = {**added, "starts_at": "slot_from"}
    placed = {}
    for name, words in faults.items():
        field_name = f"q.{name}" if f"q.{name}" in request.form else places.get(name, name)
        placed[field_name] = gettext("只剩 %(n)s 份", n=words) if words.isdigit() else words
    return placed


def _propose(order_id: str, typed: Proposal) -> None:
    wish = command(
        ProposeAmendment,
        order_id=order_id,
        lines=typed.lines,
        deliver_after=typed.deliver_after,
        slot_from=typed.slot_from,
        note=typed.note,
        client=client_info(),
    )
    parts().backends.orders.propose_amendment(wish)


def _shelf(order: OrderView) -> list[ItemView]:
    """What the shop could put in: on its shelf, handed over in the same way, not in it yet."""
    if order.slot_from:
        return []
    question = ItemsQuery(store_ids=[order.store_id], limit=PAGE_MAX)
    taken = {line.sku_id for line in order.lines}
    return [
        item
        for item in parts().backends.catalog.items(question).items
        if item.kind is not ItemKind.CARD_PLAN
        and not item.slot_minutes
        and order.fulfilment in item.fulfilments
        and any(sku.sku_id not in taken for sku in item.skus)
    ]


def _draw_form(order: OrderView, shelf: list[ItemView], **context: object) -> str:
    return draw(
        "h5/merchant/amend.html",
        order=order,
        shelf=shelf,
        days=_days(order),
        added_max=ADDED_MAX,
        **context,
    )


def _draw_preview(order: OrderView, typed: Proposal) -> str:
    carried = [(name, text) for name, text in request.form.items() if name not in CARRIED_NOT]
    return draw("h5/merchant/amend_preview.html", order=order, proposal=typed, carried=carried)


def _days(order: OrderView) -> list[Day]:
    """When the appointment could be instead."""
    if not order.slot_from:
        return []
    found = parts().backends.catalog.skus(SkusQuery(sku_ids=[order.lines[0].sku_id])).lines
    return free_days(found[0], clock.now()) if found and found[0].slot_minutes else []


# what was typed


def _typed(order: OrderView, shelf: list[ItemView]) -> Proposal:
    typed = Proposal(before=order.lines, note=request.form.get("note", "").strip())
    for line in order.lines:
        _take_line(typed, line)
    for number in range(1, ADDED_MAX + 1):
        _take_added(typed, shelf, number)
    typed.slot_from = _moment(typed, "slot_from", order.slot_from)
    typed.deliver_after = _moment(typed, "deliver_after", order.deliver_after)
    if not NOTE_MIN <= len(typed.note) <= NOTE_MAX:
        typed.faults["note"] = gettext("请告诉居民为什么改")
    if not typed.after:
        typed.faults["lines"] = gettext("全部去掉就是取消，请回订单点「取消并退款」")
    unchanged = typed.after == typed.before and not (typed.slot_from or typed.deliver_after)
    if unchanged and set(typed.faults) <= {"note"}:
        typed.faults["lines"] = gettext("还没有改什么")
    return typed


def _take_line(typed: Proposal, line: OrderLineView) -> None:
    """A line of the order: as it was, changed, or gone at 0. A changed one loses its discounts."""
    quantity = _quantity(typed, f"q.{line.sku_id}", line.quantity)
    price_fen = _price_fen(typed, f"p.{line.sku_id}", line.price_fen)
    if (quantity, price_fen) == (line.quantity, line.price_fen):
        typed.after.append(line)
    elif quantity:
        typed.after.append(_priced(line, quantity, price_fen))


def _priced(line: OrderLineView, quantity: int, price_fen: int) -> OrderLineView:
    changes = {
        "quantity": quantity,
        "price_fen": price_fen,
        "amount_fen": quantity * price_fen,
        "adjustments": [],
    }
    return line.model_copy(update=changes)


def _take_added(typed: Proposal, shelf: list[ItemView], number: int) -> None:
    """Something more from the shelf, at its price unless another was typed."""
    sku_id = request.form.get(f"new_sku.{number}", "")
    if not sku_id:
        return
    if any(line.sku_id == sku_id for line in [*typed.before, *typed.after]):
        typed.faults[f"new_sku.{number}"] = gettext("这一样已经在订单里，直接改数量就行")
        return
    for item in shelf:
        for sku in item.skus:
            if sku.sku_id == sku_id:
                quantity = _quantity(typed, f"new_q.{number}", 1)
                price_fen = _price_fen(typed, f"new_p.{number}", sku.price_fen)
                bare = OrderLineView(
                    sku_id=sku_id,
                    item_id=item.item_id,
                    item_name=item.name,
                    sku_name=sku.name,
                    picture=item.picture,
                    quantity=quantity,
                    price_fen=price_fen,
                    amount_fen=quantity * price_fen,
                )
                typed.after.extend([bare] if quantity else [])


def _quantity(typed: Proposal, name: str, otherwise: int) -> int:
    text = request.form.get(name, "").strip()
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit()) or int(text[:9]) > QUANTITY_MAX:
        typed.faults[name] = gettext("请填 0 到 999 的整数")
        return otherwise
    return int(text)


def _price_fen(typed: Proposal, name: str, otherwise: int) -> int:
    text = request.form.get(name, "").strip()
    try:
        price_fen = from_yuan(text) if text else otherwise
    except ValueError:
        price_fen = -1
    if price_fen < 0:
        typed.faults[name] = gettext("请填金额，比如 3 或 3.50")
        return otherwise
    return price_fen


def _moment(typed: Proposal, name: str, present: datetime | None) -> datetime | None:
    """Another time than the present one, by Shanghai's clock where no zone is named."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        typed.faults[name] = gettext("请选一个时间")
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
    if moment == present:
        return None
    if moment <= clock.now():
        typed.faults[name] = gettext("这个时间已经过去了")
    return moment
