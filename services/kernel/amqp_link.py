"""One AMQP connection: one reader, any number of writers, reconnecting until it is stopped.

py-amqp's frame writer holds a lock per frame set, so any thread may send; only the reader receives.
`basic_publish` would read from the socket too (connection.blocked), so publishing goes through
`send_method`. Works the same with threads (gateway) and green threads (services).
"""

import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
from amqp import spec

from services.kernel.errors import Unavailable

log = logging.getLogger(__name__)

HEARTBEAT_S = 20
_READ_BYTES = 16384
_BACKOFF_S = (0.1, 0.2, 0.5, 1.0, 2.0)
PERSISTENT = 2


def broker_user(amqp_url: str) -> str:
    """The user name in an AMQP URL: what RabbitMQ compares the `user_id` property with."""
    return unquote(urlsplit(amqp_url).username or "guest")


class Link:
    """`on_open(channel)` runs in the reader after each (re)connection, before any message."""

    def __init__(
        self, url: str, name: str, on_open: Callable[[amqp.Channel], None], *, prefetch: int = 0
    ) -> None:
        self._url = urlsplit(url)
        self._name = name
        self._on_open = on_open
        self._prefetch = prefetch
        self._stopping = threading.Event()
        self._open = threading.Event()
        self._connection: amqp.Connection | None = None
        self._channel: amqp.Channel | None = None
        self._on_lost: list[Callable[[], None]] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin connecting, in the background."""
        for target, role in ((self._read_forever, "read"), (self._beat_forever, "beat")):
            thread = threading.Thread(target=target, name=f"{self._name}-{role}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def wait_open(self, timeout_s: float) -> bool:
        """True as soon as messages can be sent."""
        return self._open.wait(timeout_s)

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent now."""
        return self._open.is_set()

    def on_lost(self, hook: Callable[[], None]) -> None:
        """Run `hook` in the reader each time the connection is lost."""
        self._on_lost.append(hook)

    def stop(self) -> None:
        """Close and do not come back."""
        self._stopping.set()
        self._drop()

    @property
    def channel(self) -> amqp.Channel:
        """The present channel; Unavailable while there is none."""
        channel = self._channel
        if channel is None or not self._open.is_set():
            raise Unavailable("the broker is not connected", code="broker.unavailable")
        return channel

    def publish(
        self, exchange: str, routing_key: str, body: bytes, *, mandatory: bool = False, **props: Any
    ) -> None:
        """Send a message; Unavailable when the connection is gone: it may or may not arrive."""
        message = amqp.Message(body, content_type="application/json", **props)
        try:
            self.channel.send_method(
                spec.Basic.Publish,
                "Bssbb",
                (0, exchange, routing_key, mandatory, False),
                message,
            )
        except (OSError, amqp.AMQPError, AttributeError) as error:
            self._drop()
            raise Unavailable("the broker went away", code="broker.unavailable") from error

    def ack(self, delivery_tag: int, channel: amqp.Channel) -> None:
        """Acknowledge on the channel that delivered; on a lost one the broker delivers again."""
        try:
            channel.basic_ack(delivery_tag)
        except (OSError, amqp.AMQPError, AttributeError):
            log.warning("could not ack on a lost connection", extra={"link": self._name})

    def cancel(self, consumer_tag: str) -> None:
        """Take no more from a queue; without a connection nothing is taken anyway."""
        try:
            self.channel.send_method(spec.Basic.Cancel, "sb", (consumer_tag, True))
        except (Unavailable, OSError, amqp.AMQPError, AttributeError):
            log.info("no connection to cancel the consumer on", extra={"link": self._name})

    def _connect(self) -> None:
        connection = amqp.Connection(
            host=f"{self._url.hostname}:{self._url.port or 5672}",
            userid=unquote(self._url.username or "guest"),
            password=unquote(self._url.password or "guest"),
            virtual_host=unquote(self._url.path[1:]) or "/",
            heartbeat=HEARTBEAT_S,
            connect_timeout=5,
            client_properties={"connection_name": self._name},
        )
        connection.connect()
        sock = connection.transport.sock
        sock.settimeout(HEARTBEAT_S)
        # Whatever has arrived is read at once instead of frame by frame; py-amqp keeps the rest.
        connection.transport._quick_recv = lambda _: sock.recv(_READ_BYTES)
        self._connection = connection
        channel = connection.channel()
        if self._prefetch:
            channel.basic_qos(0, self._prefetch, False)
        self._on_open(channel)
        self._channel = channel
        self._open.set()

    def _read_forever(self) -> None:
        attempt = 0
        while not self._stopping.is_set():
            try:
                self._connect()
                attempt = 0
                self._read()
            except (OSError, amqp.AMQPError, EOFError) as error:
                if not self._stopping.is_set():
                    log.warning("broker connection lost: %s", error, extra={"link": self._name})
            except Exception:  # the reader must outlive whatever a callback raises
                log.exception("the reader stumbled", extra={"link": self._name})
            self._lost()
            self._stopping.wait(_BACKOFF_S[min(attempt, len(_BACKOFF_S) - 1)])
            attempt += 1

    def _read(self) -> None:
        connection = self._connection
        while connection is not None and not self._stopping.is_set():
            try:
                connection.blocking_read()
            except TimeoutError:
                continue

    def _beat_forever(self) -> None:
        seen, silent_since = -1, time.monotonic()
        while not self._stopping.wait(HEARTBEAT_S / 4):
            connection = self._connection
            if connection is None or not self._open.is_set():
                continue
            if connection.bytes_recv != seen:
                seen, silent_since = connection.bytes_recv, time.monotonic()
            try:
                connection.send_heartbeat()
            except (OSError, amqp.AMQPError, AttributeError):
                self._drop()
            if time.monotonic() - silent_since > 2 * HEARTBEAT_S:
                log.warning("the broker is silent", extra={"link": self._name})
                self._drop()

    def _lost(self) -> None:
        self._open.clear()
        self._channel = None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect()  # closes the socket and forgets the channels
        for hook in self._on_lost:
            hook()

    def _drop(self) -> None:
        connection = self._connection
        sock = getattr(getattr(connection, "transport", None), "sock", None)
        if sock is not None:
            with suppress(OSError):  # already closed by the other side
                sock.shutdown(socket.SHUT_RDWR)
