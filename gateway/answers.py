"""The few shapes of an answer."""

from flask import Response
from pydantic import BaseModel
from werkzeug.utils import redirect

from services.kernel import jsons

JSON = "application/json"


def see_other(target: str) -> Response:
    """Go on there with a plain GET: what follows a form that was taken."""
    return moved(target, 303)


def moved(target: str, status: int = 302) -> Response:
    """What was asked for is there."""
    response = redirect(target, status, Response)
    assert isinstance(response, Response)
    return response


def as_json(view: BaseModel, status: int = 200) -> Response:
    """A view as JSON."""
    return Response(view.model_dump_json(), status, mimetype=JSON)


def json(body: object, status: int = 200) -> Response:
    """Plain data as JSON."""
    return Response(jsons.dumps(body), status, mimetype=JSON)
