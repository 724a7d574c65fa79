"""A courier's drops, the photo at the door, and the pass for the gate."""

from urllib.parse import quote

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.api.photos import store_photo
from gateway.pages import KEY_FIELD, command, draw, write_once
from gateway.parts import parts
from services.contracts.delivery import (
    DeliverDrop,
    DropView,
    MyVisitsQuery,
    NotYourDrop,
    PassQuery,
    VisitState,
    VisitView,
)
from services.kernel.errors import Malformed

blueprint = Blueprint("h5_courier", __name__)

OPEN = {VisitState.EXPECTED, VisitState.INSIDE}
CARRIED_ON = {VisitState.EXPIRED, VisitState.LEFT}
"""What such a visit did not bring goes on a new one as soon as its pass is asked for."""


def _visits() -> list[VisitView]:
    return parts().backends.delivery.my_visits(MyVisitsQuery()).visits


@blueprint.get("/h5/courier/")
def drops() -> str:
    """What there is to bring."""
    who = guard.me()
    return draw("h5/courier/drops.html", me=who, visits=_visits())


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
    return draw("h5/courier/deliver.html", drop=view, photo_required=True, **context)


@blueprint.post("/h5/courier/drops/<drop_id>")
def deliver(drop_id: str) -> Response:
    """At the door, with a photo."""
    guard.act()

    def write() -> str:
        photo = store_photo(request.form.get(KEY_FIELD, ""))
        if photo is None:
            raise Malformed(fields={"photo": gettext("请拍一张放在门口的照片")})
        wish = command(DeliverDrop, drop_id=drop_id, photo_key=photo.key, photo_sha256=photo.sha256)
        parts().backends.delivery.deliver_drop(wish)
        return "/h5/courier/"

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        photo_fault = {"photo": faults.get("photo") or notice["text"]}
        return _draw_drop(_my_drop(drop_id), faults=photo_fault, notice=notice)

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
