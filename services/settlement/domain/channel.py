"""What settlement wants of a pay channel, in settlement's own words.

A channel's calls go over the network: never inside a transaction. They raise Unavailable when it
is not known what became of the call, and ChannelRefused when the channel said no.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from services.contracts.settlement import JsapiParams, RefundState
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
class Notice:
    """A genuine notice: who sent it is proved, what it says is not compared with anything yet."""

    notice_id: str
    event_type: str
    merchant_number: str
    about: Trade | ChannelRefund


@dataclass(frozen=True, slots=True)
class Prepay:
    """A channel order to be made."""

    out_trade_no: str
    subject: str
    amount_fen: int
    openid: str
    pay_before: datetime


@dataclass(frozen=True, slots=True)
class RefundAsk:
    """A refund to be asked for; `total_fen` is what was paid through the channel order."""

    out_refund_no: str
    out_trade_no: str
    amount_fen: int
    total_fen: int
    reason: str


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a channel's bill: a payment, or a refund when `out_refund_no` is there."""

    out_trade_no: str
    amount_fen: int
    out_refund_no: str = ""
    refund_state: RefundState | None = None

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

    def prepay(self, order: Prepay) -> str:
        """Make the channel order, or make it again; its prepay id."""

    def jsapi_params(self, prepay_id: str, now: datetime) -> JsapiParams:
        """What the phone needs to open the pay sheet."""

    def query(self, out_trade_no: str) -> Trade:
        """The channel order as it stands now."""

    def close(self, out_trade_no: str) -> Trade:
        """Take no more money for it: CLOSED or UNKNOWN, or PAID when it was too late for that."""

    def refund(self, ask: RefundAsk) -> ChannelRefund:
        """Ask for a refund; the same number again is the same refund."""

    def query_refund(self, out_refund_no: str) -> ChannelRefund:
        """The refund as it stands now."""

    def fetch_bill(self, day: date) -> Iterator[BillLine] | None:
        """The bill of one Beijing day line by line; None when there is none (yet)."""

    def parse_notice(self, headers: Mapping[str, str], body: str, now: datetime) -> Notice:
        """Check and open a notice; NoticeRefused when it is not genuine or too old."""
