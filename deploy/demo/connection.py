"""The demo speaks to the services as the gateway does: over the broker, with people's tokens."""

import os
import time
from pathlib import Path
from typing import TypeVar

from services.contracts.identity import (
    ActorTokenView,
    SessionQuery,
    SessionView,
    SignInStaff,
    SignInWithWechat,
)
from services.kernel.ids import derived_id, new_id
from services.kernel.rpc_client import Services, connect
from services.kernel.wire import Query, View

Answer = TypeVar("Answer", bound=View)
TOKEN_FRESH_S = 30
DEADLINE_MS = 10_000
MANAGER = "demo-admin"


def setting(name: str) -> str:
    """A setting of the running installation, from the environment or from the file it names."""
    value = os.environ.get(name)
    if value:
        return value
    path = os.environ.get(f"{name}_FILE")
    if not path:
        raise SystemExit(f"{name} is not set: start the installation with ./linli up")
    return Path(path).read_text().strip()


def demo_id(*key: str) -> str:
    """The same id for the same thing each time, so that seeding again changes nothing."""
    return derived_id("demo", *key)


def openid_of(key: str) -> str:
    """The WeChat openid of one of the demo's people: 28 characters, as WeChat's are."""
    return f"oLinli{demo_id('openid', key)[4:]}"


class Desk:
    """Somebody at work: signed in once, with a short-lived token that is kept fresh."""

    def __init__(self, services: Services, session: SessionView) -> None:
        self.services = services
        self._session = session
        self._token, self._token_until = "", 0.0

    @classmethod
    def of_manager(cls, services: Services, username: str, password: str) -> "Desk":
        """A member of staff."""
        command = SignInStaff(
            request_id=new_id(), username=username, password=password, client="demo"
        )
        session = services.identity.sign_in_staff(
            command, answer=SessionView, deadline_ms=DEADLINE_MS
        )
        return cls(services, session)

    @classmethod
    def of_person(cls, services: Services, app_id: str, openid: str) -> "Desk":
        """Somebody with WeChat, as the gateway vouches for after OAuth."""
        command = SignInWithWechat(request_id=new_id(), app_id=app_id, openid=openid, client="demo")
        session = services.identity.sign_in_with_wechat(
            command, answer=SessionView, deadline_ms=DEADLINE_MS
        )
        return cls(services, session)

    def ask(self, service: str, method: str, command: Query, answer: type[Answer]) -> Answer:
        """Call with this person's token."""
        remote = getattr(getattr(self.services, service), method)
        view: Answer = remote(
            command, answer=answer, deadline_ms=DEADLINE_MS, actor_token=self._fresh_token()
        )
        return view

    def renew(self) -> None:
        """Forget the token: the next call gets one that knows what has been registered since."""
        self._token_until = 0.0

    def _fresh_token(self) -> str:
        if time.monotonic() > self._token_until:
            view = self.services.identity.actor_token(
                SessionQuery(session_token=self._session.session_token),
                answer=ActorTokenView,
                deadline_ms=DEADLINE_MS,
            )
            self._token, self._token_until = view.token, time.monotonic() + TOKEN_FRESH_S
        return self._token


def as_gateway() -> Services:
    """A connection with the gateway's broker user; the caller stops it."""
    return connect(setting("LINLI_GATEWAY_AMQP_URL"), "gateway-demo")
