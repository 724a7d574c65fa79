"""Undo a wrong transfer by a new one that names it, its person and the reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.settlement import (
    AlreadyPosted,
    CorrectionView,
    CorrectTransfer,
    InsufficientFunds,
    NotCorrectable,
    NothingToCorrect,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.settlement import ledger, locks
from services.settlement.domain import accounts
from services.settlement.domain.accounts import SIGNS, Account, AccountKind, Custodian, Sign
from services.settlement.domain.transfers import Entry, Transfer, TransferKind
from services.settlement.reconciliation.bookings import CORRECTABLE, correction
from services.settlement.tables import AccountRow, EntryRow, TransferRow

_TRANSFER = select(TransferRow.__table__).where(TransferRow.transfer_id == bindparam("transfer"))
_ENTRIES = (
    select(
        EntryRow.amount_fen,
        AccountRow.kind,
        AccountRow.owner,
        AccountRow.channel,
        AccountRow.custodian,
    )
    .join(AccountRow, AccountRow.account_id == EntryRow.account_id)
    .where(EntryRow.transfer_id == bindparam("transfer"))
    .order_by(EntryRow.entry_id)
)


def correct_transfer(
    db: Database, command: CorrectTransfer, actor: Actor, now: datetime
) -> CorrectionView:
    """Post the opposite, once for each transfer.

    NothingToCorrect when there is none or it was corrected before, NotCorrectable when it goes
    with the state of something else, InsufficientFunds when the money has gone on.
    """
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, CorrectionView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            row = tx.first(_TRANSFER, {"transfer": command.transfer_id})
            if row is None:
                raise NothingToCorrect()
            _refuse_unless_correctable(row)
            entries = _entries(tx, command.transfer_id)
            undoing = correction(
                row.transfer_id, entries, row.reference, command.reason, actor.name
            )
            if tx.first(_TRANSFER, {"transfer": undoing.transfer_id}) is not None:
                raise NothingToCorrect("it was corrected before")
            _guard(tx, undoing, now)
            _post(tx, undoing, now)
            claim.answer = CorrectionView(
                transfer_id=undoing.transfer_id,
                corrects=row.transfer_id,
                amount_fen=sum(max(entry.amount_fen, 0) for entry in entries),
                by=actor.name,
                at=now,
            )
        return claim.answer


def _refuse_unless_correctable(row: Row[Any]) -> None:
    # A late payment's receipt has its refund; only what a person booked stands for itself.
    of_a_payment = row.kind == TransferKind.UNCLAIMED_RECEIPT and row.payment_id is not None
    if row.kind not in CORRECTABLE or of_a_payment:
        raise NotCorrectable(f"a {row.kind} is not undone alone", fields={"kind": row.kind})


def _entries(tx: Tx, transfer_id: str) -> list[Entry]:
    return [
        Entry(
            Account(AccountKind(row.kind), row.owner, row.channel, Custodian(row.custodian)),
            row.amount_fen,
        )
        for row in tx.all(_ENTRIES, {"transfer": transfer_id})
    ]


def _guard(tx: Tx, undoing: Transfer, now: datetime) -> None:
    """Summed accounts of what is owed to others must not go below zero either."""
    for entry in _taken_from_others(undoing.entries):
        guard = _guarding(entry.account)
        ledger.open_accounts(tx, [guard], now)
        locks.account_for_update(tx, guard.account_id)
        if ledger.summed_balance_fen(tx, entry.account.account_id) + entry.amount_fen < 0:
            raise InsufficientFunds(f"less than that is left on {entry.account.kind}")


def _taken_from_others(entries: Sequence[Entry]) -> list[Entry]:
    return [
        entry
        for entry in entries
        if entry.amount_fen < 0
        and not entry.account.guarded
        and SIGNS[entry.account.kind] is Sign.NEVER_BELOW_ZERO
    ]


def _guarding(account: Account) -> Account:
    """The account whose row is locked while that one moves."""
    if account.kind is AccountKind.MERCHANT_DEPOSIT:
        return accounts.merchant_fund(account.owner)
    return account


def _post(tx: Tx, undoing: Transfer, now: datetime) -> None:
    try:
        ledger.post(tx, [undoing], now)
    except AlreadyPosted:
        raise NothingToCorrect("it was corrected before") from None
