"""The receiving end of RPC: one connection, transient replies, acknowledgement after the reply.

What nameko's own consumer dies of is dropped here before dispatch: a request without `reply_to`,
a body that does not parse, a request whose deadline is over.
"""

import logging
import time
from functools import partial
from typing import Any

import amqp
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import ProviderCollector, SharedExtension

from services.kernel import jsons
from services.kernel.amqp_link import Link
from services.kernel.declarations import declare_rpc
from services.kernel.errors import DeadlineExceeded, LinliError, Malformed, Unavailable
from services.kernel.metrics import JUNK
from services.kernel.process import ProcessExtension
from services.kernel.rpc_client import HEADER_ACTOR
from services.kernel.topology import RPC_EXCHANGE, rpc_queue

log = logging.getLogger(__name__)
BODY_BYTES_MAX = 1_000_000


class Request:
    """One RPC request as it came."""

    __slots__ = ("actor_token", "call_id", "caller", "channel", "deadline_ms", "message")

    def __init__(self, message: Any, channel: amqp.Channel) -> None:
        self.message = message
        self.channel = channel
        properties = message.properties
        headers = properties.get("application_headers")
        self.call_id = str(properties.get("message_id", ""))
        self.actor_token = str(headers.get(HEADER_ACTOR, "")) if headers else ""
        deadline = properties.get("type", "")
        self.deadline_ms = int(deadline) if deadline.isdecimal() else 0
        # `<installation>_<service>`: RabbitMQ has compared it with the connection's own user
        self.caller = str(properties.get("user_id", "")).rpartition("_")[2]

    def refuse_if_expired(self) -> None:
        """A request that nobody waits for any more is not run."""
        if self.deadline_ms and time.time() * 1000 > self.deadline_ms:
            raise DeadlineExceeded("the request came after its deadline")

    def body(self) -> Any:
        """The single argument, by place or by name; Malformed when there is anything else."""
        try:
            body = jsons.loads(self.message.body)
            arguments = [*body["args"], *body["kwargs"].values()]
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Malformed("not an RPC body") from None
        if len(arguments) != 1:
            raise Malformed("a method takes one command or query")
        return arguments[0]


class RpcServer(SharedExtension, ProviderCollector):
    """One per service process; methods register as providers."""

    shared = ProcessExtension()

    def setup(self) -> None:
        self.shared.setup()
        process = self.shared.process
        service = self.container.service_name
        self._methods: dict[str, Any] = {}
        self._tag = ""
        self._link = Link(
            process.settings.amqp_url,
            f"{service}-rpc-server",
            self._opened,
            prefetch=process.settings.max_workers,
        )

    @property
    def link(self) -> Link:
        """The connection, for health checks."""
        return self._link

    def start(self) -> None:
        self._methods = {provider.name: provider for provider in self._providers}
        self._link.start()

    def unregister_provider(self, provider: Any) -> None:
        """With the last method gone no more requests are taken; the running ones go on."""
        super().unregister_provider(provider)
        if not self._providers:
            self._link.cancel(self._tag)

    def stop(self) -> None:
        """Close the connection: the container has waited for the last reply."""
        self._link.stop()

    kill = stop

    def _opened(self, channel: amqp.Channel) -> None:
        service = self.container.service_name
        declare_rpc(channel, service)
        self._tag = f"{service}-rpc"
        channel.basic_consume(
            rpc_queue(service), consumer_tag=self._tag, callback=partial(self._take, channel)
        )

    def _take(self, channel: amqp.Channel, message: Any) -> None:
        tag = message.delivery_info["delivery_tag"]
        if not message.properties.get("reply_to"):
            JUNK.labels("no_reply_to").inc()
            log.warning("dropped a request without reply_to")
            self._link.ack(tag, channel)
            return
        request = Request(message, channel)
        if len(message.body) > BODY_BYTES_MAX:
            self.reply(request, None, Malformed("the request is too large"))
            return
        method = self._methods.get(message.delivery_info["routing_key"])
        if method is None:
            self.reply(request, None, Malformed("no such method", code="request.no_such_method"))
            return
        try:
            self.container.spawn_worker(
                method, (request,), {}, handle_result=partial(self._finished, method, request)
            )
        except ContainerBeingKilled:
            channel.basic_reject(tag, requeue=True)

    def _finished(
        self, method: Any, request: Request, _worker: Any, result: Any, exc_info: Any
    ) -> tuple[Any, Any]:
        method.finished(request, result, exc_info[1] if exc_info else None)
        return result, None

    def reply(self, request: Request, result: Any, error: LinliError | None) -> None:
        """Send the answer, then acknowledge; without a connection the broker delivers again."""
        properties = request.message.properties
        try:
            if error is None:
                body = _result_body(result)
            else:
                body = jsons.dumps({"result": None, "error": error.to_wire()})
            self._link.publish(
                RPC_EXCHANGE,
                properties["reply_to"],
                body,
                correlation_id=properties.get("correlation_id", ""),
            )
        except Unavailable:
            log.warning("no connection to answer on; the request will come again")
        self._link.ack(request.message.delivery_info["delivery_tag"], request.channel)


def _result_body(result: Any) -> bytes:
    if result is None:
        return b'{"result":null,"error":null}'
    body: bytes = result.model_dump_json().encode()
    return b'{"result":' + body + b',"error":null}'
