"""Looking: who sees what, in pages, counts and searches; and the doors themselves."""

import inspect
import re
from datetime import timedelta

import pytest

from services.contracts.orders import (
    AllOrdersQuery,
    HouseholdOrdersQuery,
    NotYourOrder,
    OrderAmountsQuery,
    OrderState,
    StateCountsQuery,
    StoreOrdersQuery,
)
from services.contracts.permissions import Role
from services.contracts.settlement import PaymentState
from services.contracts.subscriptions import SUBSCRIBERS
from services.kernel.actor import Actor
from services.kernel.entrypoints import Rpc, Subscribe
from services.kernel.errors import Forbidden, Malformed
from services.kernel.ids import new_id
from services.kernel.migrations import differences
from services.orders.service import OrdersService
from services.orders.use_cases.show_orders import (
    all_orders,
    count_states,
    household_orders,
    order_amounts,
    store_orders,
)
from tests.support.order_walk import Walk
from tests.support.orders import COMMUNITY, NOW, PAY_BEFORE, person
from tests.support.statements import statements_sent

pytestmark = pytest.mark.database
S = OrderState


@pytest.mark.parametrize("who", ["stranger", "courier", "other_merchant"])
def test_a_stranger_sees_no_order(walk: Walk, who: str) -> None:
    order_id = walk.place().orders[0].order_id
    with pytest.raises(NotYourOrder):
        walk.view(order_id, getattr(walk.street, who))
    with pytest.raises(NotYourOrder):
        walk.view(new_id(), walk.street.resident)


@pytest.mark.parametrize("who", ["resident", "merchant", "mediator"])
def test_who_has_a_part_in_it_sees_it_all(walk: Walk, who: str) -> None:
    order_id = walk.place().orders[0].order_id
    view = walk.view(order_id, getattr(walk.street, who))
    assert (len(view.lines), len(view.timeline)) == (2, 1)


def test_an_order_takes_three_statements_to_show(walk: Walk) -> None:
    order_id = walk.order_in(S.COMPLETED)
    before = statements_sent()
    walk.view(order_id)
    assert statements_sent() - before == 3


def test_paying_is_offered_to_the_household_and_in_time_only(walk: Walk) -> None:
    order_id = walk.place().orders[0].order_id
    assert walk.view(order_id).may == ["cancel", "pay"]
    assert walk.view(order_id, now=PAY_BEFORE).may == ["cancel"]
    assert walk.view(order_id, walk.street.merchant).may == []
    assert walk.view(order_id, walk.street.mediator).may == ["cancel"]
    relative = person({walk.street.household_id: Role.FAMILY})
    assert walk.view(order_id, relative).may == ["cancel", "pay"]


def test_a_shopkeeper_who_lives_next_door_may_do_what_both_sides_may(walk: Walk) -> None:
    order_id = walk.order_in(S.AWAITING_CONFIRMATION)
    both = person(
        {walk.street.household_id: Role.OWNER, walk.street.breakfast.store_id: Role.SHOP_HAND}
    )
    assert walk.may(order_id, both) == ["cancel", "confirm", "say"]


def household_query(walk: Walk, **fields: object) -> HouseholdOrdersQuery:
    return HouseholdOrdersQuery(household_id=walk.street.household_id, **fields)


def store_query(walk: Walk, **fields: object) -> StoreOrdersQuery:
    return StoreOrdersQuery(store_id=walk.street.breakfast.store_id, **fields)


def test_pages_come_newest_first_without_gap_or_repeat(walk: Walk) -> None:
    placed = [walk.place().orders[0].order_id for _ in range(5)]
    seen, after = [], None
    for _ in range(3):
        page = household_orders(
            walk.db, household_query(walk, after=after, limit=2), walk.street.resident
        )
        seen += [order.order_id for order in page.items]
        after = page.next_after
    assert after is None
    assert seen == sorted(placed, reverse=True)


@pytest.mark.parametrize("after", ["第二页", "x", "0" * 25])
def test_a_page_after_nothing_is_malformed(walk: Walk, after: str) -> None:
    with pytest.raises(Malformed):
        household_orders(walk.db, household_query(walk, after=after), walk.street.resident)
    with pytest.raises(Malformed):
        order_amounts(walk.db, OrderAmountsQuery(after=after))


def test_a_page_takes_one_statement(walk: Walk) -> None:
    for _ in range(3):
        walk.place_at_two_stores()
    before = statements_sent()
    page = household_orders(walk.db, household_query(walk), walk.street.resident)
    assert statements_sent() - before == 1
    assert len(page.items) == 6


def test_lists_are_of_their_own_group_and_states(walk: Walk) -> None:
    walk.place_at_two_stores()
    walk.order_in(S.PREPARING)
    at_store = store_orders(walk.db, store_query(walk), walk.street.merchant, NOW).items
    assert {order.store_name for order in at_store} == {"老陈早餐"}
    assert len(at_store) == 2
    working = store_query(walk, states=[S.PREPARING, S.READY])
    (order,) = store_orders(walk.db, working, walk.street.merchant, NOW).items
    assert order.state is S.PREPARING


@pytest.mark.parametrize("who", ["stranger", "courier"])
def test_lists_of_others_are_not_to_be_found(walk: Walk, who: str) -> None:
    actor = getattr(walk.street, who)
    with pytest.raises(NotYourOrder):
        household_orders(walk.db, household_query(walk), actor)
    with pytest.raises(NotYourOrder):
        store_orders(walk.db, store_query(walk), actor, NOW)
    with pytest.raises(NotYourOrder):
        household_orders(walk.db, household_query(walk), walk.street.merchant)
    with pytest.raises(NotYourOrder):
        store_orders(walk.db, store_query(walk), walk.street.resident, NOW)


def test_staff_see_the_lists_of_their_communities(walk: Walk) -> None:
    walk.place()
    here, elsewhere = walk.street.mediator, staff((new_id(),))
    assert len(household_orders(walk.db, household_query(walk), here).items) == 1
    assert len(store_orders(walk.db, store_query(walk), here, NOW).items) == 1
    assert household_orders(walk.db, household_query(walk), elsewhere).items == []
    assert all_orders(walk.db, AllOrdersQuery(), elsewhere, NOW).items == []
    assert all_orders(walk.db, AllOrdersQuery(), staff(()), NOW).items == []
    both = staff((new_id(), COMMUNITY))
    assert len(all_orders(walk.db, AllOrdersQuery(), both, NOW).items) == 1


def staff(communities: tuple[str, ...]) -> Actor:
    return person({}, roles=(Role.MEDIATOR,), communities=communities)


def found(walk: Walk, now: object = None, **fields: object) -> list[str]:
    page = all_orders(walk.db, AllOrdersQuery(**fields), walk.street.mediator, now or NOW)
    return [order.order_id for order in page.items]


def test_staff_find_an_order_by_what_people_say(walk: Walk) -> None:
    placed = walk.place_at_two_stores()
    breakfast, laundry = placed.orders
    assert found(walk, text=f"#{breakfast.number}") == [breakfast.order_id]
    assert found(walk, text=laundry.order_id) == [laundry.order_id]
    assert set(found(walk, text=placed.payment_id)) == {breakfast.order_id, laundry.order_id}
    assert found(walk, text="丽芳") == [laundry.order_id]
    assert len(found(walk, text="3号楼")) == 2
    assert found(walk, text="%") == []
    assert found(walk, text="１２３４５６") == []
    assert found(walk, text="丽芳", states=[S.COMPLETED]) == []
    assert found(walk, community_id=new_id()) == []
    assert len(found(walk, community_id=COMMUNITY)) == 2


def test_parts_of_addresses_are_looked_for_among_newer_orders_only(walk: Walk) -> None:
    order_id = walk.place().orders[0].order_id
    much_later = NOW + timedelta(days=365)
    assert found(walk, now=much_later, text="3号楼") == []
    assert found(walk, now=much_later, text=order_id) == [order_id]


def test_counts_are_for_ones_own_and_for_the_overview(walk: Walk) -> None:
    walk.place_at_two_stores()
    walk.order_in(S.PREPARING)
    street = walk.street
    of_store = StateCountsQuery(store_id=street.breakfast.store_id)
    of_household = StateCountsQuery(household_id=street.household_id)
    assert count_states(walk.db, of_store, street.merchant, NOW).counts == {
        S.AWAITING_PAYMENT: 1,
        S.PREPARING: 1,
    }
    of_all = {S.AWAITING_PAYMENT: 2, S.PREPARING: 1}
    assert count_states(walk.db, of_household, street.resident, NOW).counts == of_all
    assert count_states(walk.db, StateCountsQuery(), street.mediator, NOW).counts == of_all
    here = StateCountsQuery(community_id=COMMUNITY)
    assert count_states(walk.db, here, street.mediator, NOW).counts == of_all
    assert count_states(walk.db, here, staff((new_id(),)), NOW).counts == {}


@pytest.mark.parametrize("who", ["stranger", "courier"])
def test_counts_of_others_are_refused(walk: Walk, who: str) -> None:
    actor = getattr(walk.street, who)
    with pytest.raises(NotYourOrder):
        count_states(walk.db, StateCountsQuery(store_id=walk.street.breakfast.store_id), actor, NOW)
    with pytest.raises(NotYourOrder):
        count_states(walk.db, StateCountsQuery(household_id=walk.street.household_id), actor, NOW)
    with pytest.raises(Forbidden):
        count_states(walk.db, StateCountsQuery(community_id=COMMUNITY), actor, NOW)
    with pytest.raises(Forbidden):
        count_states(walk.db, StateCountsQuery(), actor, NOW)


def test_the_audit_reads_what_orders_believes_in_id_order(walk: Walk) -> None:
    paid = walk.order_in(S.AWAITING_CONFIRMATION)
    unpaid = walk.place().orders[0]
    first = order_amounts(walk.db, OrderAmountsQuery(limit=1))
    second = order_amounts(walk.db, OrderAmountsQuery(limit=1, after=first.next_after))
    assert [amount.order_id for amount in (*first.items, *second.items)] == sorted(
        [paid, unpaid.order_id]
    )
    assert second.next_after is None
    amounts = {amount.order_id: amount for amount in (*first.items, *second.items)}
    assert amounts[paid].paid
    assert not amounts[paid].refunded
    assert not amounts[paid].settled
    assert not amounts[unpaid.order_id].paid
    assert amounts[unpaid.order_id].amount_fen == 1400
    assert walk.services.payment_states[unpaid.payment_id] is PaymentState.OPEN


def entrypoints(kind: type) -> dict[str, object]:
    found = {}
    for name, method in inspect.getmembers(OrdersService, inspect.isfunction):
        for entrypoint in getattr(method, "nameko_entrypoints", ()):
            if isinstance(entrypoint, kind):
                found[name] = entrypoint
    return found


DOORS = """
public                 reviews store_scores taken_slots
signed in              order record thread say cancel_order household_orders store_orders counts
signed in              amendments case cases escalate_case review
signed in              dispute disputes open_dispute propose_split accept_split call_mediator
signed in              withdraw_dispute accept_ruling appeal_ruling merchant_stats
order.place            place_orders
order.confirm_receipt  confirm_receipt
order.after_sales      answer_amendment open_case accept_offer withdraw_case send_back
order.after_sales      confirm_replacement write_review
store_order.handle     desk order_by_code confirm_order mark_ready dispatch_order hand_over
store_order.handle     start_service finish_service propose_amendment withdraw_amendment
store_order.handle     answer_case take_back send_replacement answer_review
order.view_any         all_orders
order.mediate          take_dispute ask_party rule_dispute pass_to_manager case_file precedents
order.mediate          dispute_counts merchants_stats hide_review
order.appeal           decide_appeal
money.audit            order_amounts
saga.retry             sagas retry_saga
"""
"""Where it says `signed in`, the use case asks on which side the actor stands."""


def test_each_door_says_who_may_pass() -> None:
    expected = {}
    for line in DOORS.strip().splitlines():
        right, names = re.split(r" {2,}", line, maxsplit=1)
        expected |= dict.fromkeys(names.split(), right)
    doors = {
        name: door.permission
        or ("signed in" if door.signed_in else "public" if door.public else "?")
        for name, door in entrypoints(Rpc).items()
    }
    assert doors == expected


def test_every_event_that_is_ours_to_hear_is_heard() -> None:
    heard = {door.event_type.name for door in entrypoints(Subscribe).values()}
    assert heard == {name for name, to in SUBSCRIBERS.items() if "orders" in to}


def test_the_migrations_make_what_the_tables_say(walk: Walk) -> None:
    assert differences("orders", walk.db.url) == []
