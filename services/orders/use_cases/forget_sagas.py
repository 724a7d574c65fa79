"""Forget work across services that was over long ago: what it knew (an address) with it.

What it did stands in the order, its case or dispute, and on the timeline.
"""

from datetime import datetime

from sqlalchemy import bindparam, delete, select

from services.kernel.db import Database
from services.orders.tables_sagas import SagaRow

BATCH = 500
_OLD = (
    select(SagaRow.saga_id)
    .where(SagaRow.finished_at < bindparam("before"))
    .order_by(SagaRow.finished_at)
    .limit(BATCH)
)
_FORGET = delete(SagaRow).where(SagaRow.saga_id.in_(bindparam("sagas", expanding=True)))


def forget_sagas(db: Database, before: datetime) -> int:
    """Delete sagas that were finished before a moment, a batch a transaction; how many.

    By their keys: a deleted range would hold up whoever begins a saga meanwhile.
    """
    forgotten = 0
    while old := _some(db, before):
        with db.transaction() as tx:
            tx.execute(_FORGET, {"sagas": old})
        forgotten += len(old)
    return forgotten


def _some(db: Database, before: datetime) -> list[str]:
    with db.reading() as tx:
        return [row.saga_id for row in tx.all(_OLD, {"before": before})]
