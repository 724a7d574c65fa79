"""Fetching with a code: who may see it, in parts, once, at its own store."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.contracts.catalog import Fulfilment
from services.contracts.orders import (
    CodeQuery,
    CodeUsed,
    NoSuchCode,
    NotThatMany,
    NotYourOrder,
    OrderState,
    OrderView,
    RecordQuery,
    WrongState,
)
from services.contracts.permissions import Role
from services.kernel.actor import Actor
from services.kernel.entrypoints import rerun_on_conflict
from services.kernel.errors import Forbidden, LinliError, Unavailable
from services.orders import store
from services.orders.domain import basket
from services.orders.record_view import see_record
from services.orders.use_cases.hand_over import order_by_code
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS, person, told_events, told_names

pytestmark = pytest.mark.database
S, F = OrderState, Fulfilment
LATER = NOW + timedelta(hours=2)


def by_code(walk: Walk, code: str, actor: Actor | None = None, store_id: str = "") -> OrderView:
    query = CodeQuery(store_id=store_id or walk.street.breakfast.store_id, code=code)
    return order_by_code(walk.db, query, actor or walk.street.merchant, NOW, SETTINGS)


# the code


def test_a_code_is_one_stores_for_one_order(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter(["11111111", "11111111", "22222222"])
    monkeypatch.setattr(basket, "new_pickup_code", lambda: next(codes))
    monkeypatch.setattr(store, "new_pickup_code", lambda: next(codes))
    first, second = walk.to_fetch_in(S.READY), walk.to_fetch_in(S.READY)
    assert (walk.code_of(first), walk.code_of(second)) == ("11111111", "22222222")
    assert by_code(walk, "22222222").order_id == second


def test_two_stores_may_use_the_same_code(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basket, "new_pickup_code", lambda: "11111111")
    here = walk.to_fetch_in(S.READY)
    there = walk.book(way=F.IN_STORE)
    walk.pay(there)
    assert walk.code_of(here) == walk.code_of(there.orders[0].order_id)


def test_a_store_without_a_free_code_asks_to_try_again_and_keeps_nothing(
    walk: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (basket, store):
        monkeypatch.setattr(module, "new_pickup_code", lambda: "11111111")
    walk.place_to_fetch()
    with pytest.raises(Unavailable) as refused:
        walk.place_to_fetch()
    assert refused.value.code == "orders.no_free_code"
    assert walk.states() == [S.AWAITING_PAYMENT]


def test_the_code_is_for_the_residents_eyes_and_only_when_it_is_paid(walk: Walk) -> None:
    placed = walk.place_to_fetch()
    order_id = placed.orders[0].order_id
    assert walk.view(order_id).pickup_code is None
    walk.pay(placed)
    code = walk.code_of(order_id)
    assert len(code) == 8
    street = walk.street
    for actor in (street.merchant, street.mediator):
        assert code not in walk.view(order_id, actor).model_dump_json()
        record = see_record(walk.db, RecordQuery(order_id=order_id), actor, NOW, SETTINGS)
        assert code not in record.model_dump_json()
    relative = person({street.household_id: Role.FAMILY})
    assert walk.view(order_id, relative).pickup_code == code
    assert not any(code in str(data) for _, data in told_events(walk.db))


def test_what_a_courier_brings_has_no_code(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    assert walk.view(order_id).pickup_code is None
    with pytest.raises(NoSuchCode):
        walk.hand_over(order_id, "00000000")


# looking it up


def test_the_store_finds_the_order_that_a_code_opens_used_or_not(walk: Walk) -> None:
    order_id = walk.to_fetch_in(S.READY)
    code = walk.code_of(order_id)
    found = by_code(walk, code)
    assert (found.order_id, found.pickup_code) == (order_id, None)
    assert "hand_over" in found.may
    walk.hand_over(order_id, code)
    assert by_code(walk, code).state is S.COMPLETED


def test_at_another_store_or_for_a_stranger_there_is_no_such_code(walk: Walk) -> None:
    street = walk.street
    code = walk.code_of(walk.to_fetch_in(S.READY))
    with pytest.raises(NoSuchCode):
        by_code(walk, code, store_id=street.cleaners.store_id)
    with pytest.raises(NoSuchCode):
        by_code(walk, code, street.other_merchant, street.laundry.store_id)
    for actor in (street.other_merchant, street.stranger, street.resident, street.mediator):
        with pytest.raises(NoSuchCode):
            by_code(walk, code, actor)


# giving it out


@pytest.mark.parametrize("state", [S.PREPARING, S.READY])
@pytest.mark.parametrize("way", [F.PICKUP, F.IN_STORE])
def test_all_at_once_completes_the_order(walk: Walk, way: Fulfilment, state: OrderState) -> None:
    for sku in (walk.street.soy, walk.street.stick):
        walk.street.shelf[sku.sku_id] = sku.model_copy(update={"fulfilments": [way]})
    order_id = walk.to_fetch_in(state, way)
    view = walk.hand_over(order_id, walk.code_of(order_id), now=LATER)
    assert (view.state, view.completed_at, view.deadline_at) == (S.COMPLETED, LATER, None)
    assert walk.steps(order_id)[-2:] == ["picked_up", "completed"]
    assert view.timeline[-2].note == "豆浆×2 油条×4"
    (pickup,) = view.pickups
    assert (pickup.at, pickup.by) == (LATER, "老陈")
    assert told_names(walk.db).count("order.completed") == 1


def test_a_part_now_and_the_rest_later_completes_with_the_last_piece(walk: Walk) -> None:
    soy, stick = walk.street.soy.sku_id, walk.street.stick.sku_id
    order_id = walk.to_fetch_in(S.READY)
    code = walk.code_of(order_id)
    view = walk.hand_over(order_id, code, lines={soy: 2, stick: 1})
    assert (view.state, view.may) == (S.READY, walk.view(order_id, walk.street.merchant).may)
    assert "hand_over" in view.may
    with pytest.raises(NotThatMany) as refused:
        walk.hand_over(order_id, code, lines={soy: 1, stick: 4})
    assert refused.value.fields == {soy: "0", stick: "3"}
    walk.hand_over(order_id, code, lines={stick: 2})
    view = walk.hand_over(order_id, code)
    assert view.state is S.COMPLETED
    given = [{line.sku_id: line.quantity for line in pickup.lines} for pickup in view.pickups]
    assert given == [{soy: 2, stick: 1}, {stick: 2}, {stick: 1}]
    assert walk.steps(order_id)[-4:] == ["picked_up", "picked_up", "picked_up", "completed"]


def test_more_than_was_bought_or_something_else_is_refused(walk: Walk) -> None:
    soy = walk.street.soy.sku_id
    order_id = walk.to_fetch_in(S.READY)
    code = walk.code_of(order_id)
    for lines in ({soy: 3}, {walk.street.wash.sku_id: 1}):
        with pytest.raises(NotThatMany):
            walk.hand_over(order_id, code, lines=lines)
    assert walk.view(order_id).pickups == []


def test_what_was_partly_fetched_can_be_cancelled_by_nobody(walk: Walk) -> None:
    order_id = walk.to_fetch_in(S.READY)
    walk.hand_over(order_id, walk.code_of(order_id), lines={walk.street.soy.sku_id: 1})
    for actor in (walk.street.merchant, walk.street.mediator):
        assert "cancel" not in walk.view(order_id, actor).may
        with pytest.raises(WrongState):
            walk.cancel(order_id, actor)


def test_a_second_scan_says_when_and_by_whom_it_was_used(walk: Walk) -> None:
    order_id = walk.to_fetch_in(S.READY)
    code = walk.code_of(order_id)
    walk.hand_over(order_id, code, now=LATER)
    with pytest.raises(CodeUsed) as refused:
        walk.hand_over(order_id, code)
    assert refused.value.fields == {"at": LATER.isoformat(), "by": "老陈"}


def test_the_same_request_again_is_the_same_hand_over(walk: Walk) -> None:
    order_id = walk.to_fetch_in(S.READY)
    code, again = walk.code_of(order_id), walk.street.household_id
    lines = {walk.street.soy.sku_id: 1}
    first = walk.hand_over(order_id, code, lines=lines, request_id=again)
    assert walk.hand_over(order_id, code, lines=lines, request_id=again) == first
    assert len(first.pickups) == 1


def test_a_wrong_code_opens_nothing(walk: Walk) -> None:
    order_id = walk.to_fetch_in(S.READY)
    wrong = f"{(int(walk.code_of(order_id)) + 1) % 10**8:08d}"
    with pytest.raises(NoSuchCode):
        walk.hand_over(order_id, wrong)
    assert walk.view(order_id).state is S.READY


def test_only_the_orders_own_store_gives_out(walk: Walk) -> None:
    order_id = walk.to_fetch_in(S.READY)
    code, street = walk.code_of(order_id), walk.street
    for actor in (street.other_merchant, street.stranger, street.resident, street.mediator):
        with pytest.raises(NotYourOrder):
            walk.hand_over(order_id, code, actor)
    powerless = street.merchant.model_copy(update={"permissions": frozenset()})
    with pytest.raises(Forbidden):
        walk.hand_over(order_id, code, powerless)


@pytest.mark.parametrize("state", [S.AWAITING_PAYMENT, S.AWAITING_CONFIRMATION])
def test_nothing_is_given_out_before_the_store_has_taken_the_order(
    walk: Walk, state: OrderState
) -> None:
    order_id = walk.to_fetch_in(state)
    code = walk.order(order_id).pickup_code or ""
    with pytest.raises(WrongState) as refused:
        walk.hand_over(order_id, code)
    assert refused.value.fields["state"] == state


def test_rivals_at_two_counters_give_each_piece_out_once(walk: Walk) -> None:
    order_id = walk.to_fetch_in(S.READY)
    code, stick = walk.code_of(order_id), walk.street.stick.sku_id

    def one(_: int) -> str:
        try:
            lines = {stick: 3}
            give = lambda: walk.hand_over(order_id, code, lines=lines)  # noqa: E731
            rerun_on_conflict("rival", give)
        except LinliError as error:
            return error.code
        return "given"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(one, range(4)))
    assert answers == ["given", *["orders.not_that_many"] * 3]
    assert sum(line.quantity for p in walk.view(order_id).pickups for line in p.lines) == 3


def test_the_store_is_told_when_it_is_packed_what_is_to_be_fetched(walk: Walk) -> None:
    walk.to_fetch_in(S.READY)
    name, data = told_events(walk.db)[-1]
    assert (name, data["fulfilment"]) == ("order.ready", "pickup")
