"""Every FOR UPDATE of the shelf.

Order: items, then reserved lines by reservation and number, then SKUs by id. A swap locks the lines
of two reservations in this order, and inserts its own lines after them: nobody waits for those.
"""

from collections.abc import Collection

from sqlalchemy import select

from services.catalog.domain.reservation import Line, State
from services.catalog.domain.shelf import CountedStock
from services.catalog.domain.swap import Given
from services.catalog.tables import ItemRow, ReservedLineRow, SkuRow
from services.contracts.catalog import ReservedLine
from services.kernel.db import Tx


def item_store_for_update(tx: Tx, item_id: str) -> str | None:
    """The store of an item that is about to be changed, or None where there is no such item."""
    found = select(ItemRow.store_id).where(ItemRow.item_id == item_id)
    row = tx.first(found.with_for_update())
    return row.store_id if row else None


def lines_for_update(tx: Tx, reservation_id: str, sku_ids: Collection[str]) -> list[Line]:
    """The lines of a reservation for these SKUs, or all of them when none are named."""
    lines = select(
        ReservedLineRow.sku_id,
        ReservedLineRow.quantity,
        ReservedLineRow.state,
        ReservedLineRow.counted,
    ).where(ReservedLineRow.reservation_id == reservation_id)
    if sku_ids:
        lines = lines.where(ReservedLineRow.sku_id.in_(sorted(sku_ids)))
    rows = tx.all(lines.order_by(ReservedLineRow.line_no).with_for_update())
    return [Line(row.sku_id, row.quantity, State(row.state), row.counted) for row in rows]


def given_for_update(tx: Tx, reservation_ids: Collection[str]) -> list[Given]:
    """All lines of these reservations with what they agreed, by reservation and number."""
    rows = tx.all(
        select(ReservedLineRow.__table__)
        .where(ReservedLineRow.reservation_id.in_(sorted(reservation_ids)))
        .order_by(ReservedLineRow.reservation_id, ReservedLineRow.line_no)
        .with_for_update()
    )
    return [
        Given(
            row.reservation_id,
            ReservedLine.model_validate(row._mapping),
            Line(row.sku_id, row.quantity, State(row.state), row.counted),
        )
        for row in rows
    ]


def stock_for_update(tx: Tx, sku_ids: Collection[str]) -> dict[str, CountedStock]:
    """The stock of each SKU, which nobody changes until we commit."""
    skus = select(SkuRow.sku_id, SkuRow.stock, SkuRow.unlimited)
    rows = tx.all(
        skus.where(SkuRow.sku_id.in_(sorted(sku_ids))).order_by(SkuRow.sku_id).with_for_update()
    )
    return {row.sku_id: CountedStock(row.stock, row.unlimited) for row in rows}
