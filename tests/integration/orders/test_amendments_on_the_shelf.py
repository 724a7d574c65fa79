"""Amendments with catalog's own shelf: no piece is lost, sold twice, or taken from another."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from services.catalog import queries
from services.catalog.use_cases.commit_reservation import commit_paid_order
from services.catalog.use_cases.put_item import put_item
from services.catalog.use_cases.release_reservation import (
    release_cancelled_order,
    release_reservation,
)
from services.catalog.use_cases.reserve import reserve
from services.catalog.use_cases.swap_reservation import swap_reservation
from services.contracts.amendments import AmendmentState
from services.contracts.catalog import (
    Fulfilment,
    ItemQuery,
    ItemView,
    ReleaseReservation,
    Reserve,
    ReservedView,
    SkuLinesView,
    SkuSpec,
    SkusQuery,
    SwapReservation,
)
from services.contracts.orders import (
    Appointment,
    CancelOrder,
    OrderCancelled,
    OrderPaid,
    OrderState,
)
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.kernel.wire import Done
from services.orders.use_cases.cancel_order import cancel_order
from tests.support.catalog import (
    HOLD_MAX,
    discrepancies,
    item_command,
    shopkeeper_of,
    states_of,
    stock_of,
)
from tests.support.orders import NOW, SETTINGS, Street, told_events
from tests.support.orders_amendments import SLOT, Amending, AmendingServices

pytestmark = pytest.mark.database


class Shelf(AmendingServices):
    """catalog as it is, on its own database; the others as ever."""

    def __init__(self, street: Street, db: Database) -> None:
        super().__init__(street)
        self.db = db
        self.heard = 0

    def put(self, stocks: Mapping[str, int | None]) -> None:
        """The breakfast store's goods on its shelf."""
        for sku_id, stock in stocks.items():
            line = self.street.shelf[sku_id]
            spec = SkuSpec(sku_id=sku_id, price_fen=line.price_fen, stock=stock)
            command = item_command(
                line.store_id,
                [spec],
                line.item_id,
                kind=line.kind,
                name=line.item_name,
                fulfilments=line.fulfilments,
                slot_minutes=line.slot_minutes,
            )
            put_item(self.db, command, shopkeeper_of(line.store_id), NOW)

    def catalog_reserve(self, command: Reserve) -> ReservedView:
        return reserve(self.db, command, NOW, HOLD_MAX)

    def catalog_release_reservation(self, command: ReleaseReservation) -> Done:
        return release_reservation(self.db, command, NOW)

    def catalog_swap_reservation(self, command: SwapReservation) -> ReservedView:
        return swap_reservation(self.db, command, NOW)

    def catalog_skus(self, query: SkusQuery) -> SkuLinesView:
        with self.db.reading() as tx:
            return queries.sku_lines(tx, query.sku_ids)

    def catalog_item(self, query: ItemQuery) -> ItemView:
        with self.db.reading() as tx:
            return queries.item(tx, query.item_id)

    def hear(self, events: list[tuple[str, dict[str, Any]]]) -> None:
        """What orders has told since the last time."""
        for name, data in events[self.heard :]:
            with self.db.transaction() as tx:
                if name == OrderPaid.name:
                    commit_paid_order(tx, OrderPaid(**data), NOW)
                elif name == OrderCancelled.name:
                    release_cancelled_order(tx, OrderCancelled(**data), NOW)
        self.heard = len(events)


class Counter(Amending):
    """The street with a counted shelf: five soy milks, ten sticks, two eggs, three haircuts."""

    def __init__(self, db: Database, catalog: Database) -> None:
        super().__init__(db)
        street = self.street
        self.shelf = Shelf(street, catalog)
        self.services = self.shelf
        self.soy, self.stick, self.egg, self.hair = (
            goods.sku_id for goods in (street.soy, street.stick, street.egg, street.haircut)
        )
        self.shelf.put({self.soy: 5, self.stick: 10, self.egg: 2, self.hair: 3})

    def left(self) -> tuple[int, int, int]:
        """Soy milks, sticks and eggs that can be bought."""
        self.shelf.hear(told_events(self.db))
        assert discrepancies(self.shelf.db) == []
        soy, stick, egg = (stock_of(self.shelf.db, s) for s in (self.soy, self.stick, self.egg))
        return soy, stick, egg

    def cancel(self, order_id: str) -> None:
        """The store calls it off."""
        command = CancelOrder(request_id=new_id(), order_id=order_id, reason="今天不做了")
        services, keeper = self.services, self.street.merchant
        cancel_order(self.db, services, command, keeper, NOW, SETTINGS)  # type: ignore[arg-type]


@pytest.fixture
def counter(database_of: Callable[[str], Database]) -> Counter:
    """An empty street beside a counted shelf."""
    return Counter(database_of("orders"), database_of("catalog"))


def test_pieces_follow_the_order_from_its_first_wish_to_its_cancelling(counter: Counter) -> None:
    order = counter.order()
    assert counter.left() == (3, 6, 2)
    counter.answer(counter.propose(order.order_id, {counter.soy: 1, counter.egg: (2, 300)}))
    assert counter.left() == (4, 10, 0)
    after = counter.now_is(order.order_id)
    assert states_of(counter.shelf.db, after.reservation_id) == ["committed", "committed"]
    counter.cancel(order.order_id)
    assert counter.left() == (5, 10, 2)


def test_a_difference_is_paid_for_pieces_that_are_aside_from_the_yes_on(counter: Counter) -> None:
    order = counter.order()
    waiting = counter.answer(counter.propose(order.order_id, {counter.soy: 5, counter.stick: 4}))
    assert counter.left() == (0, 6, 2)
    counter.pay(waiting.payment_id or "")
    counter.sweep(NOW)
    assert counter.see(waiting).state is AmendmentState.DONE
    assert counter.left() == (0, 6, 2)
    counter.cancel(order.order_id)
    assert counter.left() == (5, 10, 2)
    assert counter.now_is(waiting.supplement_id or "").state is OrderState.CANCELLED


def test_pieces_that_somebody_else_bought_by_then_leave_the_shelf_as_it_was(
    counter: Counter,
) -> None:
    order = counter.order()
    proposed = counter.propose(order.order_id, {counter.soy: 5, counter.stick: 4})
    counter.order({counter.soy: 2})
    failed = counter.answer(proposed)
    assert (failed.state, failed.why_over) == (
        AmendmentState.FAILED,
        "要加的商品刚卖完，订单照旧",
    )
    assert counter.left() == (1, 6, 2)


def test_the_pieces_of_another_order_of_the_same_cart_and_store_stay_aside(
    counter: Counter,
) -> None:
    wish = Appointment(sku_id=counter.hair, fulfilment=Fulfilment.IN_STORE, starts_at=SLOT)
    goods = counter.order({counter.soy: 2, counter.hair: 1}, appointments=[wish])
    service = next(o for o in counter.all_orders() if o.order_id != goods.order_id)
    if goods.has_appointment:
        goods, service = service, goods
    assert service.reservation_id == goods.reservation_id
    counter.answer(counter.propose(goods.order_id, {counter.soy: 1}))
    assert counter.left()[0] == 4
    assert stock_of(counter.shelf.db, counter.hair) == 2
    counter.cancel(service.order_id)
    counter.left()
    assert stock_of(counter.shelf.db, counter.hair) == 3
