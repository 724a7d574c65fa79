"""The ledger on MariaDB lives the same random life as a ledger in memory, act by act."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import func, select

from services.kernel.db import Database
from services.kernel.ids import new_id
from services.settlement import holds, ledger
from services.settlement.domain.accounts import Account
from services.settlement.domain.holds import Hold
from services.settlement.domain.transfers import Transfer
from services.settlement.tables import AccountRow, EntryRow, HoldRow, TransferRow
from tests.support.ledger_machine import LedgerMachine
from tests.support.ledger_model import LedgerModel, taken
from tests.support.settlement_channel import NOW

pytestmark = pytest.mark.database


class OnMariaDb:
    """The real ledger; each act is one transaction."""

    def __init__(self, db: Database, machine: LedgerMachine) -> None:
        self.db, self.known = db, machine.known
        self.now = NOW
        with db.transaction() as tx:
            ledger.open_accounts(tx, machine.known[:1], NOW)  # as a service does when it starts

    def post(self, transfers: Sequence[Transfer]) -> None:
        self.now += timedelta(minutes=1)
        with self.db.transaction() as tx:
            ledger.post(tx, transfers, self.now)

    def place(self, hold: Hold) -> None:
        with self.db.transaction() as tx:
            holds.place(tx, hold, self.now)

    def resolve(self, hold: Hold, taken_fen: int, target: Account) -> None:
        with self.db.transaction() as tx:
            back = holds.resolve(tx, hold.hold_id, taken_fen, self.now)
            ledger.post(tx, [*back, *taken(hold, taken_fen, target)], self.now)

    def checkpoint(self) -> None:
        with self.db.transaction() as tx:
            ledger.take_checkpoints(tx, self.now)

    def agrees(self, model: LedgerModel) -> None:
        """Kept balances, summed balances, holds, and how many transfers there are."""
        mine = {account.account_id: account for account in model.balances}
        with self.db.reading() as tx:
            kept = tx.all(
                select(AccountRow.account_id, AccountRow.balance_fen).where(
                    AccountRow.account_id.in_(mine)
                )
            )
            assert {row.account_id for row in kept} >= mine.keys()
            for row in kept:
                account = mine[row.account_id]
                assert row.balance_fen == (model.balances[account] if account.guarded else None)
            for account in self.known:
                summed_fen = ledger.summed_balance_fen(tx, account.account_id)
                assert summed_fen == model.balances.get(account, 0)
            self._same_holds(model)
            assert self._posted(model) == (len(model.posted), _entry_count(model))

    def _same_holds(self, model: LedgerModel) -> None:
        with self.db.reading() as tx:
            rows = tx.all(select(HoldRow.__table__).where(HoldRow.hold_id.in_(model.holds)))
        found = {row.hold_id: (row.state, row.amount_fen, row.posted_fen) for row in rows}
        assert found == {
            hold_id: (kept.state, kept.hold.amount_fen, kept.posted_fen)
            for hold_id, kept in model.holds.items()
        }

    def _posted(self, model: LedgerModel) -> tuple[int, int]:
        """Transfers of this life and their entries; what was refused has left none."""
        with self.db.reading() as tx:
            of_mine = (
                select(func.count(EntryRow.transfer_id.distinct()), func.count())
                .join(TransferRow, TransferRow.transfer_id == EntryRow.transfer_id)
                .join(AccountRow, AccountRow.account_id == EntryRow.account_id)
                .where(EntryRow.account_id.in_([account.account_id for account in model.balances]))
            )
            row = tx.first(of_mine)
        assert row is not None
        return int(row[0]), int(row[1])


def _entry_count(model: LedgerModel) -> int:
    return sum(len(transfer.entries) for transfer in model.posted.values())


class LedgerOnMariaDb(LedgerMachine):
    """Each life has accounts of its own, so that no table need be emptied in between."""

    db: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__(key=new_id())
        self.beside = OnMariaDb(self.db, self)


@pytest.fixture
def machine(db: Database) -> Iterator[type[LedgerOnMariaDb]]:
    LedgerOnMariaDb.db = db
    yield LedgerOnMariaDb
    del LedgerOnMariaDb.db


def test_mariadb_and_a_model_in_memory_agree_after_every_act_of_the_ledger(
    machine: type[LedgerOnMariaDb],
) -> None:
    lives = settings(max_examples=16, stateful_step_count=20, deadline=None, derandomize=True)
    run_state_machine_as_test(machine, settings=lives)
