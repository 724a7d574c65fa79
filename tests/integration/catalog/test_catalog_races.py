"""Many buyers at once, each with a connection of its own."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.catalog.use_cases.commit_reservation import commit_paid_order
from services.catalog.use_cases.release_reservation import expire_reservations
from services.catalog.use_cases.reserve import reserve
from services.contracts.catalog import OutOfStock
from services.kernel.db import Database
from services.kernel.entrypoints import rerun_on_conflict
from tests.support.catalog import (
    HOLD,
    HOLD_MAX,
    NOW,
    discrepancies,
    order_paid,
    reserve_command,
    reserved_pieces,
    set_aside,
    shelve,
    states_of,
    stock_of,
)

pytestmark = pytest.mark.database
BUYERS = 60


def bought(db: Database, wanted: dict[str, int]) -> bool:
    try:
        set_aside(db, wanted)
    except OutOfStock:
        return False
    return True


def test_sixty_buyers_of_twenty_pieces_get_exactly_twenty(db: Database) -> None:
    [sku] = shelve(db, 20)
    crowd = Database(db.url, pool_size=BUYERS)
    with ThreadPoolExecutor(BUYERS) as buyers:
        outcomes = Counter(buyers.map(lambda _: bought(crowd, {sku: 1}), range(BUYERS)))
    crowd.dispose()
    assert outcomes == {True: 20, False: 40}
    assert stock_of(db, sku) == 0
    assert reserved_pieces(db, sku) == 20
    assert discrepancies(db) == []


def test_buyers_who_name_two_skus_in_opposite_orders_never_deadlock(db: Database) -> None:
    one, two = shelve(db, 1000, 1000)
    baskets = [{one: 1, two: 2}, {two: 2, one: 1}] * (BUYERS // 2)
    with ThreadPoolExecutor(16) as buyers:
        # Without the re-run of the entrypoint: a deadlock would be an error here.
        assert all(buyers.map(lambda wanted: bought(db, wanted), baskets))
    assert (stock_of(db, one), stock_of(db, two)) == (1000 - BUYERS, 1000 - 2 * BUYERS)
    assert discrepancies(db) == []


def test_the_same_reservation_from_many_callers_at_once_takes_its_pieces_once(
    db: Database,
) -> None:
    [sku] = shelve(db, 300)
    command = reserve_command({sku: 3})

    def call() -> str:
        view = rerun_on_conflict("reserve", lambda: reserve(db, command, NOW, HOLD_MAX))
        return view.model_dump_json()

    with ThreadPoolExecutor(12) as callers:
        answers = set(callers.map(lambda _: call(), range(24)))
    assert len(answers) == 1
    assert stock_of(db, sku) == 297
    assert discrepancies(db) == []


def test_a_payment_that_races_the_sweep_never_loses_or_doubles_a_piece(db: Database) -> None:
    [sku] = shelve(db, 40)
    held = [set_aside(db, {sku: 1}).reservation_id for _ in range(20)]

    def pay(reservation_id: str) -> None:
        with db.transaction() as tx:
            commit_paid_order(tx, order_paid(reservation_id, [sku]), NOW)

    def sweep() -> None:
        rerun_on_conflict("sweep", lambda: expire_reservations(db, NOW + HOLD * 2, 100))

    with ThreadPoolExecutor(8) as pool:
        tasks = [pool.submit(rerun_on_conflict, "pay", lambda r=r: pay(r)) for r in held]
        tasks += [pool.submit(sweep) for _ in range(4)]
        for task in tasks:
            task.result(timeout=timedelta(seconds=30).total_seconds())
    assert {state for r in held for state in states_of(db, r)} == {"committed"}
    assert stock_of(db, sku) == 20
    assert discrepancies(db) == []
