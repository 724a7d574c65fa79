"""Forget the lines of bills of days closed long ago; the day, its sums and differences stay."""

from datetime import date

from sqlalchemy import bindparam, delete, select, update

from services.contracts.reconciliation import DayState
from services.kernel.db import Database
from services.settlement.tables_reconciliation import BillLineRow, ReconciliationDayRow

BATCH = 5000
DAYS_MAX = 50
"""At one turn, so that the other work of the job is not kept waiting."""

_OLD = (
    select(ReconciliationDayRow.day_id)
    .where(
        ReconciliationDayRow.state == DayState.CLOSED,
        ReconciliationDayRow.staged == 1,
        ReconciliationDayRow.day < bindparam("before"),
    )
    .order_by(ReconciliationDayRow.day)
    .limit(DAYS_MAX)
)
_MARK = (
    update(ReconciliationDayRow)
    .where(ReconciliationDayRow.day_id == bindparam("this_day"))
    .values(staged=0)
)


def forget_bill_lines(db: Database, before: date) -> int:
    """Delete the lines of closed days before `before`; how many days there were."""
    with db.reading() as tx:
        old = [row.day_id for row in tx.all(_OLD, {"before": before})]
    for day_id in old:
        some = (
            delete(BillLineRow)
            .where(BillLineRow.day_id == day_id)
            .with_dialect_options(mysql_limit=BATCH)
        )
        deleted = BATCH
        while deleted == BATCH:
            with db.transaction() as tx:
                deleted = tx.execute(some).rowcount
        with db.transaction() as tx:
            tx.execute(_MARK, {"this_day": day_id})
    return len(old)
