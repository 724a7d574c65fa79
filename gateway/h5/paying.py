"""The payment: WeChat's sheet, and what became of it; never 「失败」 while the truth is unknown."""

from flask import Blueprint, Response

from gateway import guard
from gateway.answers import see_other
from gateway.pages import draw
from gateway.parts import parts
from services.contracts.settlement import (
    ChannelRefused,
    JsapiParams,
    PaymentOver,
    PaymentQuery,
    PaymentState,
    PaymentView,
    PayWithWechat,
)
from services.kernel.errors import Unavailable
from services.kernel.ids import derived_id

blueprint = Blueprint("h5_paying", __name__)

ASK_AGAIN_S = 3
WAITING = {PaymentState.OPEN, PaymentState.CLOSING}


@blueprint.get("/h5/pay/<payment_id>")
def pay(payment_id: str) -> str | Response:
    """The amount and the button that opens WeChat's sheet."""
    guard.act()
    payment = parts().backends.settlement.payment(PaymentQuery(payment_id=payment_id))
    if payment.state is not PaymentState.OPEN:
        return see_other(f"/h5/pay/{payment_id}/result")
    try:
        jsapi = _prepay(payment_id)
    except PaymentOver:
        return see_other(f"/h5/pay/{payment_id}/result")
    return draw(
        "h5/resident/pay.html", payment=payment, jsapi=jsapi, order_href=_order_href(payment)
    )


def _prepay(payment_id: str) -> JsapiParams | None:
    """What the sheet is opened with; None while WeChat Pay does not answer."""
    openid = parts().cookies.openid()
    if not openid:
        return None
    # A page that is loaded again asks for the same prepay.
    request_id = derived_id("prepay", payment_id, openid)
    wish = PayWithWechat(request_id=request_id, payment_id=payment_id, openid=openid)
    try:
        return parts().backends.settlement.pay_with_wechat(wish).jsapi
    except (Unavailable, ChannelRefused):
        return None


@blueprint.get("/h5/pay/<payment_id>/result")
def result(payment_id: str) -> str:
    """Paid, closed, or being found out: settlement asks the channel when no notice has come."""
    guard.act()
    question = PaymentQuery(payment_id=payment_id, refresh=True)
    payment = parts().backends.settlement.payment(question)
    return draw(
        "h5/resident/pay_result.html",
        payment=payment,
        order_href=_order_href(payment),
        refresh_seconds=ASK_AGAIN_S if payment.state in WAITING else None,
    )


def _order_href(payment: PaymentView) -> str:
    only = payment.allocations[0].order_id if len(payment.allocations) == 1 else ""
    return f"/h5/orders/{only}" if only else "/h5/orders"
