"""After-sales cases: what was asked for, what was answered, and where it stands."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    Code,
    Count,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    Json,
    MaybeFenColumn,
    MaybeIdRef,
    MaybeInstant,
    Short,
)
from services.orders.tables import Row

WORDS = String(500)


class CaseRow(Row):
    """`domain.case.Case`. What names the order's sides is repeated, so that lists need no join."""

    __tablename__ = "order_case"
    __table_args__ = (
        Index("case_of_order", "order_id", "case_id"),
        Index("case_of_household", "household_id", "case_id"),
        Index("case_of_store", "store_id", "case_id"),
        Index("case_of_store_in_state", "store_id", "state", "case_id"),
        Index("case_of_community", "community_id", "case_id"),
        Index("case_of_community_in_state", "community_id", "state", "case_id"),
        Index("case_number", "number", "case_id"),
        Index("case_due", "state", "deadline_at"),
    )

    case_id: Mapped[IdKey]
    order_id: Mapped[IdRef]
    number: Mapped[Code]
    store_id: Mapped[IdRef]
    store_name: Mapped[Short]
    merchant_id: Mapped[IdRef]
    household_id: Mapped[IdRef]
    community_id: Mapped[IdRef]
    kind: Mapped[Code]
    state: Mapped[Code]
    reason: Mapped[str] = mapped_column(WORDS)
    lines: Mapped[Json]
    replacement: Mapped[Json]
    replacement_words: Mapped[Short]
    amount_fen: Mapped[FenColumn]
    offered_fen: Mapped[MaybeFenColumn]
    refunded_fen: Mapped[FenColumn]
    back: Mapped[Json]
    refund_to: Mapped[Code]
    photos: Mapped[Json]
    opened_at: Mapped[Instant]
    opened_by_id: Mapped[IdRef]
    opened_by: Mapped[Short]
    answered_at: Mapped[MaybeInstant]
    answered_by: Mapped[Short]
    answer_text: Mapped[str] = mapped_column(WORDS)
    sent_back_at: Mapped[MaybeInstant]
    taken_back_at: Mapped[MaybeInstant]
    restock: Mapped[bool]
    courier_name: Mapped[Short]
    sent_at: Mapped[MaybeInstant]
    delivered_at: Mapped[MaybeInstant]
    deadline_at: Mapped[MaybeInstant]
    closed_at: Mapped[MaybeInstant]
    why_over: Mapped[Short]
    tries: Mapped[Count]
    saga_id: Mapped[MaybeIdRef]
    sending_id: Mapped[MaybeIdRef]
