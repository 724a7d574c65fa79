"""A service without business, for the tests of the kernel; run with `python -m`."""

import os

os.environ["EVENTLET_NO_GREENDNS"] = "yes"
import eventlet

eventlet.monkey_patch()

import sys
import time
from typing import Any, ClassVar

from sqlalchemy import Column, Integer, MetaData, String, Table, insert, text, update

from services.kernel import failpoints, outbox, requests
from services.kernel.actor import Actor
from services.kernel.config import ServiceSettings
from services.kernel.db import Tx
from services.kernel.entrypoints import every, rpc, subscribe
from services.kernel.errors import Conflict
from services.kernel.main import run_one
from services.kernel.runtime import Runtime
from services.kernel.schema import METADATA
from services.kernel.wire import Command, Done, Event, Query, View
from services.kernel.wiring import Wiring

METADATA_PROBE = MetaData()
ROWS = Table(
    "probe_row",
    METADATA_PROBE,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("note", String(100), nullable=False),
)
COUNTER = Table(
    "probe_counter",
    METADATA_PROBE,
    Column("name", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)
TABLES = (METADATA, METADATA_PROBE)


class Ask(Query):
    """Something to echo; `sleep_ms` before the answer."""

    text: str = ""
    sleep_ms: int = 0


class Note(Command):
    """Write a row once."""

    note: str
    tell: str = ""
    sleep_ms: int = 0


class Echo(View):
    text: str
    pid: int = 0


class Noted(View):
    note: str
    nonce: str


class ProbeHappened(Event):
    name: ClassVar[str] = "probe.happened"
    source: ClassVar[str] = "probe"
    note: str
    fail_times: int = 0


class ProbeUnheard(Event):
    name: ClassVar[str] = "probe.unheard"
    source: ClassVar[str] = "probe"


class ProbeHomeless(Event):
    """Its subscriber does not exist: no queue is bound."""

    name: ClassVar[str] = "probe.homeless"
    source: ClassVar[str] = "probe"


class Busy(Conflict):
    """The probe is busy."""

    code = "probe.busy"


WIRING = Wiring(
    {"probe.happened": ("probe",), "probe.unheard": (), "probe.homeless": ("nobody",)},
    {"probe.happened": "probe", "probe.unheard": "probe", "probe.homeless": "probe"},
)


class ProbeService:
    name = "probe"
    runtime = Runtime(ServiceSettings)

    @rpc(public=True)
    def echo(self, query: Ask) -> Echo:
        time.sleep(query.sleep_ms / 1000)
        return Echo(text=query.text, pid=os.getpid())

    @rpc(public=True)
    def ask_self(self, query: Ask) -> Echo:
        return self.runtime.services.probe.echo(query, answer=Echo, deadline_ms=1000)

    @rpc(public=True)
    def ask_nobody(self, query: Ask) -> Echo:
        return self.runtime.services.nobody.echo(query, answer=Echo, deadline_ms=1000)

    @rpc(public=True)
    def explode(self, query: Ask) -> Echo:
        raise RuntimeError("a detail inside")

    @rpc(public=True)
    def refuse(self, query: Ask) -> Echo:
        raise Busy("busy with something", fields={"state": "busy"})

    @rpc(permission="probe.touch")
    def touch(self, query: Ask, actor: Actor) -> Echo:
        return Echo(text=actor.account_id)

    @rpc(callers=("orders",))
    def for_orders(self, query: Ask) -> Done:
        return Done()

    @rpc(public=True)
    def write(self, command: Note) -> Noted:
        db = self.runtime.db
        with db.transaction() as tx, requests.claimed(tx, command, Noted, by="") as claim:
            if claim.answer is None:
                tx.execute(insert(ROWS), {"note": command.note})
                if command.tell:
                    outbox.emit(tx, _event(command))
                time.sleep(command.sleep_ms / 1000)
                failpoints.hit("probe.write.before_commit")
                claim.answer = Noted(note=command.note, nonce=os.urandom(4).hex())
            return claim.answer

    @rpc(public=True)
    def lock_two(self, query: Ask) -> Done:
        """Two callers with opposite orders deadlock; the entrypoint must run the loser again."""
        first, second = query.text.split(",")
        with self.runtime.db.transaction() as tx:
            for name in (first, second):
                tx.execute(
                    update(COUNTER).where(COUNTER.c.name == name).values(value=COUNTER.c.value + 1)
                )
                time.sleep(query.sleep_ms / 1000)
        return Done()

    @subscribe(ProbeHappened)
    def on_probe_happened(self, event: ProbeHappened, tx: Tx) -> None:
        tries = tx.scalar(text("SELECT COUNT(*) FROM probe_row WHERE note = :n"), {"n": event.note})
        with self.runtime.db.transaction() as other:  # survives the failing handler's roll-back
            other.execute(insert(ROWS), {"note": f"try:{event.note}"})
        if event.fail_times:
            seen = tx.scalar(
                text("SELECT COUNT(*) FROM probe_row WHERE note = :n"), {"n": f"try:{event.note}"}
            )
            if seen <= event.fail_times:
                raise RuntimeError(f"not yet: {seen} {tries}")
        tx.execute(insert(ROWS), {"note": f"done:{event.note}"})

    @every(seconds=0.2)
    def tick(self) -> None:
        with self.runtime.db.transaction() as tx:
            tx.execute(insert(ROWS), {"note": f"tick:{os.getpid()}"})


def _event(command: Note) -> Event:
    aggregate = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    kind, _, times = command.tell.partition(":")
    if kind == "unheard":
        return ProbeUnheard(aggregate_id=aggregate)
    if kind == "homeless":
        return ProbeHomeless(aggregate_id=aggregate)
    return ProbeHappened(aggregate_id=aggregate, note=command.note, fail_times=int(times or 0))


def _class_for(_name: str) -> Any:
    return ProbeService


if __name__ == "__main__":
    from services.kernel import main as kernel_main

    kernel_main.service_class = _class_for
    sys.exit(run_one("probe", WIRING))
