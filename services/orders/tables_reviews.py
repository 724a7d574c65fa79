"""Reviews, and what they add up to for each store."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    Count,
    IdKey,
    IdRef,
    Instant,
    Json,
    MaybeInstant,
    Short,
)
from services.orders.tables import Row

WORDS_MAX = 500


class ReviewRow(Row):
    """One for each order: the key lets nobody vote twice. Whoever writes it holds the order's
    row."""

    __tablename__ = "review"
    __table_args__ = (
        Index("review_of_store", "store_id", "hidden", "review_id"),
        Index("review_of_store_with_stars", "store_id", "hidden", "stars", "review_id"),
    )

    order_id: Mapped[IdKey]
    review_id: Mapped[IdRef]
    """Sorts by when it was written."""
    store_id: Mapped[IdRef]
    household_id: Mapped[IdRef]
    community_id: Mapped[IdRef]
    stars: Mapped[Count]
    text: Mapped[str] = mapped_column(String(WORDS_MAX))
    photos: Mapped[Json]
    author: Mapped[Short]
    """Masked, or no name at all."""
    author_id: Mapped[IdRef]
    summary: Mapped[Short]
    written_at: Mapped[Instant]
    answer: Mapped[str] = mapped_column(String(WORDS_MAX))
    answered_at: Mapped[MaybeInstant]
    hidden: Mapped[bool]
    hidden_reason: Mapped[Short]


class StoreScoreRow(Row):
    """How many votes of each kind a store has; hidden reviews do not count."""

    __tablename__ = "store_score"

    store_id: Mapped[IdKey]
    stars_1: Mapped[Count]
    stars_2: Mapped[Count]
    stars_3: Mapped[Count]
    stars_4: Mapped[Count]
    stars_5: Mapped[Count]
