"""What a household or a merchant has: the balance, each movement, what today brought."""

from collections.abc import Iterator
from datetime import date, timedelta

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway.h5.owners import Owner, present_owner
from gateway.looks import reason_words
from gateway.pages import PAGE_MAX, after, draw, first_href, next_href
from gateway.parts import parts
from gateway.spreadsheet import Yuan, sheet
from gateway.ui import local
from services.contracts.settlement import SettledOrdersQuery, StatementLine
from services.kernel import clock

blueprint = Blueprint("h5_funds", __name__)

STATEMENT_PAGES_MAX = 200
"""20,000 movements a file: more than a shop of the street has in a year."""
MONTHS_SHOWN = 6


@blueprint.get("/h5/account")
def account() -> str:
    """The household's account and each movement, newest first."""
    owner = present_owner()
    fund = owner.fund(limit=20, after=after())
    return draw(
        "h5/money/account.html",
        owner=owner,
        fund=fund,
        next_href=next_href(fund.next_after),
        first_href=first_href(),
    )


@blueprint.get("/h5/merchant/balance")
def balance() -> str:
    """What the shop has, what is held for it, what it owes, and each movement."""
    owner = present_owner()
    fund = owner.fund(limit=20, after=after())
    return draw(
        "h5/merchant/balance.html",
        owner=owner,
        fund=fund,
        months=list(_last_months(today())),
        next_href=next_href(fund.next_after),
        first_href=first_href(),
    )


def today() -> date:
    """The day in Shanghai."""
    return local(clock.now()).date()


def _last_months(day: date) -> Iterator[str]:
    for _ in range(MONTHS_SHOWN):
        yield f"{day:%Y-%m}"
        day = day.replace(day=1) - timedelta(days=1)


@blueprint.get("/h5/merchant/settled")
def settled() -> str:
    """What each order of one day brought: amount, refunds, commission, subsidy, what is left."""
    owner = present_owner()
    day = _day_asked()
    page = parts().backends.settlement.settled_orders(
        SettledOrdersQuery(merchant_id=owner.owner_id, day=day, after=after(), limit=PAGE_MAX)
    )
    return draw(
        "h5/merchant/settled.html",
        owner=owner,
        day=day,
        is_today=day == today(),
        before_href=owner.href("settled", day=str(day - timedelta(days=1))),
        after_href=owner.href("settled", day=str(day + timedelta(days=1))),
        orders=page.items,
        next_href=next_href(page.next_after),
    )


def _day_asked() -> date:
    """The day of the address, not later than today; today where it names none."""
    try:
        return min(date.fromisoformat(request.args.get("day", "")), today())
    except ValueError:
        return today()


@blueprint.get("/h5/merchant/statement.xlsx")
def statement() -> Response:
    """The movements of one month as a table, or the newest ones."""
    owner = present_owner()
    month = request.args.get("month", "")[:7]
    heads = gettext("时间|事由|金额|余额|订单|流水号")
    return sheet(f"{gettext('对账单')} {month or today()}", heads, _rows(owner, month))


def _rows(owner: Owner, month: str) -> Iterator[list[object]]:
    for line in _lines(owner):
        when = f"{local(line.at):%Y-%m}"
        if month and when < month:
            return
        if not month or when == month:
            yield [
                line.at,
                reason_words(line.reason),
                Yuan(line.amount_fen),
                Yuan(line.balance_fen),
                line.order_id or "",
                line.transfer_id,
            ]


def _lines(owner: Owner) -> Iterator[StatementLine]:
    after_key: str | None = None
    for _ in range(STATEMENT_PAGES_MAX):
        fund = owner.fund(limit=PAGE_MAX, after=after_key)
        yield from fund.lines
        after_key = fund.next_after
        if after_key is None:
            return
