"""Services at a set time: seats are counted, freed, and the service begins and ends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.contracts.catalog import Fulfilment
from services.contracts.orders import (
    OrderState,
    SlotTaken,
    TakenSlotsQuery,
    WrongState,
)
from services.kernel.entrypoints import rerun_on_conflict
from services.kernel.errors import Malformed
from services.kernel.ids import new_id
from services.orders import ending, locks
from services.orders.domain.doer import SYSTEM
from services.orders.use_cases.close_payment import expire_unpaid
from services.orders.use_cases.place_orders import place_orders
from services.orders.use_cases.show_orders import taken_slots
from tests.support.order_walk import Walk
from tests.support.orders import NOW, PAY_BEFORE, SETTINGS, SLOT, told_events, told_names

pytestmark = pytest.mark.database
S, F = OrderState, Fulfilment
HOUR = timedelta(hours=1)


def seats(walk: Walk) -> list[tuple[object, int]]:
    """Booked times of the cleaners and how many have each."""
    query = TakenSlotsQuery(
        item_id=walk.street.clean.item_id, day_from=NOW, day_until=NOW + timedelta(days=31)
    )
    return [(slot.starts_at, slot.taken) for slot in taken_slots(walk.db, query).slots]


def test_twenty_rivals_on_two_seats_get_exactly_two(walk: Walk) -> None:
    wishes = [
        walk.street.wish({walk.street.clean.sku_id: 1}, appointments=[walk.street.at(SLOT)])
        for _ in range(20)
    ]

    def one(number: int) -> str:
        def place() -> None:
            resident = walk.street.resident
            place_orders(walk.db, walk.services, wishes[number], resident, NOW, SETTINGS)

        try:
            rerun_on_conflict("rival", place)
        except SlotTaken as taken:
            return f"{taken.code} {sorted(taken.fields)}"
        return "booked"

    with ThreadPoolExecutor(10) as pool:
        answers = sorted(pool.map(one, range(20)))
    refused = f"orders.slot_taken {[walk.street.clean.sku_id]}"
    assert answers == ["booked"] * 2 + [refused] * 18
    assert seats(walk) == [(SLOT, 2)]
    assert walk.states() == [S.AWAITING_PAYMENT] * 2
    assert len(walk.services.still_held()) == 2


def test_who_was_too_late_gets_the_same_answer_again_and_may_choose_another_hour(
    walk: Walk,
) -> None:
    wish = walk.street.wish({walk.street.clean.sku_id: 1}, appointments=[walk.street.at(SLOT)])
    booked = [walk.book().orders[0].order_id for _ in range(2)]
    for order_id in booked:
        with pytest.raises(SlotTaken):
            place_orders(walk.db, walk.services, wish, walk.street.resident, NOW, SETTINGS)
        walk.cancel(order_id)
    walk.book(SLOT + HOUR)
    assert seats(walk) == [(SLOT + HOUR, 1)]


def test_an_unpaid_booking_frees_its_seat_when_its_time_is_over(walk: Walk) -> None:
    walk.book()
    expire_unpaid(walk.db, walk.services, PAY_BEFORE, SETTINGS)
    assert walk.states() == [S.CANCELLED]
    assert seats(walk) == []


@pytest.mark.parametrize("state", [S.AWAITING_PAYMENT, S.AWAITING_CONFIRMATION, S.SCHEDULED])
def test_a_cancelled_booking_frees_its_seat(walk: Walk, state: OrderState) -> None:
    order_id = walk.service_in(state)
    assert seats(walk) == [(SLOT, 1)]
    walk.cancel(order_id, walk.street.mediator)
    assert seats(walk) == []


def test_a_deal_stopped_before_its_hour_frees_the_seat_and_one_after_it_does_not(
    walk: Walk,
) -> None:
    before, after = walk.service_in(S.SCHEDULED), walk.service_in(S.IN_SERVICE)
    for order_id in (before, after):
        with walk.db.transaction() as tx:
            order = locks.order_for_update(tx, order_id)
            ending.end_deal(tx, order, SYSTEM, "各退一半", NOW, {order_id: False})
    assert walk.states() == [S.COMPLETED] * 2
    assert seats(walk) == [(SLOT, 1)]


def test_only_times_within_a_month_are_told(walk: Walk) -> None:
    walk.book()
    item = walk.street.clean.item_id
    none = TakenSlotsQuery(item_id=item, day_from=SLOT + HOUR, day_until=SLOT + 2 * HOUR)
    assert taken_slots(walk.db, none).slots == []
    other = TakenSlotsQuery(item_id=new_id(), day_from=NOW, day_until=SLOT + HOUR)
    assert taken_slots(walk.db, other).slots == []
    far = TakenSlotsQuery(item_id=item, day_from=NOW, day_until=NOW + timedelta(days=32))
    with pytest.raises(Malformed):
        taken_slots(walk.db, far)


# the service itself


def test_a_service_at_home_is_scheduled_begun_done_and_received(walk: Walk) -> None:
    order_id = walk.service_in(S.SCHEDULED)
    assert walk.start_service(order_id).started_at == NOW
    view = walk.finish_service(order_id, photos=[walk.photo()])
    assert (view.state, view.delivered_at, view.delivered_to_door) == (S.DELIVERED, NOW, True)
    due = NOW + timedelta(seconds=SETTINGS.auto_complete_after_s)
    assert view.deadline_at == due
    assert walk.confirm_receipt(order_id).state is S.COMPLETED
    assert walk.steps(order_id) == [
        *("placed", "paid", "scheduled", "service_started", "service_finished", "completed"),
    ]
    told = ["order.completed", "order.confirmed", "order.delivered", "order.paid"]
    assert told_names(walk.db) == told


def test_a_service_may_be_finished_that_nobody_said_had_begun(walk: Walk) -> None:
    view = walk.finish_service(walk.service_in(S.SCHEDULED))
    assert (view.state, view.started_at) == (S.DELIVERED, NOW)


def test_finishing_again_with_the_same_request_shows_it_as_it_stands(walk: Walk) -> None:
    order_id, request_id = walk.service_in(S.IN_SERVICE), new_id()
    photos = [walk.photo()]
    first = walk.finish_service(order_id, request_id=request_id, photos=photos)
    assert walk.finish_service(order_id, request_id=request_id, photos=photos) == first
    assert told_names(walk.db).count("order.delivered") == 1
    with pytest.raises(WrongState):
        walk.finish_service(order_id)


def test_a_service_at_the_store_can_be_ended_with_its_code(walk: Walk) -> None:
    order_id = walk.service_in(S.SCHEDULED, F.IN_STORE)
    view = walk.hand_over(order_id, walk.code_of(order_id))
    assert view.state is S.COMPLETED
    begun = walk.service_in(S.IN_SERVICE, F.IN_STORE)
    assert walk.finish_service(begun).delivered_to_door is False


@pytest.mark.parametrize("act", ["mark_ready", "dispatch"])
def test_a_service_is_neither_packed_nor_given_to_a_courier(walk: Walk, act: str) -> None:
    order_id = walk.service_in(S.SCHEDULED)
    with pytest.raises(WrongState):
        getattr(walk, act)(order_id)
    assert told_events(walk.db)[-1][0] == "order.confirmed"


def test_a_delivery_is_not_served(walk: Walk) -> None:
    order_id = walk.order_in(S.READY)
    for act in (walk.start_service, walk.finish_service):
        with pytest.raises(WrongState):
            act(order_id)
