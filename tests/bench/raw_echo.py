"""A bare py-amqp echo: the round trip of two hops that no RPC over this broker can beat."""

import sys
from typing import Any

import amqp

from services.kernel.dead import connect


def main(url: str, queue: str) -> None:
    """Answer every message on `queue` to its `reply_to` until the connection ends."""
    connection = connect(url)
    channel = connection.channel()
    channel.queue_declare(queue, auto_delete=True)
    channel.basic_qos(0, 50, False)

    def echo(message: Any) -> None:
        reply = amqp.Message(
            message.body, correlation_id=message.properties["correlation_id"], delivery_mode=1
        )
        channel.basic_publish(reply, "", message.properties["reply_to"])
        channel.basic_ack(message.delivery_tag)

    channel.basic_consume(queue, callback=echo)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        connection.drain_events()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
