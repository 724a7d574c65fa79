"""Staff sign in with a password, and out."""

from flask import Blueprint, Response, request
from pydantic import ValidationError

from gateway.answers import see_other
from gateway.errors import as_linli_error, message_of, status_of
from gateway.h5.signing import end_session
from gateway.pages import draw
from gateway.parts import parts
from gateway.signing_in import sign_in_staff
from gateway.ui import local_path
from services.kernel.errors import LinliError

blueprint = Blueprint("console_signing", __name__)
HOME = "/console/"


@blueprint.get("/console/sign-in")
def sign_in_form() -> str:
    """User name and password."""
    return draw("console/sign_in.html", next=request.args.get("next", ""))


@blueprint.post("/console/sign-in")
def sign_in() -> Response:
    """To the page that was asked for; what was typed stays, the password does not."""
    target = request.form.get("next", "")
    try:
        session = sign_in_staff(
            request.form.get("username", "").strip(), request.form.get("password", "")
        )
    except (LinliError, ValidationError) as raised:
        error = as_linli_error(raised)
        page = draw("console/sign_in.html", next=target, faults={error.code: message_of(error)})
        return Response(page, status_of(error))
    response = see_other(local_path(target) if target else HOME)
    parts().cookies.keep_session(response, session.session_token)
    return response


@blueprint.post("/console/sign-out")
def sign_out() -> Response:
    """The session is over everywhere."""
    end_session()
    response = see_other("/console/sign-in")
    parts().cookies.forget(response)
    return response
