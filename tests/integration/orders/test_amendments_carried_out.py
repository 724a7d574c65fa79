"""An accepted amendment: pieces, money and lines end as agreed, or the order stays as it was."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from services.contracts.amendments import AmendmentState
from services.contracts.catalog import OutOfStock, ReservationOver
from services.contracts.orders import OrderState, SlotTaken, Trouble, WrongState
from services.kernel.db import Database
from services.orders import locks, queries
from services.orders.domain.record import Entry, Linked, broken_at
from services.orders.store import keep
from services.orders.use_cases.amendments.supplements import take_up_answered
from services.orders.use_cases.close_payment import expire_unpaid
from tests.support.orders import NOW, SETTINGS, told_events
from tests.support.orders_amendments import LATER, SLOT, Amending

pytestmark = pytest.mark.database
A, S = AmendmentState, OrderState


@pytest.fixture
def amending(database_of: Callable[[str], Database]) -> Amending:
    """An empty street."""
    return Amending(database_of("orders"))


# the same sum, or less


def test_another_choice_at_the_same_price_swaps_pieces_and_moves_no_money(
    amending: Amending,
) -> None:
    order, street = amending.order(), amending.street
    soy, egg = street.soy.sku_id, street.egg.sku_id
    done = amending.answer(amending.propose(order.order_id, {soy: 2, egg: (4, 200)}))
    assert done.state is A.DONE
    after, view = amending.now_is(order.order_id), amending.view(order.order_id)
    assert (after.trouble, after.revision, after.agreed_fen) == (Trouble.NONE, 1, 1400)
    assert (after.summary, after.sku_ids) == ("豆浆×2 茶叶蛋×4", [soy, egg])
    assert [(line.item_name, line.amount_fen) for line in view.lines] == [
        ("豆浆", 600),
        ("茶叶蛋", 800),
    ]
    assert amending.services.still_held() == {after.reservation_id}
    (swap,) = amending.services.named("catalog_swap_reservation")
    assert {line.sku_id: line.quantity for line in swap.lines} == {soy: 2, egg: 4}
    assert amending.services.refunds == {}
    assert [e.step for e in view.timeline][-3:] == [
        "amendment_proposed",
        "amendment_accepted",
        "amended",
    ]
    assert told_events(amending.db)[-1][1]["what"] == "amended"
    amending.confirm(order.order_id)


def test_a_lower_price_alone_gives_the_difference_back_and_touches_no_pieces(
    amending: Amending,
) -> None:
    order, street = amending.order(), amending.street
    cheaper = {street.soy.sku_id: 2, street.stick.sku_id: (4, 150)}
    done = amending.answer(amending.propose(order.order_id, cheaper))
    after = amending.now_is(order.order_id)
    assert (done.state, after.agreed_fen, after.amount_fen) == (A.DONE, 1200, 1400)
    assert amending.services.given_fen() == {order.order_id: 200}
    assert after.reservation_id == order.reservation_id
    assert amending.services.named("catalog_swap_reservation") == []


def test_fewer_pieces_reserve_nothing_and_give_the_rest_back(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    reserved = len(amending.services.named("catalog_reserve"))
    amending.answer(amending.propose(order.order_id, {street.soy.sku_id: 1}))
    assert len(amending.services.named("catalog_reserve")) == reserved
    assert amending.services.given_fen() == {order.order_id: 1100}
    assert amending.view(order.order_id).lines[0].quantity == 1


def test_what_a_cashier_gave_back_before_is_not_given_twice(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    amending.services.by_hand[order.order_id] = 1000
    done = amending.answer(amending.propose(order.order_id, {street.soy.sku_id: 1}))
    assert done.state is A.DONE
    assert amending.services.given_fen() == {order.order_id: 400}


def test_another_time_alone_asks_nobody(amending: Amending) -> None:
    order = amending.order()
    calls = len(amending.services.calls)
    at = NOW + timedelta(hours=5)
    done = amending.answer(amending.propose(order.order_id, deliver_after=at))
    assert (done.state, len(amending.services.calls)) == (A.DONE, calls)
    after = amending.now_is(order.order_id)
    assert (after.deliver_after, after.revision, after.trouble) == (at, 0, Trouble.NONE)
    assert amending.view(order.order_id).timeline[-1].note == "时间改为 3月1日 17:00"


# more


def test_a_higher_price_waits_for_the_difference_and_then_stands(amending: Amending) -> None:
    order = amending.order()
    waiting = amending.answer(amending.propose(order.order_id))
    assert waiting.state is A.AWAITING_PAYMENT
    assert waiting.may == ["pay"]
    assert waiting.deadline_at == NOW + timedelta(seconds=SETTINGS.unpaid_after_s)
    (small,) = amending.supplements(order.order_id)
    assert (small.order_id, small.payment_id) == (waiting.supplement_id, waiting.payment_id)
    assert (small.amount_fen, small.supplement_of) == (300, order.order_id)
    opened = amending.services.payments[small.payment_id]
    assert not opened.cash_at_door
    assert opened.allocations[0].category == "早餐"
    assert amending.now_is(order.order_id).agreed_fen == 1400
    amending.pay(small.payment_id)
    assert amending.now_is(small.order_id).state is S.PREPARING
    amending.sweep(NOW)
    assert amending.see(waiting).state is A.DONE
    after = amending.now_is(order.order_id)
    assert (after.agreed_fen, after.amount_fen, after.trouble) == (1700, 1400, Trouble.NONE)
    assert amending.services.still_held() == {after.reservation_id}
    assert amending.view(order.order_id).supplements == [small.order_id]


def test_a_difference_that_is_not_paid_leaves_the_order_as_it_was(amending: Amending) -> None:
    order = amending.order()
    waiting = amending.answer(amending.propose(order.order_id))
    late = NOW + timedelta(seconds=SETTINGS.unpaid_after_s + 1)
    expire_unpaid(amending.db, amending.services, late, SETTINGS)
    amending.sweep(late)
    failed = amending.see(waiting)
    assert (failed.state, failed.why_over) == (A.FAILED, "差价没有支付，订单照旧")
    after = amending.now_is(order.order_id)
    assert (after.trouble, after.agreed_fen, after.revision) == (Trouble.NONE, 1400, 0)
    assert amending.services.still_held() == {order.reservation_id}
    amending.confirm(order.order_id)


def test_money_that_comes_after_the_end_goes_back(amending: Amending) -> None:
    order = amending.order()
    waiting = amending.answer(amending.propose(order.order_id))
    assert waiting.payment_id
    late = NOW + timedelta(seconds=SETTINGS.unpaid_after_s + 1)
    expire_unpaid(amending.db, amending.services, late, SETTINGS)
    amending.pay(waiting.payment_id, late)
    amending.sweep(late)
    assert amending.see(waiting).state is A.FAILED
    paid_back = [d for n, d in told_events(amending.db) if n == "order.cancelled" and d["paid"]]
    assert [d["aggregate_id"] for d in paid_back] == [waiting.supplement_id]


def test_what_is_sold_out_by_then_changes_nothing(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    proposed = amending.propose(order.order_id)
    amending.services.stock[street.soy.sku_id] = 0
    failed = amending.answer(proposed)
    assert (failed.state, failed.why_over) == (A.FAILED, "要加的商品刚卖完，订单照旧")
    assert amending.supplements(order.order_id) == []
    assert amending.services.still_held() == {order.reservation_id}
    assert amending.now_is(order.order_id).trouble is Trouble.NONE
    assert told_events(amending.db)[-1][1]["to"] == ["resident", "merchant"]


@pytest.mark.parametrize("refusal", [OutOfStock(), ReservationOver()])
def test_a_difference_that_was_paid_for_nothing_goes_back(
    amending: Amending, refusal: Exception
) -> None:
    order = amending.order()
    waiting = amending.answer(amending.propose(order.order_id))
    assert waiting.payment_id
    assert waiting.supplement_id
    amending.services.faults["catalog_swap_reservation"] = refusal
    amending.pay(waiting.payment_id)
    amending.sweep(NOW)
    assert amending.see(waiting).state is A.FAILED
    assert amending.now_is(waiting.supplement_id).state is S.CANCELLED
    name, told = told_events(amending.db)[-2]
    assert (name, told["aggregate_id"], told["paid"]) == (
        "order.cancelled",
        waiting.supplement_id,
        True,
    )
    assert amending.services.still_held() == {order.reservation_id}
    assert amending.now_is(order.order_id).agreed_fen == 1400


def test_a_payment_that_cannot_be_opened_gives_the_supplement_up(amending: Amending) -> None:
    order = amending.order()
    amending.services.faults["settlement_open_payment"] = WrongState()
    failed = amending.answer(amending.propose(order.order_id))
    assert failed.state is A.FAILED
    del amending.services.faults["settlement_open_payment"]
    expire_unpaid(amending.db, amending.services, NOW, SETTINGS)
    assert amending.supplements(order.order_id)[0].state is S.CANCELLED
    assert amending.services.still_held() == {order.reservation_id}


def test_a_word_that_came_before_the_saga_waited_is_said_again(amending: Amending) -> None:
    order = amending.order()
    proposed = amending.propose(order.order_id)

    def paid_at_once() -> None:
        (small,) = amending.supplements(order.order_id)
        opened = amending.services.named("settlement_open_payment")[-1]
        amending.services.payments[small.payment_id] = opened
        amending.pay(small.payment_id)

    amending.services.before["settlement_open_payment"] = paid_at_once
    waiting = amending.answer(proposed)
    amending.sweep()
    assert amending.see(waiting).state is A.AWAITING_PAYMENT
    take_up_answered(amending.db, LATER, SETTINGS)
    amending.sweep()
    assert amending.see(waiting).state is A.DONE


def test_a_lower_price_after_a_higher_one_empties_the_supplement_first(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    waiting = amending.answer(amending.propose(order.order_id))
    assert waiting.payment_id
    amending.pay(waiting.payment_id)
    amending.sweep(NOW)
    done = amending.answer(amending.propose(order.order_id, {street.soy.sku_id: 3}))
    assert done.state is A.DONE
    small = waiting.supplement_id
    assert amending.services.given_fen() == {small: 300, order.order_id: 500}
    again = amending.answer(amending.propose(order.order_id, {street.soy.sku_id: 1}))
    assert again.state is A.DONE
    assert amending.services.given_fen() == {small: 300, order.order_id: 1100}
    assert amending.now_is(order.order_id).revision == 3


# appointments


def test_another_appointment_is_booked_at_once_and_the_old_one_freed_in_the_end(
    amending: Amending,
) -> None:
    order = amending.haircut()
    other = SLOT + timedelta(hours=2)
    proposed = amending.propose(order.order_id, slot_from=other)
    assert amending.seats(order.order_id) == [SLOT]
    done = amending.answer(proposed)
    after = amending.now_is(order.order_id)
    assert (done.state, after.slot_from) == (A.DONE, other)
    assert after.slot_until == other + timedelta(hours=1)
    assert amending.seats(order.order_id) == [other]


def test_an_appointment_that_somebody_else_has_by_then_is_refused_before_money_moves(
    amending: Amending,
) -> None:
    order, street = amending.haircut(), amending.street
    other = SLOT + timedelta(hours=2)
    dearer = {street.haircut.sku_id: (1, 4000)}
    proposed = amending.propose(order.order_id, dearer, slot_from=other)
    amending.haircut(other)
    with pytest.raises(SlotTaken):
        amending.answer(proposed)
    assert amending.see(proposed).state is A.PROPOSED
    assert amending.supplements(order.order_id) == []


def test_a_change_that_fails_keeps_the_old_appointment_only(amending: Amending) -> None:
    order, street = amending.haircut(), amending.street
    other = SLOT + timedelta(hours=2)
    amending.services.faults["settlement_open_payment"] = WrongState()
    dearer = {street.haircut.sku_id: (1, 4000)}
    failed = amending.answer(amending.propose(order.order_id, dearer, slot_from=other))
    assert failed.state is A.FAILED
    assert amending.seats(order.order_id) == [SLOT]
    assert amending.now_is(order.order_id).slot_from == SLOT


# what comes in between


def test_an_order_that_was_cancelled_meanwhile_gets_all_of_it_back(amending: Amending) -> None:
    order = amending.order()
    waiting = amending.answer(amending.propose(order.order_id))
    assert waiting.payment_id
    assert waiting.supplement_id
    amending.pay(waiting.payment_id)
    with amending.db.transaction() as tx:
        before = locks.order_for_update(tx, order.order_id)
        keep(tx, before, replace(before, state=S.CANCELLED, cancelled_at=NOW))
    amending.sweep(NOW)
    failed = amending.see(waiting)
    assert (failed.state, failed.why_over) == (A.FAILED, "订单已取消，没有改成")
    assert amending.now_is(waiting.supplement_id).state is S.CANCELLED
    assert amending.services.still_held() == set()


def test_an_order_that_was_delivered_meanwhile_is_amended_all_the_same(amending: Amending) -> None:
    order = amending.order()
    waiting = amending.answer(amending.propose(order.order_id))
    assert waiting.payment_id
    with amending.db.transaction() as tx:
        before = locks.order_for_update(tx, order.order_id)
        keep(tx, before, replace(before, state=S.DELIVERED, delivered_at=NOW))
    amending.pay(waiting.payment_id)
    amending.sweep(NOW)
    after = amending.now_is(order.order_id)
    assert (after.state, after.agreed_fen, after.trouble) == (S.DELIVERED, 1700, Trouble.NONE)
    assert after.deadline_at is not None


def test_the_chain_of_an_amended_orders_timeline_is_whole(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    amending.answer(amending.propose(order.order_id, {street.soy.sku_id: 1}))
    amending.answer(amending.propose(order.order_id, {street.egg.sku_id: (1, 300)}))
    after = amending.now_is(order.order_id)
    with amending.db.reading() as tx:
        rows = queries.timeline_of(tx, order.order_id)
    names = Entry._fields
    kept = [Linked(Entry(**{name: getattr(r, name) for name in names}), r.hash) for r in rows]
    assert broken_at(kept, after.record_hash, after.version) is None
