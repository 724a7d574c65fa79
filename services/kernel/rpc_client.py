"""Calls to services with a total deadline, from many threads over one connection.

A request is transient, unconfirmed, expires in the queue with its deadline, and is mandatory: a
service that does not exist fails in a millisecond. Replies that come too late are dropped.
"""

import itertools
import threading
import time
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import amqp

from services.kernel import call, jsons
from services.kernel.amqp_link import Link, broker_user
from services.kernel.declarations import declare_rpc_exchange
from services.kernel.errors import DeadlineExceeded, InvariantBroken, Unavailable, from_wire
from services.kernel.ids import new_id
from services.kernel.metrics import CLIENT_CALLS
from services.kernel.topology import REPLY_PREFIX, RPC_EXCHANGE
from services.kernel.wire import Query, View

Answer = TypeVar("Answer", bound=View)
HEADER_ACTOR = "linli.actor"
"""Call id and deadline (epoch ms) travel as `message_id` and `type`: a header table costs more."""


class RpcClient:
    """One connection to publish and to take replies; made after a fork, never before."""

    def __init__(self, amqp_url: str, client: str) -> None:
        self._user = broker_user(amqp_url)
        self._reply_queue = f"{REPLY_PREFIX}{client}-{new_id()}"
        self._numbers = itertools.count(1)
        self._waiting: dict[str, SimpleQueue[Any]] = {}
        self._link = Link(amqp_url, f"{client}-rpc", self._opened)
        self._link.on_lost(self._fail_all)
        self._started = threading.Lock()
        self._running = False

    @property
    def link(self) -> Link:
        """The connection, for health checks."""
        return self._link

    @property
    def waiting_count(self) -> int:
        """How many calls wait for their answer."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin connecting; harmless when it has begun."""
        with self._started:
            if not self._running:
                self._running = True
                self._link.start()

    def stop(self) -> None:
        """Close; whoever waits gets Unavailable."""
        self._link.stop()

    def call(
        self, service: str, method: str, body: bytes, deadline_ms: int, actor_token: str = ""
    ) -> Any:
        """The plain result; the error that the service raised; or DeadlineExceeded."""
        ends_at = time.monotonic() + deadline_ms / 1000
        if not self._link.is_open and not self._link.wait_open(min(1.0, deadline_ms / 1000)):
            raise Unavailable("the broker is not connected", code="broker.unavailable")
        number = str(next(self._numbers))
        slot: SimpleQueue[Any] = SimpleQueue()
        self._waiting[number] = slot
        try:
            self._send(f"{service}.{method}", number, body, deadline_ms, actor_token)
            reply = slot.get(timeout=max(0.001, ends_at - time.monotonic()))
        except Empty:
            raise DeadlineExceeded(
                f"{service}.{method} gave no answer in {deadline_ms} ms"
            ) from None
        finally:
            self._waiting.pop(number, None)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _send(
        self, routing_key: str, number: str, body: bytes, deadline_ms: int, actor_token: str
    ) -> None:
        current = call.current()
        token = actor_token or current.actor_token
        headers = {"application_headers": {HEADER_ACTOR: token}} if token else {}
        self._link.publish(
            RPC_EXCHANGE,
            routing_key,
            body,
            mandatory=True,
            reply_to=self._reply_queue,
            correlation_id=number,
            expiration=str(deadline_ms),
            message_id=current.call_id,
            type=str(int(time.time() * 1000) + deadline_ms),
            user_id=self._user,
            **headers,
        )

    def _opened(self, channel: amqp.Channel) -> None:
        queue = self._reply_queue
        channel.events["basic_return"].add(self._returned)
        declare_rpc_exchange(channel)  # a client may be up before any service
        channel.queue_declare(queue, exclusive=True, auto_delete=True)
        channel.queue_bind(queue, RPC_EXCHANGE, queue)
        channel.basic_consume(queue, no_ack=True, callback=self._replied)

    def _replied(self, message: Any) -> None:
        slot = self._waiting.get(message.properties.get("correlation_id", ""))
        if slot is None:
            CLIENT_CALLS.labels("late", "dropped").inc()
            return
        try:
            reply = jsons.loads(message.body)
            error = reply.get("error")
            slot.put(from_wire(error) if error else reply["result"])
        except (ValueError, KeyError, AttributeError):
            slot.put(InvariantBroken("the reply does not parse", code="broker.bad_reply"))

    def _returned(self, _error: Exception, _exchange: str, routing_key: str, message: Any) -> None:
        slot = self._waiting.get(message.properties.get("correlation_id", ""))
        if slot is not None:
            slot.put(Unavailable(f"no service takes {routing_key}", code="broker.no_such_service"))

    def _fail_all(self) -> None:
        lost = Unavailable("the broker went away during the call", code="broker.unavailable")
        for slot in list(self._waiting.values()):
            slot.put(lost)


class Method:
    """One method of one service."""

    def __init__(self, client: RpcClient, service: str, name: str) -> None:
        self._client, self._service, self._name = client, service, name
        self._outcomes = {
            outcome: CLIENT_CALLS.labels(f"{service}.{name}", outcome)
            for outcome in ("ok", "error", "unavailable")
        }

    def __call__(
        self, command: Query, *, answer: type[Answer], deadline_ms: int, actor_token: str = ""
    ) -> Answer:
        """Ask, and parse the answer as `answer`; errors as in RpcClient.call."""
        body = b'{"args":[' + command.model_dump_json().encode() + b'],"kwargs":{}}'
        outcome = "error"
        try:
            result = self._client.call(self._service, self._name, body, deadline_ms, actor_token)
            outcome = "ok"
            return answer.model_validate(result)
        except Unavailable:
            outcome = "unavailable"
            raise
        finally:
            self._outcomes[outcome].inc()


class ServiceProxy:
    """`services.orders`: its methods as attributes, made on first use."""

    def __init__(self, client: RpcClient, service: str) -> None:
        self._client, self._service = client, service

    def __getattr__(self, name: str) -> Method:
        if name.startswith("_"):
            raise AttributeError(name)
        method = Method(self._client, self._service, name)
        setattr(self, name, method)
        return method


class Services:
    """`services.catalog.reserve(command, answer=ReservedView, deadline_ms=1500)`."""

    def __init__(self, client: RpcClient) -> None:
        self._client = client

    @property
    def client(self) -> RpcClient:
        """The connection beneath."""
        return self._client

    def __getattr__(self, name: str) -> ServiceProxy:
        if name.startswith("_"):
            raise AttributeError(name)
        proxy = ServiceProxy(self._client, name)
        setattr(self, name, proxy)
        return proxy


def connect(amqp_url: str, client: str) -> Services:
    """A started client; the first call waits for the connection within its own deadline."""
    rpc_client = RpcClient(amqp_url, client)
    rpc_client.start()
    return Services(rpc_client)
