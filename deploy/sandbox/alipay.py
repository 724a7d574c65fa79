"""Alipay's gateway: pages, codes, query, close, refund and bill behind `/gateway.do`.

Sources: Alipay open platform 「alipay.trade.wap.pay」, 「alipay.trade.page.pay」,
「alipay.trade.precreate」, 「alipay.trade.query」, 「alipay.trade.close」, 「alipay.trade.refund」,
「alipay.trade.fastpay.refund.query」, 「alipay.data.dataservice.bill.downloadurl.query」,
「公共错误码」.
"""

import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from sqlite3 import Row
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from deploy.sandbox import alipay_bill, alipay_records, alipay_signing, channel_trades, clock
from deploy.sandbox.alipay_records import yuan
from deploy.sandbox.channel_trades import ALIPAY, Different, RefundWish, TooMuch, Wanted
from deploy.sandbox.world import World

PAGES = {
    "alipay.trade.wap.pay": "QUICK_WAP_WAY",
    "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY",
}
OUT_TRADE_NO = re.compile(r"\w{1,64}", re.ASCII)
AMOUNT = re.compile(r"([0-9]{1,9})\.([0-9]{2})")
NOT_IN_SUBJECT = set("/=&")
LIVES_S = 15 * 86_400
CLOCK_SKEW_S = 900
REFUND_TROUBLE = {
    "not_enough": ("ACQ.SELLER_BALANCE_NOT_ENOUGH", "卖家余额不足"),
    "abnormal": ("ACQ.BUYER_ERROR", "买家状态异常"),
    "closed": ("ACQ.BUYER_ERROR", "买家状态异常"),
}

Content = dict[str, Any]
Told = dict[str, Any]


class AlipayError(Exception):
    """A refusal in Alipay's words; an unsigned one when the request itself is not believed."""

    def __init__(self, code: str, sub_code: str, sub_msg: str, signed: bool = True) -> None:
        super().__init__(sub_msg)
        self.signed = signed
        self.told = {
            "code": code,
            "msg": "Business Failed" if code == "40004" else "Invalid Arguments",
            "sub_code": sub_code,
            "sub_msg": sub_msg,
        }


def failed(sub_code: str, sub_msg: str) -> AlipayError:
    """40004 Business Failed."""
    return AlipayError("40004", sub_code, sub_msg)


def blueprint(world: World) -> Blueprint:
    """/gateway.do."""
    routes = Blueprint("alipay", __name__)
    world.notices.learn("ALIPAY", alipay_records.notice_post(world))
    calls: dict[str, Callable[[World, Content], Told]] = {
        "alipay.trade.precreate": precreate,
        "alipay.trade.query": query,
        "alipay.trade.close": close,
        "alipay.trade.refund": refund,
        "alipay.trade.fastpay.refund.query": query_refund,
        alipay_bill.METHOD: _bill,
    }

    @routes.route("/gateway.do", methods=["GET", "POST"])
    def gateway() -> Response:
        if world.knobs.pay_is_down():
            return Response("Service Unavailable", 503)
        time.sleep(world.knobs.trouble.pay_delay_s)
        method = request.values.get("method", "")
        if method in PAGES:
            return _page(world, method)
        key = world.channels.alipay.key
        try:
            content = _checked(world)
            if method not in calls:
                raise AlipayError("40001", "isv.invalid-method", "不存在的方法名", signed=False)
            told = {"code": "10000", "msg": "Success", **calls[method](world, content)}
        except AlipayError as error:
            told, key = error.told, key if error.signed else None  # type: ignore[assignment]
        body = alipay_signing.answer(method, told, key)
        return Response(body, content_type="text/html;charset=utf-8")

    return routes


def _page(world: World, method: str) -> Response:
    try:
        content = _checked(world)
        if content.get("product_code") != PAGES[method]:
            raise failed("ACQ.PRODUCT_CODE_ERROR", "product_code有误")
        trade = _opened(world, content, "WAIT")
    except AlipayError as error:
        page = render_template(
            "refused.html", title="支付宝", reason=str(error), framed=False, return_url=""
        )
        return make_response(page, 400)
    return make_response(redirect(f"/sandbox/alipay/cashier/{trade['trade_no']}", 302))


def precreate(world: World, content: Content) -> Told:
    """A code; the trade exists when somebody scans it."""
    trade = _opened(world, content, "OFFERED")
    root = world.browser_url or request.host_url.rstrip("/")
    link = f"{root}/sandbox/alipay/qr/{trade['trade_no']}"
    return {"out_trade_no": trade["out_trade_no"], "qr_code": link}


def query(world: World, content: Content) -> Told:
    """The trade as it stands."""
    return alipay_records.query_view(_existing(world, content))


def close(world: World, content: Content) -> Told:
    """Close what waits for its payer."""
    trade = _existing(world, content)
    if channel_trades.state_of(trade) != "WAIT":
        raise failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
    channel_trades.close(world, trade)
    return {"out_trade_no": trade["out_trade_no"], "trade_no": trade["trade_no"]}


def refund(world: World, content: Content) -> Told:
    """Give back at once; the same request number again moves no money."""
    trade = _existing(world, content)
    trouble = REFUND_TROUBLE.get(world.knobs.trouble.refunds)
    number = str(content.get("out_request_no") or trade["out_trade_no"])
    if trouble and channel_trades.refund_of(world, ALIPAY, number) is None:
        raise failed(*trouble)
    amount_fen = _fen(content, "refund_amount")
    wish = RefundWish(
        ALIPAY, number, trade["out_trade_no"], amount_fen, trade["notify_url"], "SUCCESS"
    )
    try:
        _, new = channel_trades.open_refund(world, wish)
    except TooMuch:
        raise failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限") from None
    except Different:
        raise failed("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求") from None
    if new:
        _announce(world, number, trade["notify_url"])
    trade = _existing(world, content)
    return {
        "buyer_logon_id": alipay_records.BUYER["buyer_logon_id"],
        "fund_change": "Y" if new else "N",
        "out_trade_no": trade["out_trade_no"],
        "refund_fee": yuan(trade["refunded_fen"]),
        "trade_no": trade["trade_no"],
    }


def query_refund(world: World, content: Content) -> Told:
    """The refund; without a status when there is none."""
    trade = _existing(world, content)
    row = channel_trades.refund_of(world, ALIPAY, str(content.get("out_request_no", "")))
    told = {"out_trade_no": trade["out_trade_no"], "trade_no": trade["trade_no"]}
    if row is None or row["out_trade_no"] != trade["out_trade_no"]:
        return told
    told |= {
        "out_request_no": row["out_refund_no"],
        "refund_amount": yuan(row["amount_fen"]),
        "refund_status": "REFUND_SUCCESS",
        "total_amount": yuan(trade["total_fen"]),
    }
    if "gmt_refund_pay" in content.get("query_options", []):
        told["gmt_refund_pay"] = clock.bill_time(row["success_at"])
    return told


def _bill(world: World, content: Content) -> Told:
    link = alipay_bill.link(world, str(content.get("bill_type")), str(content.get("bill_date")))
    if link is None:
        raise failed("isp.bill_not_exist", "账单不存在")
    return {"bill_download_url": link}


def _announce(world: World, number: str, url: str) -> None:
    with world.store.transaction() as db:
        notice_id = world.notices.announce(db, alipay_records.REFUND_EVENT, number, url)
    world.notices.start(notice_id)


def _checked(world: World) -> Content:
    """The content of a request that the app has signed and not long ago; AlipayError."""
    fields = request.values.to_dict()
    keys = world.channels.alipay
    if fields.get("app_id") != keys.app_id:
        raise AlipayError("40002", "isv.invalid-app-id", "无效的AppID参数", signed=False)
    if fields.get("sign_type") != "RSA2" or not alipay_signing.fits(fields, keys.app_public_key):
        raise AlipayError("40002", "isv.invalid-signature", "验签出错", signed=False)
    try:
        sent_at = _moment(fields["timestamp"])
        content = json.loads(fields["biz_content"])
    except (KeyError, ValueError):
        raise AlipayError("40002", "isv.invalid-timestamp", "参数格式有误") from None
    if abs(clock.now() - sent_at) > CLOCK_SKEW_S:
        raise AlipayError("40002", "isv.invalid-timestamp", "非法的时间戳参数")
    if not isinstance(content, dict):
        raise AlipayError("40002", "isv.invalid-parameter", "参数无效")
    return content


def _opened(world: World, content: Content, state: str) -> Row:
    number, subject = str(content.get("out_trade_no", "")), str(content.get("subject", ""))
    if not OUT_TRADE_NO.fullmatch(number) or not subject or set(subject) & NOT_IN_SUBJECT:
        raise failed("ACQ.INVALID_PARAMETER", "参数无效")
    wanted = Wanted(
        channel=ALIPAY,
        out_trade_no=number,
        subject=subject,
        total_fen=_fen(content, "total_amount"),
        notify_url=request.values.get("notify_url", ""),
        return_url=request.values.get("return_url", ""),
        expires_at=_expires_at(content),
        state=state,
    )
    try:
        trade = channel_trades.open_trade(world, wanted)
    except Different:
        raise failed("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改") from None
    if trade["paid_at"] is not None:
        raise failed("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
    if channel_trades.state_of(trade) == "CLOSED" and not world.knobs.trouble.pay_after_close:
        raise failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
    return trade


def _existing(world: World, content: Content) -> Row:
    trade = channel_trades.trade_of(world, ALIPAY, str(content.get("out_trade_no", "")))
    if trade is None or trade["state"] == "OFFERED":
        raise failed("ACQ.TRADE_NOT_EXIST", "交易不存在")
    return trade


def _fen(content: Content, name: str) -> int:
    found = AMOUNT.fullmatch(str(content.get(name, "")))
    if found is None or (fen := int(found[1]) * 100 + int(found[2])) < 1:
        raise failed("ACQ.INVALID_PARAMETER", f"{name}格式有误")
    return fen


def _expires_at(content: Content) -> float:
    text = content.get("time_expire")
    if text is None:
        return clock.now() + LIVES_S
    try:
        return _moment(str(text))
    except ValueError:
        raise failed("ACQ.INVALID_PARAMETER", "time_expire格式有误") from None


def _moment(text: str) -> float:
    moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.BEIJING)
    return moment.timestamp()
