"""orders' tables: the orders themselves; `tables_*.py` hold what is beside them.

Lines, adjustments and timeline entries are only ever added.

No foreign keys: orders are locked in the order that locks.py states, and a child's insert would
lock its parent a second way.
"""

from sqlalchemy import BigInteger, Index, Integer, MetaData, String, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kernel.columns import (
    CODE,
    TYPES,
    Code,
    Count,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    Json,
    MaybeCode,
    MaybeCount,
    MaybeIdRef,
    MaybeInstant,
    Short,
)

DIGITS = mysql.CHAR(8, charset="ascii", collation="ascii_bin")
RECORD_HASH = mysql.VARCHAR(64, charset="ascii", collation="ascii_bin")
LINES_A_REVISION = 100


class Row(DeclarativeBase):
    """The base of orders' tables."""

    metadata = MetaData()
    type_annotation_map = TYPES


class OrderRow(Row):
    """`domain.order.Order`; `order` alone is a word of SQL.

    `sku_ids` repeats the lines' SKUs, so that an event can be told without reading the lines.
    """

    __tablename__ = "sales_order"
    __table_args__ = (
        Index("order_of_payment", "payment_id", "order_id"),
        Index("order_of_household", "household_id", "order_id"),
        Index("order_of_store", "store_id", "order_id"),
        Index("order_of_store_in_state", "store_id", "state", "order_id"),
        Index("order_of_community", "community_id", "order_id"),
        Index("order_of_community_in_state", "community_id", "state", "order_id"),
        Index("order_due", "state", "deadline_at", "order_id"),
        Index("order_asked", "asked_at"),
        Index("order_number", "number", "order_id"),
        Index("order_of_household_in_state", "household_id", "state", "order_id"),
        Index("order_of_store_in_trouble", "store_id", "trouble", "order_id"),
        Index("order_of_community_in_trouble", "community_id", "trouble", "order_id"),
        Index("order_of_merchant", "merchant_id", "order_id"),
        Index("order_remind", "remind_at"),
        Index("order_supplements", "supplement_of"),
        UniqueConstraint("store_id", "pickup_code", name="order_pickup_code"),
    )

    order_id: Mapped[IdKey]
    number: Mapped[Code]
    state: Mapped[Code]
    version: Mapped[Count]
    payment_id: Mapped[IdRef]
    reservation_id: Mapped[IdRef]
    household_id: Mapped[IdRef]
    merchant_id: Mapped[IdRef]
    store_id: Mapped[IdRef]
    store_name: Mapped[Short]
    store_phone: Mapped[str] = mapped_column(String(20))
    community_id: Mapped[IdRef]
    home_id: Mapped[IdRef]
    building_id: Mapped[IdRef]
    contact_name: Mapped[Short]
    address: Mapped[Short]
    other_address: Mapped[bool]
    remark: Mapped[Short]
    deliver_after: Mapped[MaybeInstant]
    placed_by: Mapped[IdRef]
    placed_by_name: Mapped[Short]
    client: Mapped[Short]
    placed_at: Mapped[Instant]
    amount_fen: Mapped[FenColumn]
    summary: Mapped[Short]
    picture: Mapped[Short]
    sku_ids: Mapped[Json]
    deadline_at: Mapped[MaybeInstant]
    paid_at: Mapped[MaybeInstant]
    paid_by_channel: Mapped[Code]
    confirmed_at: Mapped[MaybeInstant]
    handled_by: Mapped[Short]
    ready_at: Mapped[MaybeInstant]
    asked_courier_id: Mapped[MaybeIdRef]
    asked_at: Mapped[MaybeInstant]
    dispatched_at: Mapped[MaybeInstant]
    courier_id: Mapped[MaybeIdRef]
    courier_name: Mapped[Short]
    delivered_at: Mapped[MaybeInstant]
    delivered_to_door: Mapped[bool]
    delivery_photo: Mapped[Short]
    completed_at: Mapped[MaybeInstant]
    cancelled_at: Mapped[MaybeInstant]
    cancelled_by: Mapped[MaybeCode]
    cancel_reason: Mapped[Short]
    refund_to: Mapped[MaybeCode]
    refunded_at: Mapped[MaybeInstant]
    settled_at: Mapped[MaybeInstant]
    refunded_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """In parts, perhaps; `refunded_at` is set with the last of them."""
    sells_card: Mapped[bool] = mapped_column(server_default="0")
    fulfilment: Mapped[str] = mapped_column(CODE, server_default="delivery")
    trouble: Mapped[str] = mapped_column(CODE, server_default="none")
    beside: Mapped[bool] = mapped_column(server_default="0")
    """An amendment, case or dispute is or was: else nobody looks for one."""
    agreed_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """What the lines of the present revision cost; `amount_fen` is what its payment is for."""
    revision: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often it was amended; see `LineRow`."""
    slot_from: Mapped[MaybeInstant]
    slot_until: Mapped[MaybeInstant]
    pickup_code: Mapped[str | None] = mapped_column(DIGITS, nullable=True)
    picked_at: Mapped[MaybeInstant]
    started_at: Mapped[MaybeInstant]
    late: Mapped[bool] = mapped_column(server_default="0")
    remind_at: Mapped[MaybeInstant]
    time_left_s: Mapped[MaybeCount]
    """Of the state's time, when something opened beside the course; empty while nothing is."""
    supplement_of: Mapped[MaybeIdRef]
    reviewed_at: Mapped[MaybeInstant]
    record_hash: Mapped[str] = mapped_column(RECORD_HASH, server_default="")
    """The last hash of the timeline's chain."""


class LineRow(Row):
    """What was bought, as the shelf said it then.

    An amendment leaves the old lines and adds the new ones: revision r has the numbers r·100 and
    up, so that what was agreed first can always be seen.
    """

    __tablename__ = "order_line"

    order_id: Mapped[IdKey]
    line_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sku_id: Mapped[IdRef]
    item_id: Mapped[IdRef]
    item_name: Mapped[Short]
    sku_name: Mapped[Short]
    picture: Mapped[Short]
    quantity: Mapped[Count]
    price_fen: Mapped[FenColumn]
    amount_fen: Mapped[FenColumn]


class AdjustmentRow(Row):
    """What changed a line's price, and who pays for it."""

    __tablename__ = "order_adjustment"

    order_id: Mapped[IdKey]
    line_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    adjustment_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    promotion_id: Mapped[IdRef]
    label: Mapped[Short]
    amount_fen: Mapped[FenColumn]
    funded_by: Mapped[Short]


class TimelineRow(Row):
    """One step of an order; `seq` is the order's version that the step made."""

    __tablename__ = "order_timeline"

    order_id: Mapped[IdKey]
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[Instant]
    step: Mapped[Code]
    party: Mapped[Code]
    actor_id: Mapped[MaybeIdRef]
    actor_name: Mapped[Short]
    note: Mapped[Short]
    client: Mapped[Short]
    hash: Mapped[str] = mapped_column(RECORD_HASH, server_default="")
    """Of this entry and the one before (`domain/record.py`)."""


# What is beside an order stands in files of its own, known here so that migrations see them.
from services.orders import (  # noqa: E402
    tables_amendments,
    tables_beside,
    tables_cases,
    tables_disputes,
    tables_reviews,
    tables_sagas,
)

__all__ = [
    "tables_amendments",
    "tables_beside",
    "tables_cases",
    "tables_disputes",
    "tables_reviews",
    "tables_sagas",
]
