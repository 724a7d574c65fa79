"""Move a withdrawal from state to state and book its end once, several in one stroke if need be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.settlement import OwnerKind
from services.contracts.withdrawals import WithdrawalChanged, WithdrawalState
from services.kernel import outbox
from services.kernel.db import Tx
from services.settlement import ledger
from services.settlement.domain.withdrawals import TOLD
from services.settlement.tables_withdrawals import WithdrawalRow
from services.settlement.withdrawal_queries import outflow

_END = (
    update(WithdrawalRow)
    .where(WithdrawalRow.withdrawal_id == bindparam("withdrawal"))
    .values(
        state=bindparam("new_state"),
        note=bindparam("told"),
        last_error=bindparam("error"),
        ended_at=bindparam("at"),
        next_try_at=None,
        version=WithdrawalRow.version + 1,
    )
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How one that was under way ended."""

    row: Row[Any]
    """Locked."""
    state: WithdrawalState
    note: str = ""
    """What the owner reads."""
    error: str = ""
    """What the channel or the bank said."""
    ended_at: datetime | None = None


def end(tx: Tx, endings: Sequence[Ending], now: datetime, made_by: str = "") -> None:
    """DONE: the money has left us. Any other end: the fund has it again."""
    if not endings:
        return
    transfers = []
    for ending in endings:
        flow = outflow(ending.row)
        is_done = ending.state is WithdrawalState.DONE
        transfers.append(flow.done(made_by) if is_done else flow.failed(made_by))
    ledger.post(tx, transfers, now)
    tx.execute(_END, [_values(ending, now) for ending in endings])
    outbox.emit(
        tx,
        *(_changed(one.row, one.state, one.note) for one in endings if one.state in TOLD),
    )


def change(
    tx: Tx, row: Row[Any], state: WithdrawalState, *, note: str = "", **columns: Any
) -> None:
    """Write the next state and what goes with it; a new state that concerns somebody is told."""
    tx.execute(
        update(WithdrawalRow)
        .where(WithdrawalRow.withdrawal_id == row.withdrawal_id)
        .values(state=state, note=note[:200], version=WithdrawalRow.version + 1, **columns)
    )
    if state in TOLD and state != row.state:
        outbox.emit(tx, _changed(row, state, note))


def _values(ending: Ending, now: datetime) -> dict[str, Any]:
    return {
        "withdrawal": ending.row.withdrawal_id,
        "new_state": ending.state,
        "told": ending.note[:200],
        "error": ending.error[:200],
        "at": ending.ended_at or now,
    }


def _changed(row: Row[Any], state: WithdrawalState, note: str) -> WithdrawalChanged:
    return WithdrawalChanged(
        aggregate_id=row.withdrawal_id,
        version=row.version + 1,
        owner_kind=OwnerKind(row.owner_kind),
        owner_id=row.owner_id,
        asked_by_account_id=row.asked_by_account_id,
        amount_fen=row.amount_fen,
        state=state,
        note=note[:200],
    )
