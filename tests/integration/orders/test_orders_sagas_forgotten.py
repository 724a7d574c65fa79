"""Sagas that were over long ago are forgotten, with the addresses that they knew."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.contracts.orders import OrderState
from services.orders.tables_sagas import SagaRow
from services.orders.use_cases import forget_sagas as forgetting
from services.orders.use_cases.forget_sagas import forget_sagas
from tests.support.order_sagas import Toy
from tests.support.order_walk import Walk
from tests.support.orders import NOW

pytestmark = pytest.mark.database
LATER = NOW + timedelta(days=1)


def left(walk: Walk) -> set[str]:
    """The sagas that there are."""
    with walk.db.reading() as tx:
        return {row.saga_id for row in tx.all(select(SagaRow.saga_id))}


def test_only_what_was_over_before_is_forgotten_however_many_batches_it_takes(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "_OLD", forgetting._OLD.limit(2))
    done, waiting = Toy(walk), Toy(walk, waits="second", kind="toy_waits")
    order_id = walk.order_in(OrderState.PREPARING)
    old = [done.begin(order_id) for _ in range(5)]
    for saga_id in old:
        done.drive(saga_id, NOW)
    young = done.begin(order_id)
    done.drive(young, LATER)
    open_still = waiting.begin(order_id)
    waiting.drive(open_still, NOW)
    assert forget_sagas(walk.db, NOW) == 0
    assert forget_sagas(walk.db, LATER) == 5
    assert left(walk) == {young, open_still}
    assert forget_sagas(walk.db, LATER) == 0
