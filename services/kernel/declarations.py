"""Exchanges and queues with their arguments, declared by whoever needs them first."""

from collections.abc import Sequence

import amqp

from services.kernel.topology import (
    RPC_EXCHANGE,
    dead_queue,
    event_queue,
    events_exchange,
    inbox_exchange,
    retry_queue,
    rpc_queue,
)


def declare_rpc_exchange(channel: amqp.Channel) -> None:
    """Where all requests and replies go."""
    channel.exchange_declare(RPC_EXCHANGE, "topic", durable=True, auto_delete=False)


def declare_rpc(channel: amqp.Channel, service: str) -> None:
    """The request queue of a service. RPC queues are classic: requests are transient."""
    declare_rpc_exchange(channel)
    channel.queue_declare(rpc_queue(service), durable=True, auto_delete=False)
    channel.queue_bind(rpc_queue(service), RPC_EXCHANGE, f"{service}.*")


def declare_events_exchange(channel: amqp.Channel, source: str) -> None:
    """The exchange on which a service tells its events."""
    channel.exchange_declare(events_exchange(source), "topic", durable=True, auto_delete=False)


def declare_inbox(
    channel: amqp.Channel, service: str, delays_ms: Sequence[int], queue_type: str
) -> None:
    """The event queue of a service, its ladder of delayed retries and its dead queue."""
    own = inbox_exchange(service)
    main = event_queue(service)
    arguments = {"x-queue-type": queue_type}
    channel.exchange_declare(own, "direct", durable=True, auto_delete=False)
    for queue in (main, dead_queue(service)):
        channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
        channel.queue_bind(queue, own, queue)
    for delay_ms in delays_ms:
        queue = retry_queue(service, delay_ms)
        back = {
            **arguments,
            "x-message-ttl": delay_ms,
            "x-dead-letter-exchange": own,
            "x-dead-letter-routing-key": main,
        }
        channel.queue_declare(queue, durable=True, auto_delete=False, arguments=back)
        channel.queue_bind(queue, own, queue)


def bind_event(channel: amqp.Channel, service: str, source: str, name: str) -> None:
    """Subscribe a service to one event of a source whose exchange is declared."""
    channel.queue_bind(event_queue(service), events_exchange(source), name)
