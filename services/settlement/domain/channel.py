"""What settlement wants of a pay channel, in settlement's own words.

A channel's calls go over the network: never inside a transaction. They raise Unavailable when it
is not known what became of the call, and ChannelRefused when the channel said no.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from services.contracts.settlement import PayOffer, PayWay, RefundState
from services.settlement.domain.payouts import Payout
from services.settlement.domain.postings import Till


class TradeState(StrEnum):
    """A channel order as the channel sees it."""

    PAID = "paid"
    UNPAID = "unpaid"
    CLOSED = "closed"
    UNKNOWN = "unknown"
    """The channel has never heard of it."""


@dataclass(frozen=True, slots=True)
class Trade:
    """What the channel knows of a channel order."""

    out_trade_no: str
    state: TradeState
    merchant_number: str = ""
    app_id: str = ""
    amount_fen: int = 0
    currency: str = ""
    transaction_id: str = ""
    paid_at: datetime | None = None
    sub_merchant: str = ""
    """The shop's own merchant number, where the shop itself received."""


@dataclass(frozen=True, slots=True)
class ChannelRefund:
    """What the channel knows of a refund; `state` is DONE, PROCESSING or FAILED."""

    out_refund_no: str
    state: RefundState
    amount_fen: int
    note: str = ""
    asked_at: datetime | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TradeRef:
    """All that a channel may want to know of a channel order that we made earlier."""

    out_trade_no: str
    asked_at: datetime
    """When we first meant to make it: with UnionPay a part of its name (`txnTime`)."""
    pay_before: datetime
    transaction_id: str = ""
    """The channel's own number for it, once paid."""
    sub_merchant: str = ""
    """The shop's own merchant number at the channel, where the shop itself receives."""


@dataclass(frozen=True, slots=True)
class RefundRef:
    """All that a channel may want to know of a refund that we asked for earlier."""

    out_refund_no: str
    requested_at: datetime
    trade: TradeRef


@dataclass(frozen=True, slots=True)
class Notice:
    """A genuine notice: who sent it is proved, what it says is not compared with anything yet."""

    notice_id: str
    event_type: str
    merchant_number: str
    about: Trade | ChannelRefund | Payout


@dataclass(frozen=True, slots=True)
class Prepay:
    """A channel order to be made."""

    way: PayWay
    out_trade_no: str
    subject: str
    amount_fen: int
    asked_at: datetime
    pay_before: datetime
    openid: str = ""
    """Who pays: for WeChat's own sheet."""
    client_ip: str = "127.0.0.1"
    return_url: str = ""
    """Where the channel's page sends the payer back to."""
    sub_merchant: str = ""


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """A refund to be asked for; `total_fen` is what was paid through the channel order."""

    out_refund_no: str
    trade: TradeRef
    amount_fen: int
    total_fen: int
    reason: str
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a channel's bill: a payment, or a refund when `out_refund_no` is there."""

    out_trade_no: str
    amount_fen: int
    out_refund_no: str = ""
    refund_state: RefundState | None = None
    fee_fen: int = 0
    """What the channel keeps for itself; below zero where a refund gives a fee back."""
    transaction_id: str = ""

    @property
    def reference(self) -> str:
        """Our number for it."""
        return self.out_refund_no or self.out_trade_no


class PayChannel(Protocol):
    """One pay channel under one merchant number."""

    @property
    def till(self) -> Till:
        """The channel and our merchant number there."""

    @property
    def app_id(self) -> str:
        """Whose users pay."""

    @property
    def ways(self) -> frozenset[PayWay]:
        """The ways in which this channel takes money."""

    def prepay(self, order: Prepay) -> str:
        """Make the channel order, or make it again; what `offer` needs later (a prepay id, a
        link), at most 1,000 characters, or nothing where no call is needed.
        """

    def offer(self, order: Prepay, token: str, now: datetime) -> PayOffer:
        """What the phone needs to pay: made here, without a call."""

    def query(self, trade: TradeRef) -> Trade:
        """The channel order as it stands now."""

    def close(self, trade: TradeRef) -> Trade:
        """Take no more money for it: CLOSED or UNKNOWN, or PAID when it was too late for that.

        Unavailable where the channel cannot close it yet.
        """

    def refund(self, ask: RefundAsk) -> ChannelRefund:
        """Ask for a refund; the same number again is the same refund."""

    def query_refund(self, refund: RefundRef) -> ChannelRefund:
        """The refund as it stands now."""

    def fetch_bill(self, day: date) -> Iterator[BillLine] | None:
        """The bill of one Beijing day line by line; None when there is none (yet)."""

    def parse_notice(self, headers: Mapping[str, str], body: str, now: datetime) -> Notice:
        """Check and open a notice; NoticeRefused when it is not genuine or too old."""
