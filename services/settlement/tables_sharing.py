"""Tables of sharing: what a channel has frozen for a shop, shares out, and takes back."""

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    CODE,
    Code,
    Count,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    MaybeInstant,
    Short,
)
from services.settlement.tables import Row


class ProfitShareRow(Row):
    """One order's part of a payment that is shared out as a whole, once all its orders are over."""

    __tablename__ = "profit_share"
    __table_args__ = (
        Index("profit_share_payment", "payment_id"),
        Index("profit_share_due", "next_try_at"),
    )
    order_id: Mapped[IdKey]
    payment_id: Mapped[IdRef]
    merchant_id: Mapped[IdRef]
    state: Mapped[Code]
    out_order_no: Mapped[str] = mapped_column(CODE, server_default="")
    """The number of the share at the channel, the same for all orders of a payment."""
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    """A share that failed is asked for anew under another number."""
    money_fen: Mapped[FenColumn]
    commission_fen: Mapped[FenColumn]
    subsidy_fen: Mapped[FenColumn]
    try_count: Mapped[Count]
    next_try_at: Mapped[MaybeInstant]
    last_error: Mapped[Short]
    begun_at: Mapped[Instant]
    done_at: Mapped[MaybeInstant]


class ShareReturnRow(Row):
    """Commission on its way back to the shop, before the refund that needs it."""

    __tablename__ = "share_return"
    __table_args__ = (
        Index("share_return_refund", "refund_id"),
        Index("share_return_due", "next_try_at"),
    )
    return_id: Mapped[IdKey]
    order_id: Mapped[IdRef]
    refund_id: Mapped[IdRef]
    state: Mapped[Code]
    attempt: Mapped[int] = mapped_column(Integer, server_default="0")
    amount_fen: Mapped[FenColumn]
    try_count: Mapped[Count]
    next_try_at: Mapped[MaybeInstant]
    last_error: Mapped[Short]
    begun_at: Mapped[Instant]
    done_at: Mapped[MaybeInstant]
