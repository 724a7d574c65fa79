"""Publishing that knows: each message is confirmed by the broker, or returned, or unknown."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import amqp

from services.kernel.amqp_link import PERSISTENT, Link, broker_user
from services.kernel.errors import Unavailable
from services.kernel.metrics import OUTBOX_RETURNED


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be confirmed; `message_id` names it in the answer."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    headers: dict[str, Any] = field(default_factory=dict)


class ConfirmedPublisher:
    """Publishes persistent, mandatory messages in batches and waits for the broker's word."""

    def __init__(self, amqp_url: str, name: str) -> None:
        self._user = broker_user(amqp_url)
        self._one_batch = threading.Lock()
        self._settled = threading.Condition()
        self._pending: dict[int, str] = {}
        self._failed: set[str] = set()
        self._next_tag = 1
        self._link = Link(amqp_url, name, self._opened)
        self._link.on_lost(self._lost)

    def start(self) -> None:
        """Begin connecting."""
        self._link.start()

    def stop(self) -> None:
        """Close the connection."""
        self._link.stop()

    @property
    def link(self) -> Link:
        """The connection, for health checks."""
        return self._link

    def publish(self, messages: Sequence[Outgoing], timeout_s: float = 5.0) -> set[str]:
        """The ids that the broker has confirmed as taken by a queue; the rest were not.

        Unavailable when the connection is gone before all were settled: some may have arrived.
        """
        with self._one_batch:
            return self._publish_batch(messages, timeout_s)

    def _publish_batch(self, messages: Sequence[Outgoing], timeout_s: float) -> set[str]:
        with self._settled:
            self._pending.clear()
            self._failed.clear()
        for message in messages:
            with self._settled:
                self._pending[self._next_tag] = message.message_id
                self._next_tag += 1
            self._link.publish(
                message.exchange,
                message.routing_key,
                message.body,
                mandatory=True,
                message_id=message.message_id,
                delivery_mode=PERSISTENT,
                user_id=self._user,
                application_headers=message.headers,
            )
        with self._settled:
            if not self._settled.wait_for(lambda: not self._pending, timeout_s):
                raise Unavailable("the broker did not confirm in time", code="broker.unconfirmed")
            if not self._link.is_open:
                raise Unavailable("the broker went away", code="broker.unavailable")
            return {message.message_id for message in messages} - self._failed

    def _opened(self, channel: amqp.Channel) -> None:
        channel.events["basic_ack"].add(self._acked)
        channel.events["basic_nack"].add(self._nacked)
        channel.events["basic_return"].add(self._returned)
        channel.confirm_select()
        with self._settled:
            self._next_tag = 1

    def _acked(self, delivery_tag: int, multiple: bool) -> None:
        with self._settled:
            for tag in self._tags(delivery_tag, multiple):
                self._pending.pop(tag, None)
            if not self._pending:
                self._settled.notify_all()

    def _nacked(self, delivery_tag: int, multiple: bool) -> None:
        with self._settled:
            for tag in self._tags(delivery_tag, multiple):
                self._failed.add(self._pending.get(tag, ""))
        self._acked(delivery_tag, multiple)

    def _returned(self, _error: Exception, _exchange: str, _key: str, message: Any) -> None:
        # basic.return comes before the ack of the same message
        OUTBOX_RETURNED.inc()
        with self._settled:
            self._failed.add(message.properties.get("message_id", ""))

    def _tags(self, delivery_tag: int, multiple: bool) -> list[int]:
        if not multiple:
            return [delivery_tag]
        return [tag for tag in self._pending if tag <= delivery_tag]

    def _lost(self) -> None:
        with self._settled:
            self._failed.update(self._pending.values())
            self._pending.clear()
            self._settled.notify_all()
