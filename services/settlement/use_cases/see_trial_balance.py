"""The trial balance: each kind of account in each pair of hands.

Kept balances are summed as they are, the others from their checkpoints and what came after, so
that the cost does not grow with the years. One statement, so that it sees one moment.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, literal, select, union_all

from services.contracts.settlement import TrialBalanceLine, TrialBalanceView
from services.kernel.db import Database
from services.settlement.domain.accounts import GUARDED, SUMMED
from services.settlement.tables import AccountRow, CheckpointRow, EntryRow

_HANDS = (AccountRow.kind, AccountRow.custodian, AccountRow.channel)


def _part(accounts: Any, amount: Any) -> Select[Any]:
    columns = (*_HANDS, accounts.label("accounts"), amount.label("amount_fen"))
    return select(*columns).select_from(AccountRow)


_behind_checkpoint = and_(
    EntryRow.account_id == AccountRow.account_id,
    EntryRow.entry_id > func.coalesce(CheckpointRow.entry_id, 0),
)
_has_checkpoint = CheckpointRow.account_id == AccountRow.account_id
_parts = union_all(
    _part(func.count(), func.sum(AccountRow.balance_fen))
    .where(AccountRow.kind.in_(GUARDED))
    .group_by(*_HANDS),
    _part(func.count(), func.sum(CheckpointRow.balance_fen))
    .outerjoin(CheckpointRow, _has_checkpoint)
    .where(AccountRow.kind.in_(SUMMED))
    .group_by(*_HANDS),
    _part(literal(0), func.sum(EntryRow.amount_fen))
    .outerjoin(CheckpointRow, _has_checkpoint)
    .join(EntryRow, _behind_checkpoint)
    .where(AccountRow.kind.in_(SUMMED))
    .group_by(*_HANDS),
).subquery("parts")
_TRIAL_BALANCE = (
    select(
        _parts.c.kind,
        _parts.c.custodian,
        _parts.c.channel,
        func.sum(_parts.c.accounts).label("account_count"),
        func.coalesce(func.sum(_parts.c.amount_fen), 0).label("balance_fen"),
    )
    .group_by(_parts.c.kind, _parts.c.custodian, _parts.c.channel)
    .order_by(_parts.c.custodian, _parts.c.kind, _parts.c.channel)
)


def see_trial_balance(db: Database, now: datetime) -> TrialBalanceView:
    """Every kind of account, with the number of its accounts and their sum."""
    with db.reading() as tx:
        rows = tx.all(_TRIAL_BALANCE)
    lines = [
        TrialBalanceLine(
            kind=row.kind,
            custodian=row.custodian,
            channel=row.channel,
            account_count=int(row.account_count),
            balance_fen=int(row.balance_fen),
        )
        for row in rows
    ]
    return TrialBalanceView(at=now, lines=lines)
