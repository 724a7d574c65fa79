"""Settlement's tables. A transfer and its entries are only ever inserted."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    Integer,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kernel.columns import (
    CODE,
    TYPES,
    Code,
    Count,
    FenColumn,
    Hash,
    IdKey,
    IdRef,
    Instant,
    MaybeCode,
    MaybeFenColumn,
    MaybeIdRef,
    MaybeInstant,
    Short,
)

_TOKEN = mysql.VARCHAR(80, charset="ascii", collation="ascii_bin")
"""Other people's identifiers: openids, transaction ids."""
_LINK = mysql.VARCHAR(1000, charset="ascii", collation="ascii_bin")


class Row(DeclarativeBase):
    """Declarative base of settlement's tables."""

    metadata = MetaData()
    type_annotation_map = TYPES


# the ledger


class AccountRow(Row):
    """An account; `balance_fen` is kept for guarded kinds and NULL for those that are summed."""

    __tablename__ = "account"
    # The same rule as in ledger.py, in the one place that no code can go around.
    __table_args__ = (
        CheckConstraint("balance_fen >= 0", name="account_never_below_zero"),
        Index("account_kind", "kind", "owner"),
    )
    account_id: Mapped[IdKey]
    kind: Mapped[Code]
    owner: Mapped[Code]
    channel: Mapped[Code]
    custodian: Mapped[Code]
    balance_fen: Mapped[MaybeFenColumn]
    opened_at: Mapped[Instant]


class TransferRow(Row):
    """Money that moved, and why; the key is derived from kind and purpose."""

    __tablename__ = "transfer"
    __table_args__ = (
        Index("transfer_order", "order_id"),
        Index("transfer_reference", "reference"),
        Index("transfer_corrects", "corrects"),
    )
    transfer_id: Mapped[IdKey]
    kind: Mapped[Code]
    reason: Mapped[Short]
    order_id: Mapped[MaybeIdRef]
    payment_id: Mapped[MaybeIdRef]
    refund_id: Mapped[MaybeIdRef]
    reference: Mapped[MaybeCode]
    made_by: Mapped[str] = mapped_column(String(80), server_default="")
    corrects: Mapped[MaybeIdRef]
    at: Mapped[Instant]


class EntryRow(Row):
    """So much on one account.

    Entries of a guarded account are numbered in the order of its balance, since the number is
    given while the account's row is locked.
    """

    __tablename__ = "entry"
    __table_args__ = (
        Index("entry_account", "account_id", "entry_id", "amount_fen"),
        Index("entry_transfer", "transfer_id", "amount_fen"),
        Index("entry_at", "at"),
    )
    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    transfer_id: Mapped[IdRef]
    account_id: Mapped[IdRef]
    amount_fen: Mapped[FenColumn]
    at: Mapped[Instant]


class CheckpointRow(Row):
    """The sum of a summed account's entries up to and with `entry_id`."""

    __tablename__ = "checkpoint"
    account_id: Mapped[IdKey]
    entry_id: Mapped[int] = mapped_column(BigInteger)
    balance_fen: Mapped[FenColumn]
    taken_at: Mapped[Instant]


class HoldRow(Row):
    """Money set aside from a guarded account; it resolves once."""

    __tablename__ = "hold"
    __table_args__ = (Index("hold_state", "state"),)
    hold_id: Mapped[IdKey]
    source_kind: Mapped[Code]
    source_owner: Mapped[Code]
    source_custodian: Mapped[Code]
    amount_fen: Mapped[FenColumn]
    posted_fen: Mapped[FenColumn]
    state: Mapped[Code]
    purpose: Mapped[Code]
    placed_at: Mapped[Instant]
    resolved_at: Mapped[MaybeInstant]


# payments


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


# what is held, and what goes back


class EscrowRow(Row):
    """What is held for one order: by where it came from, and what of it has gone back."""

    __tablename__ = "escrow"
    __table_args__ = (
        Index("escrow_merchant", "merchant_id", "state", "amount_fen"),
        Index("escrow_state", "state", "resolved_at", "amount_fen"),
        Index("escrow_settled", "merchant_id", "resolved_at", "order_id"),
        Index("escrow_due", "state", "completed_at", "order_id"),
    )
    order_id: Mapped[IdKey]
    payment_id: Mapped[IdRef]
    merchant_id: Mapped[IdRef]
    household_id: Mapped[IdRef]
    amount_fen: Mapped[FenColumn]
    state: Mapped[Code]
    held_at: Mapped[Instant]
    resolved_at: Mapped[MaybeInstant]
    community_id: Mapped[MaybeIdRef]
    custodian: Mapped[str] = mapped_column(CODE, server_default="property")
    channel_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    fund_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    card_id: Mapped[MaybeIdRef]
    card_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    gift_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    back_channel_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    back_fund_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    back_card_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    back_gift_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    category: Mapped[str] = mapped_column(String(40), server_default="")
    subsidy_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    card_name: Mapped[str | None] = mapped_column(String(200))
    card_gift_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    completed_at: Mapped[MaybeInstant]
    """When the deal was done; released then, unless something stood in the way."""
    settled_money_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    settled_commission_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    settled_subsidy_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """The shares that stand: a refund after settlement undoes its part of them."""
    withdrawable_at: Mapped[MaybeInstant]
    releases: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often it was released: once, and once more after each ruling."""
    version: Mapped[int] = mapped_column(Integer, server_default="0")


class RefundRow(Row):
    """Money going back; `refund_id` is its number at the channel too."""

    __tablename__ = "refund"
    __table_args__ = (
        Index("refund_order", "order_id"),
        Index("refund_due", "next_try_at"),
        Index("refund_state", "state", "requested_at", "refund_id"),
        Index("refund_asked", "asked_at"),
    )
    refund_id: Mapped[IdKey]
    order_id: Mapped[MaybeIdRef]
    payment_id: Mapped[IdRef]
    household_id: Mapped[IdRef]
    payer_account_id: Mapped[IdRef]
    amount_fen: Mapped[FenColumn]
    refund_to: Mapped[Code]
    state: Mapped[Code]
    reason: Mapped[Short]
    channel: Mapped[Code]
    merchant_number: Mapped[Code]
    out_trade_no: Mapped[Code]
    total_fen: Mapped[FenColumn]
    try_count: Mapped[Count]
    refusal_count: Mapped[Count]
    next_try_at: Mapped[MaybeInstant]
    last_error: Mapped[Short]
    requested_at: Mapped[Instant]
    asked_at: Mapped[MaybeInstant]
    done_at: Mapped[MaybeInstant]
    version: Mapped[Count]
    custodian: Mapped[str] = mapped_column(CODE, server_default="property")
    asked_by: Mapped[str] = mapped_column(String(80), server_default="")
    """The person of the staff behind it, where one is."""


# the other rooms of settlement have their tables in files of their own
from services.settlement import (  # noqa: E402, F401
    tables_cards,
    tables_desk,
    tables_fees,
    tables_reconciliation,
    tables_withdrawals,
)
