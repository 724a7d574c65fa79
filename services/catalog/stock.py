"""The one way in which stock changes: its movements first, then the stock itself, last.

`prove_stock` proves it a second way.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    Update,
    bindparam,
    case,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)

from services.catalog.domain.reservation import SET_ASIDE
from services.catalog.domain.shelf import OF_RESERVATIONS, Reason
from services.catalog.tables import ReservedLineRow, SkuRow, StockMovementRow
from services.kernel.db import Tx

_INSERT_MOVEMENTS = insert(StockMovementRow)


@dataclass(frozen=True, slots=True)
class Movement:
    """So many pieces of a SKU come to the shelf (above zero) or leave it (below), and why."""

    sku_id: str
    delta: int
    reason: Reason
    reference: str


def move_stock(
    tx: Tx, deltas: Mapping[str, int], reason: Reason, reference: str, now: datetime
) -> bool:
    """Change the stock of many SKUs for one reason, as `make_movements` does."""
    moves = [Movement(sku_id, delta, reason, reference) for sku_id, delta in deltas.items()]
    return make_movements(tx, moves, now)


def make_movements(tx: Tx, movements: Iterable[Movement], now: datetime) -> bool:
    """Change the stock of many SKUs, each by the sum of its movements, in two statements; False
    when one would fall below zero or is unknown.

    Then the caller rolls back. The update reads the SKUs by primary key, so it locks them in id
    order whatever order they were asked for, and it comes last, so the locks live for one commit:
    in random order buyers would deadlock, and earlier they would queue behind our round trips.
    """
    made = sorted((move for move in movements if move.delta), key=lambda move: move.sku_id)
    if not made:
        return True
    tx.execute(_INSERT_MOVEMENTS, [asdict(move) | {"at": now} for move in made])
    net: dict[str, int] = defaultdict(int)
    for move in made:
        net[move.sku_id] += move.delta
    return _change_stock(tx, net)


def _change_stock(tx: Tx, net: Mapping[str, int]) -> bool:
    changes = {sku_id: delta for sku_id, delta in net.items() if delta}
    if not changes:
        return True
    values: dict[str, Any] = {"skus": list(changes)}
    for number, (sku_id, delta) in enumerate(changes.items()):
        values |= {f"sku_{number}": sku_id, f"delta_{number}": delta}
    return tx.execute(_change_of(len(changes)), values).rowcount == len(changes)


@lru_cache(maxsize=64)
def _change_of(skus: int) -> Update:
    """The update of so many SKUs at once; a row that would fall below zero is left out."""
    deltas = [
        (SkuRow.sku_id == bindparam(f"sku_{number}"), bindparam(f"delta_{number}", type_=Integer))
        for number in range(skus)
    ]
    after = SkuRow.stock + case(*deltas, else_=0)
    named = SkuRow.sku_id.in_(bindparam("skus", expanding=True))
    return update(SkuRow).where(named, after >= 0).values(stock=after)


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Two ways of counting the same pieces that do not agree."""

    what: str
    sku_id: str
    reference: str
    counted: int
    moved: int


def prove_stock(tx: Tx) -> list[Discrepancy]:
    """Nothing, when each stock is the sum of its movements and each reservation's movements take
    exactly the pieces that it has set aside."""
    rows = tx.all(union_all(_stock_against_movements(), _reservations_against_movements()))
    return [Discrepancy(*row) for row in rows]


def _stock_against_movements() -> Select[Any]:
    moved = func.coalesce(func.sum(StockMovementRow.delta), 0)
    return (
        select(literal("stock"), SkuRow.sku_id, literal(""), SkuRow.stock, moved)
        .outerjoin(StockMovementRow, StockMovementRow.sku_id == SkuRow.sku_id)
        .group_by(SkuRow.sku_id, SkuRow.stock)
        .having(moved != SkuRow.stock)
    )


def _reservations_against_movements() -> Select[Any]:
    line, movement = ReservedLineRow, StockMovementRow
    moved = func.coalesce(func.sum(movement.delta), 0)
    # There is one line for a reservation and a SKU; `max` only makes it fit to be compared.
    aside = func.max(case((line.counted & line.state.in_(SET_ASIDE), -line.quantity), else_=0))
    return (
        select(literal("reservation"), line.sku_id, line.reservation_id, aside, moved)
        .outerjoin(
            movement,
            (movement.sku_id == line.sku_id)
            & (movement.reference == line.reservation_id)
            & movement.reason.in_(OF_RESERVATIONS),
        )
        .group_by(line.reservation_id, line.sku_id)
        .having(moved != aside)
    )
