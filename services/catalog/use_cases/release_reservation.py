"""Give pieces that were set aside back to the shelf."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update

from services.catalog import locks, queries
from services.catalog.domain.reservation import MOVES, Act, Line, State
from services.catalog.domain.shelf import Reason
from services.catalog.stock import move_stock
from services.catalog.tables import ReservedLineRow
from services.contracts.catalog import ReleaseReservation
from services.contracts.orders import OrderCancelled
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken
from services.kernel.wire import Done

_REASONS = {Act.RELEASE: Reason.RELEASE, Act.EXPIRE: Reason.EXPIRE}


def release_reservation(db: Database, command: ReleaseReservation, now: datetime) -> Done:
    """Give the lines back; one that is back already, or never was set aside, is left as it is."""
    with db.transaction() as tx:
        _give_back(tx, command.reservation_id, command.sku_ids, Act.RELEASE, now)
        return Done()


def release_cancelled_order(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    """The order is off: its pieces are for sale again, whether they were paid for or not."""
    _give_back(tx, event.reservation_id, event.sku_ids, Act.RELEASE, now)


def expire_reservations(db: Database, now: datetime, batch: int) -> int:
    """Give back what nobody committed or released in time; how many reservations that were."""
    with db.reading() as tx:
        overdue = queries.overdue_reservations(tx, now, batch)
    for reservation_id in overdue:
        with db.transaction() as tx:
            _give_back(tx, reservation_id, (), Act.EXPIRE, now)
    return len(overdue)


def _give_back(
    tx: Tx, reservation_id: str, sku_ids: Collection[str], act: Act, now: datetime
) -> None:
    lines = locks.lines_for_update(tx, reservation_id, sku_ids)
    # A line that was committed between the sweep's look and its lock has no move for EXPIRE.
    moving = [line for line in lines if MOVES.get((line.state, act), line.state) != line.state]
    if not moving:
        return
    set_lines(tx, reservation_id, moving, moving[0].after(act), now)
    back = {line.sku_id: line.stock_delta(act) for line in moving}
    if not move_stock(tx, back, _REASONS[act], reservation_id, now):
        raise InvariantBroken(f"a SKU of reservation {reservation_id} has gone")


def set_lines(
    tx: Tx, reservation_id: str, lines: Collection[Line], state: State, now: datetime
) -> None:
    """Write the new state of lines whose rows are locked."""
    tx.execute(
        update(ReservedLineRow)
        .where(
            ReservedLineRow.reservation_id == reservation_id,
            ReservedLineRow.sku_id.in_([line.sku_id for line in lines]),
        )
        .values(state=state, updated_at=now)
    )
