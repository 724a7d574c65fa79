"""Take a withdrawal back before it was paid: at once while it waits here, else at the channel."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.settlement import OwnerKind
from services.contracts.withdrawals import (
    CancelWithdrawal,
    NoSuchWithdrawal,
    PayoutWay,
    WithdrawalOver,
    WithdrawalState,
    WithdrawalView,
)
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.settlement import locks, withdrawal_queries
from services.settlement.domain.payouts import PayoutChannel
from services.settlement.domain.withdrawals import UNDER_WAY, WithdrawalAct, moved
from services.settlement.use_cases.decide_withdrawal import give_up
from services.settlement.use_cases.end_withdrawal import change
from services.settlement.use_cases.pay_out import pay_out
from services.settlement.use_cases.see_withdrawals import view_of
from services.settlement.use_cases.withdraw_rights import may_view, need_use

CANCELLING_WORDS = "正在撤回"


def cancel_withdrawal(
    db: Database,
    payouts: PayoutChannel | None,
    command: CancelWithdrawal,
    actor: Actor,
    refusal_max: int,
    now: datetime,
) -> WithdrawalView:
    """Take it back; WithdrawalOver when it is too late. A repeat shows it as it stands.

    While the payee is waited for, the channel is asked first: until it agrees, the money is still
    on its way, and the asking goes on by itself.
    """
    with db.transaction() as tx:
        asked = _cancel(tx, _own(tx, command.withdrawal_id, actor), now)
        row = withdrawal_queries.withdrawal_row(tx, command.withdrawal_id)
    if asked and payouts is not None and row is not None:
        pay_out(db, payouts, row, refusal_max, now)
    return view_of(db, payouts, command.withdrawal_id, actor)


def _own(tx: Tx, withdrawal_id: str, actor: Actor) -> Row[Any]:
    row = locks.withdrawal_for_update(tx, withdrawal_id)
    if row is None or not may_view(actor, OwnerKind(row.owner_kind), row.owner_id):
        raise NoSuchWithdrawal()
    need_use(actor, OwnerKind(row.owner_kind), row.owner_id)
    return row


def _cancel(tx: Tx, row: Row[Any], now: datetime) -> bool:
    """End it, or note the wish; True when the channel is to be asked."""
    state = WithdrawalState(row.state)
    asked_before = row.cancel_asked_at is not None and state in UNDER_WAY
    if state is WithdrawalState.CANCELLED or asked_before:
        return False
    if state is WithdrawalState.AWAITING_PAYEE and row.way == PayoutWay.WECHAT:
        change(
            tx,
            row,
            state,
            note=CANCELLING_WORDS,
            cancel_asked_at=now,
            next_try_at=now,
        )
        return True
    if state is WithdrawalState.PAYING:
        raise WithdrawalOver("it is being paid", fields={"state": state})
    give_up(tx, row, moved(state, WithdrawalAct.CANCEL), now)
    return False
