"""Paying by WeChat: the payer is the WeChat user of the session."""

from typing import Annotated

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from gateway import guard
from gateway.answers import as_json
from gateway.api.operations import SIGNED_IN, WriteHeader, idempotency_key, json_body
from gateway.errors import ErrorBody
from gateway.parts import parts
from services.contracts.settlement import PayWithWechat, PrepayView


class PaymentPath(BaseModel):
    """Which payment."""

    payment_id: str


class PayWithWechatBody(BaseModel):
    """`openid` is needed only where no cookie tells whose WeChat pays."""

    model_config = ConfigDict(extra="forbid")

    openid: Annotated[str, Field(max_length=80)] = ""


def post_pay_with_wechat(**path: str) -> Response:
    """Ask WeChat Pay for a prepay: what WeixinJSBridge needs to open the pay sheet."""
    guard.act()
    body = PayWithWechatBody.model_validate(json_body())
    command = PayWithWechat(
        request_id=idempotency_key(),
        payment_id=path["payment_id"],
        openid=body.openid or parts().cookies.openid(),
    )
    return as_json(parts().backends.settlement.pay_with_wechat(command))


def register(blueprint: APIBlueprint) -> None:
    """Serve and document paying."""
    view = post_pay_with_wechat
    view.__annotations__ = {"header": WriteHeader, "path": PaymentPath, "body": PayWithWechatBody}
    view.__delay_validate_request__ = True  # type: ignore[attr-defined]
    blueprint.post(
        "/payments/<payment_id>/wechat",
        tags=[Tag(name="resident")],
        security=SIGNED_IN,
        responses={"200": PrepayView, "4XX": ErrorBody},
    )(view)
