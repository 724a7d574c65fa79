"""The payment: how, by which page of a channel, and what became of it.

Never 「失败」 while the truth is unknown.
"""

from urllib.parse import quote, urlencode, urlsplit

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.answers import see_other
from gateway.errors import NoSuchPage, message_of
from gateway.h5.ways import Choices, Chosen, choices_for, chosen_of, in_wechat
from gateway.headers import content_security_policy
from gateway.pages import KEY_FIELD, Faults, draw, write_once
from gateway.parts import parts
from services.contracts.settlement import (
    Channel,
    ChannelRefused,
    InsufficientFunds,
    Pay,
    PaymentOver,
    PaymentQuery,
    PaymentState,
    PaymentView,
    PayView,
    PayWay,
    TooMuch,
    WayNotOpen,
)
from services.kernel.errors import Malformed, Unavailable
from services.kernel.ids import derived_id

blueprint = Blueprint("h5_paying", __name__)

ASK_AGAIN_S = 3
WAITING = {PaymentState.OPEN, PaymentState.CLOSING}


@blueprint.get("/h5/pay/<payment_id>")
def pay(payment_id: str) -> str | Response:
    """The amount, and how to pay it; at once to the button where there is nothing to choose."""
    guard.act()
    payment = _payment(payment_id)
    if payment.state is not PaymentState.OPEN:
        return see_other(_result_href(payment_id))
    if in_wechat() and not parts().cookies.openid():
        return see_other(f"/h5/sign-in?next={quote(request.path)}")
    choices = choices_for(payment)
    if choices.nothing_to_choose and choices.ways[0] is not PayWay.ON_DELIVERY:
        return see_other(_offer_href(payment_id, Chosen(choices.ways[0], 0, None)))
    return _draw_choices(choices)


def _payment(payment_id: str, *, refresh: bool = False) -> PaymentView:
    question = PaymentQuery(payment_id=payment_id, refresh=refresh)
    return parts().backends.settlement.payment(question)


def _draw_choices(choices: Choices, **context: object) -> str:
    return draw(
        "h5/resident/pay_choose.html",
        payment=choices.payment,
        choices=choices,
        back_href=_back_href(choices.payment),
        **context,
    )


@blueprint.post("/h5/pay/<payment_id>")
def choose(payment_id: str) -> Response:
    """Fund and card pay their part; what is left goes to the page of the chosen way."""
    guard.act()
    payment = _payment(payment_id)
    if payment.state is not PaymentState.OPEN:
        return see_other(_result_href(payment_id))
    choices = choices_for(payment)

    def write() -> str:
        chosen = chosen_of(choices)
        if chosen.way is not PayWay.BALANCE and chosen.way not in choices.ways:
            raise Malformed(fields={"way": gettext("请选一种付款方式")})
        try:
            view = _pay(request.form.get(KEY_FIELD, ""), payment_id, chosen)
        except (WayNotOpen, TooMuch, InsufficientFunds) as error:
            error.fields = {"way": message_of(error)}
            raise
        return _offer_href(payment_id, chosen) if view.offer else _result_href(payment_id)

    def redraw(faults: Faults, notice: dict[str, str]) -> str:
        return _draw_choices(choices, faults=faults, notice=notice)

    return write_once(write, redraw)


def _pay(request_id: str, payment_id: str, chosen: Chosen) -> PayView:
    jsapi = chosen.way is PayWay.WECHAT_JSAPI
    wish = Pay(
        request_id=request_id,
        payment_id=payment_id,
        way=chosen.way,
        openid=parts().cookies.openid() if jsapi else "",
        fund_fen=chosen.fund_fen,
        card_id=chosen.card_id,
        client_ip=request.remote_addr or "127.0.0.1",
        return_url=f"{parts().settings.public_url}/pay/back/{payment_id}",
    )
    return parts().backends.settlement.pay(wish)


@blueprint.get("/h5/pay/<payment_id>/<way>")
def offer(payment_id: str, way: str) -> str | Response:
    """WeChat's sheet, a code to scan, or the way to the channel's own page."""
    guard.act()
    if way not in set(PayWay):
        raise NoSuchPage()
    payment = _payment(payment_id)
    if payment.state is not PaymentState.OPEN:
        return see_other(_result_href(payment_id))
    chosen = Chosen(PayWay(way), payment.fund_fen, request.args.get("card_id") or None)
    if chosen.way is PayWay.WECHAT_JSAPI and not parts().cookies.openid():
        return see_other(_choose_href(payment_id, chosen))
    try:
        view = _offered(payment_id, chosen)
    except PaymentOver:
        return see_other(_result_href(payment_id))
    if view is not None and view.offer is None:
        return see_other(_result_href(payment_id))
    return _draw_offer(payment, chosen, view)


def _offered(payment_id: str, chosen: Chosen) -> PayView | None:
    """The offer; None while the channel does not answer.

    A page that is loaded again asks for the same.
    """
    payer = parts().cookies.openid()
    card_id = chosen.card_id or ""
    key = derived_id("pay", payment_id, chosen.way, payer, str(chosen.fund_fen), card_id)
    try:
        return _pay(key, payment_id, chosen)
    except (Unavailable, ChannelRefused):
        return None


def _draw_offer(payment: PaymentView, chosen: Chosen, view: PayView | None) -> Response:
    offered = view.offer if view else None
    page = draw(
        "h5/resident/pay.html",
        payment=payment,
        way=chosen.way,
        offer=offered,
        rest_fen=view.channel_fen if view else payment.amount_fen - payment.fund_fen,
        again_href=_offer_href(payment.payment_id, chosen),
        choose_href=_choose_href(payment.payment_id, chosen),
        back_href=_back_href(payment),
    )
    response = Response(page)
    if offered and offered.form:
        target = urlsplit(offered.form.url)
        response.headers["Content-Security-Policy"] = content_security_policy(
            parts().settings, posts_to=f"{target.scheme}://{target.netloc}"
        )
    return response


@blueprint.get("/h5/pay/<payment_id>/result")
def result(payment_id: str) -> str:
    """Paid, closed, or being found out: settlement asks the channel when no notice has come."""
    guard.act()
    payment = _payment(payment_id, refresh=True)
    return draw(
        "h5/resident/pay_result.html",
        payment=payment,
        on_delivery=payment.channel is Channel.DELIVERY,
        back_href=_back_href(payment),
        refresh_seconds=ASK_AGAIN_S if payment.state in WAITING else None,
    )


def _result_href(payment_id: str) -> str:
    return f"/h5/pay/{payment_id}/result"


def _offer_href(payment_id: str, chosen: Chosen) -> str:
    return f"/h5/pay/{payment_id}/{chosen.way.value}{_with_card(chosen)}"


def _choose_href(payment_id: str, chosen: Chosen) -> str:
    return f"/h5/pay/{payment_id}{_with_card(chosen)}"


def _with_card(chosen: Chosen) -> str:
    return "?" + urlencode({"card_id": chosen.card_id}) if chosen.card_id else ""


def _back_href(payment: PaymentView) -> str:
    """The order, the list where there are several, the property fee where there is none."""
    if not payment.allocations:
        return "/h5/fees"
    only = payment.allocations[0].order_id if len(payment.allocations) == 1 else ""
    return f"/h5/orders/{only}" if only else "/h5/orders"
