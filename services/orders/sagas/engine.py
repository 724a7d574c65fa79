"""Walk a saga: call → commit → the next step; refused → undo what was done, backwards.

A step's `call` is made outside any transaction and may be made twice; its `commit` runs in the
transaction that moves the saga on, so whatever dies, any copy goes on from the last step that was
committed. A call that is not answered is repeated for as long as it takes, with growing pauses, and
shown to staff (`stuck`). A refusal turns the saga back; the undo of each step that was done runs in
reverse, and `turned_back` of its list says what that means for the order.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from services.kernel import failpoints
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError, Refused
from services.kernel.ids import derived_id
from services.kernel.rpc_client import Services
from services.orders import locks
from services.orders.domain.saga import Saga
from services.orders.domain.wording import shortened
from services.orders.settings import Settings
from services.orders.tables_sagas import SagaRow

log = logging.getLogger(__name__)
HEAD_START = timedelta(seconds=2)
"""Whoever begins a saga drives it at once; where that has died, the sweep does."""
_PAUSES_S = (2, 5, 15, 60, 300)


@dataclass(frozen=True, slots=True)
class At:
    """What a step may use: the services to call, the settings, and the moment."""

    services: Services
    settings: Settings
    now: datetime

    @property
    def lease_end(self) -> datetime:
        """Whoever took a saga up and is silent until then has died."""
        return self.now + timedelta(seconds=self.settings.saga_lease_s)


Call = Callable[[At, Saga], Any]
Commit = Callable[[Tx, At, Saga, Any], Mapping[str, Any] | None]
"""Gets the call's answer; what it returns is added to the saga's facts."""


def no_call(_at: At, _saga: Saga) -> None:
    """For steps that only write here."""


def no_commit(_tx: Tx, _at: At, _saga: Saga, _answer: Any) -> None:
    """For steps that only call."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step with its undo. `waits`: after its commit somebody else must say so (`resume`)."""

    name: str
    call: Call = no_call
    commit: Commit = no_commit
    undo_call: Call = no_call
    undo_commit: Commit = no_commit
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """The list of one kind of saga; `turned_back` ends one that was undone, `saga.last_error` says
    why."""

    kind: str
    steps: tuple[Step, ...]
    turned_back: Commit = field(default=no_commit)


def begin(
    tx: Tx, steps: Steps, order_id: str, subject_id: str, facts: Mapping[str, Any], now: datetime
) -> str:
    """Write the saga down with its cause; `drive` it after the commit. One of a kind a subject."""
    saga_id = derived_id("saga", steps.kind, subject_id)
    tx.execute(
        insert(SagaRow),
        {
            "saga_id": saga_id,
            "kind": steps.kind,
            "order_id": order_id,
            "subject_id": subject_id,
            "step": 0,
            "undoing": False,
            "tries": 0,
            "due_at": now + HEAD_START,
            "last_error": "",
            "facts": dict(facts),
            "started_at": now,
        },
    )
    return saga_id


def resume(tx: Tx, saga_id: str, now: datetime, facts: Mapping[str, Any] | None = None) -> bool:
    """The word that a saga waited for has come; False when it does not wait (any more)."""
    saga = locks.saga_for_update(tx, saga_id)
    if saga is None or saga.finished_at or saga.due_at or saga.undoing:
        return False
    _write(tx, replace(saga, facts={**saga.facts, **(facts or {})}, due_at=now))
    return True


def turn_back(tx: Tx, saga_id: str, why: str, now: datetime) -> bool:
    """Undo a saga that waits; False when it does not wait (any more)."""
    saga = locks.saga_for_update(tx, saga_id)
    if saga is None or saga.finished_at or saga.due_at or saga.undoing:
        return False
    back = replace(saga, undoing=True, step=saga.step - 1, last_error=shortened(why), due_at=now)
    _write(tx, back)
    return True


def drive(db: Database, kinds: Mapping[str, Steps], at: At, saga_id: str) -> Saga | None:
    """Go on until the saga waits, is over, or a call is not answered; the saga as it then is."""
    while True:
        saga = _read(db, saga_id)
        if saga is None or saga.finished_at or saga.due_at is None:
            return saga
        steps = kinds[saga.kind]
        if not (_back(db, steps, at, saga) if saga.undoing else _on(db, steps, at, saga)):
            return _read(db, saga_id)


def sweep(db: Database, kinds: Mapping[str, Steps], at: At, limit: int) -> int:
    """Take up what died on the way or has waited for its next try; how many."""
    with db.reading() as tx:
        due = select(SagaRow.saga_id).where(SagaRow.due_at <= at.now).order_by(SagaRow.due_at)
        saga_ids = [row.saga_id for row in tx.all(due.limit(limit))]
    for saga_id in saga_ids:
        if _take(db, saga_id, at):
            drive(db, kinds, at, saga_id)
    return len(saga_ids)


def again(db: Database, saga_id: str, now: datetime) -> None:
    """The next try is due now, where one is to come at all."""
    trying = update(SagaRow).where(SagaRow.saga_id == saga_id, SagaRow.due_at.is_not(None))
    with db.transaction() as tx:
        tx.execute(trying.values(due_at=now))


def step_name(steps: Steps, saga: Saga) -> str:
    """The step that the saga stands on."""
    if 0 <= saga.step < len(steps.steps):
        return steps.steps[saga.step].name
    return "end"


def _on(db: Database, steps: Steps, at: At, saga: Saga) -> bool:
    if saga.step == len(steps.steps):
        return _finish(db, at, saga, no_commit)
    step = steps.steps[saga.step]
    try:
        answer = step.call(at, saga)
        failpoints.hit(f"orders.{saga.kind}.{step.name}")
        return _commit(db, at, saga, step.commit, answer, 1, waits=step.waits)
    except Refused as refused:
        return _turn(db, at, saga, refused)
    except LinliError as error:
        return _put_off(db, at, saga, step.name, error)


def _back(db: Database, steps: Steps, at: At, saga: Saga) -> bool:
    try:
        if saga.step < 0:
            return _finish(db, at, saga, steps.turned_back)
        step = steps.steps[saga.step]
        answer = step.undo_call(at, saga)
        failpoints.hit(f"orders.{saga.kind}.{step.name}.undo")
        return _commit(db, at, saga, step.undo_commit, answer, -1)
    except LinliError as error:  # nobody can refuse what must be undone
        return _put_off(db, at, saga, step_name(steps, saga), error)


def _commit(
    db: Database, at: At, saga: Saga, commit: Commit, answer: Any, by: int, *, waits: bool = False
) -> bool:
    with db.transaction() as tx:
        current = _lock(tx, saga)
        if current is None or not _same(current, saga):
            return True  # a rival was faster: look again
        learnt = commit(tx, at, current, answer) or {}
        moved = replace(
            current,
            step=current.step + by,
            tries=0,
            facts={**current.facts, **learnt},
            due_at=None if waits else at.lease_end,
        )
        _write(tx, moved)
    return not waits


def _turn(db: Database, at: At, saga: Saga, refused: Refused) -> bool:
    """This step was not done: what was done before it is undone."""
    with db.transaction() as tx:
        current = _lock(tx, saga)
        if current is not None and _same(current, saga):
            facts = {**current.facts, "refusal": refused.to_wire()}
            back = replace(current, undoing=True, step=current.step - 1, tries=0, facts=facts)
            error = shortened(f"{refused.code}: {refused.message}")
            _write(tx, replace(back, last_error=error, due_at=at.lease_end))
    return True


def _put_off(db: Database, at: At, saga: Saga, step: str, error: LinliError) -> bool:
    pause = timedelta(seconds=_PAUSES_S[min(saga.tries, len(_PAUSES_S) - 1)])
    log.warning("saga %s of order %s hangs on %s: %s", saga.kind, saga.order_id, step, error)
    with db.transaction() as tx:
        current = _lock(tx, saga)
        if current is not None and _same(current, saga):
            said = shortened(f"{error.code}: {error.message}")
            tried = replace(current, tries=current.tries + 1, last_error=said)
            _write(tx, replace(tried, due_at=at.now + pause))
    return False


def _finish(db: Database, at: At, saga: Saga, commit: Commit) -> bool:
    with db.transaction() as tx:
        current = _lock(tx, saga)
        if current is not None and _same(current, saga):
            commit(tx, at, current, None)
            _write(tx, replace(current, finished_at=at.now, due_at=None))
    return True


def _take(db: Database, saga_id: str, at: At) -> bool:
    """Move its due moment ahead, so that no other copy takes it up meanwhile."""
    taking = update(SagaRow).where(SagaRow.saga_id == saga_id, SagaRow.due_at <= at.now)
    with db.transaction() as tx:
        return bool(tx.execute(taking.values(due_at=at.lease_end)).rowcount)


def _lock(tx: Tx, saga: Saga) -> Saga | None:
    # The deal first, as everywhere: a payment locks its supplement and then the saga that waits.
    locks.deal_for_update(tx, saga.order_id)
    return locks.saga_for_update(tx, saga.saga_id)


def _same(current: Saga, seen: Saga) -> bool:
    here = (current.step, current.undoing, current.finished_at)
    return here == (seen.step, seen.undoing, seen.finished_at)


def _read(db: Database, saga_id: str) -> Saga | None:
    with db.reading() as tx:
        row = tx.first(select(SagaRow.__table__).where(SagaRow.saga_id == saga_id))
    return None if row is None else Saga(**row._mapping)


def _write(tx: Tx, saga: Saga) -> None:
    values = {
        "step": saga.step,
        "undoing": saga.undoing,
        "tries": saga.tries,
        "due_at": saga.due_at,
        "last_error": saga.last_error,
        "facts": saga.facts,
        "finished_at": saga.finished_at,
    }
    tx.execute(update(SagaRow).where(SagaRow.saga_id == saga.saga_id).values(values))
