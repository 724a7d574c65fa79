"""The timeline's chain in the database: whole after every way of writing, broken by any other."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from services.contracts.delivery import VisitEntered
from services.contracts.orders import (
    NotYourOrder,
    OrderRecord,
    OrderState,
    RecordQuery,
)
from services.kernel.actor import Actor
from services.kernel.db import Tx
from services.kernel.ids import new_id
from services.orders import queries
from services.orders.record_view import see_record
from services.orders.tables import OrderRow, TimelineRow
from services.orders.use_cases.close_payment import expire_unpaid
from services.orders.use_cases.note_delivery import note_entry
from services.orders.use_cases.pass_deadlines import pass_deadlines, remind
from tests.support.order_walk import Walk
from tests.support.orders import COMMUNITY, NOW, PAY_BEFORE, SETTINGS

pytestmark = pytest.mark.database
S = OrderState


def record_of(walk: Walk, order_id: str, actor: Actor | None = None) -> OrderRecord:
    query = RecordQuery(order_id=order_id)
    return see_record(walk.db, query, actor or walk.street.resident, NOW, SETTINGS)


def write(walk: Walk, statement: Any, rows: Any = None) -> None:
    """What somebody with the database in hand does."""
    with walk.db.transaction() as tx:
        tx.execute(statement, rows)


@pytest.mark.parametrize("state", list(S))
def test_every_way_to_every_state_keeps_the_chain_whole(walk: Walk, state: OrderState) -> None:
    order_id = walk.order_in(state)
    record = record_of(walk, order_id)
    assert (record.whole, record.broken_at) == (True, None)
    assert [entry.seq for entry in record.entries] == list(range(1, len(record.entries) + 1))
    assert record.order.record_hash == record.entries[-1].hash
    assert len({entry.hash for entry in record.entries}) == len(record.entries)


def test_what_happens_while_a_record_is_read_breaks_nothing(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = walk.order_in(S.AWAITING_CONFIRMATION)
    read = queries.timeline_of
    meanwhile = [walk.mark_ready, walk.confirm]

    def slowly(tx: Tx, of_order: str) -> list[Any]:
        if meanwhile:
            meanwhile.pop()(order_id)
        return read(tx, of_order)

    monkeypatch.setattr(queries, "timeline_of", slowly)
    record = record_of(walk, order_id)
    assert not meanwhile
    assert (record.whole, record.broken_at) == (True, None)
    assert record.entries[-1].step == "ready"


def test_orders_that_change_together_each_keep_a_chain_of_their_own(walk: Walk) -> None:
    street = walk.street
    wanted = {street.soy.sku_id: 1, street.wash.sku_id: 1, street.plan.sku_id: 1}
    paid, given_up = walk.place(wanted), walk.place(wanted)
    walk.pay(paid)
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    order_ids = [one.order_id for one in (*paid.orders, *given_up.orders)]
    records = [record_of(walk, order_id) for order_id in order_ids]
    assert all(record.whole for record in records)
    assert len({record.order.record_hash for record in records}) == len(records)


def test_a_gate_that_speaks_of_orders_of_different_versions_keeps_each_whole(walk: Walk) -> None:
    order_ids = [walk.order_in(S.OUT_FOR_DELIVERY), walk.order_in(S.COMPLETED)]
    event = VisitEntered(
        aggregate_id=new_id(),
        courier_id=walk.courier_id,
        courier_name="张师傅",
        community_id=COMMUNITY,
        gate="东门",
        order_ids=order_ids,
        at=NOW + timedelta(minutes=5),
    )
    with walk.db.transaction() as tx:
        note_entry(tx, event)
    assert all(record_of(walk, order_id).whole for order_id in order_ids)


def test_reminders_overdue_marks_and_pick_ups_are_links_too(walk: Walk) -> None:
    late, fetched = walk.order_in(S.PREPARING), walk.to_fetch_in(S.READY)
    for order_id in (late, fetched):
        remind_at = walk.order(order_id).remind_at
        assert remind_at is not None
        remind(walk.db, remind_at, SETTINGS)
    ends_at = walk.order(late).deadline_at
    assert ends_at is not None
    pass_deadlines(walk.db, walk.services, ends_at, SETTINGS)
    code = walk.code_of(fetched)
    walk.hand_over(fetched, code, lines={walk.street.soy.sku_id: 1})
    walk.hand_over(fetched, code)
    assert record_of(walk, late).whole
    assert record_of(walk, fetched).whole
    assert walk.steps(fetched)[-3:] == ["picked_up", "picked_up", "completed"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", NOW + timedelta(microseconds=1)),
        ("step", "ready"),
        ("party", "staff"),
        ("actor_id", new_id()),
        ("actor_name", "别人"),
        ("note", "别的"),
        ("client", "x"),
        ("hash", "0" * 64),
    ],
)
def test_an_entry_rewritten_in_the_database_is_named(walk: Walk, column: str, value: Any) -> None:
    order_id = walk.order_in(S.READY)
    third = update(TimelineRow).where(TimelineRow.order_id == order_id, TimelineRow.seq == 3)
    write(walk, third.values({column: value}))
    record = record_of(walk, order_id)
    assert (record.whole, record.broken_at) == (False, 3)


@pytest.mark.parametrize(("seq", "named"), [(1, 1), (2, 2), (4, 4)])
def test_an_entry_taken_out_is_named(walk: Walk, seq: int, named: int) -> None:
    order_id = walk.order_in(S.READY)
    write(walk, delete(TimelineRow).where(TimelineRow.order_id == order_id, TimelineRow.seq == seq))
    assert record_of(walk, order_id).broken_at == named


def test_an_entry_put_in_or_brought_from_another_order_is_named(walk: Walk) -> None:
    order_id, other = walk.order_in(S.READY), walk.order_in(S.COMPLETED)
    with walk.db.reading() as tx:
        (fifth,) = tx.all(
            select(TimelineRow.__table__).where(TimelineRow.order_id == other, TimelineRow.seq == 5)
        )
    write(walk, insert(TimelineRow), {**fifth._mapping, "order_id": order_id})
    assert record_of(walk, order_id).broken_at == 5
    assert record_of(walk, other).whole


def test_an_order_whose_end_was_rewritten_shows(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    row = update(OrderRow).where(OrderRow.order_id == order_id)
    write(walk, row.values(record_hash="0" * 64))
    assert record_of(walk, order_id).broken_at == 4
    order_id = walk.order_in(S.READY)
    row = update(OrderRow).where(OrderRow.order_id == order_id)
    write(walk, row.values(version=OrderRow.version + 1))
    assert record_of(walk, order_id).broken_at == 5


def test_the_record_is_for_those_who_have_a_part_in_the_order(walk: Walk) -> None:
    order_id = walk.order_in(S.AWAITING_CONFIRMATION)
    street = walk.street
    walk.say(order_id, "少放糖")
    for actor in (street.resident, street.merchant, street.mediator):
        record = record_of(walk, order_id, actor)
        assert [message.text for message in record.messages] == ["少放糖"]
    for actor in (street.stranger, street.other_merchant, street.courier):
        with pytest.raises(NotYourOrder):
            record_of(walk, order_id, actor)
    with pytest.raises(NotYourOrder):
        record_of(walk, new_id())
