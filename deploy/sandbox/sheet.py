"""The pay sheet: what the payer sees, and WeixinJSBridge for browsers that are not WeChat.

Source: WeChat Pay merchant document 「JSAPI调起支付」: getBrandWCPayRequest with appId,
timeStamp, nonceStr, package=prepay_id=…, signType=RSA and paySign over the first four.
"""

from sqlite3 import Row
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    render_template,
    request,
)

from deploy.sandbox import chat
from deploy.sandbox.oauth import COOKIE
from deploy.sandbox.pay import Unpayable, check_payable, pay_trade
from deploy.sandbox.signing import BadSignature
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

PACKAGE_PREFIX = "prepay_id="


def blueprint(world: World) -> Blueprint:
    """The sheet and the script that opens it."""
    routes = Blueprint("sheet", __name__, url_prefix="/sandbox")

    @routes.get("/pay")
    def show() -> Response:
        try:
            trade = _asked_for(world)
            check_payable(world, trade, _payer(world, trade))
        except BadSignature:
            return _refused("支付验证签名失败")
        except (NotKept, Unpayable) as wrong:
            return _refused(str(wrong))
        return _page("sheet.html", world, trade)

    @routes.post("/pay")
    def confirm() -> Response:
        try:
            trade = _trade(world, request.form.get("prepay_id", ""))
            trade = pay_trade(world, trade, _payer(world, trade))
        except (NotKept, Unpayable) as wrong:
            return _refused(str(wrong))
        return _page("paid.html", world, trade)

    @routes.get("/jssdk.js")
    def script() -> Response:
        response = current_app.send_static_file("jssdk.js")
        response.headers["Cache-Control"] = "no-cache"
        return response

    return routes


def _asked_for(world: World) -> Row:
    """The trade of a plain link, or of a signed call from a page; its paySign must fit."""
    given = request.args
    if "package" not in given:
        return _trade(world, given.get("prepay_id", ""))
    if given.get("appId") != world.account.app_id:
        raise BadSignature("支付失败：appId 有误")
    if given.get("signType") != "RSA" or not given["package"].startswith(PACKAGE_PREFIX):
        raise BadSignature("支付失败：缺少 package 或 signType 不是 RSA")
    world.verifier.check_pay_sign(
        given["appId"],
        given.get("timeStamp", ""),
        given.get("nonceStr", ""),
        given["package"],
        given.get("paySign", ""),
    )
    return _trade(world, given["package"].removeprefix(PACKAGE_PREFIX))


def _trade(world: World, prepay_id: str) -> Row:
    trade = world.store.one("SELECT * FROM trades WHERE prepay_id = ?", (prepay_id,))
    if trade is None:
        raise NotKept("没有这笔订单")
    return trade


def _payer(world: World, trade: Row) -> str:
    """Who holds the phone; a browser that has not said so holds the payer's."""
    openid = request.cookies.get(COOKIE, "")
    known = world.store.one("SELECT 1 FROM people WHERE openid = ?", (openid,))
    return openid if known else str(trade["openid"])


def _page(template: str, world: World, trade: Row) -> Response:
    page = render_template(
        template,
        trade=trade,
        payer=chat.person_of(world.store, trade["openid"]),
        merchant=world.account.merchant_name,
        framed=_framed(),
        return_url=_return_url(),
    )
    return make_response(page)


def _refused(reason: str) -> Response:
    page = render_template(
        "refused.html", reason=reason, framed=_framed(), return_url=_return_url()
    )
    return make_response(page, 400)


def _framed() -> bool:
    return request.values.get("framed") == "1"


def _return_url() -> str:
    """Where the payer goes afterwards; only web addresses, or nowhere."""
    url = request.values.get("return_url", "")
    return url if urlsplit(url).scheme in ("http", "https") else ""
