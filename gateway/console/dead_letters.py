"""The dead queues through a broker user that may touch them; the gateway's own may not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any

import amqp

from services.contracts.subscriptions import SERVICES
from services.kernel import logs
from services.kernel.errors import Unavailable
from services.kernel.wire import Envelope


@dataclass(frozen=True, slots=True)
class Letter:
    """One message that nobody could take, as the page shows it."""

    queue: str
    message_id: str
    event: str
    at: datetime | None
    attempts: int
    error: str
    body: str


class DeadLetters:
    """Each act is a short connection of its own: it is opened by a person, some times a week."""

    def __init__(self, amqp_url: str) -> None:
        self._url = amqp_url

    def all(self) -> list[Letter]:
        """Every dead letter of every service, with what names people masked."""
        with self._channel() as (tools, channel):
            return [
                as_letter(service, message)
                for service in SERVICES
                for message in tools.letters(channel, service)
            ]

    def replay(self, service: str, message_id: str) -> int:
        """Back to its consumer, with all tries before it again; how many."""
        with self._channel() as (tools, channel):
            return int(tools.replay(channel, service, message_id))

    def discard(self, service: str, message_id: str) -> int:
        """Away for good; how many."""
        with self._channel() as (tools, channel):
            return int(tools.discard(channel, service, message_id))

    @contextmanager
    def _channel(self) -> Iterator[tuple[Any, amqp.Channel]]:
        # This module brings nameko and eventlet into memory: not before somebody needs it.
        tools = import_module("services.kernel.dead")
        try:
            connection = tools.connect(self._url)
        except (OSError, amqp.AMQPError) as error:
            raise Unavailable("the broker is not connected", code="broker.unavailable") from error
        try:
            yield tools, connection.channel()
        finally:
            connection.close()


def as_letter(service: str, message: Any) -> Letter:
    """What a person on duty wants to know of a message."""
    headers = message.properties.get("application_headers") or {}
    body = (
        message.body if isinstance(message.body, str) else message.body.decode("utf-8", "replace")
    )
    return Letter(
        queue=service,
        message_id=str(message.properties.get("message_id", "")),
        event=str(headers.get("linli.event", "")),
        at=_occurred_at(body),
        attempts=int(headers.get("linli.attempts", 0)),
        error=logs.masked(str(headers.get("linli.error", ""))),
        body=logs.masked(body),
    )


def _occurred_at(body: str) -> datetime | None:
    try:
        return Envelope.model_validate_json(body).occurred_at
    except ValueError:
        return None
