"""Trades, refunds and transfers as WeChat Pay writes them: in queries, answers and notices.

Sources: WeChat Pay merchant and partner documents 「商户订单号查询订单」, 「查询单笔退款」,
「支付成功回调通知」, 「退款结果通知」, 「商户单号查询转账单」, 「商家转账回调通知」.
"""

from sqlite3 import Row
from typing import Any

from deploy.sandbox import clock
from deploy.sandbox.keys import Account
from deploy.sandbox.store import NotKept, Store

STATE_TEXTS = {
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "NOTPAY": "订单未支付",
    "CLOSED": "订单已关闭",
}


def trade_of(store: Store, out_trade_no: str) -> Row:
    """The trade by the merchant's number, or NotKept."""
    trade = store.one("SELECT * FROM trades WHERE out_trade_no = ?", (out_trade_no,))
    if trade is None:
        raise NotKept(out_trade_no)
    return trade


def refund_of(store: Store, out_refund_no: str) -> Row:
    """The refund by the merchant's number, or NotKept."""
    refund = store.one("SELECT * FROM refunds WHERE out_refund_no = ?", (out_refund_no,))
    if refund is None:
        raise NotKept(out_refund_no)
    return refund


def transfer_of(store: Store, out_bill_no: str) -> Row:
    """The transfer by the merchant's number, or NotKept."""
    transfer = store.one("SELECT * FROM transfers WHERE out_bill_no = ?", (out_bill_no,))
    if transfer is None:
        raise NotKept(out_bill_no)
    return transfer


def state_of(trade: Row) -> str:
    """The trade's state now: an unpaid one closes by itself when its time is over."""
    if trade["state"] == "NOTPAY" and clock.now() > trade["expires_at"]:
        return "CLOSED"
    if trade["state"] == "SUCCESS" and trade["refunded_fen"]:
        return "REFUND"
    return str(trade["state"])


def trade_view(account: Account, trade: Row, wrong_by_fen: int = 0) -> dict[str, Any]:
    """A trade as the query answers it and the notice carries it."""
    state = state_of(trade)
    view: dict[str, Any] = {
        **_who(account, trade, app=True),
        "out_trade_no": trade["out_trade_no"],
        "trade_state": state,
        "trade_state_desc": STATE_TEXTS[state],
        "promotion_detail": [],
    }
    amount = {"total": trade["total_fen"] + wrong_by_fen, "currency": "CNY"}
    if trade["paid_at"] is not None:
        view |= {
            "transaction_id": trade["transaction_id"],
            "trade_type": trade["trade_type"],
            "bank_type": "OTHERS",
            "attach": trade["attach"] or "",
            "success_time": clock.rfc3339(trade["paid_at"]),
            "payer": {"sp_openid" if trade["sub_mchid"] else "openid": trade["openid"]},
        }
        amount |= {"payer_total": trade["total_fen"] + wrong_by_fen, "payer_currency": "CNY"}
    return view | {"amount": amount}


def refund_view(refund: Row, trade: Row) -> dict[str, Any]:
    """A refund as the request and the query answer it."""
    view: dict[str, Any] = {
        "refund_id": refund["refund_id"],
        "out_refund_no": refund["out_refund_no"],
        "transaction_id": trade["transaction_id"],
        "out_trade_no": refund["out_trade_no"],
        "channel": "ORIGINAL",
        "user_received_account": "支付用户零钱",
        "create_time": clock.rfc3339(refund["created_at"]),
        "status": refund["status"],
        "funds_account": "AVAILABLE",
        "promotion_detail": [],
        "amount": {
            **_refund_amounts(refund, trade),
            "settlement_total": trade["total_fen"],
            "settlement_refund": refund["amount_fen"],
            "discount_refund": 0,
            "currency": "CNY",
        },
    }
    if refund["success_at"] is not None:
        view["success_time"] = clock.rfc3339(refund["success_at"])
    return view


def notice_resource(
    account: Account, store: Store, notice: Row, wrong_by_fen: int = 0
) -> dict[str, Any]:
    """What the notice tells, in clear; NotKept when its trade has been forgotten meanwhile."""
    if notice["event_type"].startswith("TRANSACTION"):
        trade = trade_of(store, notice["subject"])
        # The notice speaks of the payment, also when a refund has overtaken it.
        return trade_view(account, trade, wrong_by_fen) | {
            "trade_state": "SUCCESS",
            "trade_state_desc": STATE_TEXTS["SUCCESS"],
        }
    if notice["event_type"].startswith("MCHTRANSFER"):
        return transfer_view(account, transfer_of(store, notice["subject"]))
    refund = refund_of(store, notice["subject"])
    return refund_notice(account, refund, trade_of(store, refund["out_trade_no"]))


def refund_notice(account: Account, refund: Row, trade: Row) -> dict[str, Any]:
    """A refund as its notice tells it."""
    view: dict[str, Any] = {
        **_who(account, trade, app=False),
        "out_trade_no": refund["out_trade_no"],
        "transaction_id": trade["transaction_id"],
        "out_refund_no": refund["out_refund_no"],
        "refund_id": refund["refund_id"],
        "refund_status": refund["status"],
        "user_received_account": "支付用户零钱",
        "amount": _refund_amounts(refund, trade),
    }
    if refund["success_at"] is not None:
        view["success_time"] = clock.rfc3339(refund["success_at"])
    return view


def transfer_view(account: Account, transfer: Row) -> dict[str, Any]:
    """A transfer as the query answers it and the notice carries it."""
    view = {
        "mch_id": account.mchid,
        "appid": account.app_id,
        "out_bill_no": transfer["out_bill_no"],
        "transfer_bill_no": transfer["transfer_bill_no"],
        "state": transfer["state"],
        "transfer_amount": transfer["amount_fen"],
        "transfer_remark": transfer["remark"],
        "openid": transfer["openid"],
        "create_time": clock.rfc3339(transfer["created_at"]),
        "update_time": clock.rfc3339(transfer["updated_at"]),
    }
    return view | ({"fail_reason": transfer["fail_reason"]} if transfer["fail_reason"] else {})


def _who(account: Account, trade: Row, *, app: bool) -> dict[str, str]:
    """Merchant (and app) of a trade: our own, or ours as partner and the sub-merchant's."""
    if trade["sub_mchid"] is None:
        return {"mchid": account.mchid} | ({"appid": account.app_id} if app else {})
    names = {"sp_mchid": account.mchid, "sub_mchid": trade["sub_mchid"]}
    return names | ({"sp_appid": account.app_id} if app else {})


def _refund_amounts(refund: Row, trade: Row) -> dict[str, int]:
    return {
        "total": trade["total_fen"],
        "refund": refund["amount_fen"],
        "payer_total": trade["total_fen"],
        "payer_refund": refund["amount_fen"],
    }
