"""Forget notices that nobody will ask about any more."""

from datetime import datetime

from sqlalchemy import delete

from services.kernel.db import Database
from services.settlement.tables import NoticeRow

BATCH = 5_000


def forget_notices(db: Database, before: datetime) -> int:
    """Delete notices received before a moment, a batch at a time; how many."""
    oldest = (
        delete(NoticeRow)
        .where(NoticeRow.received_at < before)
        .with_dialect_options(mysql_limit=BATCH)
    )
    with db.transaction() as tx:
        return tx.execute(oldest).rowcount
