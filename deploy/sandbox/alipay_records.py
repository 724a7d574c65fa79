"""Alipay's trades as its queries, notices and pages tell of them.

Sources: Alipay open platform 「alipay.trade.query」, 「异步通知说明」, 「前台回跳」.
"""

import uuid
from sqlite3 import Row
from urllib.parse import urlencode

from deploy.sandbox import alipay_signing, channel_trades, clock
from deploy.sandbox.notices import Post
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

REPEATS_S = (4 * 60, 10 * 60, 10 * 60, 3600, 2 * 3600, 6 * 3600, 15 * 3600)
PAID_EVENT, REFUND_EVENT = "ALIPAY.TRADE_SUCCESS", "ALIPAY.REFUND"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
BUYER = {"buyer_id": "2088102169481075", "buyer_logon_id": "zha***@sandbox.com"}


def yuan(fen: int) -> str:
    """Two decimals."""
    return f"{fen // 100}.{fen % 100:02d}"


def status_of(trade: Row) -> str:
    """The trade's status now; one that was given back in full is closed too."""
    state = channel_trades.state_of(trade)
    if state == "PAID":
        given_back = trade["refunded_fen"] == trade["total_fen"]
        return "TRADE_CLOSED" if given_back else "TRADE_SUCCESS"
    return "WAIT_BUYER_PAY" if state == "WAIT" else "TRADE_CLOSED"


def query_view(trade: Row) -> dict[str, str]:
    """A trade as the query answers it."""
    total = yuan(trade["total_fen"])
    view = {
        "buyer_logon_id": BUYER["buyer_logon_id"],
        "buyer_pay_amount": total if trade["paid_at"] else "0.00",
        "invoice_amount": total if trade["paid_at"] else "0.00",
        "out_trade_no": trade["out_trade_no"],
        "subject": trade["subject"],
        "total_amount": total,
        "trade_no": trade["trade_no"],
        "trade_status": status_of(trade),
    }
    if trade["paid_at"] is not None:
        view["send_pay_date"] = clock.bill_time(trade["paid_at"])
    return view


def notice_post(world: World) -> Post:
    """How Alipay's notices go: a signed form, until somebody answers `success`."""

    def write(row: Row) -> tuple[bytes, dict[str, str]]:
        return urlencode(_notice(world, row)).encode(), FORM

    def takes(status: int, answer: bytes) -> bool:
        return status == 200 and answer.strip() == b"success"

    return Post(write, takes, REPEATS_S)


def return_link(world: World, trade: Row) -> str:
    """Where the payer goes back to, with what Alipay tells there; nothing without an address."""
    if not trade["return_url"]:
        return ""
    told = {
        **_who(world),
        "method": "alipay.trade.page.pay.return",
        "out_trade_no": trade["out_trade_no"],
        "trade_no": trade["trade_no"],
        "total_amount": yuan(trade["total_fen"]),
        "timestamp": clock.bill_time(clock.now()),
    }
    signed = alipay_signing.notice(told, world.channels.alipay.key)
    separator = "&" if "?" in trade["return_url"] else "?"
    return f"{trade['return_url']}{separator}{urlencode(signed)}"


def _notice(world: World, row: Row) -> dict[str, str]:
    refund = None
    number = row["subject"]
    if row["event_type"] == REFUND_EVENT:
        refund = channel_trades.refund_of(world, channel_trades.ALIPAY, number)
        number = refund["out_trade_no"] if refund else number
    trade = channel_trades.trade_of(world, channel_trades.ALIPAY, number)
    if trade is None:
        raise NotKept(number)
    amount = yuan(trade["total_fen"] + int(world.knobs.trouble.wrong_amount))
    told = {
        **_who(world),
        **BUYER,
        "buyer_pay_amount": amount,
        "fund_bill_list": f'[{{"amount":"{amount}","fundChannel":"ALIPAYACCOUNT"}}]',
        "gmt_create": clock.bill_time(trade["created_at"]),
        "gmt_payment": clock.bill_time(trade["paid_at"]),
        "notify_id": uuid.UUID(row["id"]).hex,
        "notify_time": clock.bill_time(clock.now()),
        "notify_type": "trade_status_sync",
        "out_trade_no": trade["out_trade_no"],
        "receipt_amount": amount,
        "subject": trade["subject"],
        "total_amount": amount,
        "trade_no": trade["trade_no"],
        "trade_status": status_of(trade) if refund else "TRADE_SUCCESS",
    }
    if refund:
        told |= {
            "gmt_refund": clock.bill_time(refund["created_at"]),
            "out_biz_no": refund["out_refund_no"],
            "refund_fee": yuan(trade["refunded_fen"]),
        }
    return alipay_signing.notice(told, world.channels.alipay.key)


def _who(world: World) -> dict[str, str]:
    keys = world.channels.alipay
    return {
        "app_id": keys.app_id,
        "auth_app_id": keys.app_id,
        "charset": "utf-8",
        "seller_id": keys.seller_id,
        "version": "1.0",
    }
