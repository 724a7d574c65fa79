"""A quarrel: opened in two taps, and the page on which both sides talk, agree, or are judged."""

from collections.abc import Callable

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.errors import NoSuchPage
from gateway.h5.attachments import typed_photos
from gateway.h5.sides import order_for_either, order_href, said_beside, side_of
from gateway.h5.talk import said, say
from gateway.pages import after, client_info, command, draw, next_href, write_once
from gateway.parts import parts
from services.contracts.disputes import (
    AcceptRuling,
    AcceptSplit,
    AppealRuling,
    CallMediator,
    DisputeAbout,
    DisputeQuery,
    DisputeView,
    OpenDispute,
    ProposeSplit,
    WithdrawDispute,
)
from services.contracts.orders import OrderView
from services.kernel.errors import Malformed
from services.kernel.money import from_yuan

blueprint = Blueprint("h5_disputes", __name__)


@blueprint.get("/h5/orders/<order_id>/dispute")
def dispute_form(order_id: str) -> str:
    """What it is about: one more tap, and it is open."""
    return _draw_form(order_for_either(order_id))


def _draw_form(order: OrderView, **context: object) -> str:
    return draw(
        "h5/deal/dispute_new.html",
        order=order,
        side=side_of(order),
        back_href=order_href(order),
        abouts=list(DisputeAbout),
        **context,
    )


@blueprint.post("/h5/orders/<order_id>/dispute")
def open_dispute(order_id: str) -> Response:
    """The money freezes."""
    order = order_for_either(order_id)

    def write() -> str:
        about = request.form.get("about", "")
        if about not in set(DisputeAbout):
            raise Malformed(fields={"about": gettext("请选是为什么")})
        photos = typed_photos()
        wish = command(
            OpenDispute,
            order_id=order_id,
            about=DisputeAbout(about),
            text=_typed("text"),
            wanted_fen=_typed_share("wanted") if _typed("wanted") else None,
            photos=photos,
            client=client_info(),
        )
        return f"/h5/disputes/{parts().backends.orders.open_dispute(wish).dispute_id}"

    return write_once(write, lambda faults, notice: _draw_form(order, faults=faults, notice=notice))


def _typed_share(name: str) -> int:
    """What is to go to the resident, in yuan as typed; nothing at all is an answer, too."""
    try:
        amount_fen = from_yuan(_typed(name))
    except ValueError:
        amount_fen = -1
    if amount_fen < 0:
        raise Malformed(fields={name: gettext("请填金额，比如 36 或 36.50")})
    return amount_fen


@blueprint.get("/h5/disputes/<dispute_id>")
def dispute(dispute_id: str) -> str:
    """Where it stands, the frozen sum, what was said, and what one can do."""
    guard.act()
    return _draw_dispute(_dispute(dispute_id))


def _dispute(dispute_id: str) -> DisputeView:
    return parts().backends.orders.dispute(DisputeQuery(dispute_id=dispute_id))


def _draw_dispute(view: DisputeView, **context: object) -> str:
    order = order_for_either(view.order_id)
    page = said(view.order_id, after())
    return draw(
        "h5/deal/dispute.html",
        dispute=view,
        order=order,
        side=side_of(order),
        back_href=order_href(order),
        messages=page.items,
        next_href=next_href(page.next_after),
        **context,
    )


@blueprint.post("/h5/disputes/<dispute_id>/<act>")
def act(dispute_id: str, act: str) -> Response:
    """One of the buttons of the page, of either side."""
    guard.act()
    if act not in ACTS:
        raise NoSuchPage()
    view = _dispute(dispute_id)

    def write() -> str:
        ACTS[act](view)
        return f"/h5/disputes/{dispute_id}"

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        return _draw_dispute(_dispute(dispute_id), faults=faults, notice=notice, tried=act)

    return write_once(write, redraw)


def _ids(view: DisputeView) -> dict[str, object]:
    return {"order_id": view.order_id, "dispute_id": view.dispute_id, "client": client_info()}


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()


def _say(view: DisputeView) -> None:
    say(view.order_id)


def _propose(view: DisputeView) -> None:
    share_fen = _typed_share("share")
    if share_fen > view.frozen_fen:
        raise Malformed(fields={"share": gettext("不能超过冻结的钱")})
    wish = command(ProposeSplit, to_resident_fen=share_fen, text=_typed("why"), **_ids(view))
    with said_beside("share"):
        parts().backends.orders.propose_split(wish)


def _accept(view: DisputeView) -> None:
    """What was on the page when it was pressed is accepted, not what is proposed by now."""
    seen = request.form.get("to_resident_fen", "")
    if not (seen.isascii() and seen.isdigit()):
        raise Malformed(gettext("请刷新页面后再试"))
    wish = command(AcceptSplit, to_resident_fen=int(seen), **_ids(view))
    parts().backends.orders.accept_split(wish)


def _call_mediator(view: DisputeView) -> None:
    parts().backends.orders.call_mediator(command(CallMediator, **_ids(view)))


def _withdraw(view: DisputeView) -> None:
    parts().backends.orders.withdraw_dispute(command(WithdrawDispute, **_ids(view)))


def _accept_ruling(view: DisputeView) -> None:
    parts().backends.orders.accept_ruling(command(AcceptRuling, **_ids(view)))


def _appeal(view: DisputeView) -> None:
    parts().backends.orders.appeal_ruling(
        command(AppealRuling, text=_typed("grounds"), **_ids(view))
    )


ACTS: dict[str, Callable[[DisputeView], None]] = {
    "say": _say,
    "propose": _propose,
    "accept": _accept,
    "call": _call_mediator,
    "withdraw": _withdraw,
    "accept-ruling": _accept_ruling,
    "appeal": _appeal,
}
"""The last part of a button's address → what it does."""
