"""Alipay's words for trades, in queries and notices.

Sources: Alipay open platform 「alipay.trade.query」, 「异步通知说明」.
"""

from collections.abc import Mapping
from datetime import datetime

from services.kernel.money import from_yuan
from services.settlement.domain.channel import TradeState
from services.settlement.domain.days import BEIJING

CURRENCY = "CNY"
_STATES = {
    "WAIT_BUYER_PAY": TradeState.UNPAID,
    "TRADE_SUCCESS": TradeState.PAID,
    # Paid, and the time for refunds is over.
    "TRADE_FINISHED": TradeState.PAID,
}


def state_of(told: Mapping[str, str], paid_at: datetime | None) -> TradeState:
    """The trade's state; ValueError for one that is unknown.

    TRADE_CLOSED means closed unpaid, or paid and given back in full: the money did come then.
    """
    if told["trade_status"] == "TRADE_CLOSED":
        return TradeState.PAID if paid_at else TradeState.CLOSED
    if told["trade_status"] not in _STATES:
        raise ValueError(f"a trade that is {told['trade_status']!r}")
    return _STATES[told["trade_status"]]


def moment(text: str | None) -> datetime | None:
    """`2026-03-01 12:00:00` of Beijing, or nothing for nothing; ValueError for anything else."""
    if not text:
        return None
    return datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)


def fen(text: str | None) -> int:
    """An amount in yuan as fen; ValueError when it is none."""
    return from_yuan(str(text))
