"""People and their browsers, over real HTTP: the story, drills and benches act with them."""

import itertools
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import requests

from services.kernel.ids import new_id

HTTP_TIMEOUT_S = 15
Value = TypeVar("Value")


class HttpRefused(Exception):
    """The gateway said no: `status` and the error's stable `code`."""

    def __init__(self, status: int, body: Any, what: str) -> None:
        self.status = status
        self.code = body.get("code", "") if isinstance(body, dict) else ""
        super().__init__(f"{what}: {status} {body}")


class NeverCame(Exception):
    """What was waited for did not happen in time."""


def wait_for(look: Callable[[], Value | None], what: str, seconds: float = 20) -> Value:
    """The first true value of `look`; NeverCame when there is none in time."""
    ends_at = time.monotonic() + seconds
    for pause_s in itertools.chain((0.01, 0.02, 0.05), itertools.repeat(0.1)):
        value = look()
        if value:
            return value
        if time.monotonic() > ends_at:
            break
        time.sleep(pause_s)
    raise NeverCame(f"{what} did not happen in {seconds:.0f} s")


class Client:
    """A program with a session at the gateway's JSON API."""

    def __init__(self, gateway: str) -> None:
        self.gateway = gateway
        self.http = requests.Session()
        self.http.trust_env = False

    def get(self, path: str, **query: Any) -> Any:
        """The view at `/api/v1<path>`."""
        return self._json(self.http.get(self._url(path), params=query, timeout=HTTP_TIMEOUT_S))

    def post(self, path: str, body: Any = None, key: str = "") -> Any:
        """Send a command; `key` names the wish, a fresh one by default."""
        headers = {"Idempotency-Key": key or new_id()}
        return self._json(
            self.http.post(
                self._url(path), json=body or {}, headers=headers, timeout=HTTP_TIMEOUT_S
            )
        )

    def put(self, path: str, body: Any) -> Any:
        """Send a command that sets something."""
        headers = {"Idempotency-Key": new_id()}
        answer = self.http.put(self._url(path), json=body, headers=headers, timeout=HTTP_TIMEOUT_S)
        return self._json(answer)

    def upload(self, photo: bytes) -> dict[str, str]:
        """Store a photo; what a command carries."""
        answer = self.http.post(
            self._url("/photos"),
            files={"photo": ("photo.jpg", photo, "image/jpeg")},
            headers={"Idempotency-Key": new_id()},
            timeout=HTTP_TIMEOUT_S,
        )
        stored: dict[str, str] = self._json(answer)
        return stored

    def carry(self, token: str) -> None:
        """Use this session from now on."""
        self.http.headers["Authorization"] = f"Bearer {token}"

    def _url(self, path: str) -> str:
        return f"{self.gateway}/api/v1{path}"

    def _json(self, answer: requests.Response) -> Any:
        try:
            body = answer.json()
        except ValueError:
            body = answer.text[:300]
        if answer.status_code >= 400:
            raise HttpRefused(answer.status_code, body, f"{answer.request.method} {answer.url}")
        return body


class Staff(Client):
    """A member of staff, signed in with a password."""

    def __init__(self, gateway: str, username: str, password: str) -> None:
        super().__init__(gateway)
        session = self.post("/sessions/staff", {"username": username, "password": password})
        self.carry(session["session_token"])


class Person(Client):
    """Somebody with WeChat, signed in through OAuth as their phone would be."""

    def __init__(self, gateway: str, sandbox: str, openid: str, app_id: str) -> None:
        super().__init__(gateway)
        self.sandbox, self.openid = sandbox, openid
        code = oauth_code(sandbox, app_id, openid, f"{gateway}/h5/oauth")
        session = self.post("/sessions/wechat", {"app_id": app_id, "code": code})
        self.carry(session["session_token"])

    def me(self) -> Any:
        """Who I am."""
        return self.get("/me")

    def offer(self, payment_id: str, **wish: Any) -> Any:
        """Say how to pay; what the phone needs for it, if anything is left to pay."""
        return self.post(f"/payments/{payment_id}/pay", {"openid": self.openid, **wish})

    def pay(self, payment_id: str, **wish: Any) -> Any:
        """Ask for a prepay and confirm it on the phone's pay sheet; what WeChat Pay says."""
        return self.confirm(prepay_id_of(self.offer(payment_id, **wish)))

    def confirm(self, prepay_id: str, **more: Any) -> Any:
        """Confirm on the pay sheet."""
        answer = self.http.post(
            f"{self.sandbox}/sandbox/api/pay",
            json={"prepay_id": prepay_id, "openid": self.openid, **more},
            headers={"Authorization": ""},
            timeout=HTTP_TIMEOUT_S,
        )
        if answer.status_code >= 400:
            raise HttpRefused(answer.status_code, answer.json(), "the pay sheet")
        return answer.json()


def prepay_id_of(view: Any) -> str:
    """What WeixinJSBridge would hand to the pay sheet."""
    package: str = view["offer"]["jsapi"]["package"]
    return package.removeprefix("prepay_id=")


class Phone:
    """The sandbox's own side: what arrives on phones, what the channel's bill says, trouble."""

    def __init__(self, sandbox: str) -> None:
        self._url = f"{sandbox}/sandbox/api"
        self._http = requests.Session()
        self._http.trust_env = False

    def get(self, path: str, **query: Any) -> Any:
        """Read."""
        answer = self._http.get(f"{self._url}/{path}", params=query, timeout=HTTP_TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Change something."""
        answer = self._http.request(
            method, f"{self._url}/{path}", json=body or {}, timeout=HTTP_TIMEOUT_S
        )
        answer.raise_for_status()
        return answer.json()

    def messages(self, openid: str) -> list[dict[str, Any]]:
        """What this person's phone shows."""
        shown: list[dict[str, Any]] = self.get("messages", openid=openid)["messages"]
        return shown

    def trouble(self, **settings: Any) -> None:
        """Make trouble; without settings all is quiet again."""
        if settings:
            self.send("PUT", "trouble", settings)
        else:
            self.send("DELETE", "trouble")


def oauth_code(sandbox: str, app_id: str, openid: str, redirect_uri: str) -> str:
    """WeChat's answer to the authorize page for this person: a code that is good once."""
    query = urlencode(
        {
            "appid": app_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": "program",
            "openid": openid,
        }
    )
    answer = requests.get(
        f"{sandbox}/connect/oauth2/authorize?{query}",
        allow_redirects=False,
        timeout=HTTP_TIMEOUT_S,
    )
    location = urlsplit(answer.headers["Location"])
    return parse_qs(location.query)["code"][0]


def sign_in_by_pages(gateway: str, openid: str) -> requests.Session:
    """A browser that walks the sign-in pages as a phone does, redirects and cookies and all."""
    browser = requests.Session()
    browser.trust_env = False
    answer = browser.get(f"{gateway}/h5/sign-in", allow_redirects=False, timeout=HTTP_TIMEOUT_S)
    authorize = urlsplit(answer.headers["Location"])
    asked = urlunsplit((*authorize[:3], f"{authorize.query}&openid={openid}", ""))
    answer = browser.get(asked, allow_redirects=False, timeout=HTTP_TIMEOUT_S)
    browser.get(answer.headers["Location"], timeout=HTTP_TIMEOUT_S).raise_for_status()
    return browser
