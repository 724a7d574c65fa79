"""The pieces are sold."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, update

from services.catalog import locks
from services.catalog.domain.reservation import Line, State
from services.catalog.domain.shelf import Reason
from services.catalog.stock import move_stock
from services.catalog.tables import ReservedLineRow
from services.contracts.catalog import (
    CommitReservation,
    OutOfStock,
    ReservationOver,
    StockShort,
)
from services.contracts.orders import OrderPaid
from services.kernel import outbox
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken
from services.kernel.wire import Done

_COMMIT_HELD = (
    update(ReservedLineRow)
    .where(
        ReservedLineRow.reservation_id == bindparam("reservation"),
        ReservedLineRow.sku_id.in_(bindparam("skus", expanding=True)),
        ReservedLineRow.state == State.HELD,
    )
    .values(state=State.COMMITTED, updated_at=bindparam("now"))
)
_COMMIT_RETAKEN = (
    update(ReservedLineRow)
    .where(
        ReservedLineRow.reservation_id == bindparam("reservation"),
        ReservedLineRow.sku_id == bindparam("sku"),
    )
    .values(state=State.COMMITTED, counted=bindparam("is_counted"), updated_at=bindparam("now"))
)


@dataclass(slots=True)
class _Unsold:
    """Lines that could not be committed: `short` had expired and were sold to somebody else since,
    `over` had been released."""

    short: list[str] = field(default_factory=list)
    over: list[str] = field(default_factory=list)


def commit_reservation(db: Database, command: CommitReservation, now: datetime) -> Done:
    """Commit all lines or none: ReservationOver for released ones, OutOfStock for those that
    expired and have been sold to somebody else since. A second time changes nothing."""
    with db.transaction() as tx:
        unsold = _commit_lines(tx, command.reservation_id, command.sku_ids, now)
        if unsold.over:
            raise ReservationOver(fields=dict.fromkeys(unsold.over, State.RELEASED))
        if unsold.short:
            raise OutOfStock(fields=dict.fromkeys(unsold.short, "sold to somebody else"))
        return Done()


def commit_paid_order(tx: Tx, event: OrderPaid, now: datetime) -> None:
    """The order is paid: what can be sold is, and `stock.short` tells what cannot.

    Released lines are no shortage: the order was cancelled, and its money goes back anyway. An
    order that only pays a difference has no pieces of its own.
    """
    if event.supplement_of:
        return  # it pays a difference: its pieces are its main order's
    unsold = _commit_lines(tx, event.reservation_id, event.sku_ids, now)
    if unsold.short:
        outbox.emit(
            tx,
            StockShort(
                aggregate_id=event.aggregate_id, version=event.version, sku_ids=unsold.short
            ),
        )


def _commit_lines(tx: Tx, reservation_id: str, sku_ids: Collection[str], now: datetime) -> _Unsold:
    wanted = sorted(set(sku_ids))
    if wanted and _commit_held(tx, reservation_id, wanted, now) == len(wanted):
        return _Unsold()  # all were still held: the usual case, in one statement
    lines = locks.lines_for_update(tx, reservation_id, wanted)
    if not lines or len(lines) < len(wanted):
        raise InvariantBroken(f"reservation {reservation_id} lacks lines of a paid order")
    held = [line.sku_id for line in lines if line.state == State.HELD]
    if held:
        _commit_held(tx, reservation_id, held, now)
    expired = [line for line in lines if line.state == State.EXPIRED]
    return _Unsold(
        short=_take_again(tx, reservation_id, expired, now),
        over=[line.sku_id for line in lines if line.state == State.RELEASED],
    )


def _commit_held(tx: Tx, reservation_id: str, sku_ids: list[str], now: datetime) -> int:
    values = {"reservation": reservation_id, "skus": sku_ids, "now": now}
    return tx.execute(_COMMIT_HELD, values).rowcount


def _take_again(tx: Tx, reservation_id: str, expired: list[Line], now: datetime) -> list[str]:
    """Take expired pieces off the shelf once more; the SKUs of which there is too little left."""
    if not expired:
        return []
    stock = locks.stock_for_update(tx, [line.sku_id for line in expired])
    retaken = [line for line in expired if stock[line.sku_id].covers(line.quantity)]
    if retaken:
        tx.execute(
            _COMMIT_RETAKEN,
            [
                {
                    "reservation": reservation_id,
                    "sku": line.sku_id,
                    "is_counted": not stock[line.sku_id].unlimited,
                    "now": now,
                }
                for line in retaken
            ],
        )
    taken = {line.sku_id: -line.quantity for line in retaken if not stock[line.sku_id].unlimited}
    if not move_stock(tx, taken, Reason.RETAKE, reservation_id, now):
        raise InvariantBroken(f"the locked stock of reservation {reservation_id} has changed")
    return [line.sku_id for line in expired if line not in retaken]
