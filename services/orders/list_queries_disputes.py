"""Lists of disputes: pages by key, counts, and what is overdue."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from services.contracts.disputes import DisputesQuery, DisputeState
from services.kernel.db import Database, Tx
from services.orders.domain.dispute import Dispute
from services.orders.domain.dispute_moves import LIMITS, OPEN
from services.orders.queries import checked_id
from services.orders.queries_disputes import dispute_from
from services.orders.tables_disputes import DisputeRow

Conditions = list[ColumnElement[bool]]
_ALL = select(DisputeRow.__table__)


def page(tx: Tx, where: Conditions, query: DisputesQuery, *, oldest_first: bool) -> list[Dispute]:
    """One more than the limit when there is a next page."""
    key = DisputeRow.dispute_id
    statement = _ALL.where(*where).order_by(key if oldest_first else key.desc())
    if query.after:
        after = checked_id(query.after)
        statement = statement.where(key > after if oldest_first else key < after)
    return [dispute_from(row) for row in tx.all(statement.limit(query.limit + 1))]


def open_counts(tx: Tx, where: Conditions) -> dict[DisputeState, int]:
    """How many stand in each state that is not over."""
    counting = select(DisputeRow.state, func.count()).where(*where, DisputeRow.state.in_(OPEN))
    return {DisputeState(state): n for state, n in tx.all(counting.group_by(DisputeRow.state))}


def count_of_mediator(tx: Tx, where: Conditions, account_id: str) -> int:
    """How many open ones are theirs."""
    mine = [DisputeRow.mediator_id == account_id, DisputeRow.state.in_(OPEN)]
    return int(tx.scalar(select(func.count()).where(*where, *mine)) or 0)


def oldest_waiting_at(tx: Tx, where: Conditions) -> datetime | None:
    """When the dispute was opened that has waited longest for a mediator."""
    waiting = DisputeRow.state == DisputeState.WAITING
    found: datetime | None = tx.scalar(
        select(func.min(DisputeRow.opened_at)).where(*where, waiting)
    )
    return found


def disputes_due(db: Database, now: datetime, limit: int) -> list[str]:
    """What has stood in a state with a limit beyond its deadline, the oldest first."""
    due = [DisputeRow.state.in_(list(LIMITS)), DisputeRow.deadline_at <= now]
    statement = select(DisputeRow.dispute_id).where(*due).order_by(DisputeRow.deadline_at)
    with db.reading() as tx:
        return [row.dispute_id for row in tx.all(statement.limit(limit))]
