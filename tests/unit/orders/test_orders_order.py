"""What each act makes of an order."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.orders import (
    ClientInfo,
    HandingOver,
    OrderState,
    OrderView,
    Party,
    RefundTo,
    WrongState,
)
from services.kernel.ids import derived_id, new_id
from services.orders.domain.numbers import number_of
from services.orders.domain.order import Order
from services.orders.domain.wording import client_text, shortened, subject_of
from services.orders.tables import OrderRow

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
S = OrderState


def order(state: OrderState = S.AWAITING_PAYMENT, **facts: object) -> Order:
    ids = {
        name: new_id()
        for name in (
            *("order_id", "payment_id", "reservation_id", "household_id", "merchant_id"),
            *("store_id", "community_id", "home_id", "building_id", "placed_by"),
        )
    }
    texts = dict.fromkeys(
        (
            *("store_name", "store_phone", "contact_name", "address", "remark"),
            *("placed_by_name", "client", "summary", "picture"),
        ),
        "",
    )
    values = {
        **ids,
        **texts,
        "number": "000317",
        "state": state,
        "version": 1,
        "other_address": False,
        "deliver_after": None,
        "placed_at": NOW,
        "amount_fen": 1400,
        "sku_ids": [new_id()],
        "deadline_at": NOW + timedelta(minutes=15),
    }
    return Order(**{**values, **facts})


def test_an_order_is_what_its_table_keeps() -> None:
    assert [field.name for field in fields(Order)] == list(OrderRow.__table__.columns.keys())


def test_all_that_a_view_shows_is_kept_or_made_from_rows() -> None:
    kept = {field.name for field in fields(Order)}
    assert set(OrderView.model_fields) - kept == {
        *("lines", "timeline", "pickups", "supplements", "sides", "may"),
        *("amendment_id", "case_id", "dispute_id"),
    }


def test_each_act_makes_one_version_and_ends_the_deadline() -> None:
    paid = order().pay(NOW, "wechat")
    assert (paid.state, paid.version, paid.deadline_at) == (S.AWAITING_CONFIRMATION, 2, None)
    assert (paid.paid_at, paid.paid_by_channel) == (NOW, "wechat")


def test_an_order_paid_while_closing_never_was_cancelled() -> None:
    closing = order().close(Party.RESIDENT, "买错了", NOW)
    assert (closing.cancelled_by, closing.cancel_reason) == (Party.RESIDENT, "买错了")
    paid = closing.pay(NOW, "wechat")
    assert (paid.cancelled_by, paid.cancel_reason, paid.refund_to) == (None, "", None)


def test_an_order_paid_too_late_stays_cancelled_and_owes_the_money_back() -> None:
    off = order().close(Party.SYSTEM, "超时未支付", NOW).close_finished(NOW)
    late = off.pay(NOW, "wechat")
    assert (late.state, late.refund_to, late.cancel_reason) == (
        S.CANCELLED,
        RefundTo.CHANNEL,
        "超时未支付",
    )


def test_only_an_order_that_could_be_dispatched_can_be_asked_about() -> None:
    with pytest.raises(WrongState):
        order(S.AWAITING_CONFIRMATION).ask(new_id(), NOW)


def test_one_courier_is_asked_at_a_time() -> None:
    first, second = new_id(), new_id()
    asking = order(S.READY).ask(first, NOW)
    assert asking.ask(first, NOW + timedelta(seconds=1)).asked_courier_id == first
    with pytest.raises(HandingOver):
        asking.ask(second, NOW)
    assert asking.ask_refused().ask(second, NOW).asked_courier_id == second


@pytest.mark.parametrize("act", ["dispatch", "cancel", "deliver"])
def test_what_ends_a_hand_over_leaves_nobody_asked(act: str) -> None:
    asking = order(S.READY).ask(new_id(), NOW)
    after = {
        "dispatch": lambda: asking.dispatch(new_id(), "张师傅", NOW),
        "cancel": lambda: asking.cancel(Party.MERCHANT, "没货", RefundTo.CHANNEL, NOW),
        "deliver": lambda: asking.deliver(new_id(), "张师傅", "", NOW, NOW),
    }[act]()
    assert (after.asked_courier_id, after.asked_at) == (None, None)


def test_marking_ready_in_the_middle_of_a_hand_over_keeps_the_courier_asked() -> None:
    courier = new_id()
    assert order(S.PREPARING).ask(courier, NOW).mark_ready(NOW).asked_courier_id == courier


def test_a_second_word_about_the_money_does_not_move_the_moment() -> None:
    later = NOW + timedelta(days=1)
    assert order(S.COMPLETED).settle(NOW).settle(later).settled_at == NOW


def test_an_order_is_refunded_with_the_last_part_of_its_money() -> None:
    later = NOW + timedelta(minutes=1)
    whole = order(S.CANCELLED)
    first = whole.refund(whole.amount_fen - 1, NOW)
    assert (first.refunded_fen, first.refunded_at) == (whole.amount_fen - 1, None)
    assert first.refund(1, later).refunded_at == later
    assert whole.refund(whole.amount_fen, NOW).refund(0, later).refunded_at == NOW


def test_an_order_is_overdue_at_its_deadline_and_never_without_one() -> None:
    waiting = order(deadline_at=NOW)
    assert waiting.is_overdue(NOW)
    assert not waiting.is_overdue(NOW - timedelta(microseconds=1))
    assert not replace(waiting, deadline_at=None).is_overdue(NOW)


@given(st.text())
def test_a_number_is_six_digits_and_always_the_same(name: str) -> None:
    number = number_of(derived_id(name))
    assert len(number) == 6
    assert number.isdecimal()
    assert number == number_of(derived_id(name))


def test_a_store_seldom_has_one_number_twice_a_day() -> None:
    days = [{number_of(derived_id(str(d), str(n))) for n in range(200)} for d in range(200)]
    assert sum(len(numbers) < 200 for numbers in days) <= 200 / 50 * 2


def test_texts_fit_their_columns() -> None:
    assert shortened("x" * 200) == "x" * 200
    assert shortened("x" * 201) == "x" * 199 + "…"
    client = ClientInfo(kind="h5", page="/p", agent="a" * 200)
    assert len(client_text(client)) == 200
    assert client_text(ClientInfo()) == ""
    assert subject_of(["老陈早餐"]) == "老陈早餐"
    assert subject_of(["老陈早餐", "丽芳洗衣", "修鞋"]) == "老陈早餐等3家"
