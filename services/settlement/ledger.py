"""The ledger: posts transfers, keeps the guarded balances, sums the others.

Nothing else writes to account, transfer, entry and checkpoint.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError

from services.contracts.settlement import AlreadyPosted, InsufficientFunds
from services.kernel import jsons
from services.kernel.columns import UtcDateTime
from services.kernel.db import Tx, is_duplicate
from services.settlement.domain.accounts import STANDING, SUMMED, Account
from services.settlement.domain.transfers import Entry, Transfer, net_changes
from services.settlement.tables import AccountRow, CheckpointRow, EntryRow, TransferRow

SETTLED_AFTER = timedelta(minutes=10)
"""No transaction lives that long: entries older than this are all there, none will slip in."""

MANY = 32
"""From so many guarded accounts on, debits go in one statement before the credits.

Rivals that lock the same accounts in id order could then meet them the other way round; the
database ends one of the two, and it runs again.
"""
_NO_END = (1 << 63) - 1
_OPENED_ON_USE = SUMMED - STANDING

# Text, because SQLAlchemy compiles its own ON DUPLICATE KEY UPDATE anew each time it runs.
_CREDIT = text(
    "INSERT INTO account (account_id, kind, owner, channel, custodian, balance_fen, opened_at)"
    " VALUES (:account_id, :kind, :owner, :channel, :custodian, :balance_fen, :opened_at)"
    " ON DUPLICATE KEY UPDATE balance_fen = balance_fen + VALUES(balance_fen)"
).bindparams(bindparam("opened_at", type_=UtcDateTime))
_OPEN = insert(AccountRow).prefix_with("IGNORE")
_DEBIT = (
    update(AccountRow)
    .where(
        AccountRow.account_id == bindparam("account"),
        AccountRow.balance_fen >= bindparam("amount_fen"),
    )
    .values(balance_fen=AccountRow.balance_fen - bindparam("amount_fen"))
)
# One parameter for any number of accounts; STRAIGHT_JOIN locks them in the order of the document.
_DEBIT_MANY = text(
    "UPDATE JSON_TABLE(:changes, '$[*]' COLUMNS("
    " id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin PATH '$[0]', fen BIGINT PATH '$[1]')) d"
    " STRAIGHT_JOIN account a ON a.account_id = d.id"
    " SET a.balance_fen = a.balance_fen - d.fen WHERE a.balance_fen >= d.fen"
)
_INSERT_TRANSFER = insert(TransferRow)
_INSERT_ENTRY = insert(EntryRow)
_mark = mysql.insert(CheckpointRow)
_MARK = _mark.on_duplicate_key_update(
    entry_id=_mark.inserted.entry_id,
    balance_fen=_mark.inserted.balance_fen,
    taken_at=_mark.inserted.taken_at,
)


def post(tx: Tx, transfers: Sequence[Transfer], at: datetime) -> None:
    """Book the transfers together, or raise: InsufficientFunds, or AlreadyPosted for a repeat."""
    changes = net_changes(transfers)
    if len(changes) > MANY:
        _debit_many(tx, [change for change in changes if change.amount_fen < 0])
        _credit(tx, (change for change in changes if change.amount_fen >= 0), at)
    else:
        for is_credit, group in groupby(changes, lambda change: change.amount_fen > 0):
            if is_credit:
                _credit(tx, group, at)
            else:
                _debit(tx, group)
    rare = [account for account in _accounts(transfers) if account.kind in _OPENED_ON_USE]
    if rare:
        open_accounts(tx, rare, at)
    try:
        tx.execute(_INSERT_TRANSFER, [_transfer_row(transfer, at) for transfer in transfers])
    except IntegrityError as error:
        if is_duplicate(error):
            raise AlreadyPosted(", ".join(transfer.purpose for transfer in transfers)) from error
        raise
    tx.execute(_INSERT_ENTRY, [row for transfer in transfers for row in _entry_rows(transfer, at)])


def open_accounts(tx: Tx, accounts: Iterable[Account], at: datetime) -> None:
    """Make sure that these accounts are there; those that are stay as they are."""
    tx.execute(_OPEN, [_account_row(account, 0, at) for account in accounts])


def summed_balance_fen(tx: Tx, account_id: str) -> int:
    """The balance of any account from its entries: the last checkpoint and what came after it."""
    entry_id, so_far_fen = _checkpoint(tx, account_id)
    return so_far_fen + _sum_fen(tx, account_id, entry_id, _NO_END)


def entry_fen(tx: Tx, transfer_id: str, account_id: str) -> int:
    """What a transfer put on an account; 0 when it has nothing to do with it."""
    found = select(EntryRow.amount_fen).where(
        EntryRow.transfer_id == transfer_id, EntryRow.account_id == account_id
    )
    return int(tx.scalar(found) or 0)


def take_checkpoints(tx: Tx, now: datetime) -> int:
    """Sum the settled entries of the summed accounts once, so that later sums start from there."""
    through = _last_settled_entry(tx, now - SETTLED_AFTER)
    summed = select(AccountRow.account_id).where(AccountRow.kind.in_(SUMMED))
    accounts = [row.account_id for row in tx.all(summed)]
    for account_id in accounts:
        entry_id, so_far_fen = _checkpoint(tx, account_id)
        balance_fen = so_far_fen + _sum_fen(tx, account_id, entry_id, through)
        mark = {"account_id": account_id, "entry_id": max(entry_id, through)}
        tx.execute(_MARK, {**mark, "balance_fen": balance_fen, "taken_at": now})
    return len(accounts)


def _accounts(transfers: Iterable[Transfer]) -> list[Account]:
    entries = (entry for transfer in transfers for entry in transfer.entries)
    return list(dict.fromkeys(entry.account for entry in entries))


def _credit(tx: Tx, changes: Iterable[Entry], at: datetime) -> None:
    # A credit cannot break the guard, so all of them go in one statement, which opens the
    # account when this is the first fen on it.
    tx.execute(_CREDIT, [_account_row(change.account, change.amount_fen, at) for change in changes])


def _debit(tx: Tx, changes: Iterable[Entry]) -> None:
    for change in changes:
        account, amount_fen = change.account, -change.amount_fen
        wanted = {"account": account.account_id, "amount_fen": amount_fen}
        if amount_fen and tx.execute(_DEBIT, wanted).rowcount != 1:
            raise InsufficientFunds(f"less than {amount_fen} fen on {account.kind}")


def _debit_many(tx: Tx, changes: Sequence[Entry]) -> None:
    if not changes:
        return
    document = jsons.dumps([[c.account.account_id, -c.amount_fen] for c in changes]).decode()
    if tx.execute(_DEBIT_MANY, {"changes": document}).rowcount != len(changes):
        raise InsufficientFunds("one of the accounts has less than it is to give")


def _account_row(account: Account, balance_fen: int, at: datetime) -> dict[str, object]:
    return {
        "account_id": account.account_id,
        "kind": account.kind,
        "owner": account.owner,
        "channel": account.channel,
        "custodian": account.custodian,
        "balance_fen": balance_fen if account.guarded else None,
        "opened_at": at,
    }


def _transfer_row(transfer: Transfer, at: datetime) -> dict[str, object]:
    return {
        "transfer_id": transfer.transfer_id,
        "kind": transfer.kind,
        "reason": transfer.reason,
        "order_id": transfer.order_id,
        "payment_id": transfer.payment_id,
        "refund_id": transfer.refund_id,
        "reference": transfer.reference,
        "made_by": transfer.made_by[:80],
        "corrects": transfer.corrects,
        "at": at,
    }


def _entry_rows(transfer: Transfer, at: datetime) -> list[dict[str, object]]:
    return [
        {
            "transfer_id": transfer.transfer_id,
            "account_id": entry.account.account_id,
            "amount_fen": entry.amount_fen,
            "at": at,
        }
        for entry in transfer.entries
    ]


def _checkpoint(tx: Tx, account_id: str) -> tuple[int, int]:
    mark = tx.first(
        select(CheckpointRow.entry_id, CheckpointRow.balance_fen).where(
            CheckpointRow.account_id == account_id
        )
    )
    return (mark.entry_id, mark.balance_fen) if mark else (0, 0)


def _sum_fen(tx: Tx, account_id: str, after: int, through: int) -> int:
    total = select(func.sum(EntryRow.amount_fen)).where(
        EntryRow.account_id == account_id, EntryRow.entry_id > after, EntryRow.entry_id <= through
    )
    return int(tx.scalar(total) or 0)


def _last_settled_entry(tx: Tx, before: datetime) -> int:
    unsettled = tx.scalar(select(func.min(EntryRow.entry_id)).where(EntryRow.at >= before))
    if unsettled is not None:
        return int(unsettled) - 1
    return int(tx.scalar(select(func.max(EntryRow.entry_id))) or 0)
