"""UnionPay's transactions as its answers, notices and pages tell of them.

Sources: UnionPay 「网关支付产品接口规范」, 「平台接入接口规范 第5部分 附录」.
"""

from sqlite3 import Row
from urllib.parse import urlencode

from deploy.sandbox import channel_trades, clock, unionpay_signing
from deploy.sandbox.channel_trades import UNIONPAY
from deploy.sandbox.notices import Post
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

REPEATS_S = (60, 120, 240, 300)
PAID_EVENT, REFUND_EVENT = "UNIONPAY.01", "UNIONPAY.04"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
DONE, UNDER_WAY, FAILED, UNKNOWN = "00", "05", "01", "34"
MESSAGES = {
    DONE: "成功[0000000]",
    UNDER_WAY: "交易已受理，请稍后查询交易结果[6154037]",
    FAILED: "交易失败，详情请咨询95516[2010002]",
    UNKNOWN: "查无此交易[2600000]",
}
REFUND_CODES = {"SUCCESS": DONE, "PROCESSING": UNDER_WAY, "FAILED": FAILED}


def signed(world: World, told: dict[str, str]) -> dict[str, str]:
    """The fields with UnionPay's certificate and signature."""
    keys = world.channels.unionpay
    return unionpay_signing.signed(told, keys.certificate_pem, keys.key)


def trade_fields(world: World, trade: Row) -> dict[str, str]:
    """A payment in UnionPay's fields, without what has become of it."""
    told = {
        "accessType": "0",
        "bizType": "000201",
        "currencyCode": "156",
        "merId": world.channels.unionpay.mer_id,
        "orderId": trade["out_trade_no"],
        "txnAmt": str(trade["total_fen"]),
        "txnSubType": "01",
        "txnTime": trade["asked_at"],
        "txnType": "01",
    }
    if trade["paid_at"] is None:
        return told
    return told | {
        "accNo": "6226********0048",
        "queryId": trade["trade_no"],
        "settleAmt": str(trade["total_fen"]),
        "settleCurrencyCode": "156",
        "settleDate": _settle_date(trade["paid_at"]),
        "traceNo": trade["trade_no"][-6:],
        "traceTime": _trace_time(trade["paid_at"]),
    }


def refund_fields(world: World, refund: Row) -> dict[str, str]:
    """A refund in UnionPay's fields, without what has become of it."""
    trade = channel_trades.trade_of(world, UNIONPAY, refund["out_trade_no"])
    told = {
        "accessType": "0",
        "bizType": "000201",
        "currencyCode": "156",
        "merId": world.channels.unionpay.mer_id,
        "orderId": refund["out_refund_no"],
        "origQryId": trade["trade_no"] if trade else "",
        "queryId": refund["refund_no"],
        "txnAmt": str(refund["amount_fen"]),
        "txnSubType": "00",
        "txnTime": refund["asked_at"],
        "txnType": "04",
    }
    if refund["success_at"] is not None:
        told["traceTime"] = _trace_time(refund["success_at"])
    return told


def notice_post(world: World) -> Post:
    """How UnionPay's back notices go: a signed form, until somebody answers 200 or 302."""

    def write(row: Row) -> tuple[bytes, dict[str, str]]:
        return urlencode(signed(world, _notice(world, row))).encode(), FORM

    def takes(status: int, answer: bytes) -> bool:
        return status in (200, 302)

    return Post(write, takes, REPEATS_S)


def front_form(world: World, trade: Row) -> dict[str, str]:
    """What the payer's browser posts to the shop when it comes back."""
    return signed(world, trade_fields(world, trade) | result(DONE))


def result(code: str) -> dict[str, str]:
    """A code with its words."""
    return {"respCode": code, "respMsg": MESSAGES[code]}


def _notice(world: World, row: Row) -> dict[str, str]:
    if row["event_type"] == REFUND_EVENT:
        refund = channel_trades.refund_of(world, UNIONPAY, row["subject"])
        if refund is None:
            raise NotKept(row["subject"])
        return refund_fields(world, refund) | result(REFUND_CODES[refund["status"]])
    trade = channel_trades.trade_of(world, UNIONPAY, row["subject"])
    if trade is None:
        raise NotKept(row["subject"])
    told = trade_fields(world, trade) | result(DONE)
    wrong_by_fen = int(world.knobs.trouble.wrong_amount)
    return told | {"txnAmt": str(trade["total_fen"] + wrong_by_fen)}


def _trace_time(moment: float) -> str:
    """MMDDhhmmss, Beijing time."""
    return clock.bill_time(moment).translate(_DIGITS_ONLY)[4:]


def _settle_date(moment: float) -> str:
    """MMDD of the clearing day, which ends at 23:00."""
    return clock.bill_time(moment + 3600).translate(_DIGITS_ONLY)[4:8]


_DIGITS_ONLY = str.maketrans("", "", "-: ")
