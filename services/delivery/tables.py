"""delivery's tables.

No foreign keys: rows are found and locked in the order that locks.py states, and a child's insert
would lock its parent a second way.
"""

from typing import Annotated

from sqlalchemy import Index, MetaData, String, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kernel.columns import (
    TYPES,
    Code,
    Count,
    IdKey,
    IdRef,
    Instant,
    MaybeIdRef,
    MaybeInstant,
    Short,
)

DIGITS = mysql.CHAR(6, charset="ascii", collation="ascii_bin")
Name = Annotated[str, mapped_column(String(60))]


class Row(DeclarativeBase):
    """The base of delivery's tables."""

    metadata = MetaData()
    type_annotation_map = TYPES


class CourierRow(Row):
    """Who brings things, once for each account. The full phone number stays with identity.

    `told_at` is empty until identity knows the role; `tell_after` is when to try (again).
    """

    __tablename__ = "courier"
    __table_args__ = (
        UniqueConstraint("account_id", name="courier_of_account"),
        Index("courier_of_property", "of_property", "courier_id"),
        Index("courier_untold", "told_at", "tell_after"),
    )

    courier_id: Mapped[IdKey]
    account_id: Mapped[IdRef]
    of_property: Mapped[bool]
    name: Mapped[Name]
    phone_masked: Mapped[str] = mapped_column(String(20))
    photo: Mapped[Short]
    registered_by: Mapped[IdRef]
    registered_at: Mapped[Instant]
    told_at: Mapped[MaybeInstant]
    tell_after: Mapped[Instant]


class CourierStoreRow(Row):
    """A courier brings for this store."""

    __tablename__ = "courier_store"
    __table_args__ = (Index("courier_store_of_store", "store_id", "courier_id"),)

    courier_id: Mapped[IdKey]
    store_id: Mapped[IdKey]


class CourierCommunityRow(Row):
    """A courier comes to this community."""

    __tablename__ = "courier_community"

    courier_id: Mapped[IdKey]
    community_id: Mapped[IdKey]


class VisitRow(Row):
    """One coming and leaving. `digits` is empty once the visit is over, so the key holds six digits
    apart only among open visits of a community."""

    __tablename__ = "visit"
    __table_args__ = (
        UniqueConstraint("community_id", "digits", name="visit_digits"),
        Index("visit_of_community", "community_id", "visit_id"),
        Index("visit_of_community_in_state", "community_id", "state", "visit_id"),
        Index("visit_of_courier", "courier_id", "state", "community_id"),
        Index("visit_due", "state", "expected_until"),
        Index("visit_inside", "state", "entered_at"),
    )

    visit_id: Mapped[IdKey]
    courier_id: Mapped[IdRef]
    community_id: Mapped[IdRef]
    state: Mapped[Code]
    version: Mapped[Count]
    expected_from: Mapped[Instant]
    expected_until: Mapped[Instant]
    digits: Mapped[str | None] = mapped_column(DIGITS, nullable=True)
    entered_at: Mapped[MaybeInstant]
    entry_gate: Mapped[Name]
    left_at: Mapped[MaybeInstant]
    exit_gate: Mapped[Name]
    refused_reason: Mapped[Short]


class DropRow(Row):
    """One parcel for one door; `drop` alone is a word of SQL."""

    __tablename__ = "parcel_drop"
    __table_args__ = (
        Index("drop_of_visit", "visit_id", "drop_id"),
        Index("drop_of_courier", "courier_id", "state", "visit_id"),
        Index("drop_of_order", "order_id"),
        Index("drop_delivered", "state", "delivered_at", "community_id"),
    )

    drop_id: Mapped[IdKey]
    visit_id: Mapped[IdRef]
    courier_id: Mapped[IdRef]
    order_id: Mapped[IdRef]
    order_number: Mapped[str] = mapped_column(String(40))
    store_id: Mapped[IdRef]
    store_name: Mapped[Short]
    household_id: Mapped[IdRef]
    home_id: Mapped[IdRef]
    community_id: Mapped[IdRef]
    address: Mapped[Short]
    summary: Mapped[Short]
    remark: Mapped[Short]
    state: Mapped[Code]
    version: Mapped[Count]
    assigned_at: Mapped[Instant]
    delivered_at: Mapped[MaybeInstant]
    photo: Mapped[Short]


class OrderMarkRow(Row):
    """What delivery knows of an order: which drop brings it, or that it is off.

    Whichever comes first, assignment or withdrawal, the other waits on this key and finds it: a
    withdrawal that overtakes its assignment still wins.
    """

    __tablename__ = "order_mark"
    __table_args__ = (Index("order_mark_withdrawn", "withdrawn_at"),)

    order_id: Mapped[IdKey]
    drop_id: Mapped[MaybeIdRef]
    withdrawn_at: Mapped[MaybeInstant]


class GateLogRow(Row):
    """Who was let in, kept out or let go, when, where and by whom. Rows are only ever added."""

    __tablename__ = "gate_log"
    __table_args__ = (
        Index("gate_log_of_visit", "visit_id", "log_id"),
        Index("gate_log_of_gate", "gate_id", "at"),
    )

    log_id: Mapped[IdKey]
    visit_id: Mapped[IdRef]
    community_id: Mapped[IdRef]
    gate_id: Mapped[IdRef]
    gate: Mapped[Name]
    direction: Mapped[Code]
    guard_account_id: Mapped[IdRef]
    guard_name: Mapped[Name]
    at: Mapped[Instant]


class WrongCodeRow(Row):
    """How many wrong codes in a row a guard's account has sent."""

    __tablename__ = "wrong_code"

    account_id: Mapped[IdKey]
    in_a_row: Mapped[Count]
    last_at: Mapped[MaybeInstant]
