"""Tables of withdrawals: where money goes, what is on its way, and the files for the bank."""

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
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
from services.settlement.tables import EscrowRow, Row

_TOKEN = mysql.VARCHAR(80, charset="ascii", collation="ascii_bin")
_LINK = mysql.VARCHAR(1000, charset="ascii", collation="ascii_bin")
_TAIL = mysql.VARCHAR(4, charset="ascii", collation="ascii_bin")

# What a merchant may not withdraw yet is summed with each withdrawal and each look at a fund: by
# this index that touches the orders within the time for disputes only.
Index("escrow_withdrawable", EscrowRow.merchant_id, EscrowRow.withdrawable_at)


class PayoutAccountRow(Row):
    """Where a fund's money goes by bank; the number is sealed to this row."""

    __tablename__ = "payout_account"
    row_id: Mapped[IdKey]
    """Derived from the owner: one account each."""
    owner_kind: Mapped[Code]
    owner_id: Mapped[IdRef]
    holder: Mapped[str] = mapped_column(String(80))
    bank: Mapped[str] = mapped_column(String(80))
    number_sealed: Mapped[bytes] = mapped_column(LargeBinary(200))
    number_tail: Mapped[str] = mapped_column(_TAIL)
    usable_from: Mapped[Instant]
    changed_at: Mapped[Instant]
    changed_by_account_id: Mapped[IdRef]
    changed_by: Mapped[Short]


class WithdrawalRow(Row):
    """Money on its way out. Its key is its number at the channel and at the bank.

    The payee's data are those of the moment of asking: a later change does not redirect it.
    """

    __tablename__ = "withdrawal"
    __table_args__ = (
        Index("withdrawal_owner", "owner_kind", "owner_id", "withdrawal_id"),
        Index("withdrawal_day", "owner_id", "asked_at"),
        Index("withdrawal_state", "state", "withdrawal_id"),
        Index("withdrawal_due", "next_try_at"),
        Index("withdrawal_batch", "batch_id", "withdrawal_id"),
    )
    withdrawal_id: Mapped[IdKey]
    owner_kind: Mapped[Code]
    owner_id: Mapped[IdRef]
    amount_fen: Mapped[FenColumn]
    way: Mapped[Code]
    state: Mapped[Code]
    hold_id: Mapped[IdRef]
    openid: Mapped[str] = mapped_column(_TOKEN)
    holder: Mapped[str] = mapped_column(String(80))
    bank: Mapped[str] = mapped_column(String(80))
    number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary(200))
    number_tail: Mapped[str] = mapped_column(_TAIL)
    asked_by_account_id: Mapped[IdRef]
    asked_by: Mapped[Short]
    asked_at: Mapped[Instant]
    decided_by_account_id: Mapped[MaybeIdRef]
    """Who approved or rejected it."""
    decided_by: Mapped[Short]
    decided_at: Mapped[MaybeInstant]
    begun_at: Mapped[MaybeInstant]
    accepted_at: Mapped[MaybeInstant]
    """When the channel first said that it has it."""
    cancel_asked_at: Mapped[MaybeInstant]
    expires_at: Mapped[MaybeInstant]
    ended_at: Mapped[MaybeInstant]
    confirm_package: Mapped[str] = mapped_column(_LINK)
    channel_number: Mapped[str] = mapped_column(_TOKEN)
    batch_id: Mapped[MaybeIdRef]
    note: Mapped[Short]
    """What the owner reads."""
    last_error: Mapped[Short]
    """What the channel said: for staff."""
    try_count: Mapped[Count]
    refusal_count: Mapped[Count]
    next_try_at: Mapped[MaybeInstant]
    version: Mapped[Count]


class BankBatchRow(Row):
    """A payment file for the bank: its rows are the withdrawals that name it."""

    __tablename__ = "bank_batch"
    batch_id: Mapped[IdKey]
    made_at: Mapped[Instant]
    made_by_account_id: Mapped[IdRef]
    made_by: Mapped[Short]
    withdrawal_count: Mapped[Count]
    total_fen: Mapped[FenColumn]


class BankFileCopyRow(Row):
    """Who saw a file's account numbers in full, and when; the making is the first."""

    __tablename__ = "bank_file_copy"
    __table_args__ = (Index("bank_file_copy_batch", "batch_id", "taken_at"),)
    row_id: Mapped[IdKey]
    batch_id: Mapped[IdRef]
    taken_at: Mapped[Instant]
    taken_by_account_id: Mapped[IdRef]
    taken_by: Mapped[Short]
