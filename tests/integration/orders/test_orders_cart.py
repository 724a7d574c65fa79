"""A cart of several stores: one payment, one order a store, each handed over in its own way."""

import pytest

from services.contracts.catalog import Fulfilment
from services.contracts.orders import (
    AppointmentNeeded,
    NotOffered,
    OrderState,
    SlotNotOffered,
    StoreHandover,
)
from services.kernel.errors import Malformed
from services.kernel.ids import new_id
from tests.support.order_walk import Walk
from tests.support.orders import NOW, SLOT, told_names

pytestmark = pytest.mark.database
S, F = OrderState, Fulfilment


def everything(walk: Walk) -> dict[str, int]:
    """豆浆 here, 洗衣 there, and an hour of the cleaners."""
    street = walk.street
    return {street.soy.sku_id: 2, street.wash.sku_id: 1, street.clean.sku_id: 1}


def wishes(walk: Walk) -> dict[str, object]:
    street = walk.street
    fetch = StoreHandover(store_id=street.laundry.store_id, fulfilment=F.PICKUP)
    return {"handovers": [fetch], "appointments": [street.at(SLOT)]}


def test_three_stores_make_three_orders_under_one_payment_each_as_wished(walk: Walk) -> None:
    placed = walk.place(everything(walk), **wishes(walk))
    assert [(o.store_name, o.fulfilment, o.amount_fen) for o in placed.orders] == [
        ("老陈早餐", F.DELIVERY, 600),
        ("丽芳洗衣", F.PICKUP, 2000),
        ("老陈家政", F.AT_HOME, 6000),
    ]
    (opened,) = walk.services.payments.values()
    assert opened.payment_id == placed.payment_id
    assert sum(part.amount_fen for part in opened.allocations) == placed.amount_fen == 8600
    assert [part.order_id for part in opened.allocations] == [o.order_id for o in placed.orders]
    walk.pay(placed)
    assert walk.states() == [S.AWAITING_CONFIRMATION] * 3
    assert told_names(walk.db) == ["order.paid"] * 3


def test_after_the_payment_each_order_goes_its_own_way(walk: Walk) -> None:
    placed = walk.place(everything(walk), **wishes(walk))
    walk.pay(placed)
    soy, wash, clean = (one.order_id for one in placed.orders)
    walk.confirm(soy)
    walk.confirm(clean)
    walk.cancel(wash)
    assert walk.states() == [S.PREPARING, S.CANCELLED, S.SCHEDULED]


def test_a_service_beside_goods_of_its_store_is_an_order_of_its_own(walk: Walk) -> None:
    street = walk.street
    mop = street.soy.model_copy(update={"sku_id": new_id(), "store_id": street.cleaners.store_id})
    street.shelf[mop.sku_id] = mop
    placed = walk.place(
        {mop.sku_id: 1, street.clean.sku_id: 1}, appointments=[street.at(SLOT, F.IN_STORE)]
    )
    assert [(o.fulfilment, o.slot_from, o.slot_until is None) for o in placed.orders] == [
        (F.DELIVERY, None, True),
        (F.IN_STORE, SLOT, False),
    ]


def test_cash_is_offered_only_where_a_courier_comes_with_all_of_it(walk: Walk) -> None:
    walk.place_at_two_stores()
    walk.place(everything(walk), **wishes(walk))
    cash = [opened.cash_at_door for opened in walk.services.payments.values()]
    assert cash == [True, False]


def test_a_wish_that_cannot_be_had_gives_all_pieces_back(walk: Walk) -> None:
    street = walk.street
    by_courier = StoreHandover(store_id=street.breakfast.store_id, fulfilment=F.AT_HOME)
    with pytest.raises(NotOffered) as refused:
        walk.place(handovers=[by_courier])
    assert refused.value.fields[street.soy.sku_id] == "delivery,pickup"
    with pytest.raises(AppointmentNeeded):
        walk.place(everything(walk))
    with pytest.raises(SlotNotOffered):
        walk.book(NOW)
    with pytest.raises(Malformed):
        walk.place(appointments=[street.at(SLOT)])
    assert walk.services.still_held() == set()
    assert walk.states() == []
    assert walk.services.payments == {}
