"""Appointments: each item takes only so many at the same time, held apart by a table's key."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from services.contracts.orders import SlotTaken
from services.kernel.db import Tx, is_duplicate
from services.kernel.errors import InvariantBroken
from services.orders.domain.order import Order
from services.orders.tables_beside import SeatRow

_INSERT = insert(SeatRow)


def book(tx: Tx, item_id: str, sku_id: str, order: Order, capacity: int) -> None:
    """Take a seat at the order's time; SlotTaken when all are.

    Two who want the last one meet at the key: the second looks again.
    """
    if order.slot_from is None:
        raise InvariantBroken(f"order {order.order_id} has no appointment to book")
    for _ in range(capacity + 1):
        free = _free_seat(tx, item_id, order.slot_from, capacity)
        if free is None:
            break
        if _sit(tx, item_id, order.slot_from, free, order.order_id):
            return
    raise SlotTaken("somebody was faster", fields={sku_id: order.slot_from.isoformat()})


def free(tx: Tx, order: Order) -> None:
    """The order's seats are for others again."""
    if order.has_appointment:
        tx.execute(delete(SeatRow).where(SeatRow.order_id == order.order_id))


def taken(
    tx: Tx, item_id: str, day_from: datetime, day_until: datetime
) -> Sequence[tuple[datetime, int]]:
    """How many seats are taken at each time that has any."""
    statement = (
        select(SeatRow.starts_at, func.count())
        .where(
            SeatRow.item_id == item_id,
            SeatRow.starts_at >= day_from,
            SeatRow.starts_at < day_until,
        )
        .group_by(SeatRow.starts_at)
        .order_by(SeatRow.starts_at)
    )
    return [(row[0], row[1]) for row in tx.all(statement)]


def _free_seat(tx: Tx, item_id: str, starts_at: datetime, capacity: int) -> int | None:
    rows = tx.all(
        select(SeatRow.seat).where(SeatRow.item_id == item_id, SeatRow.starts_at == starts_at)
    )
    used = {row.seat for row in rows}
    return next((seat for seat in range(capacity) if seat not in used), None)


def _sit(tx: Tx, item_id: str, starts_at: datetime, seat: int, order_id: str) -> bool:
    row = {"item_id": item_id, "starts_at": starts_at, "seat": seat, "order_id": order_id}
    try:
        tx.execute(_INSERT, row)
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        return False
    return True
