"""The receiving end of events: inbox, ladder of delayed retries, dead queue.

A failing event is published again, with confirmation, to a queue whose messages go back to the main
queue when their time is over; only then is the old copy acknowledged. After the last rung it goes
to the dead queue, where staff can look at it, replay it or discard it.
"""

import logging
from functools import partial
from typing import Any

import amqp
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import ProviderCollector, SharedExtension
from pydantic import ValidationError

from services.kernel import declarations, failpoints, topology
from services.kernel.amqp_link import Link
from services.kernel.errors import Unavailable
from services.kernel.metrics import EVENTS, JUNK
from services.kernel.process import ProcessExtension
from services.kernel.publisher import Outgoing
from services.kernel.wire import Envelope

log = logging.getLogger(__name__)
HEADER_ATTEMPTS, HEADER_ERROR, HEADER_NAME = "linli.attempts", "linli.error", "linli.event"


class Delivery:
    """One event as it came from the queue."""

    __slots__ = ("attempts", "channel", "envelope", "message")

    def __init__(self, message: Any, channel: amqp.Channel, envelope: Envelope) -> None:
        self.message = message
        self.channel = channel
        self.envelope = envelope
        headers = message.properties.get("application_headers") or {}
        self.attempts = int(headers.get(HEADER_ATTEMPTS, 0))

    def before_commit(self) -> None:
        """A place for drills: the effect is written and not yet committed."""
        failpoints.hit(f"{self.envelope.name}.before_commit")


class EventServer(SharedExtension, ProviderCollector):
    """One per service process; handlers register as providers."""

    shared = ProcessExtension()

    def setup(self) -> None:
        self.shared.setup()
        process = self.shared.process
        self._process = process
        self._handlers: dict[str, Any] = {}
        self._delays_ms = [int(ms) for ms in process.settings.retry_ladder_ms.split(",")]
        self._tag = f"{self.container.service_name}-events"
        self._link = Link(
            process.settings.amqp_url,
            self._tag,
            self._opened,
            prefetch=max(2, process.settings.max_workers // 2),
        )

    @property
    def link(self) -> Link:
        """The connection, for health checks."""
        return self._link

    def start(self) -> None:
        self._handlers = {provider.event_type.name: provider for provider in self._providers}
        self._link.start()

    def unregister_provider(self, provider: Any) -> None:
        """With the last handler gone no more events are taken; the running ones go on."""
        super().unregister_provider(provider)
        if not self._providers:
            self._link.cancel(self._tag)

    def stop(self) -> None:
        """Close the connection: the container has waited for the last handler."""
        self._link.stop()

    kill = stop

    def _opened(self, channel: amqp.Channel) -> None:
        service = self.container.service_name
        settings = self._process.settings
        declarations.declare_events_exchange(channel, service)
        declarations.declare_inbox(channel, service, self._delays_ms, settings.queue_type)
        for name, subscribers in self._process.wiring.subscribers.items():
            if service in subscribers:
                source = self._process.wiring.sources[name]
                declarations.declare_events_exchange(channel, source)  # who starts first is open
                declarations.bind_event(channel, service, source, name)
        channel.basic_consume(
            topology.event_queue(service),
            consumer_tag=self._tag,
            callback=partial(self._take, channel),
        )

    def _take(self, channel: amqp.Channel, message: Any) -> None:
        try:
            envelope = Envelope.model_validate_json(message.body)
        except ValidationError as error:
            self._bury(channel, message, f"undecodable: {error.error_count()} faults")
            return
        handler = self._handlers.get(envelope.name)
        if handler is None:
            self._bury(channel, message, f"no handler for {envelope.name}")
            return
        delivery = Delivery(message, channel, envelope)
        try:
            self.container.spawn_worker(
                handler, (delivery,), {}, handle_result=partial(self._finished, handler, delivery)
            )
        except ContainerBeingKilled:
            channel.basic_reject(message.delivery_info["delivery_tag"], requeue=True)

    def _finished(
        self, handler: Any, delivery: Delivery, _worker: Any, result: Any, exc_info: Any
    ) -> tuple[Any, Any]:
        handler.finished(delivery, result, exc_info[1] if exc_info else None)
        return result, None

    def done(self, delivery: Delivery) -> None:
        """The effect is committed."""
        self._link.ack(delivery.message.delivery_info["delivery_tag"], delivery.channel)

    def failed(self, delivery: Delivery, error: str) -> None:
        """Up one rung of the ladder, or to the dead queue from the last."""
        if delivery.attempts >= len(self._delays_ms):
            self._bury(delivery.channel, delivery.message, error)
            return
        delay_ms = self._delays_ms[delivery.attempts]
        queue = topology.retry_queue(self.container.service_name, delay_ms)
        log.warning("%s failed, again in %s ms: %s", delivery.envelope.name, delay_ms, error)
        self._move(delivery.channel, delivery.message, queue, delivery.attempts + 1, error)

    def _bury(self, channel: amqp.Channel, message: Any, error: str) -> None:
        name = str(message.delivery_info.get("routing_key", ""))
        log.error("dead letter %s: %s", name, error)
        JUNK.labels("dead").inc()
        EVENTS.labels(name, "dead").inc()
        queue = topology.dead_queue(self.container.service_name)
        headers = message.properties.get("application_headers") or {}
        self._move(channel, message, queue, int(headers.get(HEADER_ATTEMPTS, 0)), error)

    def _move(
        self, channel: amqp.Channel, message: Any, queue: str, attempts: int, error: str
    ) -> None:
        headers = message.properties.get("application_headers") or {}
        name = headers.get(HEADER_NAME) or message.delivery_info.get("routing_key", "")
        body = message.body if isinstance(message.body, bytes) else message.body.encode()
        outgoing = Outgoing(
            topology.inbox_exchange(self.container.service_name),
            queue,
            body,
            message.properties.get("message_id") or "unnamed",
            {HEADER_ATTEMPTS: attempts, HEADER_ERROR: error[:500], HEADER_NAME: name},
        )
        # Publishing waits for the broker's word; the reader must go on meanwhile.
        self.container.spawn_managed_thread(partial(self._move_and_ack, channel, message, outgoing))

    def _move_and_ack(self, channel: amqp.Channel, message: Any, outgoing: Outgoing) -> None:
        try:
            moved = self._process.publisher.publish([outgoing])
        except Unavailable:
            moved = set()
        tag = message.delivery_info["delivery_tag"]
        if moved:
            self._link.ack(tag, channel)
            return
        log.error("could not move a failed event; the broker will deliver it again")
        try:
            channel.basic_reject(tag, requeue=True)
        except (OSError, amqp.AMQPError, AttributeError):
            log.info("the connection is gone; the broker delivers again by itself")
