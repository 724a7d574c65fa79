"""What the pages of people share: reading a form, writing once, drawing again what was typed."""

import re
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Response, g, render_template, request
from flask_babel import gettext
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from gateway.answers import see_other
from gateway.errors import as_linli_error, message_of, status_of
from gateway.signing_in import client
from services.contracts.orders import ClientInfo
from services.kernel.errors import InvariantBroken, LinliError, Malformed, NotSignedIn, Unavailable
from services.kernel.ids import new_id
from services.kernel.wire import Command

CommandT = TypeVar("CommandT", bound=Command)
KEY_FIELD = "idempotency_key"
PAGE_MAX = 100
WECHAT = re.compile(r"MicroMessenger/([0-9.]{1,20})")
"""Its version, as WeChat's browser names itself: `MicroMessenger/8.0.50`."""
NETWORK_BITS = {4: 16, 6: 32}

Faults = dict[str, str]
Redraw = Callable[[Faults, dict[str, str]], str]
"""Draws the form again, from what is wrong with which field and a notice for the rest."""


def form_key() -> str:
    """The key of a form that is drawn now.

    When nobody knows whether the last press was granted, the form keeps its key: pressing again is
    then the same wish.
    """
    if g.get("outcome_unknown"):
        return request.form.get(KEY_FIELD) or new_id()
    return new_id()


def command(kind: type[CommandT], /, **values: Any) -> CommandT:
    """The command of the present form; its hidden key is the request_id."""
    return kind(request_id=request.form.get(KEY_FIELD, ""), **values)


def client_info() -> ClientInfo:
    """O1: which client it came from."""
    wechat = WECHAT.search(client())
    return ClientInfo(
        kind="wechat" if "MicroMessenger" in client() else "browser",
        page=request.path[:100],
        agent=client(),
        wechat=wechat[1] if wechat else "",
        network=network_of(request.remote_addr or ""),
    )


def network_of(address: str) -> str:
    """The client's network, too coarse to tell a home: /16 of IPv4, /32 of IPv6."""
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network(f"{known}/{NETWORK_BITS[known.version]}", strict=False))


def write_once(write: Callable[[], str], redraw: Redraw) -> Response:
    """Do it and go on to the address that it gives; after a refusal, draw the form again."""
    try:
        target = write()
    except (LinliError, ValidationError) as raised:
        error = as_linli_error(raised)
        if isinstance(error, NotSignedIn | InvariantBroken):
            raise
        g.outcome_unknown = isinstance(error, Unavailable)
        status = 422 if isinstance(error, Malformed) else status_of(error)
        return Response(redraw(sentences(error), notice_of(error)), status)
    return see_other(target)


def sentences(error: LinliError) -> Faults:
    """Field → sentence; a refusal that names no field stands under its own code."""
    return dict(error.fields) or {error.code: message_of(error)}


def notice_of(error: LinliError) -> dict[str, str]:
    """The refusal as a notice at the top of the page."""
    tone = "wait" if isinstance(error, Unavailable) else "bad"
    return {"tone": tone, "text": message_of(error)}


def draw(template: str, **context: Any) -> str:
    """A page; `form` and `faults` are there even when nothing was typed or refused."""
    context.setdefault("form", request.form if request.method == "POST" else MultiDict())
    context.setdefault("faults", {})
    return render_template(template, **context)


def next_href(next_after: str | None) -> str:
    """The same page from the next row on, or nothing on the last one."""
    return with_args(after=next_after) if next_after else ""


def first_href() -> str:
    """The same page from its beginning, when it was read on."""
    return with_args(after=None) if request.args.get("after") else ""


def with_args(**changed: str | None) -> str:
    """The present address with other arguments."""
    args = {**request.args.to_dict(), **changed}
    return f"{request.path}?{urlencode({k: v for k, v in args.items() if v})}"


def after() -> str | None:
    """From which row on."""
    return request.args.get("after") or None


def words(name: str, size_max: int = 60) -> str:
    """A free text of the address, cut to what a query takes."""
    return request.args.get(name, "").strip()[:size_max]


def reason() -> str:
    """The reason that was picked, and what was added to it."""
    picked = request.form.get("reason", "").strip()
    more = request.form.get("reason_more", "").strip()
    return (f"{picked}；{more}" if picked and more else picked or more)[:200]


def number(text: str) -> int | None:
    """A whole number that was typed; None for an empty field; Malformed for anything else."""
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise Malformed(gettext("请填整数"))
    return int(text)
