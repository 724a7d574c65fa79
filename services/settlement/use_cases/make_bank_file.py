"""Put the bank withdrawals that wait into a payment file, and hand a file out again.

A file holds account numbers in full, so it is never stored: it is made from its rows each time, and
each time it is noted for whom.
"""

from datetime import datetime

from sqlalchemy import bindparam, insert, update

from services.contracts.withdrawals import (
    BankFileLine,
    BankFileQuery,
    BankFilesQuery,
    BankFileView,
    MakeBankFile,
    NoSuchWithdrawal,
    WithdrawalState,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.crypto import Sealer
from services.kernel.db import Database, Tx
from services.kernel.ids import new_id
from services.kernel.wire import Page
from services.settlement import holds, ledger, locks, withdrawal_queries
from services.settlement.domain.bank_file import PaymentLine, payment_file
from services.settlement.domain.withdrawals import WithdrawalAct, moved
from services.settlement.tables_withdrawals import BankBatchRow, BankFileCopyRow, WithdrawalRow

FILE_MAX = 500

_INSERT_BATCH = insert(BankBatchRow)
_INSERT_COPY = insert(BankFileCopyRow)
_TAKE = (
    update(WithdrawalRow)
    .where(WithdrawalRow.withdrawal_id.in_(bindparam("ids", expanding=True)))
    .values(
        state=bindparam("new_state"),
        batch_id=bindparam("batch"),
        begun_at=bindparam("at"),
        version=WithdrawalRow.version + 1,
    )
)


def make_bank_file(
    db: Database, sealer: Sealer, command: MakeBankFile, actor: Actor, now: datetime
) -> BankFileView:
    """A new file of at most FILE_MAX payments, oldest first; NoSuchWithdrawal when none waits."""
    by = actor.account_id
    with db.transaction() as tx, requests.claimed(tx, command, BankFileView, by=by) as claim:
        if claim.answer is None:
            claim.answer = _make(tx, actor, now)
        batch_id = claim.answer.batch_id
    return see_bank_file(db, sealer, BankFileQuery(batch_id=batch_id), actor, now)


def see_bank_file(
    db: Database, sealer: Sealer, query: BankFileQuery, actor: Actor, now: datetime
) -> BankFileView:
    """The file, made from its rows; who gets it is noted. NoSuchWithdrawal for an unknown one."""
    with db.transaction() as tx:
        batch = withdrawal_queries.batch_row(tx, query.batch_id)
        if batch is None:
            raise NoSuchWithdrawal("there is no such bank file")
        copy = {
            "row_id": new_id(),
            "batch_id": batch.batch_id,
            "taken_at": now,
            "taken_by_account_id": actor.account_id,
            "taken_by": actor.name[:200],
        }
        tx.execute(_INSERT_COPY, copy)
        rows = withdrawal_queries.batch_withdrawals(tx, batch.batch_id)
    lines = [
        PaymentLine(
            withdrawal_id=row.withdrawal_id,
            holder=row.holder,
            bank=row.bank,
            number=sealer.open(row.number_sealed, row.withdrawal_id).decode(),
            amount_fen=row.amount_fen,
        )
        for row in rows
    ]
    return BankFileView(
        batch_id=batch.batch_id,
        made_at=batch.made_at,
        made_by=batch.made_by,
        count=batch.withdrawal_count,
        total_fen=batch.total_fen,
        csv=payment_file(lines),
    )


def see_bank_files(db: Database, query: BankFilesQuery) -> Page[BankFileLine]:
    """The files made so far, newest first, without what is in them."""
    with db.reading() as tx:
        rows = withdrawal_queries.batches(tx, query.after, query.limit)
    shown = rows[: query.limit]
    return Page[BankFileLine](
        items=[withdrawal_queries.batch_line(row) for row in shown],
        next_after=shown[-1].batch_id if len(rows) > query.limit else None,
    )


def _make(tx: Tx, actor: Actor, now: datetime) -> BankFileView:
    """Take those that wait; the answer kept for a repeat holds no account number."""
    rows = locks.bank_withdrawals_for_update(tx, FILE_MAX)
    if not rows:
        raise NoSuchWithdrawal("nothing waits for a bank file")
    transfers = []
    for row in rows:
        transfers += holds.resolve(tx, row.hold_id, row.amount_fen, now)
        transfers.append(withdrawal_queries.outflow(row).begun(actor.name))
    ledger.post(tx, transfers, now)
    view = BankFileView(
        batch_id=new_id(),
        made_at=now,
        made_by=actor.name[:200],
        count=len(rows),
        total_fen=sum(row.amount_fen for row in rows),
        csv="",
    )
    tx.execute(
        _TAKE,
        {
            "ids": [row.withdrawal_id for row in rows],
            "new_state": moved(WithdrawalState.TO_PAY, WithdrawalAct.BEGIN),
            "batch": view.batch_id,
            "at": now,
        },
    )
    tx.execute(
        _INSERT_BATCH,
        {
            "batch_id": view.batch_id,
            "made_at": now,
            "made_by_account_id": actor.account_id,
            "made_by": view.made_by,
            "withdrawal_count": view.count,
            "total_fen": view.total_fen,
        },
    )
    return view
