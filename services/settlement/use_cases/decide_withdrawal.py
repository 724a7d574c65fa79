"""The second pair of eyes on a withdrawal, and its being taken back before it was paid."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.settlement import NeedsAnotherPerson
from services.contracts.withdrawals import (
    ApproveWithdrawal,
    NoSuchWithdrawal,
    PayoutWay,
    RejectWithdrawal,
    WithdrawalState,
    WithdrawalView,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken
from services.settlement import holds, locks, withdrawal_queries
from services.settlement.domain.withdrawals import WithdrawalAct, moved
from services.settlement.use_cases.end_withdrawal import change


def approve_withdrawal(
    db: Database, command: ApproveWithdrawal, actor: Actor, now: datetime
) -> WithdrawalView:
    """Let it go; WithdrawalOver, NoSuchWithdrawal, NeedsAnotherPerson.

    The other person is neither who asked for it nor of those whose money it is.
    """

    def approve(tx: Tx, row: Row[Any]) -> None:
        state = moved(WithdrawalState(row.state), WithdrawalAct.APPROVE)
        next_try_at = now if row.way == PayoutWay.WECHAT else None
        change(tx, row, state, next_try_at=next_try_at, **_decided(actor, now))

    return _decide(db, command, actor, approve)


def reject_withdrawal(
    db: Database, command: RejectWithdrawal, actor: Actor, now: datetime
) -> WithdrawalView:
    """Give the money back to the fund; the reason is told. The same errors as for approving."""

    def reject(tx: Tx, row: Row[Any]) -> None:
        state = moved(WithdrawalState(row.state), WithdrawalAct.REJECT)
        give_up(tx, row, state, now, note=command.reason, **_decided(actor, now))

    return _decide(db, command, actor, reject)


def give_up(tx: Tx, row: Row[Any], state: WithdrawalState, now: datetime, **columns: Any) -> None:
    """End what has not left yet: what was set aside is on the fund again."""
    holds.void(tx, row.hold_id, now)
    change(tx, row, state, ended_at=now, next_try_at=None, **columns)


def _decide(
    db: Database,
    command: ApproveWithdrawal | RejectWithdrawal,
    actor: Actor,
    decide: Callable[[Tx, Row[Any]], None],
) -> WithdrawalView:
    by = actor.account_id
    with db.transaction() as tx, requests.claimed(tx, command, WithdrawalView, by=by) as claim:
        if claim.answer is None:
            row = locks.withdrawal_for_update(tx, command.withdrawal_id)
            if row is None:
                raise NoSuchWithdrawal()
            if actor.account_id == row.asked_by_account_id or actor.role_in(row.owner_id):
                raise NeedsAnotherPerson()
            decide(tx, row)
            decided = withdrawal_queries.withdrawal_row(tx, command.withdrawal_id)
            if decided is None:
                raise InvariantBroken(f"withdrawal {command.withdrawal_id} is gone")
            claim.answer = withdrawal_queries.withdrawal_view(decided, staff=True)
        return claim.answer


def _decided(actor: Actor, now: datetime) -> dict[str, Any]:
    return {
        "decided_by_account_id": actor.account_id,
        "decided_by": actor.name[:200],
        "decided_at": now,
    }
