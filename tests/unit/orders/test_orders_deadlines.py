"""How long an order may rest in each state, and what may not be done while something is open."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.catalog import Fulfilment
from services.contracts.orders import InTrouble, OrderState, Party, Trouble, WrongState
from services.kernel.ids import new_id
from services.orders.domain.deadlines import (
    LIMIT_NAMES,
    LIMITS,
    PARTLY_FETCHED,
    STILL_LATE,
    TO_BE_FETCHED,
    Limit,
    Passing,
    limit_of,
    timed,
    with_deadline,
)
from services.orders.domain.moves import HALTED, MOVES, OPEN, Act
from services.orders.domain.order import Order
from services.orders.settings import Settings
from services.orders.standing import _CALLED
from tests.support.orders import NOW, SETTINGS
from tests.unit.orders.test_orders_order import order

S, F = OrderState, Fulfilment
DAY = timedelta(days=1)


def test_every_open_state_has_a_limit_and_only_closing_is_left_to_the_channel() -> None:
    assert set(LIMITS) == OPEN - {S.CLOSING}


def test_each_limit_is_a_setting_and_names_what_a_page_offers() -> None:
    assert set(Settings.model_fields) >= LIMIT_NAMES
    limits = (*LIMITS.values(), TO_BE_FETCHED, PARTLY_FETCHED, STILL_LATE)
    assert {limit.act for limit in limits} <= {*_CALLED.values(), "pay"}


@pytest.mark.parametrize(
    ("facts", "limit"),
    [
        ({"state": S.READY}, LIMITS[S.READY]),
        ({"state": S.READY, "fulfilment": F.PICKUP}, TO_BE_FETCHED),
        ({"state": S.READY, "fulfilment": F.IN_STORE}, TO_BE_FETCHED),
        ({"state": S.READY, "fulfilment": F.PICKUP, "picked_at": NOW}, PARTLY_FETCHED),
        ({"state": S.PREPARING, "late": True}, STILL_LATE),
        ({"state": S.READY, "late": True}, STILL_LATE),
        ({"state": S.SCHEDULED, "late": True}, STILL_LATE),
        ({"state": S.READY, "late": True, "fulfilment": F.PICKUP}, TO_BE_FETCHED),
        ({"state": S.AWAITING_PAYMENT, "supplement_of": "x"}, LIMITS[S.AWAITING_PAYMENT]),
        ({"state": S.PREPARING, "supplement_of": "x"}, None),
        ({"state": S.COMPLETED}, None),
        ({"state": S.CANCELLED}, None),
        ({"state": S.CLOSING}, None),
    ],
)
def test_which_limit_holds(facts: dict[str, object], limit: Limit | None) -> None:
    assert limit_of(order(**facts)) == limit


@pytest.mark.parametrize("state", sorted(LIMITS))
def test_the_time_counts_from_now_by_the_setting_of_the_state(state: OrderState) -> None:
    seconds = {**SETTINGS.limits, LIMITS[state].setting: 1000}
    begun = timed(order(state), NOW, seconds)
    assert begun.deadline_at == NOW + timedelta(seconds=1000)
    assert begun.remind_at == NOW + timedelta(seconds=750)


@pytest.mark.parametrize(
    "facts",
    [
        {"state": S.PREPARING, "deliver_after": NOW + DAY},
        {"state": S.READY, "deliver_after": NOW + DAY},
        {"state": S.SCHEDULED, "slot_from": NOW, "slot_until": NOW + DAY},
    ],
)
def test_the_time_counts_from_when_it_is_wanted_for(facts: dict[str, object]) -> None:
    wanted = order(**facts)
    limit = limit_of(wanted)
    assert limit is not None
    allowed = timedelta(seconds=SETTINGS.limits[limit.setting])
    assert timed(wanted, NOW, SETTINGS.limits).deadline_at == NOW + DAY + allowed
    long_after = NOW + 3 * DAY
    assert timed(wanted, long_after, SETTINGS.limits).deadline_at == long_after + allowed
    late = timed(replace(wanted, late=True), NOW, SETTINGS.limits)
    assert late.deadline_at == NOW + timedelta(seconds=SETTINGS.late_cancel_after_s)


def test_what_may_rest_for_ever_has_neither_deadline_nor_reminder() -> None:
    done = timed(order(S.COMPLETED, remind_at=NOW), NOW, SETTINGS.limits)
    assert (done.deadline_at, done.remind_at) == (None, None)


@given(st.integers(0, 10**7))
def test_a_reminder_comes_before_the_end_and_after_now_or_not_at_all(seconds: int) -> None:
    ends_at = NOW + timedelta(seconds=seconds)
    waiting = with_deadline(order(), ends_at, NOW)
    if seconds <= 120:
        assert waiting.remind_at is None
    else:
        assert waiting.remind_at is not None
        assert NOW < waiting.remind_at < ends_at
        assert ends_at - waiting.remind_at == (ends_at - NOW) / 4


PASSED: dict[Passing, set[Act]] = {
    Passing.CLOSE: {Act.CLOSE},
    Passing.CANCEL: {Act.CANCEL},
    Passing.COMPLETE: {Act.COMPLETE},
    Passing.LATE: {Act.CANCEL},
    Passing.MEDIATE: {Act.END},
}


@pytest.mark.parametrize("state", sorted(LIMITS))
def test_what_the_clock_does_the_table_of_moves_allows_it(state: OrderState) -> None:
    for act in PASSED[LIMITS[state].then]:
        assert Party.SYSTEM in MOVES[(state, act)].by


# what waits while something is open


def with_trouble(trouble: Trouble) -> Order:
    return order(S.PREPARING, late=True, deadline_at=NOW).in_trouble(trouble)


@pytest.mark.parametrize("trouble", [t for t in Trouble if t is not Trouble.NONE])
def test_while_something_is_open_the_course_waits_and_facts_and_ends_do_not(
    trouble: Trouble,
) -> None:
    halted = with_trouble(trouble)
    for act, party in (
        (Act.MARK_READY, Party.MERCHANT),
        (Act.DISPATCH, Party.MERCHANT),
        (Act.CANCEL, Party.STAFF),
        (Act.CANCEL_LATE, Party.RESIDENT),
    ):
        assert replace(halted, trouble=Trouble.NONE).allows(act, party)
        assert not halted.allows(act, party)
        with pytest.raises(InTrouble) as refused:
            halted.need(act, party)
        assert refused.value.fields == {"trouble": trouble}
    assert halted.allows(Act.DELIVER, Party.COURIER)
    assert halted.allows(Act.END, Party.SYSTEM)
    assert replace(halted, state=S.CLOSING).allows(Act.PAY, Party.SYSTEM)


def test_every_trouble_says_what_it_halts_and_none_halts_a_fact() -> None:
    assert set(HALTED) == set(Trouble)
    assert not HALTED[Trouble.NONE]
    for halted in HALTED.values():
        assert not halted & {Act.PAY, Act.CLOSE, Act.DELIVER, Act.END}


def test_an_act_that_does_not_fit_the_way_of_handing_over_is_refused_with_the_state() -> None:
    fetched = order(S.READY, fulfilment=F.PICKUP)
    with pytest.raises(WrongState) as refused:
        fetched.need(Act.DISPATCH, Party.MERCHANT)
    assert refused.value.fields == {"state": S.READY, "act": "dispatch"}
    assert fetched.allows(Act.HAND_OVER, Party.MERCHANT)
    assert not order(S.READY).allows(Act.HAND_OVER, Party.MERCHANT)
    served = order(S.SCHEDULED, fulfilment=F.AT_HOME, slot_from=NOW)
    assert served.allows(Act.START, Party.MERCHANT)
    assert not served.allows(Act.HAND_OVER, Party.MERCHANT)


def test_an_appointment_is_scheduled_and_goods_are_confirmed() -> None:
    service = order(S.AWAITING_CONFIRMATION, slot_from=NOW, fulfilment=F.AT_HOME)
    assert service.allows(Act.SCHEDULE, Party.MERCHANT)
    assert not service.allows(Act.CONFIRM, Party.MERCHANT)
    assert not order(S.AWAITING_CONFIRMATION).allows(Act.SCHEDULE, Party.MERCHANT)


def test_a_resident_takes_back_only_what_is_late_and_nobody_what_was_partly_fetched() -> None:
    waiting = order(S.READY, fulfilment=F.PICKUP)
    assert not waiting.allows(Act.CANCEL_LATE, Party.RESIDENT)
    assert replace(waiting, late=True).allows(Act.CANCEL_LATE, Party.RESIDENT)
    partly = replace(waiting, late=True).hand_out(NOW)
    assert not partly.allows(Act.CANCEL_LATE, Party.RESIDENT)
    assert not partly.allows(Act.CANCEL, Party.SYSTEM)


def test_a_new_state_forgets_the_deadline_the_reminder_and_that_it_was_late() -> None:
    late = order(S.PREPARING, deadline_at=NOW, remind_at=NOW).fall_late()
    ready = late.mark_ready(NOW)
    assert (ready.deadline_at, ready.remind_at, ready.late) == (None, None, False)


def test_a_supplement_is_paid_or_given_up_by_hand_and_all_else_happens_to_its_main_order() -> None:
    small = order(supplement_of=new_id())
    assert small.allows(Act.CLOSE, Party.RESIDENT)
    paid = small.pay(NOW, "wechat")
    assert not paid.allows(Act.CONFIRM, Party.MERCHANT)
    assert not paid.allows(Act.CANCEL, Party.RESIDENT)
    assert paid.confirm_supplement(NOW).state is S.PREPARING
