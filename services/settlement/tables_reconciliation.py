"""Tables of the daily reconciliation: a channel's day, its bill's lines, what does not match."""

from datetime import date

from sqlalchemy import Date, Index, Integer, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    Code,
    Count,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    MaybeCode,
    MaybeFenColumn,
    MaybeIdRef,
    MaybeInstant,
    Short,
)
from services.settlement.tables import Row

REFERENCE_MAX = 64
REFERENCE = mysql.VARCHAR(REFERENCE_MAX, charset="ascii", collation="ascii_bin")
"""A channel takes refund numbers of up to 64 characters (「申请退款」), also from its own desk."""


class ReconciliationDayRow(Row):
    """One merchant number's day at one channel; `day_id` is derived from the three."""

    __tablename__ = "reconciliation_day"
    __table_args__ = (
        Index("reconciliation_day_newest", "day", "day_id"),
        Index("reconciliation_day_state", "state", "next_try_at"),
    )
    day_id: Mapped[IdKey]
    channel: Mapped[Code]
    merchant_number: Mapped[Code]
    day: Mapped[date] = mapped_column(Date)
    state: Mapped[Code]
    line_count: Mapped[Count]
    matched_count: Mapped[Count]
    their_fen: Mapped[FenColumn]
    our_fen: Mapped[FenColumn]
    fee_fen: Mapped[FenColumn]
    difference_count: Mapped[Count]
    open_count: Mapped[Count]
    progress: Mapped[Count]
    run_count: Mapped[Count]
    """How often the bill was fetched: lines of an earlier bill are told by it."""
    run_by: Mapped[MaybeIdRef]
    run_until: Mapped[MaybeInstant]
    """Until then the run that is at it keeps others away; it is moved on with each batch."""
    staged: Mapped[Count]
    """1 when all lines of this run's bill are there: matching goes on from `matched_through`."""
    matched_through: Mapped[str] = mapped_column(REFERENCE)
    fee_rate_bp: Mapped[int | None] = mapped_column(Integer, nullable=True)
    """The rate that the day's lines were held against; NULL: none was agreed."""
    fee_booked_fen: Mapped[MaybeFenColumn]
    """Booked when the day was closed."""
    next_try_at: Mapped[MaybeInstant]
    note: Mapped[Short]
    made_at: Mapped[Instant]
    closed_by_account_id: Mapped[MaybeIdRef]
    closed_by: Mapped[Short]
    closed_at: Mapped[MaybeInstant]


class BillLineRow(Row):
    """One line of a channel's bill, kept as long as the day."""

    __tablename__ = "bill_line"
    day_id: Mapped[IdKey]
    reference: Mapped[str] = mapped_column(REFERENCE, primary_key=True)
    out_trade_no: Mapped[str] = mapped_column(REFERENCE)
    is_refund: Mapped[Count]
    refund_state: Mapped[MaybeCode]
    amount_fen: Mapped[FenColumn]
    fee_fen: Mapped[FenColumn]
    run: Mapped[Count]


class DifferenceRow(Row):
    """What does not match, and what a person made of it; `gap_fen` is what still stands between
    the bill and the books.
    """

    __tablename__ = "reconciliation_difference"
    __table_args__ = (Index("reconciliation_difference_day", "day_id", "difference_id"),)
    difference_id: Mapped[IdKey]
    day_id: Mapped[IdRef]
    kind: Mapped[Code]
    reference: Mapped[str] = mapped_column(REFERENCE)
    is_refund: Mapped[Count]
    order_id: Mapped[MaybeIdRef]
    their_fen: Mapped[FenColumn]
    our_fen: Mapped[FenColumn]
    gap_fen: Mapped[FenColumn]
    booked_fen: Mapped[FenColumn]
    """Booked to mend it: a fee, or unclaimed money (below zero where that has gone back)."""
    words: Mapped[Short]
    found_at: Mapped[Instant]
    resolved: Mapped[MaybeCode]
    resolution: Mapped[str] = mapped_column(String(400))
    resolved_by_account_id: Mapped[MaybeIdRef]
    resolved_by: Mapped[Short]
    resolved_at: Mapped[MaybeInstant]
