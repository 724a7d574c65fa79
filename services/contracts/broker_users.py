"""`python -m services.contracts.broker_users`: what each broker user may do, as JSON.

One user a service and one for the gateway. A user configures, writes and reads only its own queues
and exchanges, listens only to events it has subscribed to, and (by topic permissions) sends
requests only to the services it may call.
"""

import json
import sys
from typing import Any

from services.contracts.subscriptions import CALLS, CLIENTS, SERVICES, SUBSCRIBERS, WIRING
from services.kernel.topology import REPLY_PREFIX, RPC_EXCHANGE, USER_PREFIX


def users() -> list[dict[str, Any]]:
    """One row a user: resource permissions, and topic permissions by exchange."""
    return [_user(client) for client in CLIENTS]


def _user(client: str) -> dict[str, Any]:
    own = _own(client)
    heard = sorted(
        {WIRING.sources[name] for name, listeners in SUBSCRIBERS.items() if client in listeners}
    )
    events = [rf"{source}\.events" for source in heard]
    return {
        "user": f"{USER_PREFIX}{client}",
        # A listener may come up before the teller: it declares the exchange that it listens to.
        "configure": _any_of([RPC_EXCHANGE, *own, *events]),
        "write": _any_of([RPC_EXCHANGE, *own]),
        "read": _any_of([RPC_EXCHANGE, *own, *events]),
        "topics": [
            {
                "exchange": RPC_EXCHANGE,
                "write": _any_of(
                    [rf"{callee}\..*" for callee in CALLS[client]]
                    + ([rf"{REPLY_PREFIX}.*"] if client in SERVICES else [])
                ),
                "read": _any_of([rf"{client}\..*", rf"{REPLY_PREFIX}{client}-.*"]),
            }
        ],
    }


def _own(client: str) -> list[str]:
    names = [rf"{client}\.events", rf"{REPLY_PREFIX}{client}-.*"]
    if client in SERVICES:
        names += [rf"{client}\.inbox", f"rpc-{client}", rf"evt-{client}(\..*)?"]
    return names


def _any_of(patterns: list[str]) -> str:
    return f"^({'|'.join(patterns)})$" if patterns else "^$"


def main() -> None:
    """Print the table."""
    json.dump(users(), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
