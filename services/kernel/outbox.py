"""Events are written with what they tell of, and told after the commit.

A copy tells its own rows at once, from memory; what is still unsent a few seconds later (a crash, a
broker away) is told by whichever copy holds the relay's lease. Consumers drop duplicates.
"""

from collections import deque
from threading import Event as Wakeup
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy import func as sql

from services.kernel import call, clock, jsons
from services.kernel.db import Database, Tx
from services.kernel.ids import new_id
from services.kernel.publisher import Outgoing
from services.kernel.schema import OUTBOX
from services.kernel.topology import events_exchange
from services.kernel.wire import Envelope, Event

MEMORY_MAX = 10_000
_INSERT = insert(OUTBOX)
_MARK = update(OUTBOX).where(OUTBOX.c.id.in_(bindparam("ids", expanding=True)))
_WAITING = (
    select(OUTBOX.c.id, OUTBOX.c.name, OUTBOX.c.envelope)
    .where(OUTBOX.c.sent_at.is_(None), OUTBOX.c.id < bindparam("older_than"))
    .order_by(OUTBOX.c.id)
    .limit(bindparam("most"))
)

_fresh: deque[tuple[str, str, bytes]] = deque()
_wakeup = Wakeup()
_subscribed: frozenset[str] | None = None


def configure(subscribed: frozenset[str]) -> None:
    """Which events have a subscriber; the others are not written at all."""
    global _subscribed
    _subscribed = subscribed


def emit(tx: Tx, *events: Event) -> None:
    """Write the events; they are told when, and only when, the transaction commits."""
    rows = [_row(event) for event in events if _subscribed is None or event.name in _subscribed]
    if not rows:
        return
    tx.execute(_INSERT, rows)
    fresh = [(row["id"], row["name"], row["envelope"]) for row in rows]
    tx.on_commit(lambda: _tell_soon(fresh))


def _row(event: Event) -> dict[str, Any]:
    envelope = Envelope(
        id=new_id(),
        name=event.name,
        source=event.source,
        occurred_at=clock.now(),
        call_id=call.current().call_id,
        data=event.model_dump(mode="json"),
    )
    body = jsons.dumps(envelope.model_dump(mode="json"))
    return {"id": envelope.id, "name": envelope.name, "envelope": body, "sent_at": None}


def _tell_soon(fresh: list[tuple[str, str, bytes]]) -> None:
    if len(_fresh) < MEMORY_MAX:  # beyond that the slow poll takes over
        _fresh.extend(fresh)
    _wakeup.set()


def take_fresh(most: int, wait_s: float) -> list[tuple[str, str, bytes]]:
    """Rows committed by this process and not told yet; waits up to `wait_s` for the first."""
    if not _fresh:
        _wakeup.clear()
        if not _fresh:
            _wakeup.wait(wait_s)
    return [_fresh.popleft() for _ in range(min(most, len(_fresh)))]


def waiting(db: Database, older_than_id: str, most: int) -> list[tuple[str, str, bytes]]:
    """Unsent rows whose id is below the given one, oldest first."""
    with db.reading() as tx:
        rows = tx.all(_WAITING, {"older_than": older_than_id, "most": most})
    return [(row.id, row.name, row.envelope) for row in rows]


def waiting_count(db: Database) -> int:
    """How many rows are not told yet."""
    with db.reading() as tx:
        return int(tx.scalar(select(sql.count()).where(OUTBOX.c.sent_at.is_(None))))


def mark_sent(db: Database, ids: list[str]) -> None:
    """The broker has confirmed these."""
    with db.transaction() as tx:
        tx.execute(_MARK.values(sent_at=clock.now()), {"ids": ids})


def outgoing(source: str, row: tuple[str, str, bytes]) -> Outgoing:
    """The message for one outbox row."""
    event_id, name, envelope = row
    return Outgoing(events_exchange(source), name, envelope, event_id)
