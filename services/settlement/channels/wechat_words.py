"""WeChat Pay's words for trades, refunds and transfers, in queries, answers, notices and bills."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.contracts.settlement import RefundState
from services.kernel.errors import InvariantBroken
from services.settlement.domain.channel import ChannelRefund, Trade, TradeState
from services.settlement.domain.payouts import Payout, PayoutState

_TRADE_STATES = {
    "SUCCESS": TradeState.PAID,
    # Paid, and refunded later: the money did come.
    "REFUND": TradeState.PAID,
    "CLOSED": TradeState.CLOSED,
    "REVOKED": TradeState.CLOSED,
}
REFUND_STATES = {
    "SUCCESS": RefundState.DONE,
    "PROCESSING": RefundState.PROCESSING,
    "ABNORMAL": RefundState.FAILED,
    "CLOSED": RefundState.FAILED,
}

_PAYOUT_STATES = {
    "ACCEPTED": PayoutState.PROCESSING,
    "PROCESSING": PayoutState.PROCESSING,
    "WAIT_USER_CONFIRM": PayoutState.AWAITING_PAYEE,
    "TRANSFERING": PayoutState.PROCESSING,
    "SUCCESS": PayoutState.DONE,
    "FAIL": PayoutState.FAILED,
    "CANCELING": PayoutState.PROCESSING,
    "CANCELLED": PayoutState.CANCELLED,
}
_OVERDUE = "OVERDUE_CLOSE"
"""The payee did not confirm in time."""


def trade_of(told: Mapping[str, Any]) -> Trade:
    """WeChat's words for a trade, in a query or a notice; a shop's own names a partner as well."""
    amount, paid_at = told.get("amount", {}), told.get("success_time")
    return Trade(
        out_trade_no=told["out_trade_no"],
        state=_TRADE_STATES.get(told["trade_state"], TradeState.UNPAID),
        merchant_number=told.get("sp_mchid") or told.get("mchid", ""),
        app_id=told.get("sp_appid") or told.get("appid", ""),
        amount_fen=amount.get("total", 0),
        currency=amount.get("currency", ""),
        transaction_id=told.get("transaction_id", ""),
        paid_at=_moment(paid_at),
        sub_merchant=told.get("sub_mchid", ""),
    )


def refund_of(told: Mapping[str, Any]) -> ChannelRefund:
    """WeChat's words for a refund; a notice calls its state `refund_status`."""
    status = told.get("status") or told.get("refund_status") or ""
    if status not in REFUND_STATES:
        raise InvariantBroken(f"WeChat Pay speaks of a refund that is {status!r}")
    times = {name: told.get(name) for name in ("create_time", "success_time")}
    return ChannelRefund(
        out_refund_no=told["out_refund_no"],
        state=REFUND_STATES[status],
        amount_fen=told["amount"]["refund"],
        note=status,
        asked_at=_moment(times["create_time"]),
        done_at=_moment(times["success_time"]),
    )


def payout_of(told: Mapping[str, Any]) -> Payout:
    """WeChat's words for a transfer, in an answer, a query or a notice."""
    return Payout(
        out_bill_no=told["out_bill_no"],
        state=_PAYOUT_STATES[told["state"]],
        amount_fen=told.get("transfer_amount"),
        package_info=told.get("package_info") or "",
        transfer_bill_no=told.get("transfer_bill_no") or "",
        fail_reason=told.get("fail_reason") or "",
        expired=told.get("fail_reason") == _OVERDUE,
        updated_at=_moment(told.get("update_time") or told.get("create_time")),
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
