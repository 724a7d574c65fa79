"""What the clock does to disputes: `LIMITS` in domain/dispute_moves.py."""

from datetime import datetime

from services.contracts.disputes import DisputeState
from services.contracts.orders import Party, Step
from services.kernel.db import Database, Tx
from services.kernel.rpc_client import Services
from services.orders.domain.dispute_moves import LIMITS, TWO_SIDES, DisputeAct
from services.orders.domain.doer import SYSTEM
from services.orders.domain.wording_disputes import CALLED_BY_CLOCK, STANDS
from services.orders.list_queries_disputes import disputes_due
from services.orders.queries_disputes import find_dispute
from services.orders.settings import Settings
from services.orders.use_cases.disputes.carry_out import begin_split, drive_split
from services.orders.use_cases.disputes.rows import Held, hold_again, note, tell, write


def pass_dispute_deadlines(
    db: Database, services: Services, now: datetime, settings: Settings
) -> int:
    """Move on what has rested too long, each in its own transaction; how many were overdue."""
    overdue = disputes_due(db, now, settings.sweep_batch)
    for dispute_id in overdue:
        with db.transaction() as tx:
            ruled = _pass(tx, dispute_id, now)
        if ruled:
            drive_split(db, services, dispute_id, now, settings)
    return len(overdue)


def _pass(tx: Tx, dispute_id: str, now: datetime) -> bool:
    """True when a ruling is to be carried out now."""
    seen = find_dispute(tx, dispute_id)
    if seen is None:
        return False
    held = hold_again(tx, seen)
    limit = LIMITS.get(DisputeState(held.dispute.state))
    if limit is None or not held.dispute.is_overdue(now):
        return False
    if limit.then is DisputeAct.CALL:
        _call(tx, held, now)
        return False
    _carry_out(tx, held, now)
    return True


def _call(tx: Tx, held: Held, now: datetime) -> None:
    write(tx, held.dispute, held.dispute.call(Party.SYSTEM))
    noted = note(tx, held.order, Step.MEDIATOR_CALLED, SYSTEM, CALLED_BY_CLOCK, now)
    tell(tx, noted, TWO_SIDES, Step.MEDIATOR_CALLED, CALLED_BY_CLOCK)


def _carry_out(tx: Tx, held: Held, now: datetime) -> None:
    after = held.dispute.carry_out()
    write(tx, held.dispute, after)
    noted = note(tx, held.order, Step.DISPUTE_RULED, SYSTEM, STANDS, now)
    begin_split(tx, noted, after, now)
