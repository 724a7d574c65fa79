"""Orders from before there was a chain get one when the database is brought up to date."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, create_engine, insert, update

from services.kernel import migrations
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.orders import queries
from services.orders.domain.record import Entry, Linked, broken_at
from services.orders.tables import OrderRow, TimelineRow
from tests.support import servers

pytestmark = pytest.mark.database
BEFORE = "0002"
NOW = datetime(2026, 3, 1, 4, 0, 0, 123_456, tzinfo=UTC)
NAME = f"linli_test_orders_old_{new_id().lower()}"
ORDERS = 1_003
"""More than the migration takes at once."""


@pytest.fixture
def url() -> Iterator[str]:
    """A database as it was before."""
    made = servers.create_database(NAME)
    migrations._move("orders", made, BEFORE, up=True)
    yield made
    servers.drop_database(NAME)


def column_values(table: Any, **known: Any) -> dict[str, Any]:
    """A row of a table of then, with something in each column that must have something."""
    empty: dict[str, Any] = {}
    for column in table.columns:
        if not column.nullable and column.server_default is None:
            empty[column.name] = 0 if column.type.python_type is int else ""
    return {**empty, **known}


def old_orders(engine: Engine) -> list[str]:
    """Orders whose timelines have one to four entries; their ids."""
    metadata = MetaData()
    metadata.reflect(engine, only=["sales_order", "order_timeline"])
    orders, timeline = (metadata.tables[name] for name in ("sales_order", "order_timeline"))
    order_ids = sorted(new_id() for _ in range(ORDERS))
    moment = NOW.replace(tzinfo=None)
    entries = [
        column_values(
            timeline,
            order_id=order_id,
            seq=seq,
            at=moment + timedelta(seconds=seq),
            step=f"step{seq}",
            party="resident",
            actor_id=new_id() if seq % 2 else None,
            actor_name="张伟 ",
            note="少糖 🍵" if seq == 2 else "",
        )
        for number, order_id in enumerate(order_ids)
        for seq in range(1, 2 + number % 4)
    ]
    rows = [
        column_values(
            orders,
            order_id=order_id,
            state="completed",
            version=1 + number % 4,
            placed_at=moment,
            amount_fen=100 + number,
            sku_ids="[]",
        )
        for number, order_id in enumerate(order_ids)
    ]
    with engine.begin() as connection:
        connection.execute(insert(orders), rows)
        connection.execute(insert(timeline), entries)
    return order_ids


def first_fault(db: Database, order_id: str) -> int | None:
    """Where the order's chain breaks."""
    with db.reading() as tx:
        order = queries.need_order(tx, order_id)
        rows = queries.timeline_of(tx, order_id)
    chain = [Linked(Entry(*(getattr(row, n) for n in Entry._fields)), row.hash) for row in rows]
    return broken_at(chain, order.record_hash, order.version)


def test_every_old_timeline_is_a_whole_chain_after_the_migration(url: str) -> None:
    engine = create_engine(url)
    order_ids = old_orders(engine)
    lost = order_ids[3]
    with engine.begin() as connection:  # one that was broken before anybody could see it
        connection.execute(
            update(OrderRow.__table__).where(OrderRow.order_id == lost).values(version=9)
        )
    engine.dispose()
    migrations.upgrade("orders", url)
    assert migrations.differences("orders", url) == []
    db = Database(url, pool_size=1)
    try:
        with db.reading() as tx:
            first = queries.need_order(tx, order_ids[0])
            unlinked = tx.scalar(TimelineRow.__table__.select().where(TimelineRow.hash == ""))
        assert unlinked is None
        assert (first.agreed_fen, first.fulfilment, first.trouble) == (100, "delivery", "none")
        looked_at = [*order_ids[:8], *order_ids[-8:]]
        faults = {order_id: first_fault(db, order_id) for order_id in looked_at}
        assert {order_id for order_id, fault in faults.items() if fault} == {lost}
        assert faults[lost] == 5
    finally:
        db.dispose()
