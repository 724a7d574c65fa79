"""Paying: for the sheet inside WeChat the payer is the WeChat user of the session."""

from typing import Annotated

from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel, ConfigDict, Field

from gateway import guard
from gateway.answers import as_json
from gateway.api.operations import SIGNED_IN, WriteHeader, idempotency_key, json_body
from gateway.errors import ErrorBody
from gateway.parts import parts
from services.contracts.settlement import Pay, PayView, PayWay
from services.kernel.ids import Id
from services.kernel.money import PriceFen


class PaymentPath(BaseModel):
    """Which payment."""

    payment_id: str


class PayBody(BaseModel):
    """`openid` is needed only where no cookie tells whose WeChat pays.

    The payer's address, and where a channel's page leads back to, are known here.
    """

    model_config = ConfigDict(extra="forbid")

    way: PayWay = PayWay.WECHAT_JSAPI
    openid: Annotated[str, Field(max_length=80)] = ""
    fund_fen: PriceFen = 0
    card_id: Id | None = None


def pay_command(request_id: str, payment_id: str, body: PayBody) -> Pay:
    """The wish of the present request."""
    return Pay(
        request_id=request_id,
        payment_id=payment_id,
        way=body.way,
        openid=body.openid or parts().cookies.openid(),
        fund_fen=body.fund_fen,
        card_id=body.card_id,
        client_ip=request.remote_addr or "127.0.0.1",
        return_url=f"{parts().settings.public_url}/pay/back/{payment_id}",
    )


def post_pay(**path: str) -> Response:
    """Pay: from fund and card, the rest by a channel; the answer carries what the phone needs."""
    guard.act()
    body = PayBody.model_validate(json_body())
    wish = pay_command(idempotency_key(), path["payment_id"], body)
    return as_json(parts().backends.settlement.pay(wish))


def register(blueprint: APIBlueprint) -> None:
    """Serve and document paying."""
    view = post_pay
    view.__annotations__ = {"header": WriteHeader, "path": PaymentPath, "body": PayBody}
    view.__delay_validate_request__ = True  # type: ignore[attr-defined]
    blueprint.post(
        "/payments/<payment_id>/pay",
        tags=[Tag(name="resident")],
        security=SIGNED_IN,
        responses={"200": PayView, "4XX": ErrorBody},
    )(view)
