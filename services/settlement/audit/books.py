"""What must hold inside the ledger. Each proof is one statement over all rows, so that it sees one
moment, and brings back only what breaks it.
"""

from typing import Any

from sqlalchemy import Select, case, func, or_, select

from services.contracts.settlement import Proof
from services.kernel.db import Tx
from services.settlement.audit import (
    card_books,
    fee_books,
    order_books,
    reconciliation_books,
    refund_books,
    sharing_books,
    withdrawal_books,
)
from services.settlement.audit.claims import Claim
from services.settlement.domain.accounts import GUARDED, SIGNS, AccountKind, Sign
from services.settlement.domain.holds import HoldState
from services.settlement.domain.transfers import TransferKind
from services.settlement.tables import AccountRow, CheckpointRow, EntryRow, HoldRow, TransferRow

DIFFERENCES_MAX = 20
ROOMS = (
    order_books,
    refund_books,
    card_books,
    withdrawal_books,
    fee_books,
    sharing_books,
    reconciliation_books,
)

_SUM = func.coalesce(func.sum(EntryRow.amount_fen), 0)


def prove(tx: Tx) -> list[Proof]:
    """Every proof of the ledger itself."""
    claims = [*_claims(), *(claim for room in ROOMS for claim in room.claims())]
    return [_proof(tx, *claim) for claim in claims]


def trial_balance(tx: Tx) -> dict[str, int]:
    """The sum of the entries by kind of account."""
    rows = tx.all(
        select(AccountRow.kind, _SUM.label("total_fen"))
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .group_by(AccountRow.kind)
        .order_by(AccountRow.kind)
    )
    return {row.kind: int(row.total_fen) for row in rows}


def _claims() -> list[Claim]:
    """Name, sentence, the table whose rows are looked at, and what would break the sentence."""
    return [
        ("transfers", "每一笔转账的分录之和为零", TransferRow, _unbalanced()),
        ("entries", "每一条分录都属于一笔转账和一个账户", EntryRow, _lost_entries()),
        ("balances", "每个留存余额等于其分录之和", AccountRow, _wrong_balances()),
        ("checkpoints", "每个检查点等于截至其分录的合计", CheckpointRow, _wrong_checkpoints()),
        ("signs", "没有账户越过零线", AccountRow, _wrong_signs()),
        ("custodians", "每个保管方名下的分录之和为零", AccountRow, _wrong_custodians()),
        ("holds", "每笔冻结足额，了结后为零，只了结一次", HoldRow, _wrong_holds()),
    ]


def _proof(tx: Tx, name: str, statement: str, table: type[Any], breaking: Select[Any]) -> Proof:
    differences = [
        " ".join(str(value) for value in row) for row in tx.all(breaking.limit(DIFFERENCES_MAX))
    ]
    checked = int(tx.scalar(select(func.count()).select_from(table)) or 0)
    return Proof(
        name=name,
        statement=statement,
        holds=not differences,
        checked=checked,
        differences=differences,
    )


def _unbalanced() -> Select[Any]:
    return (
        select(TransferRow.transfer_id, TransferRow.kind, _SUM, func.count(EntryRow.entry_id))
        .outerjoin(EntryRow, EntryRow.transfer_id == TransferRow.transfer_id)
        .group_by(TransferRow.transfer_id, TransferRow.kind)
        .having(or_(_SUM != 0, func.count(EntryRow.entry_id) < 2))
    )


def _lost_entries() -> Select[Any]:
    return (
        select(EntryRow.entry_id, EntryRow.transfer_id, EntryRow.account_id)
        .outerjoin(TransferRow, TransferRow.transfer_id == EntryRow.transfer_id)
        .outerjoin(AccountRow, AccountRow.account_id == EntryRow.account_id)
        .where(or_(TransferRow.transfer_id.is_(None), AccountRow.account_id.is_(None)))
    )


def _wrong_balances() -> Select[Any]:
    return (
        select(AccountRow.kind, AccountRow.owner, AccountRow.balance_fen, _SUM)
        .outerjoin(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .where(AccountRow.kind.in_(GUARDED))
        .group_by(AccountRow.account_id, AccountRow.kind, AccountRow.owner, AccountRow.balance_fen)
        .having(or_(AccountRow.balance_fen.is_(None), AccountRow.balance_fen != _SUM))
    )


def _wrong_checkpoints() -> Select[Any]:
    return (
        select(CheckpointRow.account_id, CheckpointRow.balance_fen, _SUM)
        .outerjoin(
            EntryRow,
            (EntryRow.account_id == CheckpointRow.account_id)
            & (EntryRow.entry_id <= CheckpointRow.entry_id),
        )
        .group_by(CheckpointRow.account_id, CheckpointRow.balance_fen)
        .having(CheckpointRow.balance_fen != _SUM)
    )


def _wrong_signs() -> Select[Any]:
    above = [kind for kind, sign in SIGNS.items() if sign is Sign.NEVER_ABOVE_ZERO]
    either = [kind for kind, sign in SIGNS.items() if sign is Sign.EITHER]
    wrong_side = case((AccountRow.kind.in_(above), _SUM > 0), else_=_SUM < 0)
    return (
        select(AccountRow.kind, AccountRow.owner, _SUM)
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .outerjoin(
            TransferRow,
            (TransferRow.transfer_id == EntryRow.transfer_id)
            & (TransferRow.kind == TransferKind.CHANNEL_FEE),
        )
        # What a channel keeps for itself it may keep of money that all went back.
        .where(AccountRow.kind.not_in(either), TransferRow.transfer_id.is_(None))
        .group_by(AccountRow.account_id, AccountRow.kind, AccountRow.owner)
        .having(wrong_side)
    )


def _wrong_custodians() -> Select[Any]:
    return (
        select(AccountRow.custodian, _SUM)
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .group_by(AccountRow.custodian)
        .having(_SUM != 0)
    )


def _wrong_holds() -> Select[Any]:
    due = case((HoldRow.state == HoldState.HELD, HoldRow.amount_fen), else_=0)
    account = (AccountRow.kind == AccountKind.HOLD) & (AccountRow.owner == HoldRow.hold_id)
    return (
        select(HoldRow.hold_id, HoldRow.state, HoldRow.amount_fen, AccountRow.balance_fen)
        .outerjoin(AccountRow, account)
        .where(or_(AccountRow.balance_fen.is_(None), AccountRow.balance_fen != due))
    )
