"""Random lives of a shelf: whatever happens in whatever order, no piece is lost or made."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.catalog.domain.reservation import SET_ASIDE
from services.catalog.tables import ReservedLineRow
from services.catalog.use_cases.commit_reservation import commit_paid_order
from services.catalog.use_cases.release_reservation import (
    expire_reservations,
    release_cancelled_order,
)
from services.catalog.use_cases.return_pieces import return_pieces
from services.catalog.use_cases.set_stock import set_stock
from services.catalog.use_cases.swap_reservation import swap_reservation
from services.contracts.catalog import (
    OutOfStock,
    ReservationOver,
    ReturnPieces,
    SetStock,
    SwapReservation,
)
from services.kernel.db import Database
from services.kernel.ids import new_id
from tests.support.catalog import (
    HOLD,
    NOW,
    discrepancies,
    order_cancelled,
    order_paid,
    return_command,
    set_aside,
    shelve_at,
    stock_of,
    swap_command,
)

pytestmark = pytest.mark.database
PIECES = 12
LATER = NOW + HOLD + timedelta(seconds=1)


class Walk:
    """A store's shelf, and the reservations, swaps and returns that have been made on it.

    The first SKUs are always counted, so that their pieces can be summed; the last one is counted
    at times.
    """

    def __init__(self, db: Database, seed: int) -> None:
        self.db, self.chance = db, random.Random(seed)
        self.keeper, self.skus = shelve_at(db, PIECES, PIECES, PIECES, None)
        self.reservations: list[str] = []
        self.swaps: list[SwapReservation] = []
        self.returns: list[ReturnPieces] = []
        self.brought = dict.fromkeys(self.skus, 0)

    def step(self) -> None:
        """One thing happens, or is refused."""
        acts: list[Callable[[], object]] = [self.reserve, self.pay, self.cancel, self.sweep]
        acts += [
            self.reserve,
            self.swap,
            self.swap,
            self.swap,
            self.repeat,
            self.bring_back,
            self.count,
        ]
        with suppress(OutOfStock, ReservationOver):
            self.chance.choice(acts)()

    def wanted(self) -> dict[str, int]:
        some = self.chance.sample(self.skus, self.chance.randint(1, 3))
        return {sku: self.chance.randint(1, 3) for sku in some}

    def one(self) -> str:
        return self.chance.choice(self.reservations[-4:]) if self.reservations else new_id()

    def reserve(self) -> None:
        self.reservations.append(set_aside(self.db, self.wanted()).reservation_id)

    def pay(self) -> None:
        reservation_id = self.one()
        with self.db.transaction() as tx:
            if reservation_id in self.reservations:
                commit_paid_order(tx, order_paid(reservation_id, []), NOW)

    def cancel(self) -> None:
        with self.db.transaction() as tx:
            release_cancelled_order(tx, order_cancelled(self.one(), [], paid=True), NOW)

    def sweep(self) -> None:
        expire_reservations(self.db, LATER, self.chance.randint(1, 2))

    def swap(self) -> None:
        from_ids = list(dict.fromkeys([self.one(), self.one()][: self.chance.randint(1, 2)]))
        command = swap_command(from_ids, self.wanted())
        swap_reservation(self.db, command, NOW)
        self.swaps.append(command)
        self.reservations.append(command.reservation_id)

    def repeat(self) -> None:
        if self.swaps:
            swap_reservation(self.db, self.chance.choice(self.swaps), NOW)
        if self.returns:
            return_pieces(self.db, self.chance.choice(self.returns), NOW)

    def bring_back(self) -> None:
        command = return_command(self.wanted())
        return_pieces(self.db, command, NOW)
        self.returns.append(command)
        for line in command.lines:
            self.brought[line.sku_id] += line.quantity

    def count(self) -> None:
        pieces = self.chance.choice([None, 0, 3])
        command = SetStock(request_id=new_id(), sku_id=self.skus[-1], stock=pieces)
        set_stock(self.db, command, self.keeper, NOW)

    def aside(self, sku_id: str) -> int:
        held = select(func.coalesce(func.sum(ReservedLineRow.quantity), 0)).where(
            ReservedLineRow.sku_id == sku_id, ReservedLineRow.state.in_(SET_ASIDE)
        )
        with self.db.reading() as tx:
            return int(tx.scalar(held))


@pytest.mark.parametrize("seed", range(6))
def test_on_shelf_and_set_aside_are_all_there_is_after_every_step(db: Database, seed: int) -> None:
    walk = Walk(db, seed)
    for _ in range(100):
        walk.step()
        assert discrepancies(db) == []
    for sku_id in walk.skus[:-1]:
        assert stock_of(db, sku_id) + walk.aside(sku_id) == PIECES + walk.brought[sku_id]
    assert len(walk.swaps) > 3
    assert walk.returns
