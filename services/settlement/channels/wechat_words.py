"""WeChat Pay's words for trades and refunds, in queries, answers, notices and bills."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.contracts.settlement import RefundState
from services.kernel.errors import InvariantBroken
from services.settlement.domain.channel import ChannelRefund, Trade, TradeState

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


def trade_of(told: Mapping[str, Any]) -> Trade:
    """WeChat's words for a trade, in a query or a notice."""
    amount, paid_at = told.get("amount", {}), told.get("success_time")
    return Trade(
        out_trade_no=told["out_trade_no"],
        state=_TRADE_STATES.get(told["trade_state"], TradeState.UNPAID),
        merchant_number=told.get("mchid", ""),
        app_id=told.get("appid", ""),
        amount_fen=amount.get("total", 0),
        currency=amount.get("currency", ""),
        transaction_id=told.get("transaction_id", ""),
        paid_at=datetime.fromisoformat(paid_at) if paid_at else None,
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


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
