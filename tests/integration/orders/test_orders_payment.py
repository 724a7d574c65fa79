"""Money comes in: in time, while closing, too late, twice, or for something else."""

from datetime import timedelta

import pytest

from services.contracts.orders import OrderState, RefundTo
from services.contracts.settlement import Channel, EscrowReleased, RefundCompleted
from services.kernel.errors import InvariantBroken
from services.kernel.ids import new_id
from services.kernel.inbox import first_time
from services.orders.use_cases.close_payment import expire_unpaid
from services.orders.use_cases.note_money import note_refund, note_settlement
from services.orders.use_cases.receive_payment import receive_payment
from tests.support.order_walk import Walk
from tests.support.orders import (
    NOW,
    PAY_BEFORE,
    SETTINGS,
    told_events,
    told_names,
)
from tests.support.statements import statements_sent

pytestmark = pytest.mark.database
S = OrderState
TO_CONFIRM = NOW + timedelta(seconds=SETTINGS.unconfirmed_after_s)


def test_a_payment_brings_each_order_to_its_store(walk: Walk) -> None:
    placed = walk.place_at_two_stores()
    walk.pay(placed)
    assert walk.states() == [S.AWAITING_CONFIRMATION, S.AWAITING_CONFIRMATION]
    view = walk.view(placed.orders[0].order_id)
    assert (view.paid_at, view.paid_by_channel, view.deadline_at) == (NOW, "wechat", TO_CONFIRM)
    assert view.timeline[-1].step == "paid"
    events = dict.fromkeys((d["aggregate_id"], d["amount_fen"]) for _, d in told_events(walk.db))
    assert set(events) == {(order.order_id, order.amount_fen) for order in placed.orders}
    assert told_names(walk.db) == ["order.paid", "order.paid"]


def test_the_event_says_all_that_listeners_need(walk: Walk) -> None:
    placed = walk.place()
    walk.pay(placed)
    ((_, said),) = told_events(walk.db)
    (held,) = walk.services.held
    assert said["version"] == 2
    assert said["reservation_id"] == held
    assert said["sku_ids"] == [walk.street.soy.sku_id, walk.street.stick.sku_id]
    assert said["placed_by"] == walk.street.resident.account_id
    assert (said["store_name"], said["summary"]) == ("老陈早餐", "豆浆×2 油条×4")
    assert said["number"] == placed.orders[0].number


def test_a_payment_takes_five_statements_with_its_inbox_row(walk: Walk) -> None:
    event = walk.payment_received(walk.place_at_two_stores())
    before = statements_sent()
    with walk.db.transaction() as tx:
        first_time(tx, new_id(), "on_payment_received")
        receive_payment(tx, event, NOW, SETTINGS)
    assert statements_sent() - before == 5


def test_money_that_comes_twice_changes_nothing(walk: Walk) -> None:
    placed = walk.place()
    walk.pay(placed)
    walk.confirm(placed.orders[0].order_id)
    walk.pay(placed)
    assert walk.states() == [S.PREPARING]
    assert told_names(walk.db) == ["order.confirmed", "order.paid"]


def test_money_after_the_cancelling_is_asked_back(walk: Walk) -> None:
    placed = walk.place_at_two_stores()
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    walk.pay(placed)
    assert walk.states() == [S.CANCELLED, S.CANCELLED]
    late = [data for _, data in told_events(walk.db)[2:]]
    assert [(d["paid"], d["refund_to"], d["reason"]) for d in late] == [
        (True, "channel", "超时未支付")
    ] * 2
    view = walk.view(placed.orders[0].order_id)
    assert view.timeline[-1].step == "paid_late"
    assert view.refund_to is RefundTo.CHANNEL
    walk.pay(placed)
    assert len(told_events(walk.db)) == 4


def test_money_for_something_else_changes_nothing_and_calls_a_person(walk: Walk) -> None:
    placed = walk.place()
    event = walk.payment_received(placed)
    (part,) = event.allocations
    less = part.model_copy(update={"amount_fen": part.amount_fen - 1})
    for wrong in (
        event.model_copy(update={"allocations": [less]}),
        event.model_copy(update={"allocations": []}),
        event.model_copy(update={"aggregate_id": new_id()}),
    ):
        with pytest.raises(InvariantBroken), walk.db.transaction() as tx:
            receive_payment(tx, wrong, NOW, SETTINGS)
    assert walk.states() == [S.AWAITING_PAYMENT]


@pytest.mark.parametrize(
    ("channel", "step", "note"),
    [
        (Channel.WECHAT, "paid", ""),
        (Channel.DESK, "paid", "在物业服务台支付"),
        (Channel.INTERNAL, "paid", "用账户余额或会员卡支付"),
        (Channel.DELIVERY, "pay_on_delivery", "送达时付给配送员"),
    ],
)
def test_the_timeline_says_how_it_was_paid(
    walk: Walk, channel: Channel, step: str, note: str
) -> None:
    placed = walk.place()
    event = walk.payment_received(placed).model_copy(update={"channel": channel})
    with walk.db.transaction() as tx:
        receive_payment(tx, event, NOW, SETTINGS)
    view = walk.view(placed.orders[0].order_id)
    assert (view.state, view.paid_by_channel) == (S.AWAITING_CONFIRMATION, channel)
    assert (view.timeline[-1].step, view.timeline[-1].note) == (step, note)


def refunded(
    walk: Walk, payment_id: str, order_id: str | None, to: RefundTo, amount_fen: int = 1400
) -> None:
    event = RefundCompleted(
        aggregate_id=new_id(),
        order_id=order_id,
        payment_id=payment_id,
        household_id=walk.street.household_id,
        payer_account_id=walk.street.resident.account_id,
        amount_fen=amount_fen,
        to=to,
    )
    with walk.db.transaction() as tx:
        note_refund(tx, event, NOW)


def test_a_settled_order_says_when(walk: Walk) -> None:
    order_id = walk.order_in(S.COMPLETED)
    event = EscrowReleased(
        aggregate_id=order_id,
        merchant_id=walk.street.breakfast.merchant_id,
        household_id=walk.street.household_id,
        amount_fen=1400,
    )
    with walk.db.transaction() as tx:
        note_settlement(tx, event, NOW)
    view = walk.view(order_id)
    assert (view.state, view.settled_at) == (S.COMPLETED, NOW)
    assert view.timeline[-1].step == "settled"


def test_a_refunded_order_says_when_and_where_to(walk: Walk) -> None:
    placed = walk.place()
    walk.pay(placed)
    order_id = placed.orders[0].order_id
    walk.cancel(order_id, refund_to=RefundTo.FUND)
    refunded(walk, placed.payment_id, order_id, RefundTo.FUND)
    view = walk.view(order_id)
    assert (view.state, view.refunded_at) == (S.CANCELLED, NOW)
    assert (view.timeline[-1].step, view.timeline[-1].note) == ("refunded", "退到家庭资金账户")


def test_an_order_paid_in_two_ways_is_refunded_when_both_parts_are_back(walk: Walk) -> None:
    placed = walk.place()
    walk.pay(placed)
    order_id = placed.orders[0].order_id
    walk.cancel(order_id)
    refunded(walk, placed.payment_id, order_id, RefundTo.CARD, 400)
    view = walk.view(order_id)
    assert (view.refunded_at, view.refunded_fen) == (None, 400)
    refunded(walk, placed.payment_id, order_id, RefundTo.CHANNEL, 1000)
    view = walk.view(order_id)
    assert (view.refunded_at, view.refunded_fen) == (NOW, 1400)
    notes = [entry.note for entry in view.timeline[-2:]]
    assert notes == ["¥4.00 退回会员卡", "¥10.00 原路退回"]


def test_money_too_much_that_went_back_is_noted_on_all_orders_of_the_payment(walk: Walk) -> None:
    placed = walk.place_at_two_stores()
    walk.pay(placed)
    refunded(walk, placed.payment_id, None, RefundTo.CHANNEL)
    for order in placed.orders:
        view = walk.view(order.order_id)
        assert (view.state, view.refunded_at) == (S.AWAITING_CONFIRMATION, None)
        assert view.timeline[-1].step == "excess_refunded"
