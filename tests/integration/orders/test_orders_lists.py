"""Lists narrowed and paged, counts, the desk: right, and cheap however many orders are past."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import insert, text
from ulid import ULID

from services.contracts.catalog import Fulfilment
from services.contracts.orders import (
    AllOrdersQuery,
    DeskQuery,
    DeskView,
    HouseholdOrdersQuery,
    NotYourOrder,
    OrderState,
    StateCountsQuery,
    StoreOrdersQuery,
    Trouble,
)
from services.kernel.db import Tx
from services.kernel.ids import new_id
from services.orders import list_queries, locks
from services.orders.store import _order_row, keep
from services.orders.tables import OrderRow
from services.orders.use_cases.pass_deadlines import pass_deadlines
from services.orders.use_cases.show_orders import (
    all_orders,
    count_states,
    household_orders,
    show_desk,
    store_orders,
)
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS

pytestmark = pytest.mark.database
S, F = OrderState, Fulfilment
DAY = timedelta(days=1)


def id_at(moment: datetime) -> str:
    """An order's id of that moment."""
    return str(ULID.from_datetime(moment))[:10] + new_id()[10:]


def copies(walk: Walk, number: int, at: datetime = NOW, **facts: Any) -> list[str]:
    """So many orders like the street's first one, which is as old as `at`; their ids."""
    like = walk.order(walk.place().orders[0].order_id)
    made = [replace(like, order_id=id_at(at), **facts) for _ in range(number)]
    with walk.db.transaction() as tx:
        tx.execute(OrderRow.__table__.delete().where(OrderRow.order_id == like.order_id))
        tx.execute(insert(OrderRow), [_order_row(order) for order in made])
    return [order.order_id for order in made]


def of_store(walk: Walk, **fields: Any) -> list[str]:
    query = StoreOrdersQuery(store_id=walk.street.breakfast.store_id, **fields)
    page = store_orders(walk.db, query, walk.street.merchant, NOW)
    return [order.order_id for order in page.items]


# narrowed


def test_a_list_is_narrowed_by_what_the_page_asks(walk: Walk) -> None:
    preparing, fetched = walk.order_in(S.PREPARING), walk.to_fetch_in(S.READY)
    ready = walk.order_in(S.READY)
    with walk.db.transaction() as tx:
        order = locks.order_for_update(tx, ready)
        keep(tx, order, replace(order, late=True, trouble=Trouble.DISPUTED))
    everything = {preparing, fetched, ready}
    assert set(of_store(walk)) == everything
    assert of_store(walk, states=[S.PREPARING]) == [preparing]
    assert set(of_store(walk, states=[S.READY, S.PREPARING])) == everything
    assert of_store(walk, fulfilments=[F.PICKUP]) == [fetched]
    assert of_store(walk, troubles=[Trouble.DISPUTED, Trouble.AMENDING]) == [ready]
    assert of_store(walk, late=True) == [ready]
    assert set(of_store(walk, late=False)) == {preparing, fetched}
    assert of_store(walk, states=[S.READY], late=False) == [fetched]


def test_a_list_is_narrowed_to_days_the_last_one_excluded(walk: Walk) -> None:
    moments = [NOW - 2 * DAY, NOW - DAY, NOW]
    first, second, third = (copies(walk, 1, at)[0] for at in moments)
    assert set(of_store(walk, placed_from=moments[1])) == {second, third}
    assert of_store(walk, placed_from=moments[0], placed_until=moments[1]) == [first]
    assert of_store(walk, placed_until=moments[0]) == []


def test_a_store_finds_its_own_by_what_people_say(walk: Walk) -> None:
    street = walk.street
    placed = walk.place({street.soy.sku_id: 1, street.wash.sku_id: 1}, remark="放门口")
    soy, wash = (one.order_id for one in placed.orders)
    (number,) = [one.number for one in placed.orders if one.order_id == soy]
    for words in (f"#{number}", soy, placed.payment_id, "豆浆", "3号楼", "张伟", "放门口"):
        assert of_store(walk, text=words) == [soy]
    for words in ("洗衣", wash, "%", "_"):
        assert of_store(walk, text=words) == []


def test_staff_find_an_order_by_its_code_and_its_merchant(walk: Walk) -> None:
    order_id, other = walk.to_fetch_in(S.READY), walk.order_in(S.READY)
    street = walk.street

    def found(**fields: Any) -> list[str]:
        page = all_orders(walk.db, AllOrdersQuery(**fields), street.mediator, NOW)
        return [order.order_id for order in page.items]

    assert found(text=walk.code_of(order_id)) == [order_id]
    assert set(found(merchant_id=street.breakfast.merchant_id)) == {order_id, other}
    assert found(merchant_id=new_id()) == []


def test_pages_at_one_moment_have_neither_gap_nor_repeat_while_orders_come_in(walk: Walk) -> None:
    made = copies(walk, 7)
    read: list[str] = []
    after = None
    while True:
        query = HouseholdOrdersQuery(
            household_id=walk.street.household_id, after=after, limit=2, placed_until=NOW + DAY
        )
        page = household_orders(walk.db, query, walk.street.resident)
        read += [order.order_id for order in page.items]
        copies(walk, 1, NOW + timedelta(hours=len(read)))
        after = page.next_after
        if after is None:
            break
    assert read == sorted(made, reverse=True)


def test_ended_orders_are_counted_for_thirty_days_and_open_ones_for_ever(walk: Walk) -> None:
    long_ago, lately = NOW - 31 * DAY, NOW - 29 * DAY
    for at in (long_ago, lately):
        for state in (S.COMPLETED, S.CANCELLED, S.READY):
            copies(walk, 1, at, state=state)
    copies(walk, 2, long_ago, state=S.COMPLETED, trouble=Trouble.DISPUTED)
    query = StateCountsQuery(store_id=walk.street.breakfast.store_id)
    counted = count_states(walk.db, query, walk.street.merchant, NOW)
    assert counted.counts == {S.COMPLETED: 1, S.CANCELLED: 1, S.READY: 2}
    assert counted.troubles == {Trouble.DISPUTED: 2}


# the desk


def desk(walk: Walk) -> DeskView:
    query = DeskQuery(store_id=walk.street.breakfast.store_id)
    return show_desk(walk.db, query, walk.street.merchant)


def test_the_desk_counts_what_there_is_to_do(walk: Walk) -> None:
    walk.place()
    walk.order_in(S.COMPLETED)
    walk.order_in(S.SCHEDULED)  # another store's
    late = walk.order_in(S.PREPARING)
    newest = [walk.order_in(S.AWAITING_CONFIRMATION) for _ in range(2)][-1]
    disputed = walk.order_in(S.COMPLETED)
    with walk.db.transaction() as tx:
        order = locks.order_for_update(tx, disputed)
        keep(tx, order, replace(order, trouble=Trouble.DISPUTED))
        order = locks.order_for_update(tx, late)
        keep(tx, order, replace(order, late=True))
    view = desk(walk)
    assert view.counts == {S.AWAITING_CONFIRMATION: 2, S.PREPARING: 1}
    assert (view.troubles, view.late) == ({Trouble.DISPUTED: 1}, 1)
    assert view.newest_new == newest


def test_the_desk_is_for_the_stores_own_people(walk: Walk) -> None:
    query = DeskQuery(store_id=walk.street.breakfast.store_id)
    for who in ("resident", "mediator", "other_merchant", "stranger"):
        with pytest.raises(NotYourOrder):
            show_desk(walk.db, query, getattr(walk.street, who))


def overdue(walk: Walk, order_id: str) -> None:
    ends_at = walk.order(order_id).deadline_at
    assert ends_at is not None
    pass_deadlines(walk.db, walk.services, ends_at, SETTINGS)


CHANGES: dict[str, Callable[[Walk, str], Any]] = {
    "a new one is paid": lambda w, _: w.order_in(S.AWAITING_CONFIRMATION),
    "one is packed": lambda w, order_id: w.mark_ready(order_id),
    "one is called off": lambda w, order_id: w.cancel(order_id, w.street.mediator),
    "one is overdue": overdue,
    "one goes and another comes": lambda w, order_id: (
        w.cancel(order_id, w.street.mediator),
        w.order_in(S.PREPARING),
    ),
    "one changes places with another": lambda w, order_id: (
        w.cancel(order_id, w.street.mediator),
        w.confirm(w.order_in(S.AWAITING_CONFIRMATION)),
    ),
}


@pytest.mark.parametrize("change", list(CHANGES))
def test_the_desks_stamp_changes_with_every_change(walk: Walk, change: str) -> None:
    order_id = walk.order_in(S.PREPARING)
    walk.order_in(S.PREPARING)
    before = desk(walk).stamp
    CHANGES[change](walk, order_id)
    assert desk(walk).stamp != before


def test_the_desks_stamp_changes_with_nothing_else(walk: Walk) -> None:
    walk.order_in(S.PREPARING)
    paid_for = walk.order_in(S.COMPLETED)
    before = desk(walk)
    assert desk(walk) == before
    walk.place()
    walk.order_in(S.SCHEDULED)
    walk.say(paid_for, "谢谢")
    walk.deliver(paid_for, NOW + DAY)
    assert desk(walk) == before


# cheap


def rows_read(tx: Tx, read: Callable[[], Any]) -> int:
    """How many rows the server went through."""
    tx.execute(text("FLUSH STATUS"))
    read()
    counters = tx.all(text("SHOW SESSION STATUS LIKE 'Handler_read%'"))
    return sum(int(row[1]) for row in counters)


PAST = 1_000
OPEN = 20


@pytest.fixture
def busy(walk: Walk) -> Walk:
    """A store with a long past and a few orders to do."""
    copies(walk, PAST, NOW - 10 * DAY, state=S.COMPLETED, community_id=new_id())
    copies(walk, OPEN, state=S.PREPARING)
    with walk.db.transaction() as tx:
        tx.all(text("ANALYZE TABLE sales_order"))
    return walk


def pages(walk: Walk, **fields: Any) -> Sequence[tuple[str, Any]]:
    """A store's list as it is asked for, first page and one far back."""
    first = StoreOrdersQuery(store_id=walk.street.breakfast.store_id, limit=20, **fields)
    far = first.model_copy(update={"after": id_at(NOW - 5 * DAY)})
    return [("first", first), ("far", far)]


ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"states": [S.COMPLETED]},
    {"states": [S.COMPLETED, S.CANCELLED]},
    {"states": [S.PREPARING]},
    {"states": [S.AWAITING_CONFIRMATION, S.PREPARING, S.READY]},
    {"troubles": [Trouble.DISPUTED]},
    {"placed_from": NOW - DAY},
)


def test_a_page_of_a_store_reads_about_as_many_rows_as_it_shows(busy: Walk) -> None:
    scope = list_queries.of_store(busy.street.breakfast.store_id)
    for fields in ASKED:
        for name, query in pages(busy, **fields):
            with busy.db.transaction() as tx:
                ask = partial(list_queries.page, tx, scope, query, [list_queries.MAIN_ONLY])
                read = rows_read(tx, ask)
            assert read <= 5 * (OPEN + 2), (fields, name, read)


def test_the_desk_reads_what_is_open_and_not_what_is_past(busy: Walk) -> None:
    store_id = busy.street.breakfast.store_id
    with busy.db.transaction() as tx:
        read = rows_read(tx, lambda: list_queries.open_orders(tx, store_id))
    assert OPEN <= read <= 4 * OPEN


def test_counts_read_what_is_open_and_the_last_month(busy: Walk) -> None:
    copies(busy, PAST, NOW - 60 * DAY, state=S.COMPLETED)
    scope = list_queries.of_store(busy.street.breakfast.store_id)
    with busy.db.transaction() as tx:
        read = rows_read(tx, lambda: list_queries.state_counts(tx, scope, [], NOW))
    assert OPEN <= read <= PAST + 4 * OPEN
