"""A made-up saga of three steps on a real order, and a book of all that its steps did."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from services.kernel.db import Tx
from services.kernel.ids import new_id
from services.orders.domain.saga import Saga
from services.orders.sagas import engine
from services.orders.sagas.engine import At, Step, Steps
from services.orders.tables_sagas import SagaRow
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS

NAMES = ("first", "second", "third")


class Toy:
    """`faults["call second"] = error` breaks that part; `book` lists what was done, in order.

    Parts are `call`, `commit`, `uncall` and `uncommit` of each step, and `turned_back`. Only what
    was committed stands in the book as a `commit`, an `uncommit` or `turned_back`.
    """

    def __init__(self, walk: Walk, *, waits: str = "", kind: str = "toy") -> None:
        self.walk = walk
        self.book: list[str] = []
        self.faults: dict[str, Exception] = {}
        steps = tuple(self._step(name, waits=name == waits) for name in NAMES)
        self.steps = Steps(kind, steps, turned_back=self._turned_back)
        self.kinds = {kind: self.steps}

    def _step(self, name: str, *, waits: bool) -> Step:
        return Step(
            name,
            call=lambda _at, saga: self._call(f"call {name}", f"answer of {name}"),
            commit=lambda tx, _at, saga, answer: self._commit(tx, f"commit {name}", {name: answer}),
            undo_call=lambda _at, saga: self._call(f"uncall {name}", None),
            undo_commit=lambda tx, _at, saga, _answer: self._commit(tx, f"uncommit {name}", None),
            waits=waits,
        )

    def _call(self, part: str, answer: str | None) -> str | None:
        if part in self.faults:
            raise self.faults[part]
        self.book.append(part)
        return answer

    def _commit(
        self, tx: Tx, part: str, learnt: Mapping[str, Any] | None
    ) -> Mapping[str, Any] | None:
        if part in self.faults:
            raise self.faults[part]
        tx.on_commit(lambda: self.book.append(part))
        return learnt

    def _turned_back(self, tx: Tx, _at: At, _saga: Saga, _answer: Any) -> None:
        self._commit(tx, "turned_back", None)

    def begin(self, order_id: str, now: datetime = NOW, subject_id: str = "") -> str:
        """Write one down."""
        with self.walk.db.transaction() as tx:
            return engine.begin(tx, self.steps, order_id, subject_id or new_id(), {"given": 1}, now)

    def at(self, now: datetime = NOW) -> At:
        """What its steps may use."""
        return At(self.walk.services, SETTINGS, now)  # type: ignore[arg-type]

    def drive(self, saga_id: str, now: datetime = NOW) -> Saga | None:
        """Go on with one."""
        return engine.drive(self.walk.db, self.kinds, self.at(now), saga_id)

    def sweep(self, now: datetime) -> int:
        """What a copy does by the clock."""
        return engine.sweep(self.walk.db, self.kinds, self.at(now), 10)

    def saga(self, saga_id: str) -> Saga:
        """As it stands."""
        with self.walk.db.reading() as tx:
            (row,) = tx.all(select(SagaRow.__table__).where(SagaRow.saga_id == saga_id))
        return Saga(**row._mapping)

    def committed(self) -> list[str]:
        """Commits alone: calls may be repeated, these may not."""
        return [part for part in self.book if "call" not in part]
