"""A payment and the channel orders through which it may be paid: their states and legal moves."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from services.contracts.settlement import Channel, Custody, PaymentState, PayWay


class Purpose(StrEnum):
    """What a payment is for."""

    ORDER = "order"
    FEE = "fee"
    """Property fee bills: an allocation is a fee payment's."""


CHANNEL_OF = {
    PayWay.WECHAT_JSAPI: Channel.WECHAT,
    PayWay.WECHAT_NATIVE: Channel.WECHAT,
    PayWay.WECHAT_H5: Channel.WECHAT,
    PayWay.ALIPAY_WAP: Channel.ALIPAY,
    PayWay.ALIPAY_PAGE: Channel.ALIPAY,
    PayWay.ALIPAY_QR: Channel.ALIPAY,
    PayWay.UNIONPAY_PAGE: Channel.UNIONPAY,
}
MADE_BY_THE_PAYER = (PayWay.ALIPAY_WAP, PayWay.ALIPAY_PAGE, PayWay.UNIONPAY_PAGE)
"""Ways in which the channel hears of the order only when the payer's browser brings it."""


class _Opens(Protocol):
    @property
    def ways(self) -> frozenset[PayWay]: ...


def ways_of(channels: Mapping[Channel, _Opens], custody: Custody, *, at_door: bool) -> list[PayWay]:
    """The ways that are open for a payment, in the order in which pages show them.

    `at_door`: somebody comes to a door with what is paid, and can collect cash.
    """
    if custody is Custody.PLATFORM:
        opened = set(channels[Channel.WECHAT].ways)
    else:
        opened = set().union(*(channel.ways for channel in channels.values()))
        opened.add(PayWay.BALANCE)
        if at_door:
            opened.add(PayWay.ON_DELIVERY)
    return [way for way in PayWay if way in opened]


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
