"""How work gets into a service: `@rpc`, `@subscribe(Event)`, `@every(seconds=…)`.

The last-resort handler of the services stands here: every error becomes an answer, a retry or a
counted log line; none is silent and none kills the process.
"""

import inspect
import logging
import time
import typing
from collections.abc import Callable
from typing import Any, TypeVar

import eventlet
from nameko.extensions import Entrypoint
from pydantic import ValidationError

from services.kernel import call, clock
from services.kernel.actor import Actor
from services.kernel.db import Tx, is_gone, is_retryable
from services.kernel.errors import (
    Forbidden,
    InvariantBroken,
    LinliError,
    Malformed,
    NotSignedIn,
    Unavailable,
)
from services.kernel.event_server import Delivery, EventServer
from services.kernel.inbox import first_time
from services.kernel.leases import Lease
from services.kernel.metrics import CALL_SECONDS, CALLS, EVENTS, JOBS, RERUNS
from services.kernel.process import ProcessExtension
from services.kernel.rpc_server import Request, RpcServer
from services.kernel.wire import Event

log = logging.getLogger(__name__)
RERUNS_MAX = 3
_RERUN_PAUSE_S = 0.02
Result = TypeVar("Result")
Handler = TypeVar("Handler", bound=Callable[..., Any])


def rerun_on_conflict(name: str, use_case: Callable[[], Result]) -> Result:
    """Run a use case; again, up to three times in all, when the database asks for it.

    A lost connection is re-tried once: the pool throws its dead connections away with the first.
    """
    for attempt in range(1, RERUNS_MAX + 1):
        try:
            return use_case()
        except Exception as error:
            again = is_retryable(error) or (is_gone(error) and attempt == 1)
            if not again or attempt == RERUNS_MAX:
                raise
            RERUNS.labels(name).inc()
            time.sleep(_RERUN_PAUSE_S * attempt)
    raise AssertionError("unreachable")


def as_linli_error(error: BaseException, where: str) -> LinliError:
    """What the caller may know of an error; the rest goes to the log."""
    if isinstance(error, LinliError):
        if isinstance(error, InvariantBroken):
            log.error("invariant broken in %s: %s", where, error.message, exc_info=error)
        return error
    if is_gone(error) or is_retryable(error):
        log.warning("database away in %s: %s", where, error)
        return Unavailable("the database is away or busy", code="database.unavailable")
    log.error("unexpected error in %s", where, exc_info=error)
    return InvariantBroken("an unexpected error; it is in the log", code="request.unexpected")


def malformed(error: ValidationError) -> Malformed:
    """Which field has which fault."""
    fields = {".".join(map(str, fault["loc"])): fault["msg"] for fault in error.errors()}
    return Malformed("the input does not parse", fields=fields)


class Rpc(Entrypoint):
    """A method that may be called; exactly who may is said at the method.

    `permission`: a signed-in actor who has it. `signed_in`: any actor. `callers`: only these
    services (the broker vouches for the sender's user). `public`: anybody.
    """

    server = RpcServer()
    shared = ProcessExtension()

    def __init__(
        self,
        *,
        permission: str | None = None,
        signed_in: bool = False,
        callers: tuple[str, ...] = (),
        public: bool = False,
        **kwargs: Any,
    ) -> None:
        if not (permission or signed_in or callers or public):
            raise TypeError("say who may call: permission, signed_in, callers or public")
        self.permission, self.signed_in = permission, signed_in
        self.callers, self.public = callers, public
        super().__init__(**kwargs)

    def setup(self) -> None:
        self.name = f"{self.container.service_name}.{self.method_name}"
        self.seconds, self.granted = CALL_SECONDS.labels(self.name), CALLS.labels(self.name, "ok")
        function = getattr(self.container.service_cls, self.method_name)
        hints = typing.get_type_hints(function)
        parameters = list(inspect.signature(function).parameters)[1:]
        self.command_type = hints[parameters[0]]
        self.wants_actor = "actor" in parameters
        self.needs_actor = self.wants_actor and hints["actor"] is Actor
        self.server.register_provider(self)

    def stop(self) -> None:
        self.server.unregister_provider(self)
        super().stop()

    def invoke(self, method: Callable[..., Any], request: Request) -> Any:
        """Check, parse, run: what the container calls in the worker."""
        started = time.perf_counter()
        call.begin(request.call_id, request.actor_token, "rpc")
        request.refuse_if_expired()
        actor = self._actor(request)
        try:
            command = self.command_type.model_validate(request.body())
        except ValidationError as error:
            raise malformed(error) from None
        try:
            if self.wants_actor:
                return rerun_on_conflict(self.name, lambda: method(command, actor))
            return rerun_on_conflict(self.name, lambda: method(command))
        finally:
            self.seconds.observe(time.perf_counter() - started)

    def _actor(self, request: Request) -> Actor | None:
        if self.callers and request.caller not in self.callers:
            raise Forbidden(f"{self.name} is not for {request.caller or 'strangers'}")
        actor = None
        if request.actor_token and (self.wants_actor or self.permission or self.signed_in):
            actor = self.shared.process.verifier.verify(request.actor_token, clock.now())
        if actor is None and (self.permission or self.signed_in or self.needs_actor):
            raise NotSignedIn()
        if self.permission and actor is not None:
            actor.need(self.permission)
        return actor

    def finished(self, request: Request, result: Any, error: BaseException | None) -> None:
        """Answer and acknowledge; called by the server with what `invoke` gave."""
        if error is None:
            self.granted.inc()
            self.server.reply(request, result, None)
            return
        answer = as_linli_error(error, self.name)
        CALLS.labels(self.name, answer.kind).inc()
        self.server.reply(request, None, answer)


class Subscribe(Entrypoint):
    """A handler of one event, `(self, event, tx)`, in the transaction that fills the inbox."""

    server = EventServer()
    shared = ProcessExtension()

    def __init__(self, event_type: type[Event], **kwargs: Any) -> None:
        self.event_type = event_type
        super().__init__(**kwargs)

    def setup(self) -> None:
        self.name = f"{self.container.service_name}.{self.method_name}"
        self.server.register_provider(self)

    def stop(self) -> None:
        self.server.unregister_provider(self)
        super().stop()

    def invoke(self, method: Callable[[Event, Tx], None], delivery: Delivery) -> bool:
        """Apply the event once; False when it had been applied before."""
        call.begin(delivery.envelope.call_id, origin="event")
        event = self.event_type.model_validate(delivery.envelope.data)
        return rerun_on_conflict(self.name, lambda: self._apply(method, delivery, event))

    def _apply(self, method: Callable[[Event, Tx], None], delivery: Delivery, event: Event) -> bool:
        process = self.shared.process
        with process.db.transaction() as tx:
            if not first_time(tx, delivery.envelope.id, self.method_name):
                return False
            method(event, tx)
            delivery.before_commit()
        return True

    def finished(self, delivery: Delivery, applied: Any, error: BaseException | None) -> None:
        """Acknowledge, or send the event up the ladder."""
        name = self.event_type.name
        if error is None:
            EVENTS.labels(name, "applied" if applied else "duplicate").inc()
            self.server.done(delivery)
            return
        EVENTS.labels(name, "failed").inc()
        fault = as_linli_error(error, self.name)
        self.server.failed(delivery, f"{fault.code}: {fault.message}")


class Every(Entrypoint):
    """Scheduled work: runs in every copy, acts in the one that holds the job's lease.

    `in_every_copy`: each acts, because the job itself takes each row for a time; when a copy dies,
    nobody waits for its lease to end.
    """

    shared = ProcessExtension()

    def __init__(self, *, seconds: float, in_every_copy: bool = False, **kwargs: Any) -> None:
        self.seconds = seconds
        self.in_every_copy = in_every_copy
        super().__init__(**kwargs)

    def setup(self) -> None:
        self.name = f"{self.container.service_name}.{self.method_name}"
        self._stopping = eventlet.Event()
        self._thread: Any = None

    def start(self) -> None:
        # The stock container's managed threads kill it on an error; this loop handles its own.
        self._thread = eventlet.spawn(self._loop)

    def stop(self) -> None:
        if not self._stopping.ready():
            self._stopping.send()
        if self._thread is not None:
            self._thread.kill()

    def invoke(self, method: Callable[[], Any]) -> Any:
        """One run."""
        call.begin(origin="job")
        return rerun_on_conflict(self.name, method)

    def _loop(self) -> None:
        lease = Lease(self.name, self.shared.process.holder)
        while not self._stopping.ready():
            eventlet.sleep(self.seconds)
            try:
                if self.in_every_copy or lease.held(self.shared.process.db, clock.now()):
                    self._run_once()
            except Exception as error:
                log.warning("job %s could not take its lease: %s", self.name, error)
                JOBS.labels(self.name, "no_lease").inc()

    def _run_once(self) -> None:
        done = eventlet.Event()

        def finished(_worker: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            if exc_info is not None:
                as_linli_error(exc_info[1], self.name)
            JOBS.labels(self.name, "failed" if exc_info else "ok").inc()
            done.send()
            return result, None

        self.container.spawn_worker(self, (), {}, handle_result=finished)
        done.wait()


def rpc(
    *,
    permission: str | None = None,
    signed_in: bool = False,
    callers: tuple[str, ...] = (),
    public: bool = False,
) -> Callable[[Handler], Handler]:
    """Make a method callable; see `Rpc` for who may call."""
    decorated: Callable[[Handler], Handler] = Rpc.decorator(
        permission=permission, signed_in=signed_in, callers=callers, public=public
    )
    return decorated


def subscribe(event_type: type[Event]) -> Callable[[Handler], Handler]:
    """Make a method the handler of an event."""
    decorated: Callable[[Handler], Handler] = Subscribe.decorator(event_type)
    return decorated


def every(*, seconds: float, in_every_copy: bool = False) -> Callable[[Handler], Handler]:
    """Make a method scheduled work."""
    decorated: Callable[[Handler], Handler] = Every.decorator(
        seconds=seconds, in_every_copy=in_every_copy
    )
    return decorated
