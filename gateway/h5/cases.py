"""After-sales: asking for it, and the page on which both sides carry it to its end."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.errors import NoSuchPage
from gateway.h5.attachments import typed_photos
from gateway.h5.deals import order_of
from gateway.h5.exchanging import choices_for, names_of, typed_replacement
from gateway.h5.owners import typed_fen
from gateway.h5.sides import order_for_either, order_href, said_beside, side_of
from gateway.pages import client_info, command, draw, number, write_once
from gateway.parts import parts
from services.contracts.after_sales import (
    AcceptOffer,
    AnswerCase,
    CaseAnswer,
    CaseKind,
    CaseQuery,
    CaseView,
    ConfirmReplacement,
    EscalateCase,
    OpenCase,
    SendBack,
    SendReplacement,
    TakeBack,
    WithdrawCase,
)
from services.contracts.catalog import Fulfilment
from services.contracts.delivery import CouriersQuery, CourierView
from services.contracts.orders import OrderState, OrderView, PickedLine, RefundTo
from services.kernel.errors import Malformed

blueprint = Blueprint("h5_cases", __name__)

HANDED_OVER = {OrderState.DELIVERED, OrderState.IN_SERVICE, OrderState.COMPLETED}
REASON_MAX = 500


def kinds_for(order: OrderView) -> list[CaseKind]:
    """What fits the order as it stands: before it is handed over, after, and for what has no
    pieces to bring back."""
    if order.state not in HANDED_OVER and not order.pickups:
        return [CaseKind.CANCEL]
    service = order.slot_from or order.fulfilment in {Fulfilment.AT_HOME, Fulfilment.IN_STORE}
    if service or order.sells_card:
        return [CaseKind.REFUND]
    return [CaseKind.REFUND, CaseKind.RETURN, CaseKind.EXCHANGE]


@blueprint.get("/h5/orders/<order_id>/after-sales")
def case_form(order_id: str) -> str:
    """Which kind, which pieces, how much, why."""
    guard.act()
    return _draw_form(order_of(order_id))


def _draw_form(order: OrderView, **context: object) -> str:
    kinds = kinds_for(order)
    asked = request.values.get("kind", "")
    kind = next((one for one in kinds if one.value == asked), kinds[0])
    return draw(
        "h5/resident/after_sales.html",
        order=order,
        kinds=kinds,
        kind=kind,
        others=choices_for(order) if CaseKind.EXCHANGE in kinds else {},
        **context,
    )


@blueprint.post("/h5/orders/<order_id>/after-sales")
def open_case(order_id: str) -> Response:
    """Ask for it."""
    guard.act()
    order = order_of(order_id)

    def write() -> str:
        kind = request.form.get("kind", "")
        if kind not in set(CaseKind):
            raise Malformed(fields={"kind": gettext("请选一种")})
        photos = typed_photos()
        counts = _typed_counts(order, CaseKind(kind))
        exchanges = kind == CaseKind.EXCHANGE
        wish = command(
            OpenCase,
            order_id=order_id,
            kind=CaseKind(kind),
            reason=_reason(),
            lines=_typed_lines(order, counts),
            replacement=typed_replacement(counts) if exchanges else [],
            amount_fen=_typed_amount(CaseKind(kind)),
            photos=photos,
            refund_to=request.form.get("refund_to") or RefundTo.CHANNEL,
            client=client_info(),
        )
        with said_beside("amount"):
            return f"/h5/cases/{parts().backends.orders.open_case(wish).case_id}"

    return write_once(write, lambda faults, notice: _draw_form(order, faults=faults, notice=notice))


def _reason() -> str:
    picked = request.form.get("reason", "").strip()
    more = request.form.get("reason_more", "").strip()
    return "；".join(words for words in (picked, more) if words)[:REASON_MAX]


def _typed_counts(order: OrderView, kind: CaseKind) -> dict[str, int]:
    """How many of each are meant; Malformed where nothing was chosen. A cancelling means all."""
    if kind is CaseKind.CANCEL:
        return {}
    counts = {
        line.sku_id: number(request.form.get(f"n.{line.sku_id}", "")) or 0 for line in order.lines
    }
    if not any(counts.values()):
        raise Malformed(fields={"lines": gettext("请选是哪几件")})
    return counts


def _typed_lines(order: OrderView, counts: dict[str, int]) -> list[PickedLine]:
    """The pieces that are meant; none means all."""
    if all(counts.get(line.sku_id) == line.quantity for line in order.lines):
        return []
    return [PickedLine(sku_id=sku, quantity=count) for sku, count in counts.items() if count]


def _typed_amount(kind: CaseKind) -> int | None:
    """None where the amount follows from the pieces."""
    of_pieces = kind in {CaseKind.CANCEL, CaseKind.EXCHANGE}
    return None if of_pieces or not request.form.get("amount", "").strip() else typed_fen("amount")


@blueprint.get("/h5/cases/<case_id>")
def case(case_id: str) -> str:
    """Where it stands, who must act, and what one can do."""
    guard.act()
    return _draw_case(_case(case_id))


def _case(case_id: str) -> CaseView:
    return parts().backends.orders.case(CaseQuery(case_id=case_id))


def _draw_case(view: CaseView, **context: object) -> str:
    order = order_for_either(view.order_id)
    return draw(
        "h5/deal/case.html",
        case=view,
        order=order,
        names={**_names(order), **names_of(view.replacement)},
        side=side_of(order),
        back_href=order_href(order),
        couriers=_couriers(view),
        **context,
    )


def _names(order: OrderView) -> dict[str, str]:
    return {line.sku_id: f"{line.item_name} {line.sku_name}".strip() for line in order.lines}


def _couriers(view: CaseView) -> list[CourierView]:
    if "send_replacement" not in view.may:
        return []
    return parts().backends.delivery.couriers(CouriersQuery(store_id=view.store_id)).couriers


@blueprint.post("/h5/cases/<case_id>/<act>")
def act(case_id: str, act: str) -> Response:
    """One of the buttons of the page, of either side."""
    guard.act()
    if act not in ACTS:
        raise NoSuchPage()
    view = _case(case_id)

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        return _draw_case(_case(case_id), faults=faults, notice=notice, tried=act)

    return write_once(lambda: ACTS[act](view), redraw)


def _ids(view: CaseView) -> dict[str, object]:
    return {"order_id": view.order_id, "case_id": view.case_id, "client": client_info()}


def _here(view: CaseView) -> str:
    return f"/h5/cases/{view.case_id}"


def _answer(view: CaseView) -> str:
    answer = request.form.get("answer", "")
    if answer not in set(CaseAnswer):
        raise Malformed(fields={"answer": gettext("请选一种")})
    offer_fen = typed_fen("offer") if answer == CaseAnswer.COUNTER else None
    text = request.form.get("text", "").strip()
    if answer != CaseAnswer.AGREE and not text:
        raise Malformed(fields={"text": gettext("请写明原因，居民会看到")})
    wish = command(
        AnswerCase, answer=CaseAnswer(answer), text=text, offer_fen=offer_fen, **_ids(view)
    )
    with said_beside("offer"):
        parts().backends.orders.answer_case(wish)
    return _here(view)


def _accept_offer(view: CaseView) -> str:
    parts().backends.orders.accept_offer(command(AcceptOffer, **_ids(view)))
    return _here(view)


def _withdraw(view: CaseView) -> str:
    parts().backends.orders.withdraw_case(command(WithdrawCase, **_ids(view)))
    return _here(view)


def _send_back(view: CaseView) -> str:
    photos = typed_photos()
    wish = command(SendBack, text=request.form.get("text", ""), photos=photos, **_ids(view))
    parts().backends.orders.send_back(wish)
    return _here(view)


def _take_back(view: CaseView) -> str:
    restock = request.form.get("restock") == "1"
    parts().backends.orders.take_back(command(TakeBack, restock=restock, **_ids(view)))
    return _here(view)


def _send_replacement(view: CaseView) -> str:
    courier_id = request.form.get("courier_id") or None
    wish = command(SendReplacement, courier_id=courier_id, **_ids(view))
    parts().backends.orders.send_replacement(wish)
    return _here(view)


def _confirm_replacement(view: CaseView) -> str:
    parts().backends.orders.confirm_replacement(command(ConfirmReplacement, **_ids(view)))
    return _here(view)


def _escalate(view: CaseView) -> str:
    wish = command(EscalateCase, text=request.form.get("story", ""), **_ids(view))
    return f"/h5/disputes/{parts().backends.orders.escalate_case(wish).dispute_id}"


ACTS: dict[str, Callable[[CaseView], str]] = {
    "answer": _answer,
    "accept-offer": _accept_offer,
    "withdraw": _withdraw,
    "send-back": _send_back,
    "take-back": _take_back,
    "send-replacement": _send_replacement,
    "confirm-replacement": _confirm_replacement,
    "escalate": _escalate,
}
"""The last part of a button's address → what it does; each gives where to go on."""
