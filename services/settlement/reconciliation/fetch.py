"""Bring a bill into the database, line by line in batches, however long it is.

Staging is by (day, number): a line that comes again replaces itself, so a run that was killed is
simply run again. What an earlier bill of the day named and this one does not is dropped.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from sqlalchemy import bindparam, delete, text

from services.settlement.domain.channel import BillLine
from services.settlement.reconciliation.days import Run
from services.settlement.tables_reconciliation import REFERENCE_MAX, BillLineRow

BATCH = 1000
STAGED_PERCENT = 40
"""So much of the work is done when all lines are staged."""

# Text, because SQLAlchemy compiles its own ON DUPLICATE KEY UPDATE anew each time it runs.
_STAGE = text(
    "INSERT INTO bill_line (day_id, reference, out_trade_no, is_refund, refund_state, amount_fen,"
    " fee_fen, run) VALUES (:day_id, :reference, :out_trade_no, :is_refund, :refund_state,"
    " :amount_fen, :fee_fen, :run) ON DUPLICATE KEY UPDATE out_trade_no = VALUES(out_trade_no),"
    " is_refund = VALUES(is_refund), refund_state = VALUES(refund_state),"
    " amount_fen = VALUES(amount_fen), fee_fen = VALUES(fee_fen), run = VALUES(run)"
)
_DROP_OLD = delete(BillLineRow).where(
    BillLineRow.day_id == bindparam("this_day"), BillLineRow.run != bindparam("this_run")
)


def stage(run: Run, bill: Iterable[BillLine], expected_lines: int, on: Callable[[], None]) -> int:
    """Stage all lines; how many came. `on` is called between batches and may stop it by raising."""
    with run.db.transaction() as tx:
        number = run.restart(tx)
    staged = 0
    for lines in _batches(bill):
        staged += len(lines)
        share = min(staged / expected_lines, 1) if expected_lines else 0.5
        with run.db.transaction() as tx:
            run.keep(tx, progress=int(STAGED_PERCENT * share))
            tx.execute(_STAGE, [_row(run.day_id, number, line) for line in lines])
        on()
    with run.db.transaction() as tx:
        run.keep(tx, staged=1, progress=STAGED_PERCENT)
        tx.execute(_DROP_OLD, {"this_day": run.day_id, "this_run": number})
    return staged


def _batches(bill: Iterable[BillLine]) -> Iterator[list[BillLine]]:
    rest = iter(bill)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _row(day_id: str, number: int, line: BillLine) -> dict[str, object]:
    return {
        "day_id": day_id,
        "reference": _plain(line.reference),
        "out_trade_no": _plain(line.out_trade_no),
        "is_refund": int(bool(line.out_refund_no)),
        "refund_state": line.refund_state,
        "amount_fen": line.amount_fen,
        "fee_fen": line.fee_fen,
        "run": number,
    }


def _plain(number: str) -> str:
    """Numbers made at the channel's own desk are whatever somebody typed there."""
    return number.encode("ascii", "replace").decode()[:REFERENCE_MAX]
