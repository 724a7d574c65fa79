"""What goes on by itself: unpaid orders end, delivered ones complete."""

from datetime import timedelta

import pytest

from services.contracts.orders import OrderState, Party
from services.contracts.settlement import PaymentState
from services.kernel.errors import InvariantBroken, Unavailable
from services.orders.use_cases.close_payment import expire_unpaid
from services.orders.use_cases.pass_deadlines import pass_deadlines
from tests.support.order_walk import Walk
from tests.support.orders import NOW, PAY_BEFORE, SETTINGS, told_events, told_names

pytestmark = pytest.mark.database
S = OrderState
SECOND = timedelta(seconds=1)


def test_an_unpaid_order_is_left_alone_until_its_time(walk: Walk) -> None:
    walk.place()
    expire_unpaid(walk.db, walk.services, PAY_BEFORE - SECOND, SETTINGS)
    assert walk.states() == [S.AWAITING_PAYMENT]
    assert walk.services.named("settlement_close_payment") == []


def test_an_unpaid_payment_ends_with_all_its_orders(walk: Walk) -> None:
    placed = walk.place_at_two_stores()
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    assert walk.states() == [S.CANCELLED, S.CANCELLED]
    assert walk.services.payment_states[placed.payment_id] is PaymentState.CLOSED
    view = walk.view(placed.orders[0].order_id)
    assert (view.cancel_reason, view.cancelled_at) == ("超时未支付", PAY_BEFORE)
    assert [(e.step, e.party) for e in view.timeline[1:]] == [
        ("closing", Party.SYSTEM),
        ("cancelled", Party.SYSTEM),
    ]
    assert {(name, data["paid"]) for name, data in told_events(walk.db)} == {
        ("order.cancelled", False)
    }


def test_expiring_twice_tells_once(walk: Walk) -> None:
    walk.place()
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    assert told_names(walk.db) == ["order.cancelled"]
    assert len(walk.services.named("settlement_close_payment")) == 1


def test_an_order_that_was_paid_in_the_last_second_goes_on(walk: Walk) -> None:
    placed = walk.place()
    walk.services.payment_states[placed.payment_id] = PaymentState.PAID
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    view = walk.view(placed.orders[0].order_id)
    assert (view.state, view.paid_at, view.paid_by_channel) == (
        S.AWAITING_CONFIRMATION,
        NOW,
        "wechat",
    )
    assert view.timeline[-1].note == "取消未完成前已支付"
    walk.pay(placed)  # the event about the same money, later
    assert walk.steps(placed.orders[0].order_id) == ["placed", "closing", "paid"]
    assert told_names(walk.db) == ["order.paid"]


def test_a_payment_between_the_look_and_the_lock_is_not_closed(walk: Walk) -> None:
    placed = walk.place()
    walk.pay(placed)
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    assert walk.services.named("settlement_close_payment") == []


def test_one_payment_that_cannot_be_closed_does_not_stand_before_the_others(walk: Walk) -> None:
    walk.place()
    walk.place(now=NOW + SECOND)
    walk.services.faults["settlement_close_payment"] = InvariantBroken("a broken payment")
    at = PAY_BEFORE + SECOND
    expire_unpaid(walk.db, walk.services, at, SETTINGS)
    assert len(walk.services.named("settlement_close_payment")) == 1
    walk.services.faults.clear()
    expire_unpaid(walk.db, walk.services, at, SETTINGS)
    assert walk.states() == [S.CLOSING, S.CANCELLED]
    expire_unpaid(walk.db, walk.services, at + timedelta(seconds=SETTINGS.close_retry_s), SETTINGS)
    assert walk.states() == [S.CANCELLED, S.CANCELLED]


def test_an_outage_of_settlement_is_not_asked_about_again_and_again(walk: Walk) -> None:
    for second in range(3):
        walk.place(now=NOW + second * SECOND)
    walk.services.faults["settlement_close_payment"] = Unavailable()
    expire_unpaid(walk.db, walk.services, PAY_BEFORE + 3 * SECOND, SETTINGS)
    assert walk.states() == [S.CLOSING] * 3
    assert len(walk.services.named("settlement_close_payment")) == 1


def test_a_delivered_order_completes_after_three_quiet_days(walk: Walk) -> None:
    order_id = walk.order_in(S.DELIVERED)
    due = NOW + timedelta(seconds=SETTINGS.auto_complete_after_s)
    assert walk.view(order_id).deadline_at == due
    pass_deadlines(walk.db, walk.services, due - SECOND, SETTINGS)
    assert walk.view(order_id).state is S.DELIVERED
    pass_deadlines(walk.db, walk.services, due, SETTINGS)
    pass_deadlines(walk.db, walk.services, due, SETTINGS)
    view = walk.view(order_id)
    assert (view.state, view.completed_at) == (S.COMPLETED, due)
    assert (view.timeline[-1].step, view.timeline[-1].party) == ("completed", Party.SYSTEM)
    assert told_names(walk.db).count("order.completed") == 1
