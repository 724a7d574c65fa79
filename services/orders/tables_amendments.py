"""Amendments of orders: what was proposed, and how it ended."""

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    Code,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    Json,
    MaybeIdRef,
    MaybeInstant,
    Short,
)
from services.orders.tables import Row


class AmendmentRow(Row):
    """`domain.amendment.Amendment`. The lock of its order guards it: nobody writes it without."""

    __tablename__ = "order_amendment"
    __table_args__ = (
        Index("amendment_of_order", "order_id", "amendment_id"),
        Index("amendment_due", "state", "deadline_at"),
        Index("amendment_of_supplement", "supplement_id"),
    )

    amendment_id: Mapped[IdKey]
    order_id: Mapped[IdRef]
    state: Mapped[Code]
    note: Mapped[Short]
    proposed_at: Mapped[Instant]
    proposed_by: Mapped[Short]
    proposed_by_id: Mapped[IdRef]
    deadline_at: Mapped[MaybeInstant]
    before: Mapped[Json]
    after: Mapped[Json]
    before_fen: Mapped[FenColumn]
    after_fen: Mapped[FenColumn]
    category: Mapped[Short]
    """The kind of goods, for the commission on a difference that is paid."""
    deliver_after: Mapped[MaybeInstant]
    slot_from: Mapped[MaybeInstant]
    slot_until: Mapped[MaybeInstant]
    slot_capacity: Mapped[int] = mapped_column(Integer)
    payment_id: Mapped[MaybeIdRef]
    supplement_id: Mapped[MaybeIdRef]
    given_back: Mapped[Json]
    """Fen by order."""
    over_at: Mapped[MaybeInstant]
    why_over: Mapped[Short]
