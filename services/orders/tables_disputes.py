"""Disputes, and the rulings that others can learn from."""

from sqlalchemy import Index, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    Code,
    Count,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    Json,
    Long,
    MaybeCode,
    MaybeFenColumn,
    MaybeIdRef,
    MaybeInstant,
    Short,
)
from services.orders.tables import Row

TERM = mysql.VARCHAR(20, charset="utf8mb4", collation="utf8mb4_bin")
WORDS_MAX = 500


class DisputeRow(Row):
    """`domain.dispute.Dispute`. Whoever writes it holds the order's row."""

    __tablename__ = "dispute"
    __table_args__ = (
        Index("dispute_of_order", "order_id", "dispute_id"),
        Index("dispute_of_household", "household_id", "dispute_id"),
        Index("dispute_of_store", "store_id", "dispute_id"),
        Index("dispute_of_community", "community_id", "dispute_id"),
        Index("dispute_of_community_in_state", "community_id", "state", "dispute_id"),
        Index("dispute_of_mediator", "mediator_id", "state", "dispute_id"),
        Index("dispute_of_merchant", "merchant_id", "opened_at"),
        Index("dispute_opened", "community_id", "opened_at", "merchant_id"),
        Index("dispute_due", "state", "deadline_at"),
    )

    dispute_id: Mapped[IdKey]
    order_id: Mapped[IdRef]
    number: Mapped[Code]
    state: Mapped[Code]
    about: Mapped[Code]
    text: Mapped[str] = mapped_column(String(WORDS_MAX))
    wanted_fen: Mapped[MaybeFenColumn]
    photos: Mapped[Json]
    opened_at: Mapped[Instant]
    opened_by: Mapped[Code]
    store_id: Mapped[IdRef]
    store_name: Mapped[Short]
    merchant_id: Mapped[IdRef]
    household_id: Mapped[IdRef]
    community_id: Mapped[IdRef]
    resident_name: Mapped[Short]
    """Masked."""
    amount_fen: Mapped[FenColumn]
    """Of the order and its supplements together."""
    summary: Mapped[Short]
    parts: Mapped[Json]
    """What is frozen of each order of the deal (`domain.dispute.Part`)."""
    frozen_fen: Mapped[FenColumn]
    taken_back_fen: Mapped[FenColumn]
    owed_fen: Mapped[FenColumn]
    proposal_fen: Mapped[MaybeFenColumn]
    proposal_by: Mapped[MaybeCode]
    proposal_by_id: Mapped[MaybeIdRef]
    proposal_text: Mapped[str] = mapped_column(String(WORDS_MAX))
    asked: Mapped[Json]
    mediator_id: Mapped[MaybeIdRef]
    mediator_name: Mapped[Short]
    ruling_fen: Mapped[MaybeFenColumn]
    ruling_to: Mapped[MaybeCode]
    ruling_reason: Mapped[str] = mapped_column(String(WORDS_MAX))
    ruling_by_id: Mapped[MaybeIdRef]
    ruling_by: Mapped[Short]
    ruling_at: Mapped[MaybeInstant]
    accepted_by: Mapped[Json]
    appeal_by: Mapped[MaybeCode]
    appeal_text: Mapped[str] = mapped_column(String(WORDS_MAX))
    final_fen: Mapped[MaybeFenColumn]
    final_to: Mapped[MaybeCode]
    final_reason: Mapped[str] = mapped_column(String(WORDS_MAX))
    final_by_id: Mapped[MaybeIdRef]
    final_by: Mapped[Short]
    final_at: Mapped[MaybeInstant]
    precedent: Mapped[Long]
    failures: Mapped[Count]
    """How often settlement could not split the money as was decided."""
    deadline_at: Mapped[MaybeInstant]
    closed_at: Mapped[MaybeInstant]
    outcome_fen: Mapped[MaybeFenColumn]
    ended: Mapped[MaybeCode]
    """`domain.dispute.Ended`."""


class PrecedentRow(Row):
    """A ruling that was carried out, told without names."""

    __tablename__ = "precedent"
    __table_args__ = (Index("precedent_about", "about", "dispute_id"),)

    dispute_id: Mapped[IdKey]
    about: Mapped[Code]
    amount_fen: Mapped[FenColumn]
    to_resident_fen: Mapped[FenColumn]
    reason: Mapped[str] = mapped_column(String(WORDS_MAX))
    story: Mapped[Long]
    ruled_at: Mapped[Instant]


class PrecedentTermRow(Row):
    """A word, or two characters beside each other, that a precedent can be found by."""

    __tablename__ = "precedent_term"

    term: Mapped[str] = mapped_column(TERM, primary_key=True)
    dispute_id: Mapped[IdKey]
