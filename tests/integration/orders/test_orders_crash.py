"""A process that dies between two steps: the repeat, or else the sweep, brings it to an end."""

from datetime import timedelta

import pytest

from services.contracts.orders import DispatchOrder, OrderState
from services.contracts.settlement import PaymentState
from services.kernel import failpoints
from services.kernel.failpoints import FailpointError
from services.kernel.ids import new_id
from services.orders.use_cases.close_payment import expire_unpaid
from services.orders.use_cases.dispatch_order import dispatch_order, finish_handovers
from services.orders.use_cases.place_orders import place_orders
from tests.support.order_walk import Walk
from tests.support.orders import NOW, PAY_BEFORE, SETTINGS, told_names

pytestmark = pytest.mark.database
S = OrderState

PLACE_STEPS = ("after_reserve", "after_context", "after_quote", "after_commit")


@pytest.mark.parametrize("step", [*PLACE_STEPS, "after_open_payment"])
def test_placing_that_died_is_ended_by_the_same_request(walk: Walk, step: str) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    failpoints.arm(f"orders.place.{step}=error@1")
    with pytest.raises(FailpointError):
        place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    later = NOW + timedelta(seconds=5)
    placed = place_orders(walk.db, walk.services, wish, resident, later, SETTINGS)
    assert walk.states() == [S.AWAITING_PAYMENT]
    assert set(walk.services.payments) == {placed.payment_id}
    assert len(walk.services.still_held()) == 1


@pytest.mark.parametrize("step", PLACE_STEPS[:3])
def test_placing_that_died_before_its_commit_leaves_no_order(walk: Walk, step: str) -> None:
    failpoints.arm(f"orders.place.{step}=error")
    with pytest.raises(FailpointError):
        walk.place()
    assert walk.states() == []
    assert walk.services.payments == {}


def test_an_order_whose_payment_was_never_opened_expires(walk: Walk) -> None:
    failpoints.arm("orders.place.after_commit=error")
    with pytest.raises(FailpointError):
        walk.place()
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    assert walk.states() == [S.CANCELLED]
    assert told_names(walk.db) == ["order.cancelled"]


@pytest.mark.parametrize("step", ["after_closing", "after_close_payment"])
def test_an_expiry_that_died_is_ended_by_a_later_sweep(walk: Walk, step: str) -> None:
    walk.place_at_two_stores()
    failpoints.arm(f"orders.expire.{step}=error@1")
    with pytest.raises(FailpointError):
        expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    assert walk.states() == [S.CLOSING, S.CLOSING]
    later = PAY_BEFORE + timedelta(seconds=SETTINGS.close_retry_s)
    expire_unpaid(walk.db, walk.services, later, SETTINGS)
    assert walk.states() == [S.CANCELLED, S.CANCELLED]
    assert told_names(walk.db) == ["order.cancelled", "order.cancelled"]


def test_an_expiry_that_died_finds_the_order_paid_after_all(walk: Walk) -> None:
    placed = walk.place()
    failpoints.arm("orders.expire.after_closing=error@1")
    with pytest.raises(FailpointError):
        expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    walk.services.payment_states[placed.payment_id] = PaymentState.PAID
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    assert walk.states() == [S.AWAITING_CONFIRMATION]


def test_a_dispatch_that_died_is_ended_by_the_same_request(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    command = DispatchOrder(request_id=new_id(), order_id=order_id, courier_id=walk.courier_id)
    failpoints.arm("orders.dispatch.after_assign=error@1")
    with pytest.raises(FailpointError):
        dispatch_order(walk.db, walk.services, command, walk.street.merchant, NOW, SETTINGS)
    assert walk.view(order_id).state is S.READY
    view = dispatch_order(walk.db, walk.services, command, walk.street.merchant, NOW, SETTINGS)
    assert (view.state, view.courier_name) == (S.OUT_FOR_DELIVERY, "张师傅")
    assert len(walk.services.drops) == 1


def test_a_dispatch_that_died_is_ended_by_the_sweep(walk: Walk) -> None:
    order_id = walk.order_in(S.PREPARING)
    failpoints.arm("orders.dispatch.after_assign=error@1")
    with pytest.raises(FailpointError):
        walk.dispatch(order_id)
    finish_handovers(walk.db, walk.services, NOW + timedelta(seconds=29), SETTINGS)
    assert walk.view(order_id).state is S.PREPARING
    finish_handovers(walk.db, walk.services, NOW + timedelta(seconds=30), SETTINGS)
    view = walk.view(order_id)
    assert (view.state, view.courier_id) == (S.OUT_FOR_DELIVERY, walk.courier_id)
    assert view.timeline[-1].actor_name == "老陈"
    finish_handovers(walk.db, walk.services, NOW + timedelta(seconds=90), SETTINGS)
    assert len(walk.services.named("delivery_assign_drop")) == 2


def test_an_order_whose_dispatch_died_can_still_be_delivered(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    failpoints.arm("orders.dispatch.after_assign=error@1")
    with pytest.raises(FailpointError):
        walk.dispatch(order_id)
    walk.deliver(order_id)
    assert walk.view(order_id).state is S.DELIVERED
    finish_handovers(walk.db, walk.services, NOW + timedelta(seconds=90), SETTINGS)
    assert walk.view(order_id).state is S.DELIVERED
