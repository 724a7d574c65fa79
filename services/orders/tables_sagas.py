"""Work across services that is under way: a row for each, which any copy can go on with."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    Code,
    Count,
    IdKey,
    IdRef,
    Instant,
    Json,
    MaybeInstant,
    Short,
)
from services.orders.tables import Row


class SagaRow(Row):
    """`due_at` is when the next copy may take it up; empty while it waits for somebody's word and
    when it is over."""

    __tablename__ = "saga"
    __table_args__ = (
        Index("saga_due", "due_at"),
        Index("saga_open", "finished_at", "started_at"),
        Index("saga_of_order", "order_id"),
        Index("saga_of_subject", "subject_id"),
    )

    saga_id: Mapped[IdKey]
    kind: Mapped[Code]
    order_id: Mapped[IdRef]
    subject_id: Mapped[IdRef]
    """The amendment, case or dispute that it serves."""
    step: Mapped[Count]
    undoing: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[Count]
    due_at: Mapped[MaybeInstant]
    last_error: Mapped[Short]
    facts: Mapped[Json]
    started_at: Mapped[Instant]
    finished_at: Mapped[MaybeInstant]
