"""A database whose client can be made to die in the middle of a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Executable

from services.kernel.db import Database, Tx


class BrokenOff(Exception):
    """The process was killed in the middle of a transaction."""


class FrailDatabase(Database):
    """A database whose client dies at a statement told beforehand: the rest is rolled back."""

    dies_in: int | None = None
    """So many statements, commits and steps after a commit more will run."""

    def count_down(self) -> None:
        """One statement or the commit is about to run, or the commit is done."""
        if self.dies_in is None:
            return
        self.dies_in -= 1
        if self.dies_in < 0:
            self.dies_in = None
            raise BrokenOff

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        with super().transaction() as tx:
            yield _FrailTx(tx, self)
            self.count_down()
        self.count_down()


class _FrailTx(Tx):
    __slots__ = ("_db",)

    def __init__(self, tx: Tx, db: FrailDatabase) -> None:
        super().__init__(tx.connection)
        self._hooks, self._db = tx._hooks, db

    def execute(self, statement: Executable, params: Any = None) -> Any:
        self._db.count_down()
        return super().execute(statement, params)
