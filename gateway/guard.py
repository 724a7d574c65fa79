"""In front of every view: begin the call, count the caller, see that a browser's write is meant."""

from flask import Flask, Response, g, request

from gateway import auth
from gateway.auth import Known
from gateway.errors import CsrfRefused
from gateway.parts import parts
from services.contracts.identity import HouseholdMembership, MeQuery, MeView
from services.kernel import call
from services.kernel.errors import NotSignedIn

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
INBOUND = ("/wechat", "/pay/")
UNCOUNTED = ("/static/", "/healthz", "/readyz", "/metrics")
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
REQUEST_ID_HEADER = "X-Request-Id"


def begin_call() -> None:
    """A thread serves one request after another: whoever asked before is forgotten."""
    call.begin()


def count_caller() -> None:
    """One token from the caller's bucket: the session's if it is known here, else the address's.

    An unknown session counts for its address; otherwise whoever invents one each time is free.
    """
    if request.path.startswith(UNCOUNTED):
        return
    limits, address = parts().limits, request.remote_addr or ""
    token = auth.session_token()
    if request.path.startswith(INBOUND):
        limits.inbound.take(address)
    elif token and parts().sessions.known(token):
        limits.session.take(token)
    else:
        limits.address.take(address)


def check_csrf() -> None:
    """A write that relies on cookies must come from a page of ours."""
    if request.method in SAFE_METHODS or request.path.startswith(INBOUND) or auth.bearer_token():
        return
    if request.path.startswith("/api/"):
        if not request.cookies.get(auth.SESSION_COOKIE):
            return
        token = request.headers.get(CSRF_HEADER, "")
    else:
        token = request.headers.get(CSRF_HEADER) or request.form.get(CSRF_FIELD, "")
    if not parts().cookies.csrf_holds(token):
        raise CsrfRefused()


def act() -> Known:
    """Make the present call in the name of whoever is signed in; else NotSignedIn."""
    token = auth.session_token()
    if not token:
        raise NotSignedIn()
    known = parts().sessions.actor(token)
    call.begin(call.current().call_id, known.actor_token)
    return known


def act_if_signed_in() -> None:
    """Where anybody may ask: in the name of whoever is signed in, if there is a session."""
    if auth.session_token():
        act()


def me() -> MeView:
    """Who is signed in, as of some seconds ago; else NotSignedIn."""
    known = act()
    if known.me is None:
        known.me = parts().backends.identity.me(MeQuery())
    g.me = known.me
    return known.me


def household(who: MeView) -> HouseholdMembership | None:
    """The home that is meant: the one chosen in this browser, else the first certified one."""
    chosen = request.cookies.get(auth.HOUSEHOLD_COOKIE, "")
    by_choice = sorted(
        who.households,
        key=lambda home: (home.household_id != chosen, home.certification != "certified"),
    )
    return by_choice[0] if by_choice else None


def tell_request_id(response: Response) -> Response:
    """The id under which logs and services know this request."""
    response.headers[REQUEST_ID_HEADER] = call.current().call_id
    return response


def register(app: Flask) -> None:
    """Put all of it around the views."""
    for check in (begin_call, count_caller, check_csrf):
        app.before_request(check)
    app.after_request(tell_request_id)
    app.after_request(lambda response: parts().cookies.keep_browser_id(response))
    app.jinja_env.globals["csrf_token"] = lambda: parts().cookies.csrf_token()
