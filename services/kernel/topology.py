"""Names of every exchange and queue, in one place.

RPC keeps nameko's own names, so that stock clients (`nameko shell`) can talk to the services.
"""

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
