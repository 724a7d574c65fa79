"""A service without broker and container: its own entrypoints, called by the kernel's rules."""

import inspect
import typing
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

from services.kernel import failpoints, jsons
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.entrypoints import Every, Rpc, Subscribe
from services.kernel.errors import Forbidden, NotSignedIn
from services.kernel.inbox import first_time
from services.kernel.wire import Envelope, Query


class Door(NamedTuple):
    """A method of the service with what the kernel would check and parse."""

    method: Callable[..., Any]
    rights: Rpc
    command_type: type[Query]
    wants_actor: bool


class House:
    """One service: what it is asked, what it hears, and what it does by itself."""

    def __init__(self, service_cls: type[Any], db: Database, **runtime: Any) -> None:
        self.name, self.db = str(service_cls.name), db
        service = service_cls()
        service.runtime = SimpleNamespace(db=db, **runtime)
        self.doors: dict[str, Door] = {}
        self.jobs: dict[str, Callable[[], Any]] = {}
        self._listeners: dict[str, list[tuple[str, Subscribe]]] = {}
        self._service = service
        for name, function in inspect.getmembers(service_cls, inspect.isfunction):
            for entry in sorted(getattr(function, "nameko_entrypoints", ()), key=repr):
                self._open(name, function, entry)

    def _open(self, name: str, function: Callable[..., Any], entry: Any) -> None:
        bound = getattr(self._service, name)
        if isinstance(entry, Rpc):
            hints = typing.get_type_hints(function)
            parameters = list(inspect.signature(function).parameters)[1:]
            self.doors[name] = Door(bound, entry, hints[parameters[0]], "actor" in parameters)
        elif isinstance(entry, Subscribe):
            self._listeners.setdefault(entry.event_type.name, []).append((name, entry))
        elif isinstance(entry, Every):
            self.jobs[name] = bound

    def ask(
        self, name: str, command: Query, actor: Actor | None = None, caller: str = "gateway"
    ) -> Any:
        """Checked, parsed and run as a call over the wire is."""
        door = self.doors[name]
        _check(door.rights, actor, caller)
        parsed = door.command_type.model_validate(jsons.loads(command.model_dump_json()))
        return door.method(parsed, actor) if door.wants_actor else door.method(parsed)

    def hears(self, event: str) -> bool:
        """True when some method listens to it."""
        return event in self._listeners

    def hear(self, envelope: Envelope) -> bool:
        """Apply an event once, as the inbox does; False when it had been applied before."""
        fresh = False
        for name, entry in self._listeners[envelope.name]:
            event = entry.event_type.model_validate(envelope.data)
            with self.db.transaction() as tx:
                if first_time(tx, envelope.id, name):
                    getattr(self._service, name)(event, tx)
                    failpoints.hit(f"{envelope.name}.before_commit")
                    fresh = True
        return fresh


def _check(rights: Rpc, actor: Actor | None, caller: str) -> None:
    if rights.callers and caller not in rights.callers:
        raise Forbidden(f"not for {caller}")
    if actor is None and (rights.permission or rights.signed_in):
        raise NotSignedIn
    if rights.permission and actor is not None:
        actor.need(rights.permission)
