"""The store's steps, the courier's, and the resident's last one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from services.contracts.delivery import NoSuchCourier, VisitEntered, VisitLeft, WrongVisitState
from services.contracts.orders import (
    ConfirmOrder,
    ConfirmReceipt,
    HandingOver,
    MarkReady,
    NotYourOrder,
    OrderState,
    Party,
    StartService,
    WrongState,
)
from services.kernel.errors import Forbidden, InvariantBroken, Unavailable
from services.kernel.ids import derived_id, new_id
from services.kernel.requests import RequestConflict
from services.orders.use_cases.complete_order import confirm_receipt
from services.orders.use_cases.confirm_order import confirm_order, mark_ready
from services.orders.use_cases.dispatch_order import finish_handovers
from services.orders.use_cases.note_delivery import note_entry, note_leaving
from services.orders.use_cases.serve import start_service
from tests.support.order_walk import Walk
from tests.support.orders import COMMUNITY, NOW, SETTINGS, told_events, told_names

pytestmark = pytest.mark.database
S = OrderState
ACTS: dict[str, tuple[set[OrderState], OrderState, str]] = {
    "confirm": ({S.AWAITING_CONFIRMATION}, S.PREPARING, "merchant"),
    "mark_ready": ({S.PREPARING}, S.READY, "merchant"),
    "dispatch": ({S.PREPARING, S.READY}, S.OUT_FOR_DELIVERY, "merchant"),
    "start_service": ({S.SCHEDULED}, S.IN_SERVICE, "merchant"),
    "finish_service": ({S.SCHEDULED, S.IN_SERVICE}, S.DELIVERED, "merchant"),
    "confirm_receipt": ({S.OUT_FOR_DELIVERY, S.DELIVERED}, S.COMPLETED, "resident"),
}


@pytest.mark.parametrize("act", list(ACTS))
@pytest.mark.parametrize("state", list(S))
def test_each_act_is_possible_in_its_states_and_offered_only_there(
    walk: Walk, state: OrderState, act: str
) -> None:
    order_id = walk.order_in(state)
    allowed, leads_to, who = ACTS[act]
    may = walk.view(order_id, getattr(walk.street, who)).may
    assert (act in may) is (state in allowed)
    step: Callable[[str], Any] = getattr(walk, act)
    if state in allowed:
        assert step(order_id).state is leads_to
        return
    told = len(told_events(walk.db))
    if act == "dispatch" and state in (S.OUT_FOR_DELIVERY, S.DELIVERED, S.COMPLETED):
        assert step(order_id).state is state  # the courier who has it, named again
    else:
        with pytest.raises(WrongState) as refused:
            step(order_id)
        assert refused.value.fields["state"] == state
    assert walk.view(order_id).state is state
    assert len(told_events(walk.db)) == told


@pytest.mark.parametrize("act", list(ACTS))
@pytest.mark.parametrize("who", ["stranger", "other_merchant", "courier"])
def test_a_stranger_finds_no_order(walk: Walk, act: str, who: str) -> None:
    allowed, _, _ = ACTS[act]
    order_id = walk.order_in(sorted(allowed)[0])
    with pytest.raises(NotYourOrder):
        getattr(walk, act)(order_id, getattr(walk.street, who))
    with pytest.raises(NotYourOrder):
        getattr(walk, act)(new_id(), getattr(walk.street, who))


@pytest.mark.parametrize("act", list(ACTS))
def test_the_other_side_is_forbidden(walk: Walk, act: str) -> None:
    allowed, _, who = ACTS[act]
    order_id = walk.order_in(sorted(allowed)[0])
    other = walk.street.merchant if who == "resident" else walk.street.resident
    with pytest.raises(Forbidden):
        getattr(walk, act)(order_id, other)


def test_the_whole_way_stands_on_the_timeline_and_is_told(walk: Walk) -> None:
    order_id = walk.order_in(S.COMPLETED)
    view = walk.view(order_id)
    assert [(e.step, e.party, e.actor_name) for e in view.timeline] == [
        ("placed", Party.RESIDENT, "张伟"),
        ("paid", Party.SYSTEM, ""),
        ("confirmed", Party.MERCHANT, "老陈"),
        ("ready", Party.MERCHANT, "老陈"),
        ("dispatched", Party.MERCHANT, "老陈"),
        ("delivered", Party.COURIER, "张师傅"),
        ("completed", Party.RESIDENT, "张伟"),
    ]
    assert view.handled_by == "老陈"
    moments = (view.paid_at, view.confirmed_at, view.ready_at, view.dispatched_at)
    assert (*moments, view.delivered_at, view.completed_at) == (NOW,) * 6
    assert (view.delivered_to_door, view.delivery_photo) == (True, "/files/door.jpg")
    assert told_names(walk.db) == sorted(
        f"order.{verb}" for verb in ("paid", "confirmed", "dispatched", "delivered", "completed")
    )
    versions = [data["version"] for _, data in told_events(walk.db)]
    assert sorted(versions) == [2, 3, 5, 6, 7]


@pytest.mark.parametrize(
    ("use_case", "command_type", "state", "who"),
    [
        (confirm_order, ConfirmOrder, S.AWAITING_CONFIRMATION, "merchant"),
        (mark_ready, MarkReady, S.PREPARING, "merchant"),
        (start_service, StartService, S.SCHEDULED, "merchant"),
        (confirm_receipt, ConfirmReceipt, S.DELIVERED, "resident"),
    ],
)
def test_an_act_may_be_repeated_but_not_reused(
    walk: Walk, use_case: Callable[..., Any], command_type: Any, state: OrderState, who: str
) -> None:
    actor = getattr(walk.street, who)
    command = command_type(request_id=new_id(), order_id=walk.order_in(state))
    first = use_case(walk.db, command, actor, NOW, SETTINGS)
    assert use_case(walk.db, command, actor, NOW + timedelta(minutes=1), SETTINGS) == first
    other = command.model_copy(update={"order_id": walk.order_in(state)})
    with pytest.raises(RequestConflict):
        use_case(walk.db, other, actor, NOW, SETTINGS)


def test_a_receipt_confirmed_twice_at_once_completes_once(walk: Walk) -> None:
    order_id = walk.order_in(S.DELIVERED)

    def confirm(_: int) -> str:
        try:
            return walk.confirm_receipt(order_id).state
        except WrongState:
            return "too late"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(confirm, range(4)))
    assert answers == ["completed", "too late", "too late", "too late"]
    assert told_names(walk.db).count("order.completed") == 1


def test_the_courier_gets_what_the_door_needs(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    view = walk.dispatch(order_id)
    assert (view.courier_id, view.courier_name) == (walk.courier_id, "张师傅")
    drop = walk.services.drops[order_id]
    assert drop.drop_id == derived_id("drop", order_id)
    assert (drop.order_number, drop.address) == (view.number, view.address)
    assert (drop.home_id, drop.community_id) == (walk.street.home_id, COMMUNITY)
    assert told_events(walk.db)[-1][1]["courier_name"] == "张师傅"


def test_an_order_that_was_never_marked_ready_was_ready_when_it_went(walk: Walk) -> None:
    assert walk.dispatch(walk.order_in(S.PREPARING)).ready_at == NOW


def test_another_courier_cannot_take_what_one_has(walk: Walk) -> None:
    order_id = walk.order_in(S.OUT_FOR_DELIVERY)
    with pytest.raises(WrongState):
        walk.dispatch(order_id, courier_id=new_id())
    assert walk.view(order_id).courier_id == walk.courier_id


def test_while_one_courier_is_asked_another_must_wait(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    walk.services.faults["delivery_assign_drop"] = Unavailable()
    with pytest.raises(Unavailable):
        walk.dispatch(order_id)
    walk.services.faults.clear()
    with pytest.raises(HandingOver):
        walk.dispatch(order_id, courier_id=new_id())
    finish_handovers(walk.db, walk.services, NOW + timedelta(minutes=1), SETTINGS)
    assert walk.view(order_id).courier_id == walk.courier_id


def test_a_courier_who_is_refused_leaves_the_order_to_another(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    walk.services.faults["delivery_assign_drop"] = NoSuchCourier()
    with pytest.raises(NoSuchCourier):
        walk.dispatch(order_id)
    assert walk.view(order_id).state is S.READY
    walk.services.faults.clear()
    other = new_id()
    assert walk.dispatch(order_id, courier_id=other).courier_id == other


def test_the_sweep_survives_a_courier_who_is_refused(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    walk.services.faults["delivery_assign_drop"] = Unavailable()
    with pytest.raises(Unavailable):
        walk.dispatch(order_id)
    walk.services.faults["delivery_assign_drop"] = NoSuchCourier()
    finish_handovers(walk.db, walk.services, NOW + timedelta(minutes=1), SETTINGS)
    finish_handovers(walk.db, walk.services, NOW + timedelta(minutes=2), SETTINGS)
    assert len(walk.services.named("delivery_assign_drop")) == 2
    assert walk.view(order_id).state is S.READY


def test_an_order_cancelled_during_the_hand_over_stays_cancelled(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    walk.services.before["delivery_assign_drop"] = lambda: walk.cancel(
        order_id, walk.street.mediator
    )
    with pytest.raises(WrongState):
        walk.dispatch(order_id)
    assert walk.view(order_id).state is S.CANCELLED
    assert "order.dispatched" not in told_names(walk.db)
    finish_handovers(walk.db, walk.services, NOW + timedelta(minutes=1), SETTINGS)
    assert len(walk.services.named("delivery_assign_drop")) == 1


def test_delivery_may_have_heard_of_the_cancelling_first(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    walk.services.faults["delivery_assign_drop"] = WrongVisitState()
    walk.services.before["delivery_assign_drop"] = lambda: walk.cancel(
        order_id, walk.street.mediator
    )
    with pytest.raises(WrongVisitState):
        walk.dispatch(order_id)
    assert walk.view(order_id).state is S.CANCELLED


def test_two_who_dispatch_to_one_courier_at_once_dispatch_once(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    with ThreadPoolExecutor(4) as pool:
        views = list(pool.map(lambda _: walk.dispatch(order_id), range(4)))
    assert {view.state for view in views} == {S.OUT_FOR_DELIVERY}
    assert told_names(walk.db).count("order.dispatched") == 1


def test_a_rival_with_the_same_courier_may_be_faster(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    walk.services.before["delivery_assign_drop"] = lambda: walk.dispatch(order_id)
    assert walk.dispatch(order_id).state is S.OUT_FOR_DELIVERY
    assert walk.steps(order_id).count("dispatched") == 1


def visit(walk: Walk, *order_ids: str) -> dict[str, Any]:
    return {
        "aggregate_id": new_id(),
        "courier_id": walk.courier_id,
        "courier_name": "张师傅",
        "community_id": COMMUNITY,
        "gate": "东门",
        "order_ids": list(order_ids),
        "at": NOW + timedelta(minutes=5),
    }


def test_the_gate_stands_on_every_order_of_the_visit(walk: Walk) -> None:
    first, second = walk.order_in(S.OUT_FOR_DELIVERY), walk.order_in(S.OUT_FOR_DELIVERY)
    with walk.db.transaction() as tx:
        note_entry(tx, VisitEntered(**visit(walk, second, first)))
        note_leaving(tx, VisitLeft(**visit(walk, first)))
    assert walk.steps(first)[-2:] == ["entered", "left"]
    assert walk.steps(second)[-1] == "entered"
    entry = walk.view(second).timeline[-1]
    assert (entry.actor_name, entry.note, entry.party) == ("张师傅", "东门", Party.COURIER)
    assert entry.at == NOW + timedelta(minutes=5)
    assert walk.view(first).state is S.OUT_FOR_DELIVERY


def test_a_visit_without_orders_is_nothing_to_us_and_one_with_strange_orders_a_fault(
    walk: Walk,
) -> None:
    with walk.db.transaction() as tx:
        note_entry(tx, VisitEntered(**visit(walk)))
    with pytest.raises(InvariantBroken), walk.db.transaction() as tx:
        note_entry(tx, VisitEntered(**visit(walk, new_id())))


@pytest.mark.parametrize("state", [S.COMPLETED, S.CANCELLED])
def test_a_drop_for_an_order_that_is_over_is_noted_and_changes_no_state(
    walk: Walk, state: OrderState
) -> None:
    order_id = walk.order_in(state)
    told = len(told_events(walk.db))
    walk.deliver(order_id, NOW + timedelta(minutes=9))
    view = walk.view(order_id)
    assert (view.state, view.deadline_at) == (state, None)
    assert view.delivered_at == NOW + timedelta(minutes=9)
    assert view.timeline[-1].step == "delivered"
    assert len(told_events(walk.db)) == told


def test_the_notice_of_delivery_says_until_when_one_may_complain(walk: Walk) -> None:
    walk.order_in(S.DELIVERED)
    name, data = told_events(walk.db)[-1]
    assert name == "order.delivered"
    assert data["completes_at"] == (NOW + timedelta(days=3)).isoformat().replace("+00:00", "Z")
