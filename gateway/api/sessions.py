"""Sessions for programs: a secret to send as `Authorization: Bearer …`."""

from typing import Annotated

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from flask_openapi3.types import ResponseDict
from pydantic import BaseModel, ConfigDict, Field

from gateway import auth, guard
from gateway.answers import as_json
from gateway.api.operations import SIGNED_IN
from gateway.errors import ErrorBody
from gateway.parts import parts
from gateway.signing_in import sign_in_staff, sign_in_with_code
from services.contracts.identity import EndSession, SessionView
from services.kernel.ids import new_id
from services.kernel.wire import Done


class StaffSignInBody(BaseModel):
    """User name and password of a member of staff."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, Field(min_length=1, max_length=60)]
    password: Annotated[str, Field(min_length=1, max_length=200)]


class WechatSignInBody(BaseModel):
    """An OAuth code that the caller got from WeChat for this service account."""

    model_config = ConfigDict(extra="forbid")

    app_id: Annotated[str, Field(max_length=40)] = ""
    code: Annotated[str, Field(min_length=4, max_length=600)]


class WechatSessionView(SessionView):
    """A session, and which WeChat user it belongs to."""

    app_id: str
    openid: str


class CsrfView(BaseModel):
    """What a browser program sends as X-CSRF-Token with each write that relies on its cookies."""

    csrf_token: str


def post_staff(body: StaffSignInBody) -> Response:
    """A session for a member of staff."""
    return as_json(sign_in_staff(body.username, body.password), 201)


def post_wechat(body: WechatSignInBody) -> Response:
    """A session for the WeChat user behind an OAuth code."""
    session, openid = sign_in_with_code(body.app_id, body.code)
    view = WechatSessionView(**session.model_dump(), app_id=openid.app_id, openid=openid.openid)
    return as_json(view, 201)


def delete_current() -> Response:
    """End the present session."""
    guard.act()
    token = auth.session_token()
    parts().backends.identity.end_session(EndSession(request_id=new_id(), session_token=token))
    parts().sessions.forget(token)
    response = as_json(Done())
    if request.cookies.get(auth.SESSION_COOKIE):
        parts().cookies.forget(response)
    return response


def get_csrf_token() -> Response:
    """The token for writes that rely on cookies."""
    return as_json(CsrfView(csrf_token=parts().cookies.csrf_token()))


def register(blueprint: APIBlueprint) -> None:
    """Serve and document the sessions."""
    faults: ResponseDict = {"4XX": ErrorBody}
    tags = [Tag(name="sessions")]
    blueprint.post("/sessions/staff", tags=tags, responses={"201": SessionView, **faults})(
        post_staff
    )
    blueprint.post("/sessions/wechat", tags=tags, responses={"201": WechatSessionView, **faults})(
        post_wechat
    )
    blueprint.delete(
        "/sessions/current", tags=tags, security=SIGNED_IN, responses={"200": Done, **faults}
    )(delete_current)
    blueprint.get("/csrf-token", tags=tags, responses={"200": CsrfView, **faults})(get_csrf_token)
