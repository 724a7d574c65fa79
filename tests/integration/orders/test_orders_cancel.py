"""Calling off: who may in which state, what becomes of the money and of other stores' orders."""

from datetime import timedelta

import pytest

from services.contracts.catalog import StockShort
from services.contracts.orders import (
    CancelOrder,
    NotYourOrder,
    OrderState,
    Party,
    RefundTo,
    WrongState,
)
from services.contracts.settlement import PaymentState
from services.kernel.errors import Forbidden, Unavailable
from services.kernel.ids import new_id
from services.kernel.requests import RequestConflict
from services.orders.use_cases.cancel_order import cancel_order, cancel_short_order
from services.orders.use_cases.close_payment import expire_unpaid
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS, told_events, told_names

pytestmark = pytest.mark.database
S = OrderState

MAY_CANCEL = {
    S.AWAITING_PAYMENT: {"resident", "mediator"},
    S.CLOSING: set(),
    S.AWAITING_CONFIRMATION: {"resident", "merchant", "mediator"},
    S.PREPARING: {"merchant", "mediator"},
    S.READY: {"merchant", "mediator"},
    S.SCHEDULED: {"merchant", "mediator"},
    S.IN_SERVICE: set(),
    S.OUT_FOR_DELIVERY: set(),
    S.DELIVERED: set(),
    S.COMPLETED: set(),
    S.CANCELLED: set(),
}


@pytest.mark.parametrize("who", ["resident", "merchant", "mediator"])
@pytest.mark.parametrize("state", list(S))
def test_who_may_cancel_in_which_state(walk: Walk, state: OrderState, who: str) -> None:
    order_id = walk.order_in(state)
    actor = getattr(walk.street, who)
    if who in MAY_CANCEL[state]:
        assert "cancel" in walk.view(order_id, actor).may
        assert walk.cancel(order_id, actor).state is S.CANCELLED
        return
    assert "cancel" not in walk.view(order_id, actor).may
    with pytest.raises((WrongState, Forbidden)) as refused:
        walk.cancel(order_id, actor)
    if isinstance(refused.value, WrongState):
        assert refused.value.fields["state"] == state
    assert walk.view(order_id).state is state


def test_cancelling_before_payment_takes_all_orders_of_the_payment(walk: Walk) -> None:
    placed = walk.place_at_two_stores()
    walk.cancel(placed.orders[1].order_id, reason="买错了")
    assert walk.states() == [S.CANCELLED, S.CANCELLED]
    assert walk.services.payment_states[placed.payment_id] is PaymentState.CLOSED
    events = told_events(walk.db)
    assert [(name, data["paid"], data["reason"]) for name, data in events] == [
        ("order.cancelled", False, "买错了"),
        ("order.cancelled", False, "买错了"),
    ]
    view = walk.view(placed.orders[0].order_id)
    assert [entry.step for entry in view.timeline] == ["placed", "closing", "cancelled"]
    assert (view.timeline[1].party, view.timeline[1].actor_name) == (Party.RESIDENT, "张伟")
    assert view.cancel_reason == "买错了"


def test_cancelling_after_payment_takes_one_order_and_asks_its_money_back(walk: Walk) -> None:
    placed = walk.place_at_two_stores()
    walk.pay(placed)
    first, second = (order.order_id for order in placed.orders)
    view = walk.cancel(first, refund_to=RefundTo.FUND)
    assert (view.state, view.refund_to) == (S.CANCELLED, RefundTo.FUND)
    assert view.cancelled_at == NOW
    assert walk.view(second).state is S.AWAITING_CONFIRMATION
    name, data = told_events(walk.db)[-1]
    assert (name, data["paid"], data["refund_to"]) == ("order.cancelled", True, "fund")
    assert data["cancelled_by"] == "resident"
    assert data["aggregate_id"] == first


def test_a_store_cannot_choose_where_the_money_goes(walk: Walk) -> None:
    order_id = walk.order_in(S.PREPARING)
    view = walk.cancel(order_id, walk.street.merchant, refund_to=RefundTo.FUND)
    assert view.refund_to is RefundTo.CHANNEL
    assert told_events(walk.db)[-1][1]["cancelled_by"] == "merchant"


def test_a_store_cannot_give_up_what_other_stores_are_part_of(walk: Walk) -> None:
    placed = walk.place_at_two_stores()
    with pytest.raises(Forbidden):
        walk.cancel(placed.orders[0].order_id, walk.street.merchant)
    assert walk.states() == [S.AWAITING_PAYMENT, S.AWAITING_PAYMENT]


def test_money_that_was_faster_than_the_cancelling_wins(walk: Walk) -> None:
    placed = walk.place()
    walk.services.payment_states[placed.payment_id] = PaymentState.PAID
    view = walk.cancel(placed.orders[0].order_id)
    assert view.state is S.AWAITING_CONFIRMATION
    to_confirm = NOW + timedelta(seconds=SETTINGS.unconfirmed_after_s)
    assert (view.cancel_reason, view.deadline_at) == ("", to_confirm)
    assert [entry.step for entry in view.timeline] == ["placed", "closing", "paid"]
    assert told_names(walk.db) == ["order.paid"]


def test_a_payment_event_during_the_closing_is_the_same_money(walk: Walk) -> None:
    placed = walk.place()
    walk.services.before["settlement_close_payment"] = lambda: walk.pay(placed)
    view = walk.cancel(placed.orders[0].order_id)
    assert view.state is S.AWAITING_CONFIRMATION
    assert told_names(walk.db) == ["order.paid"]
    walk.pay(placed)
    assert walk.steps(placed.orders[0].order_id) == ["placed", "closing", "paid"]


def test_a_channel_that_does_not_answer_leaves_the_order_closing(walk: Walk) -> None:
    placed = walk.place()
    order_id = placed.orders[0].order_id
    walk.services.faults["settlement_close_payment"] = Unavailable()
    view = walk.cancel(order_id)
    assert view.state is S.CLOSING
    assert view.may == []
    walk.services.faults.clear()
    expire_unpaid(walk.db, walk.services, NOW, SETTINGS)
    assert walk.view(order_id).state is S.CLOSING  # its time to be asked again has not come
    later = NOW + timedelta(seconds=SETTINGS.close_retry_s)
    expire_unpaid(walk.db, walk.services, later, SETTINGS)
    view = walk.view(order_id)
    assert (view.state, view.cancel_reason) == (S.CANCELLED, "不想要了")


def test_a_repeated_cancel_goes_on_with_the_closing(walk: Walk) -> None:
    placed = walk.place()
    request_id = new_id()
    walk.services.faults["settlement_close_payment"] = Unavailable()
    walk.cancel(placed.orders[0].order_id, request_id=request_id)
    walk.services.faults.clear()
    view = walk.cancel(placed.orders[0].order_id, request_id=request_id)
    assert view.state is S.CANCELLED
    again = walk.cancel(placed.orders[0].order_id, request_id=request_id)
    assert again == view
    assert told_names(walk.db) == ["order.cancelled"]


def test_the_same_request_with_another_reason_is_refused(walk: Walk) -> None:
    order_id = walk.order_in(S.AWAITING_CONFIRMATION)
    request_id = new_id()
    walk.cancel(order_id, request_id=request_id)
    with pytest.raises(RequestConflict):
        walk.cancel(order_id, request_id=request_id, reason="另有原因")


@pytest.mark.parametrize("who", ["stranger", "courier", "other_merchant"])
def test_a_stranger_finds_no_order_to_cancel(walk: Walk, who: str) -> None:
    order_id = walk.order_in(S.AWAITING_CONFIRMATION)
    with pytest.raises(NotYourOrder):
        walk.cancel(order_id, getattr(walk.street, who))
    with pytest.raises(NotYourOrder):
        walk.cancel(new_id(), getattr(walk.street, who))
    assert walk.view(order_id).state is S.AWAITING_CONFIRMATION


def test_a_mediator_of_another_community_finds_no_order(walk: Walk) -> None:
    order_id = walk.order_in(S.PREPARING)
    elsewhere = walk.street.mediator.model_copy(update={"communities": (new_id(),)})
    with pytest.raises(NotYourOrder):
        walk.cancel(order_id, elsewhere)


def test_a_household_without_the_permission_is_forbidden(walk: Walk) -> None:
    order_id = walk.order_in(S.AWAITING_CONFIRMATION)
    watching = walk.street.resident.model_copy(update={"permissions": frozenset()})
    command = CancelOrder(request_id=new_id(), order_id=order_id, reason="不想要了")
    with pytest.raises(Forbidden):
        cancel_order(walk.db, walk.services, command, watching, NOW, SETTINGS)


def short(walk: Walk, order_id: str) -> None:
    event = StockShort(aggregate_id=order_id, sku_ids=[walk.street.soy.sku_id])
    with walk.db.transaction() as tx:
        cancel_short_order(tx, event, NOW)


@pytest.mark.parametrize("state", [S.AWAITING_CONFIRMATION, S.PREPARING, S.READY, S.SCHEDULED])
def test_sold_out_after_payment_cancels_and_asks_the_money_back(
    walk: Walk, state: OrderState
) -> None:
    order_id = walk.order_in(state)
    short(walk, order_id)
    view = walk.view(order_id)
    assert (view.state, view.refund_to) == (S.CANCELLED, RefundTo.CHANNEL)
    assert view.cancel_reason == "付款前库存已售出"
    assert view.timeline[-1].step == "stock_short"
    name, data = told_events(walk.db)[-1]
    assert (name, data["paid"], data["cancelled_by"]) == ("order.cancelled", True, "system")


@pytest.mark.parametrize(
    "state", [S.IN_SERVICE, S.OUT_FOR_DELIVERY, S.DELIVERED, S.COMPLETED, S.CANCELLED]
)
def test_sold_out_is_only_noted_where_the_goods_are_gone_or_the_order_is(
    walk: Walk, state: OrderState
) -> None:
    order_id = walk.order_in(state)
    told = len(told_events(walk.db))
    short(walk, order_id)
    assert walk.view(order_id).state is state
    assert walk.steps(order_id)[-1] == "stock_short"
    assert len(told_events(walk.db)) == told
