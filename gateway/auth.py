"""Who is on the line: session token → actor token, the cookies, and the proof that a form is ours.

A session token comes as `Authorization: Bearer …` (programs) or in a cookie (browsers). What comes
in a cookie can be sent by any page that a browser visits, so a write that relies on it must also
carry the CSRF token, which only our own pages know.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Response, g, request

from gateway.signing import Signer, new_secret
from services.contracts.identity import ActorTokenView, MeView, SessionQuery
from services.kernel import clock
from services.kernel.errors import NotSignedIn

SESSION_COOKIE = "linli_session"
WECHAT_COOKIE = "linli_wechat"
BROWSER_COOKIE = "linli_browser"
HOUSEHOLD_COOKIE = "linli_household"
BEARER = "Bearer "
SESSION_TOKEN_MAX = 200
SESSIONS_MAX = 10_000
TOKEN_RESERVE = timedelta(seconds=10)
"""A token is not used in its last seconds: it must outlive the calls that it travels with."""


@dataclass(slots=True)
class Known:
    """What this process remembers of a session."""

    actor_token: str
    good_until: datetime
    me: MeView | None = field(default=None)


class Sessions:
    """Actor tokens by session, remembered for seconds: a session that ends is gone within them."""

    def __init__(self, ask: Callable[[SessionQuery], ActorTokenView], remember: timedelta) -> None:
        self._ask = ask
        self._remember = remember
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, session_token: str) -> Known | None:
        """What is remembered and still good; never asks."""
        known = self._known.get(session_token)
        return known if known and clock.now() < known.good_until else None

    def actor(self, session_token: str) -> Known:
        """What is remembered, or asked for now; UnknownSession (NotSignedIn) when it has ended."""
        known = self.known(session_token)
        return known or self._learn(session_token)

    def forget(self, session_token: str) -> None:
        """Ask again next time."""
        with self._lock:
            self._known.pop(session_token, None)

    def _learn(self, session_token: str) -> Known:
        if not 10 <= len(session_token) <= SESSION_TOKEN_MAX:
            raise NotSignedIn("not a session token")
        view = self._ask(SessionQuery(session_token=session_token))
        until = min(clock.now() + self._remember, view.expires_at - TOKEN_RESERVE)
        known = Known(view.token, until)
        with self._lock:
            self._known[session_token] = known
            if len(self._known) > SESSIONS_MAX:
                self._known.popitem(last=False)
        return known


def bearer_token() -> str:
    """The session token of a program, or nothing."""
    header = request.headers.get("Authorization", "")
    return header[len(BEARER) :].strip() if header.startswith(BEARER) else ""


def session_token() -> str:
    """The session token of whoever asks, or nothing; a Bearer header comes before the cookie."""
    return bearer_token() or request.cookies.get(SESSION_COOKIE, "")


def browser_id() -> str:
    """A random id of this browser, kept in a cookie from the first form on."""
    if "browser_id" not in g:
        g.browser_id = request.cookies.get(BROWSER_COOKIE) or new_secret()
    known: str = g.browser_id
    return known


@dataclass(frozen=True, slots=True)
class Cookies:
    """Sets and clears what the browser keeps for us; `secure` when the outside URL is https."""

    signer: Signer
    secure: bool
    session_lifetime: timedelta

    def csrf_token(self) -> str:
        """Proves that a form was drawn for this browser and this session."""
        return self.signer.sign("csrf", browser_id(), request.cookies.get(SESSION_COOKIE, ""))

    def csrf_holds(self, token: str) -> bool:
        """Whether a form was."""
        known_browser = request.cookies.get(BROWSER_COOKIE, "")
        parts = (known_browser, request.cookies.get(SESSION_COOKIE, ""))
        return bool(known_browser) and self.signer.verify(token, "csrf", *parts)

    def keep_browser_id(self, response: Response) -> Response:
        """Send the browser's id with the first page that used it."""
        if "browser_id" in g and g.browser_id != request.cookies.get(BROWSER_COOKIE):
            self._keep(response, BROWSER_COOKIE, g.browser_id)
        return response

    def keep_session(self, response: Response, token: str) -> None:
        """Sign this browser in."""
        self._keep(response, SESSION_COOKIE, token)

    def keep_openid(self, response: Response, token: str, app_id: str, openid: str) -> None:
        """Remember which WeChat user the session belongs to: the payer of its payments."""
        signature = self.signer.sign("openid", token, app_id, openid)
        self._keep(response, WECHAT_COOKIE, f"{app_id}|{openid}|{signature}")

    def openid(self) -> str:
        """The WeChat user of this session, or nothing."""
        app_id, _, rest = request.cookies.get(WECHAT_COOKIE, "").partition("|")
        openid, _, signature = rest.partition("|")
        session = request.cookies.get(SESSION_COOKIE, "")
        return openid if self.signer.verify(signature, "openid", session, app_id, openid) else ""

    def keep_household(self, response: Response, household_id: str) -> None:
        """Remember which of several homes is meant."""
        self._keep(response, HOUSEHOLD_COOKIE, household_id)

    def forget(self, response: Response) -> None:
        """Sign this browser out."""
        for name in (SESSION_COOKIE, WECHAT_COOKIE, HOUSEHOLD_COOKIE):
            response.delete_cookie(name, secure=self.secure, httponly=True, samesite="Lax")

    def _keep(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(
            name,
            value,
            max_age=self.session_lifetime,
            httponly=True,
            samesite="Lax",
            secure=self.secure,
        )
