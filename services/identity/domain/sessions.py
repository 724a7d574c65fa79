"""How long somebody stays signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

SLIDE_STEP = timedelta(days=1)
"""A session's end is moved at most once a day: one write a day, not one a tap."""


class SessionKind(StrEnum):
    """How somebody signed in."""

    WECHAT = "wechat"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is kept; the secret itself is not."""

    session_id: str
    account_id: str
    kind: SessionKind
    expires_at: datetime
    ended: bool

    def is_open(self, now: datetime) -> bool:
        """True until it is ended or its time is over."""
        return not self.ended and now < self.expires_at

    def slides_to(self, now: datetime, lifetime: timedelta) -> datetime | None:
        """Its new end, when it is time to move it; a staff session is never prolonged."""
        end = now + lifetime
        if self.kind is SessionKind.STAFF or end - self.expires_at < SLIDE_STEP:
            return None
        return end
