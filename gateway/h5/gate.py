"""The guard's pages: check a pass, let in, let out, refuse."""

from urllib.parse import parse_qs, urlsplit

from flask import Blueprint, Response, request

from gateway import guard
from gateway.answers import see_other
from gateway.errors import NoSuchPage
from gateway.pages import PAGE_MAX, after, command, draw, next_href, reason, write_once
from gateway.parts import parts
from services.contracts.delivery import (
    AdmitVisit,
    CheckPass,
    GateLogQuery,
    LeaveVisit,
    RefuseVisit,
    VisitQuery,
    VisitState,
)
from services.contracts.identity import CommunityQuery, GateView
from services.kernel.errors import Conflict

blueprint = Blueprint("gate", __name__)

GATE_COOKIE = "linli_gate"
SHIFT_S = 16 * 3600
CODE_MAX = 500
ID_MAX = 26


class NoGateChosen(Conflict):
    """Say first at which gate you stand."""

    code = "gate.none_chosen"


def gates() -> list[GateView]:
    """The gates of the communities that the guard looks after."""
    who = guard.me()
    ask = parts().backends.identity.community
    communities = [ask(CommunityQuery(community_id=key)) for key in who.communities[:20]]
    return [gate for community in communities for gate in community.gates]


def my_gate(among: list[GateView]) -> GateView | None:
    """The gate of this shift, as chosen on this phone."""
    chosen = request.cookies.get(GATE_COOKIE, "")
    return next((gate for gate in among if gate.gate_id == chosen), None)


def need_gate() -> GateView:
    """The gate of this shift; NoGateChosen before it was chosen."""
    gate = my_gate(gates())
    if gate is None:
        raise NoGateChosen()
    return gate


@blueprint.get("/gate/")
def home() -> str:
    """Six digits or a scan."""
    guard.act()
    return _draw_home()


def _draw_home(**context: object) -> str:
    among = gates()
    gate = my_gate(among)
    counts = {
        state.value: _count(gate, state) if gate else 0
        for state in (VisitState.EXPECTED, VisitState.INSIDE)
    }
    return draw("gate/home.html", gate=gate, gates=among, **counts, **context)


def _count(gate: GateView, state: VisitState) -> int:
    question = GateLogQuery(community_id=gate.community_id, states=[state], limit=PAGE_MAX)
    return len(parts().backends.delivery.gate_log(question).items)


@blueprint.post("/gate/gate")
def choose_gate() -> Response:
    """Here I stand; an empty choice asks again."""
    guard.act()
    response = see_other("/gate/")
    chosen = request.form.get("gate_id", "")[:ID_MAX]
    secure = parts().cookies.secure
    response.set_cookie(
        GATE_COOKIE, chosen, max_age=SHIFT_S, httponly=True, samesite="Lax", secure=secure
    )
    return response


@blueprint.post("/gate/check")
def check() -> Response:
    """To the visit behind a pass."""
    guard.act()
    code = read_code(request.form.get("code", ""))
    return write_once(
        lambda: _visit_of(code),
        lambda faults, notice: _draw_home(faults={"code": faults.get("code") or notice["text"]}),
    )


@blueprint.get("/gate/pass")
def scanned() -> Response:
    """What the phone's own camera opens."""
    guard.act()
    if my_gate(gates()) is None:
        return see_other("/gate/")
    return see_other(_visit_of(read_code(request.args.get("code", ""))))


def _visit_of(code: str) -> str:
    question = CheckPass(community_id=need_gate().community_id, code=code)
    visit = parts().backends.delivery.check_pass(question)
    return f"/gate/visits/{visit.visit_id}"


def read_code(text: str) -> str:
    """Digits as typed (with blanks), a token, or the address in the QR code."""
    text = text.strip()
    if text.startswith(("http://", "https://")):
        text = parse_qs(urlsplit(text).query).get("code", [""])[0]
    digits = text.replace(" ", "")
    return (digits if digits.isdigit() else text)[:CODE_MAX]


@blueprint.get("/gate/visits/<visit_id>")
def visit(visit_id: str) -> str:
    """Face, door, time: is it the one?"""
    guard.act()
    return _draw_visit(visit_id)


def _draw_visit(visit_id: str, **context: object) -> str:
    view = parts().backends.delivery.visit(VisitQuery(visit_id=visit_id))
    return draw("gate/visit.html", gate=my_gate(gates()), visit=view, **context)


@blueprint.post("/gate/visits/<visit_id>/<act>")
def act(visit_id: str, act: str) -> Response:
    """放行, 离开, 不放行."""
    guard.act()
    writes = {"admit": _admit, "leave": _leave, "refuse": _refuse}
    if act not in writes:
        raise NoSuchPage()

    def write() -> str:
        writes[act](visit_id, need_gate().gate_id)
        return f"/gate/visits/{visit_id}"

    return write_once(
        write, lambda faults, notice: _draw_visit(visit_id, faults=faults, notice=notice)
    )


def _admit(visit_id: str, gate_id: str) -> None:
    parts().backends.delivery.admit_visit(command(AdmitVisit, visit_id=visit_id, gate_id=gate_id))


def _leave(visit_id: str, gate_id: str) -> None:
    parts().backends.delivery.leave_visit(command(LeaveVisit, visit_id=visit_id, gate_id=gate_id))


def _refuse(visit_id: str, gate_id: str) -> None:
    wish = command(RefuseVisit, visit_id=visit_id, gate_id=gate_id, reason=reason())
    parts().backends.delivery.refuse_visit(wish)


@blueprint.get("/gate/inside")
def inside() -> str | Response:
    """Who is in now, or expected."""
    guard.act()
    gate = my_gate(gates())
    if gate is None:
        return see_other("/gate/")
    state = VisitState.EXPECTED if request.args.get("state") == "expected" else VisitState.INSIDE
    page = parts().backends.delivery.gate_log(
        GateLogQuery(community_id=gate.community_id, states=[state], after=after())
    )
    return draw(
        "gate/inside.html",
        gate=gate,
        visits=page.items,
        state=state.value,
        next_href=next_href(page.next_after),
    )
