"""WeChat Pay v3 orders: prepay, query, close, and the payer's own act.

Sources: WeChat Pay merchant and partner documents 「JSAPI下单」, 「商户订单号查询订单」,
「微信支付订单号查询订单」, 「关闭订单」, with the error codes listed there.
"""

import secrets
from collections.abc import Mapping
from sqlite3 import Connection, Row
from typing import Any

from flask import Blueprint, Response, request

from deploy.sandbox import clock, partners, prepay, records
from deploy.sandbox.merchant_api import PayError, answer, frame, invalid_request, json_body
from deploy.sandbox.prepay import Prepay
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

PREPAY_LIVES_S = 2 * 3600


class Unpayable(Exception):
    """The payer cannot pay this; `code` says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def blueprint(world: World) -> Blueprint:
    """The order paths of api.mch.weixin.qq.com, the merchant's own and the partner's."""
    routes = Blueprint("pay", __name__, url_prefix="/v3/pay")
    for partner in (False, True):
        routes.register_blueprint(_orders(world, partner))
    return routes


def _orders(world: World, partner: bool) -> Blueprint:
    name, prefix = ("partner", "/partner/transactions") if partner else ("own", "/transactions")
    routes = frame(world, Blueprint(name, __name__, url_prefix=prefix))

    @routes.post("/<any(jsapi, native, h5):way>")
    def order(way: str) -> Response:
        prepay_id = open_trade(world, prepay.parse(world, json_body(), way, partner))
        browser_url = world.browser_url or request.host_url.rstrip("/")
        return answer(prepay.token(way, prepay_id, browser_url))

    @routes.get("/out-trade-no/<out_trade_no>")
    def query(out_trade_no: str) -> Response:
        whose = _whose(world, request.args, partner)
        return answer(records.trade_view(world.account, known_trade(world, out_trade_no, whose)))

    @routes.get("/id/<transaction_id>")
    def query_by_id(transaction_id: str) -> Response:
        whose = _whose(world, request.args, partner)
        trade = world.store.one(
            "SELECT * FROM trades WHERE transaction_id = ? AND sub_mchid IS ?",
            (transaction_id, whose),
        )
        if trade is None:
            raise _no_such_order()
        return answer(records.trade_view(world.account, trade))

    @routes.post("/out-trade-no/<out_trade_no>/close")
    def close(out_trade_no: str) -> Response:
        close_trade(world, out_trade_no, _whose(world, json_body(), partner))
        return answer(None)

    return routes


def _whose(world: World, given: Mapping[str, Any], partner: bool) -> str | None:
    """The sub-merchant whose order it is, nothing for our own; or PayError."""
    prepay.check_mchid(world, given.get("sp_mchid" if partner else "mchid"))
    return partners.known(world, given.get("sub_mchid")) if partner else None


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


def close_trade(world: World, out_trade_no: str, whose: str | None) -> None:
    """Close an unpaid order; closing a closed one changes nothing."""
    with world.store.transaction() as db:
        trade = known_trade(world, out_trade_no, whose)
        if trade["paid_at"] is not None:
            raise PayError(400, "ORDERPAID", "订单已支付，不能关闭")
        db.execute(
            "UPDATE trades SET state = 'CLOSED', closed_at = COALESCE(closed_at, ?)"
            " WHERE out_trade_no = ?",
            (clock.now(), out_trade_no),
        )


def pay_trade(world: World, trade: Row, openid: str, paid_at: float | None = None) -> Row:
    """The payer confirms: the money moves, the notice goes out. Unpayable when it cannot.

    `paid_at` dates it back: onto the bill of a day that is over.
    """
    number = trade["out_trade_no"]
    with world.store.transaction() as db:
        check_payable(world, records.trade_of(world.store, number), openid)
        now = clock.now() if paid_at is None else paid_at
        db.execute(
            "UPDATE trades SET state = 'SUCCESS', paid_at = ?, transaction_id = ?, openid = ?"
            " WHERE out_trade_no = ?",
            (now, f"42000{secrets.randbelow(10**23):023d}", openid, number),
        )
        notice_id = world.notices.announce(db, "TRANSACTION.SUCCESS", number, trade["notify_url"])
    world.notices.start(notice_id)
    return records.trade_of(world.store, number)


def check_payable(world: World, trade: Row, openid: str) -> None:
    """Raise Unpayable for a paid, closed, expired order or for somebody else's.

    A code or an H5 page has no payer in its order: whoever scans it may pay.
    """
    if trade["openid"] not in ("", openid):
        raise Unpayable("wrong_payer", "支付账号与下单账号不一致")
    if trade["paid_at"] is not None:
        raise Unpayable("paid", "订单已支付，请勿重复支付")
    if world.knobs.trouble.pay_after_close:
        return
    if trade["state"] == "CLOSED":
        raise Unpayable("closed", "订单已关闭")
    if clock.now() > min(trade["expires_at"], trade["prepaid_at"] + PREPAY_LIVES_S):
        raise Unpayable("expired", "订单已过期")


def known_trade(world: World, out_trade_no: str, whose: str | None) -> Row:
    """The trade of this merchant, or WeChat's 404."""
    try:
        trade = records.trade_of(world.store, out_trade_no)
    except NotKept:
        raise _no_such_order() from None
    if trade["sub_mchid"] != whose:
        raise _no_such_order()
    return trade


def _no_such_order() -> PayError:
    return PayError(404, "ORDER_NOT_EXIST", "订单不存在")


def _insert_trade(db: Connection, wanted: Prepay) -> str:
    now = clock.now()
    prepay_id = f"wx{clock.bill_time(now).translate(_DIGITS_ONLY)}{secrets.token_hex(9)}0000"
    db.execute(
        "INSERT INTO trades (out_trade_no, prepay_id, description, attach, notify_url, openid,"
        " total_fen, state, expires_at, created_at, prepaid_at, trade_type, sub_mchid, frozen)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'NOTPAY', ?, ?, ?, ?, ?, ?)",
        (
            *(wanted.out_trade_no, prepay_id, wanted.description, wanted.attach),
            *(wanted.notify_url, wanted.openid, wanted.total_fen, wanted.expires_at, now, now),
            *(wanted.trade_type, wanted.sub_mchid, int(wanted.profit_sharing)),
        ),
    )
    return prepay_id


REPEATED = (
    *("total_fen", "openid", "description", "attach", "notify_url"),
    *("trade_type", "sub_mchid"),
)
"""What the same order asked for again must repeat."""
_DIGITS_ONLY = str.maketrans("", "", "-: ")


def _check_reuse(trade: Row, wanted: Prepay) -> None:
    if trade["paid_at"] is not None:
        if trade["refunded_fen"]:
            raise PayError(403, "OUT_TRADE_NO_USED", "商户订单号重复")
        raise PayError(400, "ORDERPAID", "该订单已支付")
    if records.state_of(trade) == "CLOSED":
        raise PayError(400, "ORDER_CLOSED", "该订单已关闭")
    same = all(trade[name] == getattr(wanted, name) for name in REPEATED)
    if not same:
        raise invalid_request("请求重入时，参数与首次请求时不一致")
