"""A payment and the channel orders through which it may be paid: their states and legal moves."""

from datetime import datetime, timedelta
from enum import StrEnum

from services.contracts.settlement import PaymentState


class PaymentAct(StrEnum):
    """What can happen to a payment."""

    RECEIVE = "receive"
    BEGIN_CLOSING = "begin_closing"
    CLOSE = "close"


PAYMENT_MOVES = {
    (PaymentState.OPEN, PaymentAct.RECEIVE): PaymentState.PAID,
    (PaymentState.OPEN, PaymentAct.BEGIN_CLOSING): PaymentState.CLOSING,
    (PaymentState.CLOSING, PaymentAct.RECEIVE): PaymentState.PAID,
    (PaymentState.CLOSING, PaymentAct.BEGIN_CLOSING): PaymentState.CLOSING,
    (PaymentState.CLOSING, PaymentAct.CLOSE): PaymentState.CLOSED,
}
"""Paid and closed are final: money that comes then goes back by itself."""


class ChannelOrderState(StrEnum):
    """One attempt to have a payment paid through a channel."""

    ASKED = "asked"
    """Meant to be made at the channel; whether it was is not known yet."""
    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"


LIVE = (ChannelOrderState.ASKED, ChannelOrderState.OPEN)
"""States in which money may still come, so the channel is asked now and then."""


def payment_sources(act: PaymentAct) -> list[PaymentState]:
    """The states in which an act is legal, for the WHERE of its UPDATE."""
    return [state for state, legal in PAYMENT_MOVES if legal is act]


POLL_AFTER_S = (10, 20, 40, 80, 160, 320, 600, 1200, 1800)
"""When the channel is asked again after so many askings without a notice; the last one repeats."""


def next_poll_at(poll_count: int, now: datetime) -> datetime:
    """When to ask the channel next, after it has been asked `poll_count` times."""
    return now + timedelta(seconds=POLL_AFTER_S[min(poll_count, len(POLL_AFTER_S) - 1)])
