"""From an error to an answer: one table to HTTP, JSON for programs, a page for people.

The last-resort handler stands here: whatever is not a LinliError is logged and becomes a 500.
"""

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, render_template, request
from flask_babel import gettext
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import HTTPException

from gateway import texts
from gateway.answers import json, see_other
from gateway.auth import session_token
from gateway.parts import parts
from services.contracts.identity import NotCertified
from services.kernel import call
from services.kernel.errors import (
    Forbidden,
    InvariantBroken,
    LinliError,
    Malformed,
    NotFound,
    NotSignedIn,
    Refused,
)

log = logging.getLogger("gateway")

STATUS_BY_KIND = {
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "refused": 422,
    "too_many": 429,
    "broken": 500,
    "error": 500,
    "unavailable": 503,
}
STATUS_BY_CODE = {
    "request.wrong_method": 405,
    "request.body_too_large": 413,
    "files.too_large": 413,
    "settlement.notice_refused": 401,
    "request.deadline_exceeded": 504,
}
RETRY_AFTER_S = {429: "1", 503: "2", 504: "2"}
PROGRAM_PATHS = ("/api/", "/openapi/", "/wechat", "/pay/", "/healthz", "/readyz", "/metrics")


class IdempotencyKeyMissing(Malformed):
    """A write needs the header Idempotency-Key: 8-64 letters, digits, `_ . : -`."""

    code = "request.idempotency_key_missing"


class BodyTooLarge(Malformed):
    """The body has more bytes than this path takes."""

    code = "request.body_too_large"


class CsrfRefused(Forbidden):
    """The form was not drawn for this browser and session."""

    code = "request.csrf"


class OAuthStateRefused(Forbidden):
    """The sign-in was not begun in this browser, or more than ten minutes ago."""

    code = "request.oauth_state"


class NoSuchPage(NotFound):
    """There is nothing at this address."""

    code = "request.no_such_page"


class WrongMethod(Refused):
    """The address exists, but not for this method."""

    code = "request.wrong_method"


class ErrorBody(BaseModel):
    """Every refusal and failure: a stable code, a sentence for people, and the inputs at fault."""

    code: str
    message: str
    request_id: str
    fields: dict[str, str] = {}


def status_of(error: LinliError) -> int:
    """The HTTP status of an error: by its code where that is special, else by its kind."""
    return STATUS_BY_CODE.get(error.code) or STATUS_BY_KIND.get(error.kind, 500)


def faults_of(error: ValidationError) -> dict[str, str]:
    """Input path → what is wrong with it, in words."""
    return {
        ".".join(str(step) for step in fault["loc"]): gettext(
            texts.FIELD_TEXTS.get(fault["type"], texts.FIELD_OTHER)
        )
        for fault in error.errors(include_url=False, include_context=False, include_input=False)
    }


def message_of(error: LinliError) -> str:
    """What a person is told, in one sentence."""
    return str(gettext(texts.happened(error.code, error.kind, error.fields)))


def as_linli_error(error: Exception) -> LinliError:
    """Any exception as one of ours; what nobody foresaw is logged and becomes InvariantBroken."""
    if isinstance(error, LinliError):
        return error
    if isinstance(error, ValidationError):
        return Malformed(fields=faults_of(error))
    if isinstance(error, HTTPException):
        return _from_http(error)
    log.exception("unforeseen", exc_info=error, extra={"path": request.path})
    return InvariantBroken("unforeseen")


def _from_http(error: HTTPException) -> LinliError:
    if error.code == HTTPStatus.NOT_FOUND:
        return NoSuchPage()
    if error.code == HTTPStatus.METHOD_NOT_ALLOWED:
        return WrongMethod()
    if error.code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return BodyTooLarge()
    if error.code is not None and error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Malformed(error.description or "")
    return InvariantBroken(error.description or "")


def body_of(error: LinliError) -> dict[str, Any]:
    """The JSON of an error."""
    return {
        "code": error.code,
        "message": message_of(error),
        "request_id": call.current().call_id,
        "fields": error.fields,
    }


def answer(raised: Exception) -> Response:
    """The response to any exception, in the form that the caller reads."""
    error = as_linli_error(raised)
    if isinstance(error, NotSignedIn):
        parts().sessions.forget(session_token())
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("failed", extra={"path": request.path, "code": error.code, "why": error.message})
    if request.path.startswith(PROGRAM_PATHS):
        response = json(body_of(error), status)
    else:
        response = _page(error, status)
    if status in RETRY_AFTER_S:
        response.headers["Retry-After"] = RETRY_AFTER_S[status]
    return response


def _page(error: LinliError, status: int) -> Response:
    if isinstance(error, NotSignedIn):
        return _sign_in_first(status)
    if isinstance(error, NotCertified) and request.path.startswith("/h5/"):
        return see_other("/h5/not-certified")
    try:
        return Response(_error_page(error), status)
    except Exception:
        # The page itself is at fault: a person still gets an answer, and a phone number.
        log.exception("the error page cannot be drawn")
        phone = parts().settings.property_phone
        return Response(f"{message_of(error)} {phone}", status, mimetype="text/plain")


def _sign_in_first(status: int) -> Response:
    """Where to sign in; a WeChat user on a plain page load is taken there at once."""
    target = request.full_path.rstrip("?") if request.method == "GET" else ""
    if not request.path.startswith("/h5/"):
        return see_other(f"/console/sign-in?next={quote(target)}")
    href = f"/h5/sign-in?next={quote(target or '/h5/')}"
    if target and "MicroMessenger" in request.headers.get("User-Agent", ""):
        return see_other(href)
    return Response(render_template("h5/sign_in.html", sign_in_href=href), status)


def _error_page(error: LinliError) -> str:
    words = texts.text_of(error.code, error.kind)
    again = request.full_path.rstrip("?") if request.method == "GET" else ""
    shown = {
        "title": gettext(words.title),
        "happened": message_of(error),
        "safe": gettext(words.safe),
        "todo": gettext(words.todo),
        "code": error.code,
        "request_id": call.current().call_id,
    }
    side = "console" if request.path.startswith("/console/") else "h5"
    can_repeat = error.kind in {"unavailable", "too_many"}
    home = {"/console": "/console/", "/gate/": "/gate/"}.get(request.path[:6], "/h5/")
    return render_template(
        f"{side}/error.html",
        error=shown,
        again_href=again if can_repeat else "",
        back_href="/console/" if side == "console" else home,
    )


def register(app: Flask) -> None:
    """Answer every exception through the table."""
    app.register_error_handler(Exception, answer)
