"""UnionPay's gateway: the pay page's entrance, back transactions, queries and files.

Sources: UnionPay 「网关支付产品接口规范」 (消费 01, 退货 04, 交易状态查询 00, 文件传输 76).
"""

import re
import time
from datetime import datetime

from flask import Blueprint, Response, make_response, redirect, render_template, request

from deploy.sandbox import channel_trades, clock, unionpay_file, unionpay_records, unionpay_signing
from deploy.sandbox.channel_trades import UNIONPAY, Different, RefundWish, TooMuch, Wanted
from deploy.sandbox.unionpay_records import DONE, REFUND_CODES, UNKNOWN, result
from deploy.sandbox.world import World

ORDER_ID = re.compile(r"[A-Za-z0-9]{8,40}")
AMOUNT = re.compile(r"[1-9][0-9]{0,11}")
STAMP = "%Y%m%d%H%M%S"
ECHOED = ("accessType", "bizType", "merId", "orderId", "txnSubType", "txnTime", "txnType")
ENDS_AS = {"ok": "SUCCESS", "abnormal": "FAILED", "closed": "FAILED", "not_enough": "SUCCESS"}

Fields = dict[str, str]


class UnionPayError(Exception):
    """A refusal in UnionPay's words."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.told = {"respCode": code, "respMsg": message}


def blueprint(world: World) -> Blueprint:
    """The paths of gateway.95516.com and filedownload.95516.com."""
    routes = Blueprint("unionpay", __name__)
    world.notices.learn("UNIONPAY", unionpay_records.notice_post(world))

    @routes.post("/gateway/api/frontTransReq.do")
    def front() -> Response:
        try:
            trade = pay_order(world, _checked(world, "01"))
        except UnionPayError as error:
            page = render_template(
                "refused.html", title="银联", reason=str(error), framed=False, return_url=""
            )
            return make_response(page, 400)
        return make_response(redirect(f"/sandbox/unionpay/cashier/{trade}", 303))

    @routes.post("/gateway/api/backTransReq.do")
    def back() -> Response:
        return _answered(world, "04")

    @routes.post("/gateway/api/queryTrans.do")
    def query() -> Response:
        return _answered(world, "00")

    @routes.post("/filedownload/")
    def file() -> Response:
        return _answered(world, "76")

    return routes


def resume(world: World) -> None:
    """Bring refunds to their end that a former process left under way."""
    for number in channel_trades.refunds_under_way(world, UNIONPAY):
        _finish_later(world, number)


def pay_order(world: World, fields: Fields) -> str:
    """The number under which the cashier finds the order."""
    if not AMOUNT.fullmatch(fields.get("txnAmt", "")) or fields.get("currencyCode") != "156":
        raise UnionPayError("10", "报文格式错误[6100030]")
    timeout = fields.get("payTimeout")
    wanted = Wanted(
        channel=UNIONPAY,
        out_trade_no=fields["orderId"],
        subject=fields.get("orderDesc", "商品"),
        total_fen=int(fields["txnAmt"]),
        notify_url=fields.get("backUrl", ""),
        return_url=fields.get("frontUrl", ""),
        expires_at=_moment(timeout) if timeout else clock.now() + 86_400,
        asked_at=fields["txnTime"],
    )
    try:
        trade = channel_trades.open_trade(world, wanted)
    except Different:
        raise UnionPayError("12", "重复交易[6150013]") from None
    if trade["paid_at"] is not None:
        raise UnionPayError("12", "该订单已支付[6150014]")
    if channel_trades.state_of(trade) == "CLOSED" and not world.knobs.trouble.pay_after_close:
        raise UnionPayError("13", "订单已超时[6150015]")
    return str(trade["trade_no"])


def query(world: World, fields: Fields) -> Fields:
    """What has become of a payment or a refund, named by order number and time."""
    trade = channel_trades.trade_of(world, UNIONPAY, fields["orderId"])
    # Until it is paid, UnionPay has no transaction of that name.
    if trade and trade["paid_at"] is not None and trade["asked_at"] == fields["txnTime"]:
        return unionpay_records.trade_fields(world, trade) | _origin(DONE)
    refund = channel_trades.refund_of(world, UNIONPAY, fields["orderId"])
    if refund and refund["asked_at"] == fields["txnTime"]:
        told = unionpay_records.refund_fields(world, refund)
        return told | _origin(REFUND_CODES[refund["status"]])
    return result(UNKNOWN)


def refund(world: World, fields: Fields) -> Fields:
    """Take a refund on; it is done a moment later."""
    trade = channel_trades.trade_by_number(world, UNIONPAY, fields.get("origQryId", ""))
    if trade is None or trade["paid_at"] is None:
        raise UnionPayError("35", "原交易不存在或状态不正确[2600000]")
    if not AMOUNT.fullmatch(fields.get("txnAmt", "")):
        raise UnionPayError("10", "报文格式错误[6100030]")
    known = channel_trades.refund_of(world, UNIONPAY, fields["orderId"])
    if known is not None:
        raise UnionPayError("12", "重复交易[6150013]")
    trouble = world.knobs.trouble.refunds
    if trouble == "not_enough":
        raise UnionPayError("64", "商户余额不足[6140030]")
    wish = RefundWish(
        channel=UNIONPAY,
        out_refund_no=fields["orderId"],
        out_trade_no=trade["out_trade_no"],
        amount_fen=int(fields["txnAmt"]),
        notify_url=fields.get("backUrl", ""),
        status="PROCESSING",
        ends_as=ENDS_AS[trouble],
        asked_at=fields["txnTime"],
    )
    try:
        row, _ = channel_trades.open_refund(world, wish)
    except TooMuch:
        raise UnionPayError("36", "交易金额超限[6150020]") from None
    _finish_later(world, row["out_refund_no"])
    told = unionpay_records.refund_fields(world, row)
    return told | result(DONE)


def file(world: World, fields: Fields) -> Fields:
    """The file of a clearing day."""
    made = unionpay_file.of_day(world, fields.get("settleDate", ""))
    if made is None:
        raise UnionPayError("98", "文件不存在[6100098]")
    name, content = made
    return {**result(DONE), "fileName": name, "fileContent": content}


def _answered(world: World, txn_type: str) -> Response:
    if world.knobs.pay_is_down():
        return Response("Service Unavailable", 503)
    time.sleep(world.knobs.trouble.pay_delay_s)
    calls = {"04": refund, "00": query, "76": file}
    try:
        fields = _checked(world, txn_type)
        echoed = {name: fields[name] for name in ECHOED if name in fields}
        told = echoed | calls[txn_type](world, fields)
    except UnionPayError as error:
        told = {**_echo(), **error.told}
    signed = unionpay_records.signed(world, told)
    text = "&".join(f"{name}={value}" for name, value in signed.items())  # without any escaping
    return Response(text.encode(), content_type="text/html;charset=UTF-8")


def _echo() -> Fields:
    return {name: request.form[name] for name in ECHOED if name in request.form}


def _checked(world: World, txn_type: str) -> Fields:
    """The fields of a request that the merchant has signed; UnionPayError."""
    fields = {name: str(value) for name, value in request.form.items()}
    keys = world.channels.unionpay
    if fields.get("merId") != keys.mer_id:
        raise UnionPayError("11", "无效商户[6130001]")
    if fields.get("version") != "5.1.0" or fields.get("signMethod") != "01":
        raise UnionPayError("10", "报文格式错误[6100030]")
    known = fields.get("certId") == keys.merchant_cert_id
    if not known or not unionpay_signing.fits(fields, keys.merchant_key):
        raise UnionPayError("11", "验签失败[6130009]")
    if fields.get("txnType") != txn_type or "" in fields.values():
        raise UnionPayError("10", "报文格式错误[6100030]")
    _moment(fields.get("txnTime", ""))
    if txn_type != "76" and not ORDER_ID.fullmatch(fields.get("orderId", "")):
        raise UnionPayError("10", "报文格式错误[6100030]")
    return fields


def _origin(code: str) -> Fields:
    words = result(code)
    told = {"origRespCode": words["respCode"], "origRespMsg": words["respMsg"]}
    return told | result(DONE)


def _finish_later(world: World, number: str) -> None:
    world.timers.after(
        world.knobs.settings.refund_delay_s,
        lambda: channel_trades.finish_refund(
            world, UNIONPAY, number, unionpay_records.REFUND_EVENT
        ),
    )


def _moment(text: str) -> float:
    try:
        return datetime.strptime(text, STAMP).replace(tzinfo=clock.BEIJING).timestamp()
    except ValueError:
        raise UnionPayError("10", "报文格式错误[6100030]") from None
