"""Payments, the channel orders through which they are paid, and the notices about them."""

from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    CODE,
    Code,
    Count,
    FenColumn,
    Hash,
    IdKey,
    IdRef,
    Instant,
    MaybeCode,
    MaybeIdRef,
    MaybeInstant,
    Short,
)
from services.settlement.tables_ledger import Row

_TOKEN = mysql.VARCHAR(80, charset="ascii", collation="ascii_bin")
"""Other people's identifiers: openids, transaction ids."""
_LINK = mysql.VARCHAR(1000, charset="ascii", collation="ascii_bin")


class PaymentRow(Row):
    """One act of paying. A payment closed before it was opened has neither payer nor amount."""

    __tablename__ = "payment"
    __table_args__ = (
        Index("payment_state", "state", "pay_before"),
        Index("payment_paid_at", "paid_at", "amount_fen"),
    )
    payment_id: Mapped[IdKey]
    household_id: Mapped[IdRef]
    community_id: Mapped[MaybeIdRef]
    payer_account_id: Mapped[MaybeIdRef]
    subject: Mapped[Short]
    amount_fen: Mapped[FenColumn]
    state: Mapped[Code]
    pay_before: Mapped[Instant]
    opened_at: Mapped[Instant]
    channel: Mapped[MaybeCode]
    out_trade_no: Mapped[MaybeCode]
    paid_at: Mapped[MaybeInstant]
    closed_at: Mapped[MaybeInstant]
    purpose: Mapped[str] = mapped_column(CODE, server_default="order")
    """What it pays: `order`, or `fee` (then an allocation is a fee payment's)."""
    custody: Mapped[str] = mapped_column(CODE, server_default="collect")
    fund_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    card_id: Mapped[MaybeIdRef]
    card_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    gift_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    cover_count: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often fund and card were set aside for it: a part of the holds' ids."""
    cash_at_door: Mapped[bool] = mapped_column(server_default="1")
    """Whether somebody comes to a door with it, who can collect."""


class AllocationRow(Row):
    """The part of a payment that is for one order."""

    __tablename__ = "allocation"
    __table_args__ = (Index("allocation_payment", "payment_id"),)
    order_id: Mapped[IdKey]
    payment_id: Mapped[IdRef]
    merchant_id: Mapped[IdRef]
    amount_fen: Mapped[FenColumn]
    category: Mapped[str] = mapped_column(String(40), server_default="")
    subsidy_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    card_name: Mapped[str | None] = mapped_column(String(200))
    """Set when the order sells a prepaid card."""
    card_gift_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")


class ChannelOrderRow(Row):
    """One attempt to have a payment paid: by one payer, through one channel."""

    __tablename__ = "channel_order"
    __table_args__ = (
        Index("channel_order_payment", "payment_id"),
        Index("channel_order_poll", "next_poll_at"),
        Index("channel_order_paid_at", "paid_at"),
    )
    channel: Mapped[Code] = mapped_column(primary_key=True)
    out_trade_no: Mapped[Code] = mapped_column(primary_key=True)
    payment_id: Mapped[IdRef]
    merchant_number: Mapped[Code]
    app_id: Mapped[Code]
    openid: Mapped[str] = mapped_column(_TOKEN)
    amount_fen: Mapped[FenColumn]
    state: Mapped[Code]
    prepay_id: Mapped[str | None] = mapped_column(_LINK)
    """What the channel gave us for the payer: a prepay id, or a link."""
    prepaid_at: Mapped[MaybeInstant]
    transaction_id: Mapped[str | None] = mapped_column(_TOKEN)
    paid_at: Mapped[MaybeInstant]
    asked_at: Mapped[Instant]
    poll_count: Mapped[Count]
    next_poll_at: Mapped[MaybeInstant]
    way: Mapped[str] = mapped_column(CODE, server_default="wechat_jsapi")
    sub_merchant: Mapped[str] = mapped_column(CODE, server_default="")
    pay_before: Mapped[MaybeInstant]


class NoticeRow(Row):
    """A notice as it came, taken or refused; only a taken one occupies its channel's number."""

    __tablename__ = "notice"
    __table_args__ = (
        # NULL for refused ones: a forged notice must not keep the genuine one out.
        UniqueConstraint("channel", "accepted_id", name="notice_once"),
        Index("notice_received", "received_at"),
    )
    row_id: Mapped[IdKey]
    channel: Mapped[Code]
    accepted_id: Mapped[str | None] = mapped_column(_TOKEN)
    event_type: Mapped[Code]
    subject: Mapped[Code]
    outcome: Mapped[Code]
    reason: Mapped[Short]
    body_sha256: Mapped[Hash]
    body_bytes: Mapped[Count]
    received_at: Mapped[Instant]
