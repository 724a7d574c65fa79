"""The call that this greenlet or thread works on: its id for logs, its token for further calls."""

from contextvars import ContextVar
from dataclasses import dataclass

from services.kernel.ids import new_id


@dataclass(frozen=True, slots=True)
class Call:
    """`call_id` runs through every service, event and log line of one tap on a phone."""

    call_id: str
    actor_token: str = ""
    origin: str = "other"
    """What set this work off: rpc, event, job, or other; metrics tell them apart."""


_CURRENT: ContextVar[Call | None] = ContextVar("linli_call", default=None)


def current() -> Call:
    """The present call; a fresh one where nobody has begun any."""
    call = _CURRENT.get()
    if call is None:
        call = Call(new_id())
        _CURRENT.set(call)
    return call


def begin(call_id: str = "", actor_token: str = "", origin: str = "other") -> Call:
    """Start working on a call in this greenlet or thread."""
    call = Call(call_id or new_id(), actor_token, origin)
    _CURRENT.set(call)
    return call


def origin() -> str:
    """What set the present work off."""
    call = _CURRENT.get()
    return call.origin if call is not None else "other"
