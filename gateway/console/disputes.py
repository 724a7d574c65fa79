"""The mediator's queue, what a mediator or a manager does with a dispute, and statistics."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from gateway.console.case_file import draw_case_file
from gateway.console.filters import chosen_community, community_names
from gateway.console.money.names import merchant_names
from gateway.console.money.reading import list_links, one_id, typed, typed_fen
from gateway.console.staff import need_staff
from gateway.errors import NoSuchPage
from gateway.pages import after, client_info, command, draw, number, write_once
from gateway.parts import parts
from services.contracts.disputes import (
    AskParty,
    DecideAppeal,
    DisputeCountsQuery,
    DisputesQuery,
    DisputeState,
    MerchantsStatsQuery,
    PassToManager,
    RuleDispute,
    TakeDispute,
)

blueprint = Blueprint("console_disputes", __name__)

TO_DO = "todo"
GROUPS: dict[str, list[DisputeState]] = {
    TO_DO: [DisputeState.WAITING, DisputeState.MEDIATING, DisputeState.APPEALED],
    "open": [
        state
        for state in DisputeState
        if state not in {DisputeState.CLOSED, DisputeState.WITHDRAWN}
    ],
    "all": [],
    **{state.value: [state] for state in DisputeState},
}
"""What the filter offers → the states that it means; the first is what a mediator begins with."""
DAYS = (30, 90, 365)


@blueprint.get("/console/disputes")
def queue() -> str:
    """What waits, the oldest first, and how much of it there is."""
    who = need_staff()
    asked = request.args.get("state", "")
    state = asked if asked in GROUPS else TO_DO
    mine = request.args.get("mine") == "1"
    community_id = chosen_community(who)
    orders = parts().backends.orders
    page = orders.disputes(
        DisputesQuery(
            community_id=community_id,
            merchant_id=one_id("merchant_id"),
            store_id=one_id("store_id"),
            states=GROUPS[state],
            mine=mine,
            after=after(),
            limit=50,
        )
    )
    return draw(
        "console/disputes.html",
        state=state,
        groups=list(GROUPS),
        mine=mine,
        narrowed={name: one_id(name) for name in ("merchant_id", "store_id") if one_id(name)},
        community=community_id or "",
        communities=community_names(who),
        disputes=page.items,
        counts=orders.dispute_counts(DisputeCountsQuery(community_id=community_id)),
        **list_links("/console/disputes", page.next_after),
    )


@blueprint.get("/console/disputes/<dispute_id>")
def case_file(dispute_id: str) -> str:
    """Everything about one dispute, and what may be done with it."""
    need_staff()
    return draw_case_file(dispute_id)


@blueprint.post("/console/disputes/<dispute_id>/<act>")
def act(dispute_id: str, act: str) -> Response:
    """接手, 请补充, 裁定, 转经理, 复核; orders decides who may."""
    need_staff()
    if act not in ACTS:
        raise NoSuchPage()

    def write() -> str:
        ACTS[act](dispute_id)
        return f"/console/disputes/{dispute_id}"

    return write_once(
        write,
        lambda faults, notice: draw_case_file(dispute_id, act=act, faults=faults, notice=notice),
    )


def _about(dispute_id: str) -> dict[str, Any]:
    """What each of the commands names; the order stands in the form."""
    return {"dispute_id": dispute_id, "order_id": typed("order_id"), "client": client_info()}


def _take(dispute_id: str) -> None:
    parts().backends.orders.take_dispute(command(TakeDispute, **_about(dispute_id)))


def _ask(dispute_id: str) -> None:
    wish = command(AskParty, to=typed("to") or None, text=typed("text"), **_about(dispute_id))
    parts().backends.orders.ask_party(wish)


def _pass(dispute_id: str) -> None:
    wish = command(PassToManager, reason=typed("reason"), **_about(dispute_id))
    parts().backends.orders.pass_to_manager(wish)


def _split() -> dict[str, Any]:
    """What both rulings say: the resident's part; the rest is the store's."""
    return {
        "to_resident_fen": typed_fen("amount"),
        "refund_to": typed("refund_to"),
        "reason": typed("reason"),
        "precedent": typed("precedent"),
    }


def _rule(dispute_id: str) -> None:
    parts().backends.orders.rule_dispute(command(RuleDispute, **_split(), **_about(dispute_id)))


def _decide(dispute_id: str) -> None:
    parts().backends.orders.decide_appeal(command(DecideAppeal, **_split(), **_about(dispute_id)))


ACTS: dict[str, Callable[[str], None]] = {
    "take": _take,
    "ask": _ask,
    "rule": _rule,
    "pass": _pass,
    "decide": _decide,
}


@blueprint.get("/console/disputes/merchants")
def statistics() -> str:
    """Whose deals go wrong how often, the most disputes first."""
    who = need_staff()
    days = number(request.args.get("days", "")) or 90
    community_id = chosen_community(who)
    query = MerchantsStatsQuery(community_id=community_id, days=days, after=after(), limit=50)
    page = parts().backends.orders.merchants_stats(query)
    return draw(
        "console/merchant_stats.html",
        days=days,
        day_choices=DAYS,
        community=community_id or "",
        communities=community_names(who),
        merchants=page.items,
        names=merchant_names(who),
        **list_links("/console/disputes/merchants", page.next_after),
    )
