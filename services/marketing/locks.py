"""Every FOR UPDATE of marketing. Each transaction locks rows of one table only."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.mysql import insert

from services.contracts.marketing import NoticeState
from services.kernel.db import Tx
from services.marketing.tables import AccessTokenRow, NoticeJobRow, NoticeRow


def access_token_for_update(tx: Tx, app_id: str) -> Row[Any]:
    """The account's token row, made when there was none."""
    make = insert(AccessTokenRow).values(
        app_id=app_id, token_sealed=None, expires_at=None, refreshing_until=None, refreshed=0
    )
    tx.execute(make.on_duplicate_key_update(app_id=app_id))
    row = tx.first(select(AccessTokenRow.__table__).where(AccessTokenRow.app_id == app_id))
    assert row is not None
    return row


def take_due_jobs(tx: Tx, now: datetime, again_at: datetime, most: int) -> list[Row[Any]]:
    """Jobs that are due; they are due again at `again_at` unless somebody says what became of them.

    Rows that another copy is taking at this moment are passed over.
    """
    rows = tx.all(
        select(NoticeJobRow.__table__)
        .where(NoticeJobRow.state == NoticeState.PENDING, NoticeJobRow.due_at <= now)
        .order_by(NoticeJobRow.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    if rows:
        tx.execute(
            update(NoticeJobRow)
            .where(NoticeJobRow.job_id.in_([row.job_id for row in rows]))
            .values(due_at=again_at, tries=NoticeJobRow.tries + 1)
        )
    return rows


def take_due_notices(tx: Tx, now: datetime, again_at: datetime, most: int) -> list[Row[Any]]:
    """Notices that are due, taken in the same way."""
    rows = tx.all(
        select(NoticeRow.__table__)
        .where(NoticeRow.state == NoticeState.PENDING, NoticeRow.due_at <= now)
        .order_by(NoticeRow.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    if rows:
        tx.execute(
            update(NoticeRow)
            .where(NoticeRow.notice_id.in_([row.notice_id for row in rows]))
            .values(due_at=again_at, tries=NoticeRow.tries + 1)
        )
    return rows
