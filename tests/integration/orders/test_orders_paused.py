"""What is opened and let be again does not win time: the state's clock goes on where it stood."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from services.contracts.orders import OrderState
from services.kernel.db import Database
from services.orders import ending, locks
from services.orders.domain.deadlines import LEFT_AT_LEAST
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS
from tests.support.orders_amendments import Amending
from tests.support.orders_cases import Cases
from tests.support.orders_disputes import Quarrel

pytestmark = pytest.mark.database
S = OrderState
WHOLE = timedelta(seconds=SETTINGS.unready_after_s)
LEFT = timedelta(hours=4)
LATE = NOW + WHOLE - LEFT
"""Four hours before the store must have packed."""


@pytest.fixture
def quarrel(database_of: Callable[[str], Database]) -> Quarrel:
    """A street on an empty database."""
    return Quarrel(database_of("orders"))


@pytest.fixture
def amending(database_of: Callable[[str], Database]) -> Amending:
    """A street on an empty database."""
    return Amending(database_of("orders"))


@pytest.fixture
def cases(database_of: Callable[[str], Database]) -> Cases:
    """A street on an empty database."""
    return Cases(database_of("orders"))


def calmed(walk: Walk, order_id: str, now: datetime, limits: dict[str, int]) -> datetime | None:
    """The deadline once nothing is open any more."""
    with walk.db.transaction() as tx:
        ending.calm(tx, locks.order_for_update(tx, order_id), now, limits)
    order = walk.order(order_id)
    assert order.time_left_s is None
    return order.deadline_at


def test_a_dispute_that_is_let_be_gives_no_time(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.PREPARING)
    view = quarrel.open(order_id, now=LATE)
    quarrel.withdraw(view)  # at NOW
    order = quarrel.order(order_id)
    assert (order.deadline_at, order.time_left_s) == (NOW + LEFT, None)
    assert order.remind_at == NOW + LEFT * 3 / 4


def test_who_must_act_has_an_hour_though_less_was_left(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.PREPARING)
    quarrel.open(order_id, now=NOW + WHOLE + timedelta(minutes=1))
    later = NOW + timedelta(days=9)
    assert calmed(quarrel, order_id, later, SETTINGS.limits) == later + LEFT_AT_LEAST


def test_nobody_has_more_than_the_whole_time(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.PREPARING)
    quarrel.open(order_id, now=NOW + WHOLE - timedelta(minutes=1))
    later = NOW + timedelta(days=9)
    short = {**SETTINGS.limits, "unready_after_s": 600}
    assert calmed(quarrel, order_id, later, short) == later + timedelta(minutes=10)


def test_a_state_that_is_new_has_its_whole_time(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.OUT_FOR_DELIVERY)
    view = quarrel.open(order_id, now=LATE)
    quarrel.deliver(order_id)
    quarrel.withdraw(view)
    whole = timedelta(seconds=SETTINGS.auto_complete_after_s)
    assert quarrel.order(order_id).deadline_at == NOW + whole


def test_a_dispute_that_takes_over_a_case_counts_from_when_the_case_was_opened(
    cases: Cases,
) -> None:
    order_id = cases.order_in(S.DELIVERED)
    whole = timedelta(seconds=SETTINGS.auto_complete_after_s)
    case = cases.open(order_id, now=NOW + whole - LEFT)
    cases.escalate(cases.reject(case))
    assert cases.order(order_id).time_left_s == LEFT.total_seconds()
    assert calmed(cases.walk, order_id, NOW, SETTINGS.limits) == NOW + LEFT


@pytest.mark.parametrize("accept", [True, False])
def test_a_change_that_was_refused_gives_no_time_and_one_that_stands_begins_anew(
    amending: Amending, accept: bool
) -> None:
    order = amending.order()
    amending.confirm(order.order_id)
    soy = amending.street.soy.sku_id
    proposed = amending.propose(order.order_id, {soy: 2}, now=LATE)
    amending.answer(proposed, accept=accept, now=LATE)
    after = amending.now_is(order.order_id)
    assert (after.deadline_at, after.time_left_s) == (LATE + (WHOLE if accept else LEFT), None)
