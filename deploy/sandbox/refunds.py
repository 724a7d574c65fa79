"""WeChat Pay v3 refunds: asked for now, done a moment later.

Sources: WeChat Pay merchant and partner documents 「申请退款」 (up to 50 per order, up to the paid
amount, the same out_refund_no is the same refund), 「查询单笔退款」, 「退款结果通知」.
"""

import re
import secrets
from dataclasses import dataclass
from sqlite3 import Connection, Row
from typing import Any

from flask import Blueprint, Response, request

from deploy.sandbox import clock, partners, records
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

OUT_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
REFUNDS_MAX = 50
REFUND_WITHIN_S = 365 * 86_400
ENDS_AS = {"ok": "SUCCESS", "abnormal": "ABNORMAL", "closed": "CLOSED", "not_enough": "SUCCESS"}


@dataclass(frozen=True)
class RefundRequest:
    """A refund as the merchant asks for it; one of the two order numbers is given."""

    out_refund_no: str
    transaction_id: str | None
    out_trade_no: str | None
    sub_mchid: str | None
    refund_fen: int
    total_fen: int
    reason: str | None
    notify_url: str | None


def blueprint(world: World) -> Blueprint:
    """The refund paths of api.mch.weixin.qq.com."""
    routes = frame(world, Blueprint("refunds", __name__, url_prefix="/v3/refund/domestic/refunds"))

    @routes.post("")
    def ask() -> Response:
        refund, trade = open_refund(world, parse_refund(json_body()))
        return answer(records.refund_view(refund, trade))

    @routes.get("/<out_refund_no>")
    def query(out_refund_no: str) -> Response:
        try:
            refund = records.refund_of(world.store, out_refund_no)
        except NotKept:
            raise _no_such_refund() from None
        trade = records.trade_of(world.store, refund["out_trade_no"])
        if trade["sub_mchid"] != request.args.get("sub_mchid"):
            raise _no_such_refund()
        return answer(records.refund_view(refund, trade))

    return routes


def parse_refund(body: dict[str, Any]) -> RefundRequest:
    """The rules of 「申请退款」 on the body alone, or PayError."""
    amount = body.get("amount")
    if not isinstance(amount, dict) or amount.get("currency") != "CNY":
        raise param_error("输入源“/body/amount”规则校验失败")
    number = required_text(body, "out_refund_no", 64)
    if not OUT_REFUND_NO.fullmatch(number):
        raise param_error("商户退款单号out_refund_no含有不允许的字符")
    wanted = RefundRequest(
        out_refund_no=number,
        transaction_id=text_field(body, "transaction_id", 32, required=False),
        out_trade_no=text_field(body, "out_trade_no", 32, required=False),
        sub_mchid=text_field(body, "sub_mchid", 32, required=False),
        refund_fen=fen_field(amount, "refund"),
        total_fen=fen_field(amount, "total"),
        reason=text_field(body, "reason", 80, required=False),
        notify_url=text_field(body, "notify_url", 256, required=False),
    )
    if not wanted.transaction_id and not wanted.out_trade_no:
        raise param_error("transaction_id和out_trade_no必须二选一")
    return wanted


def open_refund(world: World, wanted: RefundRequest) -> tuple[Row, Row]:
    """The refund and its trade: a new one in PROCESSING, or the same for the same request again."""
    with world.store.transaction() as db:
        trade = _refundable(db, wanted)
        refund = _existing(db, wanted)
        if refund is None:
            _check_amount(world, db, trade, wanted)
            _insert_refund(world, db, trade, wanted)
            finish_later(world, wanted.out_refund_no)
    return (
        refund or records.refund_of(world.store, wanted.out_refund_no),
        records.trade_of(world.store, trade["out_trade_no"]),
    )


def finish_later(world: World, out_refund_no: str) -> None:
    """Let the refund end after the usual delay."""
    delay_s = world.knobs.settings.refund_delay_s
    world.timers.after(delay_s, lambda: finish_refund(world, out_refund_no))


def finish_refund(world: World, out_refund_no: str) -> None:
    """Bring a refund in PROCESSING to its end and announce it."""
    notice_id = None
    with world.store.transaction() as db:
        refund = db.execute(
            "SELECT * FROM refunds WHERE out_refund_no = ? AND status = 'PROCESSING'",
            (out_refund_no,),
        ).fetchone()
        if refund is None:
            return
        _end_refund(db, refund)
        if refund["notify_url"]:
            event_type = f"REFUND.{refund['ends_as']}"
            notice_id = world.notices.announce(db, event_type, out_refund_no, refund["notify_url"])
    if notice_id:
        world.notices.start(notice_id)


def resume(world: World) -> None:
    """Bring refunds to their end that a former process left in PROCESSING."""
    for row in world.store.all("SELECT out_refund_no FROM refunds WHERE status = 'PROCESSING'"):
        finish_later(world, row["out_refund_no"])


def _end_refund(db: Connection, refund: Row) -> None:
    done_at = clock.now() if refund["ends_as"] == "SUCCESS" else None
    db.execute(
        "UPDATE refunds SET status = ends_as, success_at = ? WHERE out_refund_no = ?",
        (done_at, refund["out_refund_no"]),
    )
    if refund["ends_as"] == "CLOSED":  # a closed refund gives the room back
        db.execute(
            "UPDATE trades SET refunded_fen = refunded_fen - ? WHERE out_trade_no = ?",
            (refund["amount_fen"], refund["out_trade_no"]),
        )


def _refundable(db: Connection, wanted: RefundRequest) -> Row:
    column = "transaction_id" if wanted.transaction_id else "out_trade_no"
    trade: Row | None = db.execute(
        f"SELECT * FROM trades WHERE {column} = ?", (getattr(wanted, column),)
    ).fetchone()
    if trade is None or trade["sub_mchid"] != wanted.sub_mchid:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在")
    if trade["paid_at"] is None:
        raise invalid_request("订单未支付，不能退款")
    if clock.now() - trade["paid_at"] > REFUND_WITHIN_S:
        raise invalid_request("订单已超过退款期限")
    return trade


def _no_such_refund() -> PayError:
    return PayError(404, "RESOURCE_NOT_EXISTS", "退款单不存在")


def _existing(db: Connection, wanted: RefundRequest) -> Row | None:
    refund: Row | None = db.execute(
        "SELECT * FROM refunds WHERE out_refund_no = ?", (wanted.out_refund_no,)
    ).fetchone()
    if refund is not None and refund["amount_fen"] != wanted.refund_fen:
        raise invalid_request("订单金额或退款金额与之前请求不一致，请核实后再试")
    return refund


def _check_amount(world: World, db: Connection, trade: Row, wanted: RefundRequest) -> None:
    if wanted.total_fen != trade["total_fen"]:
        raise invalid_request("订单金额或退款金额与之前请求不一致，请核实后再试")
    if trade["refunded_fen"] >= trade["total_fen"]:
        raise invalid_request("订单已全额退款")
    if trade["refunded_fen"] + wanted.refund_fen > trade["total_fen"]:
        raise invalid_request("申请退款金额超过订单可退金额")
    done = db.execute(
        "SELECT COUNT(*) FROM refunds WHERE out_trade_no = ?", (trade["out_trade_no"],)
    ).fetchone()[0]
    if done >= REFUNDS_MAX:
        raise invalid_request("一笔订单最多部分退款50次")
    if trade["sub_mchid"] and wanted.refund_fen > partners.left_fen(db, trade):
        raise PayError(403, "NOT_ENOUGH", "子商户可用余额不足，请先回退已分账的资金")
    if world.knobs.trouble.refunds == "not_enough":
        raise PayError(403, "NOT_ENOUGH", "基本账户余额不足，请充值后重新发起")


def _insert_refund(world: World, db: Connection, trade: Row, wanted: RefundRequest) -> None:
    db.execute(
        "INSERT INTO refunds (out_refund_no, refund_id, out_trade_no, amount_fen, reason,"
        " notify_url, status, ends_as, created_at) VALUES (?, ?, ?, ?, ?, ?, 'PROCESSING', ?, ?)",
        (
            *(wanted.out_refund_no, f"50300{secrets.randbelow(10**23):023d}"),
            *(trade["out_trade_no"], wanted.refund_fen, wanted.reason, wanted.notify_url),
            *(ENDS_AS[world.knobs.trouble.refunds], clock.now()),
        ),
    )
    db.execute(
        "UPDATE trades SET refunded_fen = refunded_fen + ? WHERE out_trade_no = ?",
        (wanted.refund_fen, trade["out_trade_no"]),
    )
