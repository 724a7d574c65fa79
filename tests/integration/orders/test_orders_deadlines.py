"""What the clock does where nobody acts in time, who is reminded before, what stops the clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.contracts.catalog import Fulfilment
from services.contracts.orders import OrderState, Party, RefundTo, Trouble, WrongState
from services.kernel.errors import InvariantBroken, Unavailable
from services.orders import ending, locks
from services.orders.store import keep
from services.orders.tables_disputes import DisputeRow
from services.orders.use_cases import pass_deadlines as clock
from services.orders.use_cases.pass_deadlines import pass_deadlines, remind
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS, SLOT, told_events, told_names

pytestmark = pytest.mark.database
S, F = OrderState, Fulfilment
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def seconds(name: str) -> timedelta:
    return timedelta(seconds=getattr(SETTINGS, name))


def tick(walk: Walk, now: datetime) -> int:
    return pass_deadlines(walk.db, walk.services, now, SETTINGS)


def due(walk: Walk, order_id: str) -> datetime:
    """Until when the order may rest where it is."""
    deadline_at = walk.order(order_id).deadline_at
    assert deadline_at is not None
    return deadline_at


# what passes


def test_a_store_that_does_not_take_an_order_loses_it_and_the_money_goes_back(walk: Walk) -> None:
    order_id = walk.order_in(S.AWAITING_CONFIRMATION)
    assert due(walk, order_id) == NOW + seconds("unconfirmed_after_s")
    tick(walk, due(walk, order_id) - SECOND)
    assert walk.states() == [S.AWAITING_CONFIRMATION]
    at = due(walk, order_id)
    assert (tick(walk, at), tick(walk, at)) == (1, 0)
    view = walk.view(order_id)
    assert (view.state, view.cancelled_at, view.refund_to) == (S.CANCELLED, at, RefundTo.CHANNEL)
    assert view.cancel_reason == "商家超时未接单"
    assert (view.timeline[-1].step, view.timeline[-1].party) == ("cancelled", Party.SYSTEM)
    name, data = told_events(walk.db)[-1]
    assert (name, data["paid"], data["cancelled_by"]) == ("order.cancelled", True, "system")


LATE: dict[str, tuple[Callable[[Walk], str], timedelta, str]] = {
    "preparing": (lambda w: w.order_in(S.PREPARING), seconds("unready_after_s"), "商家超时未备货"),
    "ready": (lambda w: w.order_in(S.READY), seconds("unready_after_s"), "超时没有送出或取走"),
    "scheduled": (
        lambda w: w.order_in(S.SCHEDULED),
        SLOT + HOUR - NOW + seconds("unserved_after_s"),
        "商家超时未上门服务",
    ),
}


@pytest.mark.parametrize("state", list(LATE))
def test_what_a_store_lets_lie_the_resident_may_take_back_at_once(walk: Walk, state: str) -> None:
    make, after, _ = LATE[state]
    order_id = make(walk)
    assert due(walk, order_id) == NOW + after
    with pytest.raises(WrongState):
        walk.cancel(order_id)
    tick(walk, NOW + after)
    view = walk.view(order_id)
    assert (view.state, view.late, view.timeline[-1].step) == (OrderState(state), True, "overdue")
    assert "cancel" in view.may
    assert walk.cancel(order_id, now=NOW + after).state is S.CANCELLED
    assert told_events(walk.db)[-1][1]["cancelled_by"] == "resident"


@pytest.mark.parametrize("state", list(LATE))
def test_what_lies_on_after_that_is_cancelled_by_itself(walk: Walk, state: str) -> None:
    make, after, reason = LATE[state]
    order_id = make(walk)
    tick(walk, NOW + after)
    last = NOW + after + seconds("late_cancel_after_s")
    assert due(walk, order_id) == last
    assert (tick(walk, last - SECOND), tick(walk, last)) == (0, 1)
    view = walk.view(order_id)
    assert (view.state, view.cancel_reason) == (S.CANCELLED, reason)


@pytest.mark.parametrize("state", list(LATE))
def test_a_store_that_acts_late_may_still_go_on(walk: Walk, state: str) -> None:
    make, after, _ = LATE[state]
    order_id = make(walk)
    tick(walk, NOW + after)
    act = {"preparing": walk.mark_ready, "ready": walk.dispatch, "scheduled": walk.start_service}
    view = act[state](order_id)
    assert view.late is False
    assert "cancel" not in walk.view(order_id).may


def test_what_nobody_fetches_is_cancelled(walk: Walk) -> None:
    order_id = walk.to_fetch_in(S.READY)
    assert due(walk, order_id) == NOW + seconds("unfetched_after_s")
    tick(walk, due(walk, order_id))
    view = walk.view(order_id)
    assert (view.state, view.cancel_reason) == (S.CANCELLED, "超时没有送出或取走")


def partly_fetched(walk: Walk) -> str:
    order_id = walk.to_fetch_in(S.READY)
    walk.hand_over(order_id, walk.code_of(order_id), lines={walk.street.soy.sku_id: 1})
    return order_id


MEDIATED: dict[str, tuple[Callable[[Walk], str], str]] = {
    "partly fetched": (partly_fetched, "unfetched_after_s"),
    "in service": (lambda w: w.order_in(S.IN_SERVICE), "undelivered_after_s"),
    "under way": (lambda w: w.order_in(S.OUT_FOR_DELIVERY), "undelivered_after_s"),
}


@pytest.mark.parametrize("case", list(MEDIATED))
def test_what_nobody_can_tell_from_afar_the_property_looks_at(walk: Walk, case: str) -> None:
    make, setting = MEDIATED[case]
    walk.services.faults["settlement_freeze_order"] = Unavailable()  # its saga is told elsewhere
    order_id = make(walk)
    at = NOW + seconds(setting)
    assert due(walk, order_id) == at
    tick(walk, at)
    order = walk.order(order_id)
    assert (order.trouble, order.deadline_at) == (Trouble.DISPUTED, None)
    assert walk.steps(order_id)[-1] == "dispute_opened"
    assert tick(walk, at + timedelta(days=30)) == 0
    with walk.db.reading() as tx:
        (dispute,) = tx.all(select(DisputeRow.order_id, DisputeRow.opened_by))
    assert (dispute.order_id, dispute.opened_by) == (order_id, Party.SYSTEM)


def test_one_that_cannot_be_moved_does_not_stand_before_the_others(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (walk.order_in(S.AWAITING_CONFIRMATION) for _ in range(2))
    at = due(walk, second)
    cancel = ending.cancel_paid

    def breaks(tx: Any, order: Any, *rest: Any) -> Any:
        if order.order_id == first:
            raise InvariantBroken("a broken order")
        return cancel(tx, order, *rest)

    monkeypatch.setattr(clock.ending, "cancel_paid", breaks)
    one_at_a_time = SETTINGS.model_copy(update={"sweep_batch": 1})
    for _ in range(2):
        pass_deadlines(walk.db, walk.services, at, one_at_a_time)
    assert walk.states() == [S.AWAITING_CONFIRMATION, S.CANCELLED]
    monkeypatch.undo()
    tick(walk, at + timedelta(seconds=SETTINGS.close_retry_s))
    assert walk.states() == [S.CANCELLED] * 2


# reminders


@pytest.mark.parametrize(
    ("make", "to", "act"),
    [
        (lambda w: w.place().orders[0].order_id, "resident", "pay"),
        (lambda w: w.order_in(S.AWAITING_CONFIRMATION), "merchant", "confirm"),
        (lambda w: w.order_in(S.PREPARING), "merchant", "mark_ready"),
        (lambda w: w.order_in(S.READY), "merchant", "dispatch"),
        (lambda w: w.to_fetch_in(S.READY), "resident", "hand_over"),
        (lambda w: w.order_in(S.SCHEDULED), "merchant", "finish_service"),
        (lambda w: w.order_in(S.OUT_FOR_DELIVERY), "resident", "confirm_receipt"),
        (lambda w: w.order_in(S.DELIVERED), "resident", "confirm_receipt"),
    ],
)
def test_whoever_must_act_is_reminded_once_and_before(
    walk: Walk, make: Callable[[Walk], str], to: str, act: str
) -> None:
    order_id = make(walk)
    order = walk.order(order_id)
    assert order.remind_at is not None
    assert order.deadline_at is not None
    told = len(told_events(walk.db))
    remind(walk.db, order.remind_at - SECOND, SETTINGS)
    assert len(told_events(walk.db)) == told
    for _ in range(2):
        remind(walk.db, order.remind_at, SETTINGS)
    ((name, data),) = told_events(walk.db)[told:]
    assert (name, data["to"], data["act"]) == ("order.reminder", to, act)
    assert datetime.fromisoformat(data["deadline_at"]) == order.deadline_at
    assert order.remind_at < order.deadline_at
    assert walk.steps(order_id).count("reminded") == 1
    assert walk.order(order_id).deadline_at == order.deadline_at


def test_who_has_acted_is_not_reminded_of_it(walk: Walk) -> None:
    order_id = walk.order_in(S.AWAITING_CONFIRMATION)
    old = walk.order(order_id).remind_at
    walk.confirm(order_id)
    assert old is not None
    assert remind(walk.db, old, SETTINGS) == 0
    walk.cancel(order_id, walk.street.mediator)
    assert remind(walk.db, NOW + timedelta(days=365), SETTINGS) == 0


# what is open beside the course stops the clock


def in_trouble(walk: Walk, order_id: str, trouble: Trouble) -> None:
    with walk.db.transaction() as tx:
        order = locks.order_for_update(tx, order_id)
        keep(tx, order, replace(order, trouble=trouble))


@pytest.mark.parametrize("trouble", [t for t in Trouble if t is not Trouble.NONE])
def test_while_something_is_open_the_clock_neither_ends_nor_reminds(
    walk: Walk, trouble: Trouble
) -> None:
    order_id = walk.order_in(S.DELIVERED)
    at = due(walk, order_id)
    in_trouble(walk, order_id, trouble)
    told = told_names(walk.db)
    remind(walk.db, at, SETTINGS)
    tick(walk, at)
    assert walk.view(order_id).state is S.DELIVERED
    assert due(walk, order_id) == at + seconds("auto_complete_after_s")
    assert told_names(walk.db) == told


def test_where_no_time_was_kept_that_of_the_state_begins_anew(walk: Walk) -> None:
    order_id = walk.order_in(S.DELIVERED)
    in_trouble(walk, order_id, Trouble.AFTER_SALE)
    later = NOW + timedelta(days=10)
    with walk.db.transaction() as tx:
        ending.calm(tx, locks.order_for_update(tx, order_id), later, SETTINGS.limits)
    order = walk.order(order_id)
    assert (order.trouble, order.deadline_at) == (
        Trouble.NONE,
        later + seconds("auto_complete_after_s"),
    )
    tick(walk, due(walk, order_id))
    assert walk.view(order_id).state is S.COMPLETED


def test_an_order_that_is_over_is_calmed_without_a_deadline(walk: Walk) -> None:
    order_id = walk.order_in(S.COMPLETED)
    in_trouble(walk, order_id, Trouble.AFTER_SALE)
    with walk.db.transaction() as tx:
        ending.calm(tx, locks.order_for_update(tx, order_id), NOW, SETTINGS.limits)
    assert (walk.order(order_id).trouble, walk.order(order_id).deadline_at) == (Trouble.NONE, None)
