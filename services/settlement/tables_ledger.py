"""Accounts, transfers, entries, holds. A transfer and its entries are only ever inserted."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    MetaData,
    String,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kernel.columns import (
    TYPES,
    Code,
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


class Row(DeclarativeBase):
    """Declarative base of settlement's tables."""

    metadata = MetaData()
    type_annotation_map = TYPES


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
