"""Names and arguments of every exchange and queue, in one place.

RPC keeps nameko's own names, so that stock clients (`nameko shell`) can talk to the services.
"""

from collections.abc import Sequence

import amqp

RPC_EXCHANGE = "nameko-rpc"
USER_PREFIX = "linli_"
REPLY_PREFIX = "rpc.reply-"


def rpc_queue(service: str) -> str:
    """Requests to a service; every copy takes from it."""
    return f"rpc-{service}"


def events_exchange(source: str) -> str:
    """Where a service tells what happened; the routing key is the event's name."""
    return f"{source}.events"


def inbox_exchange(service: str) -> str:
    """Where a service's retried events come back by queue name."""
    return f"{service}.inbox"


def event_queue(service: str) -> str:
    """Events that a service has subscribed to."""
    return f"evt-{service}"


def retry_queue(service: str, delay_ms: int) -> str:
    """Events waiting for another try."""
    return f"evt-{service}.retry.{delay_ms}"


def dead_queue(service: str) -> str:
    """Events that nobody could take; a person must look."""
    return f"evt-{service}.dead"


def declare_rpc(channel: amqp.Channel, service: str) -> None:
    """The request queue of a service. RPC queues are classic: requests are transient."""
    channel.exchange_declare(RPC_EXCHANGE, "topic", durable=True, auto_delete=False)
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
