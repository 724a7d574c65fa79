"""The case file on one page: what orders, delivery and settlement each know, side by side.

Orders must answer; when one of the other two is silent, the page shows the rest and says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext

from gateway.console.asking import ask_all
from gateway.console.flow import flow_of
from gateway.pages import draw
from gateway.parts import parts
from gateway.wording import N_, Look
from services.contracts.delivery import DropState, OrderVisitsQuery, OrderVisitView, VisitState
from services.contracts.disputes import CaseFile, CaseFileQuery
from services.contracts.settlement import OrderMoneyQuery

SILENT_NAMES = {"visits": N_("门岗"), "money": N_("资金")}
DIRECTIONS = {"in": N_("进"), "out": N_("出"), "refused": N_("没有放行")}
BROUGHT_MAX = 20
"""As many as delivery is asked about at once."""
ONE_MINUTE = timedelta(minutes=1)
ORDINARY = Look(N_("未见异常"), "done", "check")
OVERSTAYED = Look(N_("停留太久"), "bad", "alert")
ELSEWHEN = Look(N_("送达时间不在进出之间"), "bad", "alert")


@dataclass(frozen=True, slots=True)
class Coming:
    """One coming by a gate, as it speaks for or against somebody."""

    seen: OrderVisitView
    look: Look | None
    """What stands out, or that nothing does; None where the visit's own state says it all."""
    minutes: int | None
    """How long the courier was inside."""
    for_case: bool
    """Whether a replacement was brought, not the order itself."""
    moments: list["Moment"]
    """By the gate and at the door, in the order of time."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that was written down of a coming."""

    at: datetime
    sign: str
    word: str
    more: str


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture that somebody put forward."""

    key: str
    words: str


def draw_case_file(dispute_id: str, **context: Any) -> str:
    """The page; also after a refusal, with what was typed."""
    backends = parts().backends
    file = backends.orders.case_file(CaseFileQuery(dispute_id=dispute_id))
    order_id = file.dispute.order_id
    # What was brought is asked in one call, however many replacements there were.
    brought = OrderVisitsQuery(order_ids=(file.brought_ids or [order_id])[:BROUGHT_MAX])
    answers, silent = ask_all(
        {
            "visits": lambda: backends.delivery.order_visits(brought).visits,
            "money": lambda: backends.settlement.order_money(OrderMoneyQuery(order_id=order_id)),
        }
    )
    comings = [coming_of(seen, order_id) for seen in answers["visits"] or []]
    money = answers["money"]
    return draw(
        "console/case_file.html",
        file=file,
        money=money,
        flow=flow_of(money) if money and money.steps else None,
        comings=None if answers["visits"] is None else comings,
        photos=list(photos_of(file, comings)),
        silent=[gettext(SILENT_NAMES[name]) for name in silent],
        **context,
    )


def coming_of(seen: OrderVisitView, order_id: str) -> Coming:
    """What the gate's log says of one coming."""
    visit = seen.visit
    minutes = None
    if visit.entered_at and visit.left_at:
        minutes = (visit.left_at - visit.entered_at) // ONE_MINUTE
    moments = sorted(_moments(seen), key=lambda one: one.at)
    return Coming(seen, _look_of(seen), minutes, seen.drop.order_id != order_id, moments)


def _moments(seen: OrderVisitView) -> Iterator[Moment]:
    """What the guards wrote down, or what the visit itself knows; and the drop."""
    visit, drop = seen.visit, seen.drop
    for entry in seen.log:
        word = gettext(DIRECTIONS.get(entry.direction, entry.direction))
        guard = gettext("门岗 %(name)s", name=entry.guard_name)
        yield Moment(entry.at, "door", word, f"{entry.gate} · {guard}")
    if not seen.log:
        if visit.entered_at:
            yield Moment(visit.entered_at, "door", gettext("进"), visit.entry_gate)
        if visit.left_at:
            yield Moment(visit.left_at, "door", gettext("出"), visit.exit_gate)
    if drop.delivered_at:
        yield Moment(drop.delivered_at, "bag", gettext("送到门口"), drop.address)


def _look_of(seen: OrderVisitView) -> Look | None:
    visit = seen.visit
    if visit.overstayed:
        return OVERSTAYED
    if not _delivered_inside(seen):
        return ELSEWHEN
    return ORDINARY if visit.state is VisitState.LEFT else None


def _delivered_inside(seen: OrderVisitView) -> bool:
    """Whether the drop was made between coming and leaving, as far as that is known."""
    drop, visit = seen.drop, seen.visit
    if drop.state is not DropState.DELIVERED or drop.delivered_at is None:
        return True
    before = visit.entered_at is not None and drop.delivered_at < visit.entered_at
    after = visit.left_at is not None and drop.delivered_at > visit.left_at
    return not before and not after


def photos_of(file: CaseFile, comings: list[Coming]) -> Iterator[Photo]:
    """Each picture once, with who put it forward."""
    seen: set[str] = set()
    for photo in _all_photos(file, comings):
        if photo.key and photo.key not in seen:
            seen.add(photo.key)
            yield photo


def _all_photos(file: CaseFile, comings: list[Coming]) -> Iterator[Photo]:
    for key in file.dispute.photos:
        yield Photo(key, gettext("发起纠纷时"))
    for one in file.cases:
        for key in one.photos:
            yield Photo(key, gettext("申请售后时"))
    for coming in comings:
        words = gettext("换货送到时") if coming.for_case else gettext("送到门口时")
        yield Photo(coming.seen.drop.photo, words)
    yield Photo(file.record.order.delivery_photo, gettext("送到门口时"))
    for said in file.record.messages:
        for key in said.photos:
            yield Photo(key, gettext("对话中，%(name)s", name=said.name))
