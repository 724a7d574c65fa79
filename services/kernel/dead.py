"""`python -m services.kernel.dead list|show|replay|discard`: events that no consumer could take."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

import amqp
from pydantic import Field

from services.kernel import topology
from services.kernel.config import BaseSettings, load
from services.kernel.event_server import HEADER_ERROR, HEADER_NAME

LOOK_MAX = 1000


class DeadSettings(BaseSettings):
    """The broker, with a user that may read the dead queues."""

    amqp_url: str = Field(description="AMQP URL.")


def connect(url: str) -> amqp.Connection:
    """A plain connection; the caller closes it."""
    parts = urlsplit(url)
    connection = amqp.Connection(
        host=f"{parts.hostname}:{parts.port or 5672}",
        userid=unquote(parts.username or "guest"),
        password=unquote(parts.password or "guest"),
        virtual_host=unquote(parts.path[1:]) or "/",
        connect_timeout=5,
    )
    connection.connect()
    return connection


def letters(channel: amqp.Channel, service: str) -> Iterator[Any]:
    """The messages of a dead queue, unacknowledged: closing the channel puts them back."""
    for _ in range(LOOK_MAX):
        message = channel.basic_get(topology.dead_queue(service))
        if message is None:
            return
        yield message


def as_row(service: str, message: Any) -> dict[str, Any]:
    """What a person on duty wants to know of a dead letter."""
    headers = message.properties.get("application_headers") or {}
    return {
        "service": service,
        "id": message.properties.get("message_id", ""),
        "event": headers.get(HEADER_NAME, ""),
        "error": headers.get(HEADER_ERROR, ""),
    }


def show_all(channel: amqp.Channel, service: str) -> list[dict[str, Any]]:
    """Rows of all dead letters of a service, at most LOOK_MAX."""
    return [as_row(service, message) for message in letters(channel, service)]


def body_of(channel: amqp.Channel, service: str, letter_id: str) -> str | None:
    """The whole envelope of one dead letter."""
    for message in letters(channel, service):
        if message.properties.get("message_id") == letter_id:
            return message.body if isinstance(message.body, str) else message.body.decode()
    return None


def replay(channel: amqp.Channel, service: str, letter_id: str) -> int:
    """Back into the service's queue, with the ladder before it again; how many."""

    def put_back(message: Any) -> None:
        body = message.body if isinstance(message.body, bytes) else message.body.encode()
        again = amqp.Message(
            body,
            content_type="application/json",
            delivery_mode=2,
            message_id=message.properties.get("message_id", ""),
        )
        channel.basic_publish_confirm(
            again,
            topology.inbox_exchange(service),
            topology.event_queue(service),
            mandatory=True,
        )

    return _each(channel, service, letter_id, put_back)


def discard(channel: amqp.Channel, service: str, letter_id: str) -> int:
    """Away for good; how many."""
    return _each(channel, service, letter_id, lambda _message: None)


def _each(channel: amqp.Channel, service: str, letter_id: str, act: Callable[[Any], None]) -> int:
    count = 0
    for message in letters(channel, service):
        if letter_id in ("all", message.properties.get("message_id")):
            act(message)
            channel.basic_ack(message.delivery_tag)
            count += 1
    return count


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("act", choices=["list", "show", "replay", "discard"])
    parser.add_argument(
        "service", nargs="?", help="the consumer, e.g. orders; list: all by default"
    )
    parser.add_argument("id", nargs="?", help="a message id, or `all` for replay and discard")
    parser.add_argument("--services", nargs="*", default=[], help="consumers that exist")
    arguments = parser.parse_args()
    if arguments.act != "list" and not (arguments.service and arguments.id):
        parser.error(f"{arguments.act} needs a service and a message id")
    connection = connect(load(DeadSettings, "dead").amqp_url)
    try:
        channel = connection.channel()
        services = [arguments.service] if arguments.service else arguments.services
        if arguments.act == "list":
            rows = [row for service in services for row in show_all(channel, service)]
            sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
        elif arguments.act == "show":
            body = body_of(channel, arguments.service, arguments.id)
            sys.stdout.write((body or "no such letter") + "\n")
        else:
            act = replay if arguments.act == "replay" else discard
            sys.stdout.write(f"{act(channel, arguments.service, arguments.id)} done\n")
    finally:
        connection.close()


if __name__ == "__main__":
    main()
