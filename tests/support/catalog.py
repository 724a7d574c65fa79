"""A shelf to test with: commands with sensible defaults, and what the tables say afterwards."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from services.catalog.stock import Discrepancy, prove_stock
from services.catalog.tables import ReservedLineRow, SkuRow, StockMovementRow
from services.catalog.use_cases.put_item import put_item
from services.catalog.use_cases.reserve import reserve
from services.catalog.use_cases.swap_reservation import swap_reservation
from services.contracts.catalog import (
    ItemKind,
    PutItem,
    Reserve,
    ReservedView,
    ReserveLine,
    ReturnPieces,
    SkuSpec,
    SwapReservation,
)
from services.contracts.orders import OrderCancelled, OrderPaid
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.ids import new_id

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
HOLD = timedelta(minutes=20)
HOLD_MAX = timedelta(days=2)


def shopkeeper_of(store_id: str) -> Actor:
    """Somebody who works at the store and may edit shelves."""
    return Actor(
        account_id=new_id(),
        permissions=frozenset({"shelf.edit"}),
        groups={store_id: "shopkeeper"},
    )


def item_command(
    store_id: str, skus: Sequence[SkuSpec], item_id: str | None = None, **fields: Any
) -> PutItem:
    """A command that puts soy milk, or what `fields` say, on the shelf."""
    values: dict[str, Any] = {"category": "早餐", "kind": ItemKind.GOODS, "name": "豆浆", **fields}
    return PutItem(
        request_id=new_id(),
        item_id=item_id or new_id(),
        store_id=store_id,
        skus=list(skus),
        **values,
    )


def shelve(db: Database, *stocks: int | None, price_fen: int = 300, **fields: Any) -> list[str]:
    """Put one item with a SKU for each stock on a new store's shelf; the SKU ids, sorted."""
    return shelve_at(db, *stocks, price_fen=price_fen, **fields)[1]


def shelve_at(
    db: Database, *stocks: int | None, price_fen: int = 300, **fields: Any
) -> tuple[Actor, list[str]]:
    """The same, and who runs the store."""
    store_id = new_id()
    keeper = shopkeeper_of(store_id)
    sku_ids = sorted(new_id() for _ in stocks)
    skus = [
        SkuSpec(sku_id=sku_id, name=f"规格{index}", price_fen=price_fen, stock=stock)
        for index, (sku_id, stock) in enumerate(zip(sku_ids, stocks, strict=True))
    ]
    put_item(db, item_command(store_id, skus, **fields), keeper, NOW)
    return keeper, sku_ids


def reserve_command(wanted: dict[str, int], reservation_id: str | None = None) -> Reserve:
    """A command that sets the pieces aside for `HOLD`."""
    return Reserve(
        request_id=new_id(),
        reservation_id=reservation_id or new_id(),
        lines=lines_of(wanted),
        hold_until=NOW + HOLD,
    )


def set_aside(db: Database, wanted: dict[str, int]) -> ReservedView:
    """Reserve the pieces."""
    return reserve(db, reserve_command(wanted), NOW, HOLD_MAX)


def lines_of(wanted: Mapping[str, int]) -> list[ReserveLine]:
    """A line for each SKU."""
    return [ReserveLine(sku_id=sku_id, quantity=n) for sku_id, n in wanted.items()]


def swap_command(
    from_ids: Sequence[str],
    wanted: Mapping[str, int],
    reservation_id: str | None = None,
    sku_ids: Sequence[str] = (),
) -> SwapReservation:
    """A command that puts these pieces in the place of those."""
    return SwapReservation(
        request_id=new_id(),
        reservation_id=reservation_id or new_id(),
        from_ids=list(from_ids),
        sku_ids=list(sku_ids),
        lines=lines_of(wanted),
    )


def swapped(
    db: Database, from_ids: Sequence[str], wanted: Mapping[str, int], sku_ids: Sequence[str] = ()
) -> ReservedView:
    """Put these pieces in the place of those."""
    return swap_reservation(db, swap_command(from_ids, wanted, sku_ids=sku_ids), NOW)


def return_command(wanted: Mapping[str, int], return_id: str | None = None) -> ReturnPieces:
    """A command that brings the pieces back."""
    return ReturnPieces(
        request_id=new_id(), return_id=return_id or new_id(), lines=lines_of(wanted)
    )


def order_paid(reservation_id: str, sku_ids: Sequence[str]) -> OrderPaid:
    """The tidings that an order for these SKUs is paid."""
    return OrderPaid(**_order(reservation_id, sku_ids))


def order_cancelled(reservation_id: str, sku_ids: Sequence[str], paid: bool) -> OrderCancelled:
    """The tidings that it is off."""
    return OrderCancelled(**_order(reservation_id, sku_ids), paid=paid)


def _order(reservation_id: str, sku_ids: Sequence[str]) -> dict[str, object]:
    ids = ("aggregate_id", "payment_id", "household_id", "merchant_id", "store_id", "community_id")
    return {name: new_id() for name in ids} | {
        "version": 3,
        "number": "0317",
        "store_name": "老陈早餐",
        "amount_fen": 900,
        "placed_by": new_id(),
        "reservation_id": reservation_id,
        "sku_ids": list(sku_ids),
    }


def stock_of(db: Database, sku_id: str) -> int:
    """The pieces that the table says are left."""
    with db.reading() as tx:
        return int(tx.scalar(select(SkuRow.stock).where(SkuRow.sku_id == sku_id)))


def states_of(db: Database, reservation_id: str) -> list[str]:
    """The states of a reservation's lines, by line number."""
    lines = select(ReservedLineRow.state).where(ReservedLineRow.reservation_id == reservation_id)
    with db.reading() as tx:
        return [row.state for row in tx.all(lines.order_by(ReservedLineRow.line_no))]


def movements_of(db: Database, sku_id: str) -> list[tuple[str, int]]:
    """Reason and delta of each movement of a SKU, by reason."""
    moves = select(StockMovementRow.reason, StockMovementRow.delta)
    with db.reading() as tx:
        rows = tx.all(moves.where(StockMovementRow.sku_id == sku_id))
    return sorted((row.reason, row.delta) for row in rows)


def reserved_pieces(db: Database, sku_id: str) -> int:
    """The pieces of a SKU in all reservations."""
    total = select(func.coalesce(func.sum(ReservedLineRow.quantity), 0))
    with db.reading() as tx:
        return int(tx.scalar(total.where(ReservedLineRow.sku_id == sku_id)))


def discrepancies(db: Database) -> list[Discrepancy]:
    """What the proof of the stock finds."""
    with db.reading() as tx:
        return prove_stock(tx)
