"""对账: each channel's day against the books, in words that an accountant understands."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import spreadsheet
from gateway.console.money.reading import chosen, list_links, typed
from gateway.console.staff import need_staff
from gateway.errors import NoSuchPage
from gateway.looks import money_words
from gateway.pages import after, command, draw, write_once
from gateway.parts import parts
from gateway.spreadsheet import Yuan
from gateway.ui import local
from services.contracts.reconciliation import (
    CloseDay,
    DayState,
    Difference,
    DifferencesQuery,
    MendDifference,
    ReconcileDay,
    ReconciliationDaysQuery,
)
from services.contracts.settlement import Channel
from services.kernel import clock
from services.kernel.wire import Page

blueprint = Blueprint("money_reconciliation", __name__)

BILLED = (Channel.WECHAT, Channel.ALIPAY, Channel.UNIONPAY)
"""The channels that send a bill."""


@blueprint.get("/console/money/days")
def days() -> str:
    """All days of all channels, newest first."""
    need_staff()
    return _draw_days()


def _draw_days(**context: Any) -> str:
    query = ReconciliationDaysQuery(
        channel=chosen(Channel, "channel"), state=chosen(DayState), after=after(), limit=50
    )
    page = parts().backends.settlement.reconciliation_days(query)
    return draw(
        "console/money/days.html",
        channel=query.channel,
        state=query.state,
        channels=BILLED,
        days=page.items,
        matching=any(day.state is DayState.MATCHING for day in page.items),
        yesterday=(local(clock.now()) - timedelta(days=1)).date().isoformat(),
        **list_links("/console/money/days", page.next_after),
        **context,
    )


@blueprint.post("/console/money/days")
def reconcile() -> Response:
    """Fetch and match a day now; the page of the day shows how far it is."""
    need_staff()

    def write() -> str:
        wish = command(ReconcileDay, channel=typed("channel"), day=typed("day"))
        return f"/console/money/days/{parts().backends.settlement.reconcile_day(wish).day_id}"

    return write_once(write, lambda faults, notice: _draw_days(faults=faults, notice=notice))


@blueprint.get("/console/money/days/<day_id>")
def day(day_id: str) -> str | Response:
    """One day and what does not match."""
    need_staff()
    return _as_sheet(day_id) if spreadsheet.wanted() else _draw_day(day_id)


def _draw_day(day_id: str, **context: Any) -> str:
    only_open = request.args.get("only_open") == "1"
    query = DifferencesQuery(day_id=day_id, only_open=only_open, after=after(), limit=50)
    view = parts().backends.settlement.differences(query)
    return draw(
        "console/money/day.html",
        day=view.day,
        only_open=only_open,
        differences=view.items,
        **list_links(f"/console/money/days/{day_id}", view.next_after),
        **context,
    )


def _as_sheet(day_id: str) -> Response:
    def ask(query: DifferencesQuery) -> Page[Difference]:
        view = parts().backends.settlement.differences(query)
        return Page[Difference](items=view.items, next_after=view.next_after)

    query = DifferencesQuery(day_id=day_id, only_open=request.args.get("only_open") == "1")
    heads = gettext("差异|凭证号|渠道金额（元）|我方金额（元）|说明|处理|理由|处理人|处理时间")
    rows = (
        [
            money_words(one.kind),
            one.reference,
            Yuan(one.their_fen),
            Yuan(one.our_fen),
            one.words,
            money_words(one.resolved) if one.resolved else gettext("待处理"),
            one.resolution,
            one.resolved_by,
            one.resolved_at,
        ]
        for one in spreadsheet.every(ask, query)
    )
    return spreadsheet.sheet(gettext("对账差异"), heads, rows)


@blueprint.post("/console/money/days/<day_id>/differences/<difference_id>")
def mend(day_id: str, difference_id: str) -> Response:
    """Do what mends it; the reason stays with it."""
    need_staff()

    def write() -> str:
        wish = command(
            MendDifference,
            difference_id=difference_id,
            action=typed("action"),
            reason=typed("reason"),
        )
        parts().backends.settlement.mend_difference(wish)
        return f"/console/money/days/{day_id}?{request.query_string.decode()}".rstrip("?")

    return write_once(
        write,
        lambda faults, notice: _draw_day(day_id, faults=faults, notice=notice, at=difference_id),
    )


@blueprint.post("/console/money/days/<day_id>/<act>")
def act(day_id: str, act: str) -> Response:
    """关账, or 再核对一遍."""
    need_staff()
    if act not in {"close", "again"}:
        raise NoSuchPage()

    def write() -> str:
        settlement = parts().backends.settlement
        if act == "close":
            settlement.close_day(command(CloseDay, day_id=day_id))
        else:
            wish = command(ReconcileDay, channel=typed("channel"), day=typed("day"))
            settlement.reconcile_day(wish)
        return f"/console/money/days/{day_id}"

    return write_once(write, lambda faults, notice: _draw_day(day_id, faults=faults, notice=notice))
