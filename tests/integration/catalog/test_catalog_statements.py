"""What the way of a paid order costs here: nobody adds a statement unseen."""

import pytest

from services.catalog import queries
from services.catalog.use_cases.commit_reservation import commit_paid_order
from services.catalog.use_cases.release_reservation import release_cancelled_order
from services.catalog.use_cases.reserve import reserve
from services.contracts.catalog import ItemsQuery
from services.kernel.db import Database
from tests.support.catalog import (
    HOLD_MAX,
    NOW,
    order_cancelled,
    order_paid,
    reserve_command,
    set_aside,
    shelve,
)
from tests.support.statements import counted_statements

pytestmark = pytest.mark.database


def test_reserving_many_skus_takes_four_statements(db: Database) -> None:
    command = reserve_command(dict.fromkeys(shelve(db, 9, 9, 9, 9, 9), 1))
    with counted_statements() as count:
        reserve(db, command, NOW, HOLD_MAX)
    assert count() == 4


def test_reserving_unlimited_skus_takes_two_statements(db: Database) -> None:
    command = reserve_command(dict.fromkeys(shelve(db, None, None), 1))
    with counted_statements() as count:
        reserve(db, command, NOW, HOLD_MAX)
    assert count() == 2


def test_a_paid_order_takes_one_statement(db: Database) -> None:
    skus = shelve(db, 9, 9, 9)
    view = set_aside(db, dict.fromkeys(skus, 1))
    with counted_statements() as count, db.transaction() as tx:
        commit_paid_order(tx, order_paid(view.reservation_id, skus), NOW)
    assert count() == 1


def test_a_cancelled_order_takes_four_statements(db: Database) -> None:
    skus = shelve(db, 9, 9, 9)
    view = set_aside(db, dict.fromkeys(skus, 1))
    with counted_statements() as count, db.transaction() as tx:
        release_cancelled_order(tx, order_cancelled(view.reservation_id, skus, paid=False), NOW)
    assert count() == 4


def test_a_page_of_items_takes_two_statements_and_a_cart_one(db: Database) -> None:
    skus = [sku for _ in range(5) for sku in shelve(db, 9, 9)]
    with counted_statements() as count, db.reading() as tx:
        assert len(queries.items(tx, ItemsQuery(category="早餐")).items) == 5
    assert count() == 2
    with counted_statements() as count, db.reading() as tx:
        assert len(queries.sku_lines(tx, skus).lines) == 10
    assert count() == 1
