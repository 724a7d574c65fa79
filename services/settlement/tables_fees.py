"""Tables of property fees: bills, the acts of paying them, where the fee system's feed stands."""

from datetime import date

from sqlalchemy import Date, Index, Integer, String, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    CODE,
    Code,
    Count,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    JsonText,
    MaybeCode,
    MaybeIdRef,
    MaybeInstant,
    Short,
)
from services.settlement.tables import Row

EXTERNAL = mysql.VARCHAR(60, charset="utf8mb4", collation="utf8mb4_bin")
"""The fee system's own numbers."""
CURSOR = mysql.VARCHAR(200, charset="ascii", collation="ascii_bin")


class FeeBillRow(Row):
    """What a home or a merchant owes for one period.

    A bill and its payments change only while the bill's row is locked.
    """

    __tablename__ = "fee_bill"
    __table_args__ = (
        UniqueConstraint("community_id", "external_number", name="fee_bill_number"),
        Index("fee_bill_debtor", "debtor_kind", "debtor_id", "place", "bill_id"),
        Index("fee_bill_state", "state", "place", "bill_id"),
        Index("fee_bill_place", "place", "bill_id"),
    )
    bill_id: Mapped[IdKey]
    community_id: Mapped[IdRef]
    external_number: Mapped[str] = mapped_column(EXTERNAL)
    debtor_kind: Mapped[Code]
    debtor_id: Mapped[IdRef]
    title: Mapped[Short]
    period: Mapped[str] = mapped_column(String(40))
    amount_fen: Mapped[FenColumn]
    due_day: Mapped[date] = mapped_column(Date)
    state: Mapped[Code]
    place: Mapped[Count]
    """Its order in lists: `domain.fees.place_of`."""
    fee_payment_id: Mapped[MaybeIdRef]
    """The payment that stands for it, if one does."""
    paid_at: Mapped[MaybeInstant]
    said: Mapped[object | None] = mapped_column(JsonText, nullable=True)
    """What the fee system has said of it while a payment was on its way."""
    changed_at: Mapped[Instant]


class FeePaymentRow(Row):
    """One act of paying one bill; its id is our number for it at the fee system."""

    __tablename__ = "fee_payment"
    __table_args__ = (
        UniqueConstraint("community_id", "receipt_number", name="fee_receipt_number"),
        Index("fee_payment_bill", "bill_id", "fee_payment_id"),
        Index("fee_payment_payment", "payment_id"),
        Index("fee_payment_due", "next_try_at"),
        Index("fee_payment_paid", "paid_at", "fee_payment_id"),
    )
    fee_payment_id: Mapped[IdKey]
    bill_id: Mapped[IdRef]
    community_id: Mapped[IdRef]
    amount_fen: Mapped[FenColumn]
    way: Mapped[Code]
    state: Mapped[Code]
    owner_kind: Mapped[Code]
    owner_id: Mapped[IdRef]
    """Whose fund gets the money back when it is refused or reversed."""
    payment_id: Mapped[MaybeIdRef]
    paid_by_account_id: Mapped[IdRef]
    paid_by: Mapped[Short]
    consent: Mapped[Short]
    method: Mapped[MaybeCode]
    reference: Mapped[Short]
    opened_at: Mapped[Instant]
    paid_at: Mapped[MaybeInstant]
    ended_at: Mapped[MaybeInstant]
    """Accepted, refused, reversed or dropped."""
    receipt_number: Mapped[MaybeCode]
    booked_id: Mapped[MaybeIdRef]
    """The transfer that brought the money."""
    undone_id: Mapped[MaybeIdRef]
    """The transfer that gave it to the payer's fund."""
    reason: Mapped[Short]
    """Why it is reversed."""
    reversed_by: Mapped[Short]
    try_count: Mapped[Count]
    next_try_at: Mapped[MaybeInstant]
    last_error: Mapped[Short]


class FeeCursorRow(Row):
    """How far a fee system's feed of bills has been read."""

    __tablename__ = "fee_cursor"
    system: Mapped[str] = mapped_column(CODE, primary_key=True)
    cursor: Mapped[str] = mapped_column(CURSOR)
    read_at: Mapped[Instant]


class FeeReceiptCountRow(Row):
    """The last receipt number of a community in a Beijing year."""

    __tablename__ = "fee_receipt_count"
    community_id: Mapped[IdKey]
    year: Mapped[int] = mapped_column(Integer, primary_key=True)
    last_number: Mapped[int] = mapped_column(Integer)
