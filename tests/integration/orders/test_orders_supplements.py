"""The small order that paid a difference ends with its main order, and never by itself."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from services.contracts.orders import (
    DeskQuery,
    HouseholdOrdersQuery,
    OrderState,
    RefundTo,
    StoreOrdersQuery,
    WrongState,
)
from services.kernel.errors import Forbidden
from services.kernel.ids import new_id
from services.orders import ending, locks
from services.orders.domain.basket import Line, Placed
from services.orders.domain.doer import SYSTEM
from services.orders.store import insert_placed, keep
from services.orders.tables import LINES_A_REVISION, LineRow
from services.orders.use_cases.pass_deadlines import pass_deadlines
from services.orders.use_cases.show_orders import household_orders, show_desk, store_orders
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SETTINGS, told_events

pytestmark = pytest.mark.database
S = OrderState


def supplement(walk: Walk, main_id: str, state: OrderState = S.PREPARING) -> str:
    """¥5 more for `main_id`, as an amendment leaves it; paid unless `state` says otherwise."""
    with walk.db.transaction() as tx:
        main = locks.order_for_update(tx, main_id)
        small = replace(
            main,
            order_id=new_id(),
            payment_id=new_id(),
            state=state,
            version=1,
            amount_fen=500,
            agreed_fen=500,
            deadline_at=None,
            remind_at=None,
            pickup_code=None,
            slot_from=None,
            dispatched_at=None,
            delivered_at=None,
            paid_at=None if state is S.AWAITING_PAYMENT else NOW,
            supplement_of=main_id,
        )
        difference = Line(walk.street.soy.model_copy(update={"price_fen": 500}), ())
        insert_placed(tx, [Placed(small, (difference,))], SYSTEM, NOW)
        keep(tx, main, replace(main, revision=1, beside=True))
        lines = tx.all(select(LineRow.__table__).where(LineRow.order_id == main_id))
        new = [{**row._mapping, "line_no": row.line_no + LINES_A_REVISION} for row in lines]
        tx.execute(insert(LineRow), new)
    return small.order_id


WAYS: dict[str, tuple[Callable[[Walk], str], Callable[[Walk, str], Any]]] = {
    "received": (lambda w: w.order_in(S.DELIVERED), lambda w, o: w.confirm_receipt(o)),
    "fetched": (
        lambda w: w.to_fetch_in(S.READY),
        lambda w, o: w.hand_over(o, w.code_of(o), lines={}),
    ),
    "by the clock": (
        lambda w: w.order_in(S.DELIVERED),
        lambda w, _: pass_deadlines(w.db, w.services, NOW + timedelta(days=4), SETTINGS),
    ),
}


def told_of(walk: Walk, name: str) -> dict[str, dict[str, Any]]:
    """What an event said, by order."""
    return {data["aggregate_id"]: data for told, data in told_events(walk.db) if told == name}


@pytest.mark.parametrize("way", list(WAYS))
def test_it_completes_with_its_main_order(walk: Walk, way: str) -> None:
    make, finish = WAYS[way]
    main_id = make(walk)
    small_id = supplement(walk, main_id)
    finish(walk, main_id)
    assert {walk.view(main_id).state, walk.view(small_id).state} == {S.COMPLETED}
    told = told_of(walk, "order.completed")
    assert set(told) == {main_id, small_id}
    assert (told[small_id]["supplement_of"], told[main_id]["supplement_of"]) == (main_id, None)
    assert [told[one]["amount_fen"] for one in (main_id, small_id)] == [1400, 500]


@pytest.mark.parametrize("who", ["merchant", "mediator"])
def test_it_is_cancelled_with_its_main_order_and_both_moneys_go_back(walk: Walk, who: str) -> None:
    main_id = walk.order_in(S.READY)
    small_id = supplement(walk, main_id)
    walk.cancel(main_id, getattr(walk.street, who), refund_to=RefundTo.CHANNEL)
    told = told_of(walk, "order.cancelled")
    assert {one: told[one]["paid"] for one in (main_id, small_id)} == {
        main_id: True,
        small_id: True,
    }
    assert walk.view(small_id).cancel_reason == "不想要了"


@pytest.mark.parametrize("state", [S.AWAITING_PAYMENT, S.CANCELLED, S.COMPLETED])
def test_one_that_is_unpaid_or_over_is_left_as_it_is(walk: Walk, state: OrderState) -> None:
    main_id = walk.order_in(S.DELIVERED)
    small_id = supplement(walk, main_id, state)
    walk.confirm_receipt(main_id)
    assert walk.view(small_id).state is state
    assert set(told_of(walk, "order.completed")) == {main_id}


@pytest.mark.parametrize("who", ["resident", "merchant", "mediator"])
def test_nobody_moves_it_by_hand_once_it_is_paid(walk: Walk, who: str) -> None:
    small_id = supplement(walk, walk.order_in(S.PREPARING))
    actor = getattr(walk.street, who)
    assert walk.may(small_id, actor) == ["say"]
    for act in (walk.cancel, walk.mark_ready, walk.dispatch, walk.confirm_receipt):
        with pytest.raises((WrongState, Forbidden)):
            act(small_id, actor)
    assert walk.view(small_id).state is S.PREPARING


def end(walk: Walk, main_id: str, given_back: dict[str, bool]) -> None:
    with walk.db.transaction() as tx:
        order = locks.order_for_update(tx, main_id)
        ending.end_deal(tx, order, SYSTEM, "各退一半", NOW, given_back)


def test_a_deal_that_is_split_completes_both_and_says_whose_money_is_all_back(walk: Walk) -> None:
    main_id = walk.order_in(S.OUT_FOR_DELIVERY)
    small_id = supplement(walk, main_id)
    end(walk, main_id, {main_id: False, small_id: True})
    told = told_of(walk, "order.completed")
    assert {one: data["given_back"] for one, data in told.items()} == {
        main_id: False,
        small_id: True,
    }
    assert told_of(walk, "order.cancelled") == {}


def test_a_deal_given_back_whole_before_anything_was_handed_over_is_off(walk: Walk) -> None:
    main_id = walk.order_in(S.READY)
    small_id = supplement(walk, main_id)
    end(walk, main_id, {main_id: True, small_id: True})
    off = told_of(walk, "order.cancelled")
    for one in (main_id, small_id):
        assert walk.view(one).state is S.CANCELLED
        assert (off[one]["paid"], off[one]["given_back"]) == (True, True)


def test_a_deal_that_had_ended_stays_as_it_ended_and_what_was_open_is_over(walk: Walk) -> None:
    main_id = walk.order_in(S.COMPLETED)
    small_id = supplement(walk, main_id, S.COMPLETED)
    told = told_events(walk.db)
    end(walk, main_id, {main_id: True, small_id: True})
    assert told_events(walk.db) == told


def test_it_is_shown_under_its_main_order_and_in_no_list(walk: Walk) -> None:
    main_id = walk.order_in(S.PREPARING)
    small_id = supplement(walk, main_id)
    street = walk.street
    assert walk.view(main_id).supplements == [small_id]
    assert walk.view(small_id).supplements == []
    of_store = StoreOrdersQuery(store_id=street.breakfast.store_id)
    listed = store_orders(walk.db, of_store, street.merchant, NOW).items
    assert [one.order_id for one in listed] == [main_id]
    of_home = HouseholdOrdersQuery(household_id=street.household_id)
    at_home = household_orders(walk.db, of_home, street.resident).items
    assert [one.order_id for one in at_home] == [main_id]
    desk = show_desk(walk.db, DeskQuery(store_id=street.breakfast.store_id), street.merchant)
    assert desk.counts == {S.PREPARING: 1}
