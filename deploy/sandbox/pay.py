"""WeChat Pay v3 orders: JSAPI prepay, query, close, and the payer's own act.

Sources: WeChat Pay merchant documents 「JSAPI下单」, 「商户订单号查询订单」,
「微信支付订单号查询订单」, 「关闭订单」, with the error codes listed there.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from deploy.sandbox import clock, records
from deploy.sandbox.merchant_api import (
    PayError,
    answer,
    fen_field,
    frame,
    invalid_request,
    json_body,
    param_error,
    required_text,
    text_field,
)
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
EXPIRES_AFTER_S = 7 * 86_400
PREPAY_LIVES_S = 2 * 3600


class Unpayable(Exception):
    """The payer cannot pay this; `code` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Prepay:
    """A JSAPI order as the merchant asks for it."""

    out_trade_no: str
    description: str
    attach: str | None
    notify_url: str
    openid: str
    total_fen: int
    expires_at: float


def blueprint(world: World) -> Blueprint:
    """The order paths of api.mch.weixin.qq.com."""
    routes = frame(world, Blueprint("pay", __name__, url_prefix="/v3/pay/transactions"))

    @routes.post("/jsapi")
    def prepay() -> Response:
        return answer({"prepay_id": open_trade(world, parse_prepay(world, json_body()))})

    @routes.get("/out-trade-no/<out_trade_no>")
    def query(out_trade_no: str) -> Response:
        check_mchid(world, request.args.get("mchid"))
        return answer(records.trade_view(world.account, known_trade(world, out_trade_no)))

    @routes.get("/id/<transaction_id>")
    def query_by_id(transaction_id: str) -> Response:
        check_mchid(world, request.args.get("mchid"))
        trade = world.store.one("SELECT * FROM trades WHERE transaction_id = ?", (transaction_id,))
        if trade is None:
            raise PayError(404, "ORDER_NOT_EXIST", "订单不存在")
        return answer(records.trade_view(world.account, trade))

    @routes.post("/out-trade-no/<out_trade_no>/close")
    def close(out_trade_no: str) -> Response:
        check_mchid(world, json_body().get("mchid"))
        close_trade(world, out_trade_no)
        return answer(None)

    return routes


def parse_prepay(world: World, body: dict[str, Any]) -> Prepay:
    """Every rule of 「JSAPI下单」 that can be checked from outside, or PayError."""
    check_mchid(world, body.get("mchid"))
    if body.get("appid") != world.account.app_id:
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
    amount, payer = body.get("amount"), body.get("payer")
    if not isinstance(amount, dict) or amount.get("currency", "CNY") != "CNY":
        raise param_error("输入源“/body/amount”规则校验失败")
    if not isinstance(payer, dict):
        raise param_error("JSAPI支付必须传openid")
    return Prepay(
        out_trade_no=_out_trade_no(body),
        description=required_text(body, "description", 127),
        attach=text_field(body, "attach", 128, required=False),
        notify_url=_notify_url(body),
        openid=_known_openid(world, required_text(payer, "openid", 128)),
        total_fen=fen_field(amount, "total"),
        expires_at=_expires_at(body),
    )


def open_trade(world: World, wanted: Prepay) -> str:
    """The prepay_id: a new one, or the same for the same request again."""
    with world.store.transaction() as db:
        trade = db.execute(
            "SELECT * FROM trades WHERE out_trade_no = ?", (wanted.out_trade_no,)
        ).fetchone()
        if trade is None:
            return _insert_trade(db, wanted)
        _check_reuse(trade, wanted)
        db.execute(
            "UPDATE trades SET prepaid_at = ? WHERE out_trade_no = ?",
            (clock.now(), wanted.out_trade_no),
        )
        return str(trade["prepay_id"])


def close_trade(world: World, out_trade_no: str) -> None:
    """Close an unpaid order; closing a closed one changes nothing."""
    with world.store.transaction() as db:
        trade = known_trade(world, out_trade_no)
        if trade["paid_at"] is not None:
            raise PayError(400, "ORDERPAID", "订单已支付，不能关闭")
        db.execute(
            "UPDATE trades SET state = 'CLOSED', closed_at = COALESCE(closed_at, ?)"
            " WHERE out_trade_no = ?",
            (clock.now(), out_trade_no),
        )


def pay_trade(world: World, trade: Row, openid: str) -> Row:
    """The payer confirms: the money moves, the notice goes out. Unpayable when it cannot."""
    number = trade["out_trade_no"]
    with world.store.transaction() as db:
        check_payable(world, records.trade_of(world.store, number), openid)
        now = clock.now()
        db.execute(
            "UPDATE trades SET state = 'SUCCESS', paid_at = ?, transaction_id = ?"
            " WHERE out_trade_no = ?",
            (now, f"42000{secrets.randbelow(10**23):023d}", number),
        )
        notice_id = world.notices.announce(db, "TRANSACTION.SUCCESS", number, trade["notify_url"])
    world.notices.start(notice_id)
    return records.trade_of(world.store, number)


def check_payable(world: World, trade: Row, openid: str) -> None:
    """Raise Unpayable for a paid, closed, expired order or for somebody else's."""
    if trade["openid"] != openid:
        raise Unpayable("wrong_payer", "支付账号与下单账号不一致")
    if trade["paid_at"] is not None:
        raise Unpayable("paid", "订单已支付，请勿重复支付")
    if world.knobs.trouble.pay_after_close:
        return
    if trade["state"] == "CLOSED":
        raise Unpayable("closed", "订单已关闭")
    if clock.now() > min(trade["expires_at"], trade["prepaid_at"] + PREPAY_LIVES_S):
        raise Unpayable("expired", "订单已过期")


def known_trade(world: World, out_trade_no: str) -> Row:
    """The trade, or WeChat's 404."""
    try:
        return records.trade_of(world.store, out_trade_no)
    except NotKept:
        raise PayError(404, "ORDER_NOT_EXIST", "订单不存在") from None


def check_mchid(world: World, mchid: object) -> None:
    """The merchant of the body or query must be the one who signed."""
    if not mchid:
        raise param_error("商户号mchid不能为空")
    if mchid != world.account.mchid:
        raise param_error("商户号mchid与签名的商户号不一致")


def _insert_trade(db: Connection, wanted: Prepay) -> str:
    now = clock.now()
    prepay_id = f"wx{clock.bill_time(now).translate(_DIGITS_ONLY)}{secrets.token_hex(9)}0000"
    db.execute(
        "INSERT INTO trades (out_trade_no, prepay_id, description, attach, notify_url, openid,"
        " total_fen, state, expires_at, created_at, prepaid_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'NOTPAY', ?, ?, ?)",
        (
            *(wanted.out_trade_no, prepay_id, wanted.description, wanted.attach),
            *(wanted.notify_url, wanted.openid, wanted.total_fen, wanted.expires_at, now, now),
        ),
    )
    return prepay_id


_DIGITS_ONLY = str.maketrans("", "", "-: ")


def _check_reuse(trade: Row, wanted: Prepay) -> None:
    if trade["paid_at"] is not None:
        if trade["refunded_fen"]:
            raise PayError(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        raise PayError(400, "ORDERPAID", "该订单已支付")
    if records.state_of(trade) == "CLOSED":
        raise PayError(400, "ORDER_CLOSED", "该订单已关闭")
    same = all(
        trade[name] == getattr(wanted, name)
        for name in ("total_fen", "openid", "description", "attach", "notify_url")
    )
    if not same:
        raise invalid_request("请求重入时，参数与首次请求时不一致")


def _out_trade_no(body: dict[str, Any]) -> str:
    value = required_text(body, "out_trade_no", 32)
    if not OUT_TRADE_NO.fullmatch(value):
        raise param_error("商户订单号out_trade_no只能是6-32位数字、大小写字母_-|*")
    return value


def _notify_url(body: dict[str, Any]) -> str:
    value = required_text(body, "notify_url", 255)
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
        raise param_error("回调地址notify_url必须是完整的URL且不能携带参数")
    return value


def _known_openid(world: World, openid: str) -> str:
    if world.store.one("SELECT 1 FROM people WHERE openid = ?", (openid,)) is None:
        raise param_error("无效的openid")
    return openid


def _expires_at(body: dict[str, Any]) -> float:
    text = text_field(body, "time_expire", 64, required=False)
    if text is None:
        return clock.now() + EXPIRES_AFTER_S
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise param_error("交易结束时间time_expire格式错误，须遵循rfc3339") from None
    if moment.tzinfo is None:
        raise param_error("交易结束时间time_expire缺少时区")
    if moment.timestamp() <= clock.now():
        raise param_error("交易结束时间time_expire不能早于当前时间")
    return moment.timestamp()
