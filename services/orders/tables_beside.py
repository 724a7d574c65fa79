"""What belongs to an order besides its lines: pick-ups, booked appointments, what was said."""

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.kernel.columns import (
    Code,
    IdKey,
    IdRef,
    Instant,
    Json,
    MaybeCode,
    MaybeIdRef,
    Short,
    UtcDateTime,
)
from services.orders.tables import Row


class PickupRow(Row):
    """What was given out at once, when and by whom. Rows are only ever added."""

    __tablename__ = "order_pickup"

    order_id: Mapped[IdKey]
    pickup_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[Instant]
    by_account_id: Mapped[IdRef]
    by_name: Mapped[Short]
    lines: Mapped[Json]


class SeatRow(Row):
    """One appointment that is booked: the key lets only so many have the same hour."""

    __tablename__ = "appointment"
    __table_args__ = (Index("appointment_of_order", "order_id"),)

    item_id: Mapped[IdKey]
    starts_at: Mapped[Instant] = mapped_column(UtcDateTime, primary_key=True)
    seat: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    order_id: Mapped[IdRef]


class MessageRow(Row):
    """A word in an order's thread. Rows are only ever added."""

    __tablename__ = "order_message"
    __table_args__ = (Index("message_of_order", "order_id", "message_id"),)

    message_id: Mapped[IdKey]
    order_id: Mapped[IdRef]
    at: Mapped[Instant]
    party: Mapped[Code]
    account_id: Mapped[MaybeIdRef]
    name: Mapped[Short]
    text: Mapped[str] = mapped_column(String(1000))
    photos: Mapped[Json]
    asked: Mapped[MaybeCode]
    """The side that staff asked."""
