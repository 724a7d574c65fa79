"""The shelf's tables.

Without foreign keys: a child's insert would lock its SKU in share mode before the stock is taken in
exclusive mode, and two buyers of the same SKU would deadlock.
"""

from typing import Annotated, Any

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, MetaData, String
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kernel.columns import (
    CODE,
    TYPES,
    Code,
    Count,
    IdKey,
    IdRef,
    Instant,
    JsonText,
    Long,
    Short,
)

REFERENCE = mysql.VARCHAR(64, charset="ascii", collation="ascii_bin")
Name = Annotated[str, mapped_column(String(60))]
Ways = Annotated[Any, mapped_column(JsonText, server_default='["delivery","pickup"]')]
"""The values of `Fulfilment` that are offered; never empty."""
SlotMinutes = Annotated[int, mapped_column(Integer, server_default="0")]
SlotCapacity = Annotated[int, mapped_column(Integer, server_default="1")]


class Row(DeclarativeBase):
    """The base of catalog's tables."""

    metadata = MetaData()
    type_annotation_map = TYPES


class ItemRow(Row):
    """What a store sells; its choices are in `sku`."""

    __tablename__ = "item"
    __table_args__ = (
        Index("item_of_store", "store_id", "on_shelf", "sort", "item_id"),
        Index("item_of_category", "category", "on_shelf", "sort", "item_id"),
    )

    item_id: Mapped[IdKey]
    store_id: Mapped[IdRef]
    category: Mapped[str] = mapped_column(String(30))
    kind: Mapped[Code]
    name: Mapped[Name]
    description: Mapped[Long]
    picture: Mapped[Short]
    on_shelf: Mapped[bool]
    sort: Mapped[Count]
    fulfilments: Mapped[Ways]
    slot_minutes: Mapped[SlotMinutes]
    slot_capacity: Mapped[SlotCapacity]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class SkuRow(Row):
    """One choice of an item. `stock` is kept for an unlimited one too, so that the movements
    always add up; a choice that its item no longer offers is `retired`, since orders name it."""

    __tablename__ = "sku"
    __table_args__ = (
        Index("sku_of_item", "item_id", "position"),
        CheckConstraint("stock >= 0", name="stock_not_below_zero"),
    )

    sku_id: Mapped[IdKey]
    item_id: Mapped[IdRef]
    position: Mapped[Count]
    name: Mapped[Name]
    price_fen: Mapped[int]
    gift_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    stock: Mapped[Count]
    unlimited: Mapped[bool]
    retired: Mapped[bool]


class ReservedLineRow(Row):
    """Pieces set aside, with the price and names that stand for the order from now on.

    Lines are numbered in SKU order: any second `reserve` under the same id meets line 0, whatever
    it asks for, so the key is the command's claim.
    """

    __tablename__ = "reserved_line"
    __table_args__ = (Index("reserved_line_due", "state", "hold_until"),)

    reservation_id: Mapped[IdKey]
    line_no: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sku_id: Mapped[IdRef]
    quantity: Mapped[Count]
    counted: Mapped[bool]
    state: Mapped[Code]
    hold_until: Mapped[Instant]
    item_id: Mapped[IdRef]
    store_id: Mapped[IdRef]
    item_name: Mapped[Name]
    sku_name: Mapped[Name]
    kind: Mapped[Code]
    category: Mapped[str] = mapped_column(String(30))
    picture: Mapped[Short]
    price_fen: Mapped[int]
    gift_fen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    fulfilments: Mapped[Ways]
    slot_minutes: Mapped[SlotMinutes]
    slot_capacity: Mapped[SlotCapacity]
    updated_at: Mapped[Instant]


class StockMovementRow(Row):
    """Why a stock changed. The key lets each reason act once on a SKU under one reference: pieces
    cannot be given back twice, not even by a fault in the code above."""

    __tablename__ = "stock_movement"

    sku_id: Mapped[IdKey]
    reference: Mapped[str] = mapped_column(REFERENCE, primary_key=True)
    reason: Mapped[str] = mapped_column(CODE, primary_key=True)
    delta: Mapped[Count]
    at: Mapped[Instant]
