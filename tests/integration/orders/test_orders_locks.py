"""Who changes an order has it alone until the commit."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.contracts.orders import OrderState, Party, Step
from services.kernel.db import Tx
from services.orders.domain.doer import SYSTEM
from services.orders.locks import (
    order_for_update,
    orders_for_update,
    payment_orders_for_update,
)
from services.orders.store import Change, record
from services.orders.use_cases.close_payment import expire_unpaid
from services.orders.use_cases.pass_deadlines import pass_deadlines
from services.orders.use_cases.receive_payment import receive_payment
from tests.support.order_walk import Walk
from tests.support.orders import NOW, PAY_BEFORE, SETTINGS, told_names
from tests.support.orders_amendments import Amending
from tests.support.servers import wait_until

pytestmark = pytest.mark.database

LOCKS: dict[str, Callable[[Tx, str, str], Any]] = {
    "by id": lambda tx, order_id, _payment: order_for_update(tx, order_id),
    "by ids": lambda tx, order_id, _payment: orders_for_update(tx, [order_id]),
    "by payment": lambda tx, _order, payment_id: payment_orders_for_update(tx, payment_id),
}


_WAITING = text(
    "SELECT COUNT(*) FROM information_schema.innodb_trx"
    " JOIN information_schema.processlist ON id = trx_mysql_thread_id"
    " WHERE db = DATABASE() AND trx_state = 'LOCK WAIT'"
)


def wait_for_rivals(walk: Walk | Amending, count: int) -> None:
    """Return when so many of this database's transactions wait for somebody else's lock."""

    def waiting() -> bool:
        time.sleep(0.15)  # InnoDB's table is a copy, made anew only after 0.1 s without a reader
        with walk.db.reading() as tx:
            return bool(tx.scalar(_WAITING) == count)

    wait_until(waiting, 4.0, f"{count} rivals wait")


@pytest.mark.parametrize("lock", list(LOCKS))
def test_a_rival_waits_for_the_commit(walk: Walk, lock: str) -> None:
    order_id = walk.order_in(OrderState.AWAITING_CONFIRMATION)
    payment_id = walk.view(order_id).payment_id
    with ThreadPoolExecutor(2) as pool:
        with walk.db.transaction() as tx:
            LOCKS[lock](tx, order_id, payment_id)
            rivals = [pool.submit(walk.confirm, order_id), pool.submit(walk.cancel, order_id)]
            wait_for_rivals(walk, 2)
        refused = [rival.exception() for rival in rivals]
    assert refused.count(None) == 1
    assert walk.states() in ([OrderState.PREPARING], [OrderState.CANCELLED])


def test_a_sweep_sees_a_payment_that_comes_between_its_look_and_its_lock(walk: Walk) -> None:
    placed = walk.place()
    with ThreadPoolExecutor(1) as pool:
        with walk.db.transaction() as tx:
            receive_payment(tx, walk.payment_received(placed), NOW, SETTINGS)
            sweep = pool.submit(expire_unpaid, walk.db, walk.services, PAY_BEFORE, SETTINGS)
            wait_for_rivals(walk, 1)
        sweep.result()
    assert walk.states() == [OrderState.AWAITING_CONFIRMATION]
    assert walk.services.named("settlement_close_payment") == []


def test_a_sweep_sees_a_receipt_that_comes_between_its_look_and_its_lock(walk: Walk) -> None:
    order_id = walk.order_in(OrderState.DELIVERED)
    due = NOW + timedelta(seconds=SETTINGS.auto_complete_after_s)
    with ThreadPoolExecutor(1) as pool:
        with walk.db.transaction() as tx:
            order = order_for_update(tx, order_id)
            after = order.complete(Party.RESIDENT, NOW)
            record(tx, [Change(order, after, Step.COMPLETED, SYSTEM)], NOW)
            sweep = pool.submit(pass_deadlines, walk.db, walk.services, due, SETTINGS)
            wait_for_rivals(walk, 1)
        sweep.result()
    assert walk.view(order_id).completed_at == NOW
    assert "order.completed" not in told_names(walk.db)
