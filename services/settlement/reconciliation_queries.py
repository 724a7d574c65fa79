"""Reads of the daily reconciliation: rows in, contract views out."""

from datetime import date
from typing import Any

from sqlalchemy import Row, Select, and_, or_, select

from services.contracts.reconciliation import (
    DayState,
    Difference,
    DifferenceAction,
    DifferenceKind,
    DifferencesQuery,
    DifferencesView,
    NoSuchDay,
    ReconciliationDay,
    ReconciliationDaysQuery,
)
from services.contracts.settlement import Channel
from services.kernel.db import Tx
from services.kernel.errors import Malformed
from services.kernel.wire import Page
from services.settlement.reconciliation import days
from services.settlement.reconciliation.classify import ACTIONS
from services.settlement.tables_reconciliation import DifferenceRow, ReconciliationDayRow

Day = ReconciliationDayRow


def day_view(row: Row[Any]) -> ReconciliationDay:
    """A day for people."""
    return ReconciliationDay(
        day_id=row.day_id,
        channel=Channel(row.channel),
        merchant_number=row.merchant_number,
        day=row.day,
        state=DayState(row.state),
        line_count=row.line_count,
        matched_count=row.matched_count,
        their_fen=row.their_fen,
        our_fen=row.our_fen,
        fee_fen=row.fee_fen,
        difference_count=row.difference_count,
        open_count=row.open_count,
        progress=row.progress,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
    )


def seen_day(tx: Tx, day_id: str) -> ReconciliationDay:
    """One day; NoSuchDay."""
    row = days.find(tx, day_id)
    if row is None:
        raise NoSuchDay()
    return day_view(row)


def days_page(tx: Tx, query: ReconciliationDaysQuery) -> Page[ReconciliationDay]:
    """Days of all channels, newest first."""
    statement = select(Day.__table__).order_by(Day.day.desc(), Day.day_id.desc())
    if query.channel is not None:
        statement = statement.where(Day.channel == query.channel)
    if query.state is not None:
        statement = statement.where(Day.state == query.state)
    if query.after is not None:
        statement = _behind(statement, query.after)
    rows = tx.all(statement.limit(query.limit + 1))
    last = rows[query.limit - 1] if len(rows) > query.limit else None
    return Page[ReconciliationDay](
        items=[day_view(row) for row in rows[: query.limit]],
        next_after=f"{last.day}.{last.day_id}" if last else None,
    )


def _behind(statement: Select[Any], after: str) -> Select[Any]:
    day, _, day_id = after.partition(".")
    try:
        last = date.fromisoformat(day)
    except ValueError:
        raise Malformed("not a place among days", fields={"after": "unknown"}) from None
    return statement.where(or_(Day.day < last, and_(Day.day == last, Day.day_id < day_id)))


def difference_view(row: Row[Any]) -> Difference:
    """A difference, with what mends it while it is open."""
    kind = DifferenceKind(row.kind)
    return Difference(
        difference_id=row.difference_id,
        kind=kind,
        reference=row.reference,
        order_id=row.order_id,
        their_fen=row.their_fen,
        our_fen=row.our_fen,
        words=row.words,
        actions=[] if row.resolved else actions_of(row),
        resolved=DifferenceAction(row.resolved) if row.resolved else None,
        resolution=row.resolution,
        resolved_by=row.resolved_by,
        resolved_at=row.resolved_at,
    )


def actions_of(row: Row[Any]) -> list[DifferenceAction]:
    """What mends this very difference."""
    actions = list(ACTIONS[DifferenceKind(row.kind)])
    booked_or_refund = row.our_fen != 0 or row.is_refund
    if row.kind == DifferenceKind.AMOUNT and booked_or_refund:
        actions.remove(DifferenceAction.BOOK_UNCLAIMED)
    return actions


def difference_row(tx: Tx, difference_id: str) -> Row[Any] | None:
    """The difference, or None."""
    return tx.first(
        select(DifferenceRow.__table__).where(DifferenceRow.difference_id == difference_id)
    )


def differences_page(tx: Tx, query: DifferencesQuery) -> DifferencesView:
    """One day and a page of its differences; NoSuchDay."""
    view = seen_day(tx, query.day_id)
    statement = (
        select(DifferenceRow.__table__)
        .where(DifferenceRow.day_id == query.day_id)
        .order_by(DifferenceRow.difference_id)
        .limit(query.limit + 1)
    )
    if query.only_open:
        statement = statement.where(DifferenceRow.resolved.is_(None))
    if query.after is not None:
        statement = statement.where(DifferenceRow.difference_id > query.after)
    rows = tx.all(statement)
    more = len(rows) > query.limit
    return DifferencesView(
        day=view,
        items=[difference_view(row) for row in rows[: query.limit]],
        next_after=rows[query.limit - 1].difference_id if more else None,
    )
