"""The pay sheet: what the payer sees, and WeixinJSBridge for browsers that are not WeChat.

Sources: WeChat Pay merchant documents 「JSAPI调起支付」: getBrandWCPayRequest with appId,
timeStamp, nonceStr, package=prepay_id=…, signType=RSA and paySign over the first four;
「Native调起支付」: whoever scans the code pays; 「H5调起支付」: h5_url&redirect_url=….
"""

from collections.abc import Callable
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

from deploy.sandbox import chat, clock, partners
from deploy.sandbox.oauth import COOKIE
from deploy.sandbox.pay import Unpayable, check_payable, pay_trade
from deploy.sandbox.prepay import CODE_PREFIX, H5_PATH
from deploy.sandbox.signing import BadSignature
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

PACKAGE_PREFIX = "prepay_id="
H5_LIVES_S = 300
"""An `h5_url` opens the sheet for five minutes (document 「H5下单」)."""


def blueprint(world: World) -> Blueprint:
    """The sheet and the script that opens it."""
    routes = Blueprint("sheet", __name__)

    @routes.get("/sandbox/pay")
    def show() -> Response:
        return _sheet(world, lambda: _asked_for(world))

    @routes.get(H5_PATH)
    def h5() -> Response:
        return _sheet(world, lambda: _fresh(_trade(world, request.args.get("prepay_id", ""))))

    @routes.get("/sandbox/scan-pay")
    def scan() -> Response:
        code = request.args.get("code_url", "").strip()
        if not code:
            return make_response(render_template("scan.html"))
        return _sheet(world, lambda: _trade(world, code.removeprefix(CODE_PREFIX)))

    @routes.post("/sandbox/pay")
    def confirm() -> Response:
        try:
            trade = _trade(world, request.form.get("prepay_id", ""))
            trade = pay_trade(world, trade, payer_of(world, trade))
        except (NotKept, Unpayable) as wrong:
            return refused(str(wrong))
        return _page("paid.html", world, trade)

    @routes.get("/sandbox/jssdk.js")
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


def _sheet(world: World, asked_for: Callable[[], Row]) -> Response:
    """The sheet for this trade; who pays is asked first when nobody is known to."""
    try:
        trade = asked_for()
        payer = payer_of(world, trade)
        if not payer:
            people = chat.people(world.store)
            return make_response(
                render_template("people.html", people=people, then=request.full_path)
            )
        check_payable(world, trade, payer)
    except BadSignature:
        return refused("支付验证签名失败")
    except (NotKept, Unpayable) as wrong:
        return refused(str(wrong))
    return _page("sheet.html", world, trade)


def _fresh(trade: Row) -> Row:
    """The trade, or Unpayable when the merchant asked for its page too long ago."""
    if clock.now() > trade["prepaid_at"] + H5_LIVES_S:
        raise Unpayable("expired", "支付链接已过期，请返回商家重新支付")
    return trade


def payer_of(world: World, trade: Row) -> str:
    """Who holds the phone; a browser that has not said so holds the payer's, if there is one."""
    openid = request.cookies.get(COOKIE, "")
    known = world.store.one("SELECT 1 FROM people WHERE openid = ?", (openid,))
    return openid if known else str(trade["openid"])


def _page(template: str, world: World, trade: Row) -> Response:
    page = render_template(
        template,
        trade=trade,
        payer=chat.person_of(world.store, payer_of(world, trade)),
        merchant=partners.payee(world, trade),
        framed=framed(),
        return_url=return_url(),
    )
    return make_response(page)


def refused(reason: str) -> Response:
    """The page that says why not."""
    page = render_template("refused.html", reason=reason, framed=framed(), return_url=return_url())
    return make_response(page, 400)


def framed() -> bool:
    """Whether the page stands in a layer over the merchant's."""
    return request.values.get("framed") == "1"


def return_url() -> str:
    """Where the payer goes afterwards; only web addresses, or nowhere."""
    url = request.values.get("return_url") or request.values.get("redirect_url", "")
    return url if urlsplit(url).scheme in ("http", "https") else ""
