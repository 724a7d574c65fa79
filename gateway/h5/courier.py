"""A courier's drops, the photo at the door, and the pass for the gate."""

from urllib.parse import quote

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.api.photos import store_photo
from gateway.pages import KEY_FIELD, command, draw, write_once
from gateway.parts import parts
from gateway.ui import yuan
from services.contracts.delivery import (
    DeliverDrop,
    DropView,
    MyVisitsQuery,
    NotYourDrop,
    PassQuery,
    VisitState,
    VisitView,
)
from services.contracts.settlement import CashDueQuery, CashState, CashView
from services.kernel.errors import Forbidden, Malformed, Unavailable

blueprint = Blueprint("h5_courier", __name__)

OPEN = {VisitState.EXPECTED, VisitState.INSIDE}
CARRIED_ON = {VisitState.EXPIRED, VisitState.LEFT}
"""What such a visit did not bring goes on a new one as soon as its pass is asked for."""


CASH_ORDERS_MAX = 50
"""So many orders are asked for at once."""


def _visits() -> list[VisitView]:
    return parts().backends.delivery.my_visits(MyVisitsQuery()).visits


def _cash_of(order_ids: list[str]) -> dict[str, CashView] | None:
    """Order → what is to be collected or was; None while settlement is silent."""
    if not order_ids:
        return {}
    question = CashDueQuery(order_ids=order_ids[:CASH_ORDERS_MAX])
    try:
        found = parts().backends.settlement.cash_due(question)
    except (Unavailable, Forbidden):
        return None
    return {cash.order_id: cash for cash in found.items}


@blueprint.get("/h5/courier/")
def drops() -> str:
    """What there is to bring."""
    who = guard.me()
    visits = _visits()
    order_ids = [drop.order_id for visit in visits for drop in visit.drops if drop.order_id]
    cash = _cash_of(list(dict.fromkeys(order_ids)))
    held = [one for one in (cash or {}).values() if one.state is CashState.COLLECTED]
    return draw(
        "h5/courier/drops.html",
        me=who,
        visits=visits,
        cash=cash or {},
        cash_silent=cash is None,
        held_fen=sum(one.amount_fen for one in held),
        held_count=len(held),
    )


@blueprint.get("/h5/courier/drops/<drop_id>")
def drop(drop_id: str) -> str:
    """One parcel at one door."""
    guard.act()
    return _draw_drop(_my_drop(drop_id))


def _my_drop(drop_id: str) -> DropView:
    for visit in _visits():
        for one in visit.drops:
            if one.drop_id == drop_id:
                return one
    raise NotYourDrop()


def _draw_drop(view: DropView, **context: object) -> str:
    known = _cash_of([view.order_id] if view.order_id else [])
    return draw(
        "h5/courier/deliver.html",
        drop=view,
        photo_required=True,
        cash=(known or {}).get(view.order_id or ""),
        cash_silent=known is None,
        **context,
    )


def _need_cash_taken(view: DropView) -> None:
    """Who brings an order to be paid at the door says that the cash is taken."""
    known = _cash_of([view.order_id] if view.order_id else []) or {}
    cash = known.get(view.order_id or "")
    if cash is None or cash.state is not CashState.DUE or request.form.get("cash_taken"):
        return
    words = gettext("请先收现金 %(amount)s，收到后打勾", amount=yuan(cash.amount_fen))
    raise Malformed(fields={"cash_taken": words})


@blueprint.post("/h5/courier/drops/<drop_id>")
def deliver(drop_id: str) -> Response:
    """At the door, with a photo."""
    guard.act()

    def write() -> str:
        _need_cash_taken(_my_drop(drop_id))
        photo = store_photo(request.form.get(KEY_FIELD, ""))
        if photo is None:
            raise Malformed(fields={"photo": gettext("请拍一张放在门口的照片")})
        wish = command(DeliverDrop, drop_id=drop_id, photo_key=photo.key, photo_sha256=photo.sha256)
        parts().backends.delivery.deliver_drop(wish)
        return "/h5/courier/"

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        if "cash_taken" not in faults:
            faults = {"photo": faults.get("photo") or notice["text"]}
        return _draw_drop(_my_drop(drop_id), faults=faults, notice=notice)

    return write_once(write, redraw)


@blueprint.get("/h5/courier/pass")
def gate_pass() -> str:
    """What is shown at the gate; the QR code is an address, so that any camera can read it."""
    guard.act()
    visit = _visit_with_pass(_visits(), request.args.get("visit_id", ""))
    if visit is None:
        return draw("h5/courier/pass.html", visit=None, gate_pass=None)
    shown = parts().backends.delivery.pass_for(PassQuery(visit_id=visit.visit_id))
    if shown.visit_id != visit.visit_id:
        visit = next(v for v in _visits() if v.visit_id == shown.visit_id)
    address = f"{parts().settings.public_url}/gate/pass?code={quote(shown.token)}"
    return draw("h5/courier/pass.html", visit=visit, gate_pass=shown, qr_text=address)


def _visit_with_pass(visits: list[VisitView], asked: str) -> VisitView | None:
    """The visit that was asked for, else an open one, else one that can be carried on."""
    could = [v for v in visits if v.state in OPEN] + [v for v in visits if v.state in CARRIED_ON]
    return next((v for v in could if asked in {"", v.visit_id}), None)
