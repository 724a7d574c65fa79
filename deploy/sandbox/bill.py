"""The trade bill as WeChat Pay writes it, and the sandbox's own view of the same money.

Source: WeChat Pay merchant documents 「申请交易账单」, 「下载账单」, 「交易账单字段说明」:
a header line, a line per payment and per refund with a backtick before each field, a summary
header and a summary line; amounts in yuan.
"""

import gzip
import hashlib
import secrets
from collections.abc import Iterable
from sqlite3 import Row
from typing import Any

from flask import Blueprint, Response, request

from deploy.sandbox import clock, records
from deploy.sandbox.keys import Account
from deploy.sandbox.merchant_api import PayError, answer, frame, param_error
from deploy.sandbox.world import World

_TRADE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,"
    "用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额"
)
_REFUND = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态"
_GOODS = "商品名称,商户数据包,手续费,费率,订单金额"
HEADERS = {
    "ALL": f"{_TRADE},{_REFUND},{_GOODS},申请退款金额,费率备注",
    "SUCCESS": f"{_TRADE},{_GOODS},费率备注",
    "REFUND": f"{_TRADE},退款申请时间,退款成功时间,{_REFUND},{_GOODS},申请退款金额,费率备注",
}
SUMMARY_HEADER = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
LINK_LIVES_S = 300
ALL_TIME = (0.0, 4e9)


def blueprint(world: World) -> Blueprint:
    """The bill paths of api.mch.weixin.qq.com."""
    routes = frame(world, Blueprint("bill", __name__, url_prefix="/v3"))

    @routes.get("/bill/tradebill")
    def ask() -> Response:
        day, bill_type = _bill_day(world), request.args.get("bill_type", "ALL")
        if bill_type not in HEADERS or request.args.get("tar_type", "GZIP") != "GZIP":
            raise param_error("bill_type或tar_type取值有误")
        text = trade_bill(world, day, bill_type)
        return answer(_download(world, day, bill_type, text))

    @routes.get("/billdownload/file")
    def download() -> Response:
        row = world.store.one(
            "SELECT * FROM bill_tokens WHERE token = ? AND expires_at > ?",
            (request.args.get("token", ""), clock.now()),
        )
        if row is None:
            raise _invalid_token()
        data = trade_bill(world, row["day"], row["bill_type"])
        if request.args.get("tartype") == "gzip":
            return Response(gzip.compress(data), content_type="application/x-gzip")
        return Response(data, content_type="text/plain; charset=utf-8")

    return routes


def _invalid_token() -> PayError:
    """The link is older than five minutes or was never given."""
    return PayError(400, "INVALID_REQUEST", "token无效或已过期")


def trade_bill(world: World, day: str, bill_type: str) -> bytes:
    """The bill of one Beijing day; NO_STATEMENT_EXIST when nothing happened on it."""
    first, end = clock.day_bounds(day)
    paid = [] if bill_type == "REFUND" else _paid(world, first, end)
    refunds = [] if bill_type == "SUCCESS" else _refunds(world, first, end)
    if not paid and not refunds:
        raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    lines = sorted(
        [(trade["paid_at"], _paid_line(world.account, trade, bill_type)) for trade in paid]
        + [(row["created_at"], _refund_line(world.account, row, bill_type)) for row in refunds]
    )
    text = [HEADERS[bill_type], *(line for _, line in lines), SUMMARY_HEADER]
    return ("\r\n".join([*text, _summary(paid, refunds)]) + "\r\n").encode()


def own_view(world: World, day: str | None) -> dict[str, Any]:
    """Every trade and refund of a day, or of all time, with totals: for the audit."""
    first, end = clock.day_bounds(day) if day else ALL_TIME
    trades = world.store.all(
        "SELECT * FROM trades WHERE COALESCE(paid_at, created_at) >= ?"
        " AND COALESCE(paid_at, created_at) < ? ORDER BY created_at, out_trade_no",
        (first, end),
    )
    refunds = _refunds(world, first, end)
    paid = [trade for trade in trades if trade["paid_at"] is not None]
    done = [row for row in refunds if row["status"] == "SUCCESS"]
    paid_fen, refunded_fen = _sum(paid, "total_fen"), _sum(done, "amount_fen")
    return {
        "trades": [trade_json(trade) for trade in trades],
        "refunds": [_refund_json(row) for row in refunds],
        "totals": {
            "paid_count": len(paid),
            "paid_fen": paid_fen,
            "refund_count": len(done),
            "refunded_fen": refunded_fen,
            "net_fen": paid_fen - refunded_fen,
        },
    }


def trade_json(trade: Row) -> dict[str, Any]:
    """A trade for the admin API."""
    times = {name: clock.rfc3339(trade[name]) for name in ("created_at", "paid_at", "closed_at")}
    names = ("out_trade_no", "transaction_id", "openid", "total_fen", "refunded_fen")
    return {name: trade[name] for name in names} | {"trade_state": records.state_of(trade)} | times


def _refund_json(row: Row) -> dict[str, Any]:
    names = ("out_refund_no", "refund_id", "out_trade_no", "amount_fen", "status")
    times = {name: clock.rfc3339(row[name]) for name in ("created_at", "success_at")}
    return {name: row[name] for name in names} | times


def _bill_day(world: World) -> str:
    day = request.args.get("bill_date", "")
    try:
        clock.day_bounds(day)
    except ValueError:
        raise param_error("账单日期bill_date格式错误") from None
    if day > clock.today() or (day == clock.today() and not world.knobs.settings.bill_same_day):
        raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    return day


def _download(world: World, day: str, bill_type: str, text: bytes) -> dict[str, str]:
    token = secrets.token_urlsafe(32)
    world.store.run(
        "INSERT INTO bill_tokens (token, day, bill_type, expires_at) VALUES (?, ?, ?, ?)",
        (token, day, bill_type, clock.now() + LINK_LIVES_S),
    )
    packed = "&tartype=gzip" if "tar_type" in request.args else ""
    return {
        "hash_type": "SHA1",
        "hash_value": hashlib.sha1(text).hexdigest(),  # of the unpacked file, as documented
        "download_url": f"{request.host_url}v3/billdownload/file?token={token}{packed}",
    }


def _paid(world: World, first: float, end: float) -> list[Row]:
    return world.store.all("SELECT * FROM trades WHERE paid_at >= ? AND paid_at < ?", (first, end))


def _refunds(world: World, first: float, end: float) -> list[Row]:
    return world.store.all(
        "SELECT r.*, t.transaction_id, t.openid, t.description, t.attach, t.total_fen, t.paid_at"
        " FROM refunds r JOIN trades t ON t.out_trade_no = r.out_trade_no"
        " WHERE r.created_at >= ? AND r.created_at < ? ORDER BY r.created_at",
        (first, end),
    )


def _paid_line(account: Account, trade: Row, bill_type: str) -> str:
    total = _yuan(trade["total_fen"])
    no_refund = ["0", "0", "0.00", "0.00", "", ""] if bill_type == "ALL" else []
    no_asked = ["0.00"] if bill_type == "ALL" else []
    return _line(
        [
            *_who(account, trade, clock.bill_time(trade["paid_at"]), "SUCCESS"),
            *(total, "0.00", *no_refund, trade["description"], trade["attach"] or ""),
            *("0.00000", "0.60%", total, *no_asked, ""),
        ]
    )


def _refund_line(account: Account, row: Row, bill_type: str) -> str:
    amount, times = _yuan(row["amount_fen"]), []
    if bill_type == "REFUND":
        done = clock.bill_time(row["success_at"]) if row["success_at"] else ""
        times = [clock.bill_time(row["created_at"]), done]
    return _line(
        [
            *_who(account, row, clock.bill_time(row["created_at"]), "REFUND"),
            *("0.00", "0.00", *times, row["refund_id"], row["out_refund_no"], amount, "0.00"),
            *("ORIGINAL", row["status"], row["description"], row["attach"] or ""),
            *("0.00000", "0.60%", "0.00", amount, ""),
        ]
    )


def _who(account: Account, row: Row, at: str, state: str) -> list[str]:
    return [
        *(at, account.app_id, account.mchid, "0", "", row["transaction_id"], row["out_trade_no"]),
        *(row["openid"], "JSAPI", state, "OTHERS", "CNY"),
    ]


def _summary(paid: list[Row], refunds: list[Row]) -> str:
    orders, refunded = _yuan(_sum(paid, "total_fen")), _yuan(_sum(refunds, "amount_fen"))
    count = str(len(paid) + len(refunds))
    return _line([count, orders, refunded, "0.00", "0.00000", orders, refunded])


def _line(fields: Iterable[str]) -> str:
    """Commas and line ends inside a field would break the file: WeChat replaces them too."""
    return ",".join(f"`{field.translate(_FLAT)}" for field in fields)


_FLAT = str.maketrans({",": " ", "\r": " ", "\n": " ", "`": "'"})


def _sum(rows: Iterable[Row], column: str) -> int:
    return sum(row[column] for row in rows)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
