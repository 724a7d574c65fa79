"""Match a day: every staged line against the books, then the books against the lines.

In batches, each with its own small transaction, so that memory does not grow with the bill and a
run that was killed goes on behind the last batch.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, func, literal, select, update
from sqlalchemy.orm import aliased

from services.contracts.reconciliation import DayState, DifferenceAction, DifferenceKind
from services.contracts.settlement import RefundState
from services.kernel.db import Tx
from services.settlement import locks
from services.settlement.domain.channel import BillLine
from services.settlement.domain.days import bounds
from services.settlement.domain.postings import Till
from services.settlement.reconciliation import days
from services.settlement.reconciliation.classify import (
    BP_WHOLE,
    FeeRate,
    Finding,
    Ours,
    differences,
    only_ours,
)
from services.settlement.reconciliation.days import Run, day_id_of
from services.settlement.reconciliation.fetch import STAGED_PERCENT
from services.settlement.reconciliation.match import BATCH, due_on_bill, what_is_known
from services.settlement.tables_reconciliation import BillLineRow, DifferenceRow

MATCHED_PERCENT = 95
LINES_AT_ONCE = BATCH
ON_NEIGHBOUR = "跨零点：在相邻一天的账单里找到了这一笔。"
_RATE_SAMPLE, _RATE_LINES_MIN, _RATE_SHARE_MIN = 500, 20, 0.9

_LINES = (
    select(BillLineRow.__table__)
    .where(BillLineRow.day_id == bindparam("this_day"), BillLineRow.reference > bindparam("behind"))
    .order_by(BillLineRow.reference)
    .limit(bindparam("most"))
)
_COUNT = select(func.count()).where(
    BillLineRow.day_id == bindparam("this_day"), BillLineRow.reference <= bindparam("through")
)
_REST = select(func.count()).where(
    BillLineRow.day_id == bindparam("this_day"), BillLineRow.reference > bindparam("behind")
)
_largest = (
    select(
        func.round(BillLineRow.fee_fen * BP_WHOLE / BillLineRow.amount_fen).label("rate_bp"),
    )
    .where(
        BillLineRow.day_id == bindparam("this_day"),
        BillLineRow.is_refund == 0,
        BillLineRow.amount_fen > 0,
    )
    .order_by(BillLineRow.amount_fen.desc())
    .limit(_RATE_SAMPLE)
    .subquery("largest")
)
_SHOWN_RATES = (
    select(_largest.c.rate_bp, func.count().label("lines"))
    .group_by(_largest.c.rate_bp)
    .order_by(func.count().desc())
)
_ON_OTHER_DAYS = select(BillLineRow.reference).where(
    BillLineRow.day_id.in_(bindparam("other_days", expanding=True)),
    BillLineRow.reference.in_(bindparam("numbers", expanding=True)),
)
_here, _earlier = aliased(BillLineRow), aliased(BillLineRow)
_CARRIED_HERE = (
    select(DifferenceRow.reference)
    .outerjoin(
        _here,
        (_here.day_id == bindparam("this_day")) & (_here.reference == DifferenceRow.reference),
    )
    .outerjoin(
        _earlier,
        (_earlier.day_id == bindparam("day_before_last"))
        & (_earlier.reference == DifferenceRow.reference),
    )
    .where(
        DifferenceRow.day_id == bindparam("last_day"),
        DifferenceRow.kind == DifferenceKind.ONLY_OURS,
        DifferenceRow.resolved == DifferenceAction.CARRY_OVER,
        DifferenceRow.reference > bindparam("behind"),
        _here.reference.is_(None),
        _earlier.reference.is_(None),
    )
    .order_by(DifferenceRow.reference)
    .limit(BATCH)
)
_STAGED_HERE = (
    select(literal(1))
    .where(
        BillLineRow.day_id == bindparam("this_day"),
        BillLineRow.reference == DifferenceRow.reference,
    )
    .correlate(DifferenceRow)
    .exists()
)
_CARRY = (
    update(DifferenceRow)
    .where(
        DifferenceRow.day_id == bindparam("of_day"),
        DifferenceRow.kind == DifferenceKind.ONLY_OURS,
        DifferenceRow.resolved.is_(None),
    )
    .values(
        resolved=DifferenceAction.CARRY_OVER,
        gap_fen=0,
        resolution=ON_NEIGHBOUR,
        resolved_at=bindparam("at"),
    )
)
_CARRY_FOUND = _CARRY.where(_STAGED_HERE)
_CARRY_NUMBERS = _CARRY.where(DifferenceRow.reference.in_(bindparam("numbers", expanding=True)))


def match_day(
    run: Run, till: Till, row: Row[Any], agreed: FeeRate | None, on: Callable[[], None]
) -> None:
    """Match what is staged, from where an earlier run has stopped, and sum up."""
    rate = _begin(run, row, agreed)
    _match_lines(run, till, row, rate, on)
    _find_missing(run, till, row.day)
    with run.db.transaction() as tx:
        run.finish(tx)
    for other in _neighbours(row.day):
        _settle_neighbour(run, till, other)


def line_of(row: Row[Any]) -> BillLine:
    """A staged line as the channel told it."""
    return BillLine(
        out_trade_no=row.out_trade_no,
        amount_fen=row.amount_fen,
        out_refund_no=row.reference if row.is_refund else "",
        refund_state=RefundState(row.refund_state) if row.refund_state else None,
        fee_fen=row.fee_fen,
    )


# the lines


def _begin(run: Run, row: Row[Any], agreed: FeeRate | None) -> FeeRate | None:
    if row.matched_through:
        return None if row.fee_rate_bp is None else FeeRate(row.fee_rate_bp)
    with run.db.transaction() as tx:
        rate = _rate_of_day(tx, row.day_id, agreed)
        days.forget_open(tx, row.day_id)
        run.keep(tx, fee_rate_bp=rate.rate_bp if rate else None)
    return rate


def _rate_of_day(tx: Tx, day_id: str, agreed: FeeRate | None) -> FeeRate | None:
    """What was agreed; or what nearly all lines show, when hardly any shows what was agreed.

    Without that, a wrong setting would bury the day's true differences under one for each line.
    """
    if agreed is None:
        return None
    shown = tx.all(_SHOWN_RATES, {"this_day": day_id})
    lines = sum(rate.lines for rate in shown)
    if lines < _RATE_LINES_MIN or shown[0].lines < _RATE_SHARE_MIN * lines:
        return agreed
    return FeeRate(int(shown[0].rate_bp))


def _match_lines(
    run: Run, till: Till, row: Row[Any], rate: FeeRate | None, on: Callable[[], None]
) -> None:
    behind, day_end = row.matched_through, bounds(row.day)[1]
    with run.db.reading() as tx:
        done = int(tx.scalar(_COUNT, {"this_day": row.day_id, "through": behind}) or 0)
        total = done + int(tx.scalar(_REST, {"this_day": row.day_id, "behind": behind}) or 0)
    while True:
        with run.db.reading() as tx:
            lines = [line_of(line) for line in tx.all(_LINES, _at(row, behind))]
            found = _differences(tx, till, lines, day_end, rate)
        if not lines:
            return
        behind, done = lines[-1].reference, done + len(lines)
        share = (MATCHED_PERCENT - STAGED_PERCENT) * done // total
        with run.db.transaction() as tx:
            run.keep(tx, matched_through=behind, progress=STAGED_PERCENT + share)
            days.note_differences(tx, row.day_id, found, run.clock())
        on()


def _at(row: Row[Any], behind: str) -> dict[str, Any]:
    return {"this_day": row.day_id, "behind": behind, "most": LINES_AT_ONCE}


def _differences(
    tx: Tx, till: Till, lines: Sequence[BillLine], day_end: datetime, rate: FeeRate | None
) -> list[Finding]:
    known = what_is_known(tx, till, [line.reference for line in lines]) if lines else {}
    return [
        found
        for line in lines
        for found in differences(line, known.get(line.reference, Ours()), day_end, rate)
    ]


# the books


def _find_missing(run: Run, till: Till, day: date) -> None:
    """What the books know of the day and its bill does not name; a neighbour's bill may."""
    with run.db.reading() as tx:
        for known in _missing(tx, till, day):
            if known:
                _note_missing(run, till, day, known)


def _missing(tx: Tx, till: Till, day: date) -> Iterator[dict[str, Ours]]:
    yield from due_on_bill(tx, till, day, staged_as=day_id_of(till, day))
    last = day - timedelta(days=1)
    asked = {
        "this_day": day_id_of(till, day),
        "last_day": day_id_of(till, last),
        "day_before_last": day_id_of(till, last - timedelta(days=1)),
        "behind": "",
    }
    while numbers := [row.reference for row in tx.all(_CARRIED_HERE, asked)]:
        yield what_is_known(tx, till, numbers)
        asked["behind"] = numbers[-1]


def _note_missing(run: Run, till: Till, day: date, known: dict[str, Ours]) -> None:
    day_id = day_id_of(till, day)
    with run.db.transaction() as tx:
        run.keep(tx)
        found = [only_ours(number, ours) for number, ours in known.items()]
        days.note_differences(tx, day_id, found, run.clock())
        elsewhere = on_neighbours(tx, till, day, list(known))
        if elsewhere:
            at = {"of_day": day_id, "numbers": elsewhere, "at": run.clock()}
            tx.execute(_CARRY_NUMBERS, at)


def on_neighbours(tx: Tx, till: Till, day: date, numbers: Sequence[str]) -> list[str]:
    """Those of the numbers that the bill of the day before or after names."""
    others = [day_id_of(till, other) for other in _neighbours(day)]
    asked = {"other_days": others, "numbers": numbers}
    return [row.reference for row in tx.all(_ON_OTHER_DAYS, asked)]


def _neighbours(day: date) -> tuple[date, date]:
    return day - timedelta(days=1), day + timedelta(days=1)


def _settle_neighbour(run: Run, till: Till, other: date) -> None:
    """What was missing there and stands on this bill is no difference any more."""
    other_id = day_id_of(till, other)
    asked = {"of_day": other_id, "this_day": run.day_id, "at": run.clock()}
    with run.db.transaction() as tx:
        row = locks.reconciliation_day_for_update(tx, other_id)
        is_open = row is not None and row.state == DayState.OPEN
        if is_open and tx.execute(_CARRY_FOUND, asked).rowcount:
            days.sum_up(tx, other_id)
