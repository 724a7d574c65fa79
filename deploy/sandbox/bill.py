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
from deploy.sandbox.bill_faults import Entry, falsified, fee_of
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
RATE = "0.60%"
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
    lines = [line for line in entries(world, day) if _belongs(line, bill_type)]
    if not lines:
        raise PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在")
    text = [HEADERS[bill_type]]
    for line in lines:
        write = _refund_line if line.out_refund_no else _paid_line
        text.append(write(world.account, line, bill_type))
    return ("\r\n".join([*text, SUMMARY_HEADER, _summary(lines)]) + "\r\n").encode()


def entries(world: World, day: str) -> list[Entry]:
    """The day's payments and refunds, falsified as asked for; a refund gives its fee back."""
    first, end = clock.day_bounds(day)
    paid = [_paid_entry(row) for row in _paid(world, first, end)]
    refunds = [_refund_entry(row) for row in _refunds(world, first, end)]
    return falsified(world, "wechat", day, paid + refunds)


def _paid_entry(row: Row) -> Entry:
    return Entry(
        at=row["paid_at"],
        out_trade_no=row["out_trade_no"],
        transaction_id=row["transaction_id"],
        amount_fen=row["total_fen"],
        fee_fen=fee_of("wechat", row["total_fen"]),
        subject=row["description"],
        attach=row["attach"] or "",
        payer=row["openid"],
        trade_type=row["trade_type"],
        sub_mchid=row["sub_mchid"] or "",
    )


def _refund_entry(row: Row) -> Entry:
    failed = row["status"] in ("CLOSED", "ABNORMAL")
    return Entry(
        at=row["created_at"],
        out_trade_no=row["out_trade_no"],
        transaction_id=row["transaction_id"],
        amount_fen=row["amount_fen"],
        fee_fen=0 if failed else -fee_of("wechat", row["amount_fen"]),
        out_refund_no=row["out_refund_no"],
        refund_no=row["refund_id"],
        status=row["status"],
        subject=row["description"],
        attach=row["attach"] or "",
        payer=row["openid"],
        done_at=row["success_at"],
        trade_type=row["trade_type"],
        sub_mchid=row["sub_mchid"] or "",
    )


def _belongs(line: Entry, bill_type: str) -> bool:
    return bill_type == "ALL" or (bill_type == "REFUND") == bool(line.out_refund_no)


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
        "SELECT r.*, t.transaction_id, t.openid, t.description, t.attach, t.total_fen, t.paid_at,"
        " t.trade_type, t.sub_mchid"
        " FROM refunds r JOIN trades t ON t.out_trade_no = r.out_trade_no"
        " WHERE r.created_at >= ? AND r.created_at < ? ORDER BY r.created_at",
        (first, end),
    )


def _paid_line(account: Account, line: Entry, bill_type: str) -> str:
    total = _yuan(line.amount_fen)
    no_refund = ["0", "0", "0.00", "0.00", "", ""] if bill_type == "ALL" else []
    no_asked = ["0.00"] if bill_type == "ALL" else []
    return _line(
        [
            *_who(account, line, "SUCCESS"),
            *(total, "0.00", *no_refund, line.subject, line.attach),
            *(_fee(line.fee_fen), RATE, total, *no_asked, ""),
        ]
    )


def _refund_line(account: Account, line: Entry, bill_type: str) -> str:
    amount, times = _yuan(line.amount_fen), []
    if bill_type == "REFUND":
        done = clock.bill_time(line.done_at) if line.done_at else ""
        times = [clock.bill_time(line.at), done]
    return _line(
        [
            *_who(account, line, "REFUND"),
            *("0.00", "0.00", *times, line.refund_no, line.out_refund_no, amount, "0.00"),
            *("ORIGINAL", line.status, line.subject, line.attach),
            *(_fee(line.fee_fen), RATE, "0.00", amount, ""),
        ]
    )


def _who(account: Account, line: Entry, state: str) -> list[str]:
    return [
        *(clock.bill_time(line.at), account.app_id, account.mchid, line.sub_mchid or "0", ""),
        *(line.transaction_id, line.out_trade_no, line.payer, line.trade_type, state),
        *("OTHERS", "CNY"),
    ]


def _summary(lines: list[Entry]) -> str:
    paid = _yuan(sum(line.amount_fen for line in lines if not line.out_refund_no))
    refunded = _yuan(sum(line.amount_fen for line in lines if line.out_refund_no))
    fees = _fee(sum(line.fee_fen for line in lines))
    return _line([str(len(lines)), paid, refunded, "0.00", fees, paid, refunded])


def _fee(fen: int) -> str:
    """Yuan with the five decimals of 手续费."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{_yuan(abs(fen))}000"


def _line(fields: Iterable[str]) -> str:
    """Commas and line ends inside a field would break the file: WeChat replaces them too."""
    return ",".join(f"`{field.translate(_FLAT)}" for field in fields)


_FLAT = str.maketrans({",": " ", "\r": " ", "\n": " ", "`": "'"})


def _sum(rows: Iterable[Row], column: str) -> int:
    return sum(row[column] for row in rows)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
