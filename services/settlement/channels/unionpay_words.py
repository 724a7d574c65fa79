"""UnionPay's words for transactions, in answers and notices.

Source: UnionPay 「网关支付产品接口规范」 and 「平台接入接口规范 第5部分 附录」 (应答码).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from services.contracts.settlement import RefundState
from services.settlement.domain.channel import ChannelRefund, Trade, TradeState
from services.settlement.domain.days import BEIJING

GRANTED = {"00", "A6"}
"""00: done; A6: done, with a defect that does not touch the money."""
UNDER_WAY = {"03", "04", "05"}
"""Accepted, or without an answer of the bank: it must be asked for later."""
NOT_THERE = "34"
"""查无此交易."""
DUPLICATE = "12"
"""重复交易."""
NO_FILE = "98"
PAYMENT, REFUND = "01", "04"
_CURRENCIES = {"156": "CNY"}
_STAMP = "%Y%m%d%H%M%S"


def stamp(at: datetime) -> str:
    """`20260301120000`, Beijing time."""
    return at.astimezone(BEIJING).strftime(_STAMP)


def moment(text: str) -> datetime:
    """The same back; ValueError for anything else."""
    return datetime.strptime(text, _STAMP).replace(tzinfo=BEIJING)


def done_at(told: Mapping[str, str]) -> datetime | None:
    """`traceTime` (MMDDhhmmss) with the year that follows from `txnTime`; ValueError for junk."""
    trace = told.get("traceTime")
    if not trace:
        return None
    asked_at = moment(told["txnTime"])
    done = moment(f"{asked_at.year}{trace}")
    # Asked for on New Year's Eve, done on New Year's Day.
    return moment(f"{asked_at.year + 1}{trace}") if done < asked_at - timedelta(days=1) else done


def trade_of(told: Mapping[str, str], code: str) -> Trade:
    """A payment; `code` is what has become of it. KeyError or ValueError for an unknown form."""
    paid = code in GRANTED
    return Trade(
        out_trade_no=told["orderId"],
        state=TradeState.PAID if paid else TradeState.UNPAID,
        merchant_number=told["merId"],
        amount_fen=int(told.get("txnAmt") or 0),
        currency=_CURRENCIES.get(told.get("currencyCode", ""), told.get("currencyCode", "")),
        transaction_id=told.get("queryId", ""),
        paid_at=done_at(told) if paid else None,
    )


def refund_of(told: Mapping[str, str], code: str) -> ChannelRefund:
    """A refund; `code` is what has become of it. KeyError or ValueError for an unknown form."""
    state = RefundState.FAILED
    if code in GRANTED:
        state = RefundState.DONE
    elif code in UNDER_WAY:
        state = RefundState.PROCESSING
    return ChannelRefund(
        out_refund_no=told["orderId"],
        state=state,
        amount_fen=int(told["txnAmt"]),
        note=f"{code} {told.get('origRespMsg') or told.get('respMsg') or ''}"[:100],
        asked_at=moment(told["txnTime"]),
        done_at=done_at(told) if state is RefundState.DONE else None,
    )
