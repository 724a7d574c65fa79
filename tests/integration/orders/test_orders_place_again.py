"""Placing: what refusals, outages, repeats and rivals leave behind."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.contracts.catalog import OutOfStock, ReservationOver
from services.contracts.identity import NotCertified, StoreDoesNotServe
from services.contracts.orders import NothingToPay, OrderState
from services.kernel.errors import DeadlineExceeded, InvariantBroken, LinliError, Unavailable
from services.kernel.ids import new_id
from services.kernel.requests import RequestConflict
from services.orders.use_cases.place_orders import place_orders
from tests.support.order_walk import Walk
from tests.support.orders import NOW, PAY_BEFORE, SETTINGS

pytestmark = pytest.mark.database


@pytest.mark.parametrize(
    ("method", "refusal"),
    [
        ("identity_order_context", NotCertified()),
        ("identity_order_context", StoreDoesNotServe()),
        ("marketing_quote", InvariantBroken("promotions are broken")),
    ],
)
def test_a_refusal_gives_the_pieces_back_and_keeps_no_order(
    walk: Walk, method: str, refusal: LinliError
) -> None:
    walk.services.faults[method] = refusal
    with pytest.raises(type(refusal)):
        walk.place()
    assert walk.services.still_held() == set()
    assert walk.states() == []
    assert walk.services.payments == {}


def test_goods_that_cost_nothing_are_refused_and_given_back(walk: Walk) -> None:
    street = walk.street
    street.shelf[street.soy.sku_id] = street.soy.model_copy(update={"price_fen": 0})
    with pytest.raises(NothingToPay):
        walk.place({street.soy.sku_id: 1})
    assert walk.services.still_held() == set()


def test_out_of_stock_is_said_and_leaves_the_request_free(walk: Walk) -> None:
    wish = walk.street.wish()
    walk.services.stock[walk.street.soy.sku_id] = 1
    with pytest.raises(OutOfStock) as refused:
        place_orders(walk.db, walk.services, wish, walk.street.resident, NOW, SETTINGS)
    assert refused.value.fields == {walk.street.soy.sku_id: "0"}
    walk.services.stock.clear()
    place_orders(walk.db, walk.services, wish, walk.street.resident, NOW, SETTINGS)
    assert walk.states() == [OrderState.AWAITING_PAYMENT]


def test_a_refusal_stands_for_the_same_request(walk: Walk) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    walk.services.faults["identity_order_context"] = NotCertified()
    with pytest.raises(NotCertified):
        place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    walk.services.faults.clear()
    with pytest.raises(NotCertified):
        place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    assert walk.states() == []


def test_a_release_that_finds_nobody_hides_no_refusal(walk: Walk) -> None:
    walk.services.faults["identity_order_context"] = NotCertified()
    walk.services.faults["catalog_release_reservation"] = Unavailable()
    with pytest.raises(NotCertified):
        walk.place()


@pytest.mark.parametrize("method", ["catalog_reserve", "identity_order_context", "marketing_quote"])
def test_an_outage_leaves_the_pieces_to_the_repeat(walk: Walk, method: str) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    walk.services.faults[method] = DeadlineExceeded()
    with pytest.raises(Unavailable):
        place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    assert walk.services.given_back == set()
    walk.services.faults.clear()
    placed = place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    assert len(walk.services.held) == 1
    assert walk.view(placed.orders[0].order_id).state is OrderState.AWAITING_PAYMENT


def test_an_outage_of_settlement_is_mended_by_the_repeat(walk: Walk) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    walk.services.faults["settlement_open_payment"] = Unavailable()
    with pytest.raises(Unavailable):
        place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    walk.services.faults.clear()
    later = NOW + timedelta(minutes=1)
    placed = place_orders(walk.db, walk.services, wish, resident, later, SETTINGS)
    assert placed.pay_before == PAY_BEFORE
    assert walk.states() == [OrderState.AWAITING_PAYMENT]
    assert set(walk.services.payments) == {placed.payment_id}


def test_the_same_request_gives_the_first_answer_again(walk: Walk) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    first = place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    again = place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    assert again == first
    assert walk.states() == [OrderState.AWAITING_PAYMENT]


def test_the_same_request_gives_the_first_answer_even_when_its_pieces_are_gone(walk: Walk) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    first = place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    walk.services.given_back.update(walk.services.held)
    assert place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS) == first


def test_a_refusal_after_the_fact_does_not_touch_the_order(walk: Walk) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    first = place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    walk.services.faults["identity_order_context"] = NotCertified()
    assert place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS) == first
    assert walk.services.given_back == set()


def test_pieces_that_went_back_before_anything_was_decided_end_the_request(walk: Walk) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    walk.services.faults["identity_order_context"] = Unavailable()
    with pytest.raises(Unavailable):
        place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    walk.services.faults.clear()
    walk.services.given_back.update(walk.services.held)  # they expired
    for _ in range(2):
        with pytest.raises(ReservationOver):
            place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    assert walk.states() == []


def test_another_body_under_the_same_request_is_refused_and_takes_nothing_away(walk: Walk) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    (held,) = walk.services.still_held()
    other = wish.model_copy(update={"remark": "两份"})
    with pytest.raises(RequestConflict):
        place_orders(walk.db, walk.services, other, resident, NOW, SETTINGS)
    assert walk.services.still_held() == {held}
    assert walk.states() == [OrderState.AWAITING_PAYMENT]


def test_the_same_request_of_another_account_is_refused(walk: Walk) -> None:
    wish, resident = walk.street.wish(), walk.street.resident
    place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    relative = resident.model_copy(update={"account_id": new_id()})
    with pytest.raises(RequestConflict):
        place_orders(walk.db, walk.services, wish, relative, NOW, SETTINGS)
    assert len(walk.services.still_held()) == 1


def test_the_same_request_many_times_at_once_makes_one_order(walk: Walk) -> None:
    wish, resident = walk.street.wish(), walk.street.resident

    def place(_: int) -> str:
        placed = place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
        return placed.model_dump_json()

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(place, range(8)))
    assert len(answers) == 1
    assert walk.states() == [OrderState.AWAITING_PAYMENT]
    assert len(walk.services.still_held()) == 1
    assert len(walk.services.payments) == 1


def test_rivals_of_one_wish_cannot_be_both_granted_and_given_back(walk: Walk) -> None:
    """The refused one decides first; the other, already quoted, must hear the refusal."""
    wish, resident = walk.street.wish(), walk.street.resident

    def refuse_a_rival() -> None:
        walk.services.faults["identity_order_context"] = NotCertified()
        with pytest.raises(NotCertified):
            place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
        walk.services.faults.clear()

    walk.services.before["marketing_quote"] = refuse_a_rival
    with pytest.raises(NotCertified):
        place_orders(walk.db, walk.services, wish, resident, NOW, SETTINGS)
    assert walk.states() == []
    assert walk.services.still_held() == set()
