"""物业费: bills of homes and shops, taken at the desk, imported, reversed."""

from typing import Any

from flask import Blueprint, Response
from flask_babel import gettext

from gateway import spreadsheet
from gateway.console.money.names import merchant_names
from gateway.console.money.reading import (
    chosen,
    list_links,
    one_id,
    shown_once,
    typed,
    typed_file,
)
from gateway.console.staff import my_community, need_staff
from gateway.looks import look_of, money_words
from gateway.pages import after, command, draw, write_once
from gateway.parts import parts
from gateway.spreadsheet import Yuan
from services.contracts.fees import (
    DebtorKind,
    FeeBillQuery,
    FeeBillsQuery,
    FeeBillState,
    FeePaymentsQuery,
    FetchFeeBills,
    ImportFeeBills,
    TakeFeeAtDesk,
)
from services.kernel.errors import Forbidden, Unavailable

blueprint = Blueprint("money_fees", __name__)


@blueprint.get("/console/money/fees")
def fees() -> str | Response:
    """Bills by home, merchant and state; the oldest open one first."""
    need_staff()
    return _as_sheet(_query()) if spreadsheet.wanted() else _draw_fees()


def _query() -> FeeBillsQuery:
    return FeeBillsQuery(
        debtor_kind=chosen(DebtorKind, "debtor_kind"),
        debtor_id=one_id("debtor_id"),
        state=chosen(FeeBillState),
        after=after(),
        limit=50,
    )


def _draw_fees(**context: Any) -> str:
    who, query = need_staff(), _query()
    page = parts().backends.settlement.fee_bills(query)
    return draw(
        "console/money/fees.html",
        debtor_kind=query.debtor_kind,
        debtor_id=query.debtor_id or "",
        state=query.state,
        bills=page.items,
        names=merchant_names(who),
        **list_links("/console/money/fees", page.next_after),
        **context,
    )


def _as_sheet(query: FeeBillsQuery) -> Response:
    heads = gettext("账单号|户类|户号|项目|账期|金额（元）|应缴日|状态|缴清时间")
    rows = (
        [
            bill.external_number,
            money_words(bill.debtor_kind),
            bill.debtor_id,
            bill.title,
            bill.period,
            Yuan(bill.amount_fen),
            bill.due_day,
            gettext(look_of(bill.state, "fee_bill").word),
            bill.paid_at,
        ]
        for bill in spreadsheet.every(parts().backends.settlement.fee_bills, query)
    )
    return spreadsheet.sheet(gettext("物业费"), heads, rows)


@blueprint.get("/console/money/fees/<bill_id>")
def bill(bill_id: str) -> str:
    """One bill, and what may be done about it."""
    return draw_bill(bill_id)


def draw_bill(bill_id: str, **context: Any) -> str:
    """The bill's page; also after a refusal, with what was typed."""
    who, settlement = need_staff(), parts().backends.settlement
    view = settlement.fee_bill(FeeBillQuery(bill_id=bill_id))
    try:
        payments = settlement.fee_payments(FeePaymentsQuery(bill_id=bill_id)).items
    except (Forbidden, Unavailable):
        payments = []
    names = merchant_names(who)
    return draw("console/money/fee.html", bill=view, payments=payments, names=names, **context)


@blueprint.post("/console/money/fees/<bill_id>/take")
def take(bill_id: str) -> Response:
    """The money lies on the desk; the fee system is told."""
    need_staff()

    def write() -> str:
        wish = command(
            TakeFeeAtDesk,
            bill_id=bill_id,
            method=typed("paid_with"),
            reference=typed("reference"),
        )
        parts().backends.settlement.take_fee_at_desk(wish)
        return f"/console/money/fees/{bill_id}"

    return write_once(
        write, lambda faults, notice: draw_bill(bill_id, faults=faults, notice=notice)
    )


@blueprint.get("/console/money/fees/import")
def import_form() -> str:
    """Bills from a file, or fetched now from the fee system."""
    return _draw_import()


def _draw_import(**context: Any) -> str:
    who = need_staff()
    return draw("console/money/fee_import.html", community_id=my_community(who) or "", **context)


@blueprint.post("/console/money/fees/import")
def import_bills() -> Response:
    """Tried first (`dry_run`), each row's fault beside it; taken only when asked for again."""
    need_staff()

    def write() -> str:
        csv, dry_run = typed_file("csv"), typed("dry_run") == "1"
        wish = command(ImportFeeBills, community_id=typed("community_id"), csv=csv, dry_run=dry_run)
        result = parts().backends.settlement.import_fee_bills(wish)
        return _draw_import(result=result, dry_run=dry_run, csv=csv)

    return shown_once(write, lambda faults, notice: _draw_import(faults=faults, notice=notice))


@blueprint.post("/console/money/fees/fetch")
def fetch() -> Response:
    """What is new in the fee system, now."""
    need_staff()

    def write() -> str:
        result = parts().backends.settlement.fetch_fee_bills(command(FetchFeeBills))
        return _draw_import(result=result, dry_run=False, csv="")

    return shown_once(write, lambda faults, notice: _draw_import(faults=faults, notice=notice))
