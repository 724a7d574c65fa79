"""What is held for orders, and what goes back."""

from sqlalchemy import (
    BigInteger,
    Index,
    Integer,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    CODE,
    Code,
    Count,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    MaybeIdRef,
    MaybeInstant,
    Short,
)
from services.settlement.tables_ledger import Row


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
    """How often it was released: once, and once more after each quarrel."""
    decided_at: Mapped[MaybeInstant]
    """When orders decided how it ends: by a ruling, or by giving all of it back. What orders told
    before that, and comes later, is no news."""
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
