"""The collaborators of one gateway process, and the way views reach them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from flask import current_app

from gateway.auth import Cookies, Sessions
from gateway.backends import Backends
from gateway.console.dead_letters import DeadLetters
from gateway.limits import Limits
from gateway.settings import Settings
from gateway.signing import Signer
from gateway.wechat.accounts import Accounts
from services.kernel.files import FileStore
from services.kernel.wire import Event

EXTENSION = "linli"


class Teller(Protocol):
    """Tells an event so that it is known to have been taken, or raises."""

    def tell(self, event: Event, event_id: str) -> None:
        """Return only when a queue has the event; Unavailable otherwise."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Made once by create_app, after the fork."""

    settings: Settings
    backends: Backends
    files: FileStore
    teller: Teller
    signer: Signer
    cookies: Cookies
    sessions: Sessions
    limits: Limits
    accounts: Accounts
    missing: Callable[[], list[str]]
    """Names what the gateway waits for before it can serve."""
    dead_letters: DeadLetters | None
    """None where no broker user for the dead queues is set."""


def parts() -> Parts:
    """The collaborators of the app that answers the present request."""
    return cast(Parts, current_app.extensions[EXTENSION])
