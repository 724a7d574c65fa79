"""How each part of a cart reaches its buyer: as wished, as offered, else by courier."""

from datetime import timedelta

import pytest

from services.contracts.catalog import Fulfilment, ItemKind, ReservedLine
from services.contracts.orders import (
    Appointment,
    AppointmentNeeded,
    NotOffered,
    PlaceOrders,
    SlotNotOffered,
    StoreHandover,
)
from services.kernel.errors import Malformed
from services.kernel.ids import new_id
from services.orders.domain.basket import orders_of
from services.orders.domain.handing import Handing, check_wishes, handing_of
from tests.support.orders import NOW, SLOT
from tests.unit.orders.test_orders_basket import command, context, goods, plan, wish

F = Fulfilment
HOUR = timedelta(hours=1)


def service(store_id: str, *ways: Fulfilment, **fields: object) -> ReservedLine:
    offered = list(ways or (F.AT_HOME,))
    values = {"kind": ItemKind.SERVICE, "fulfilments": offered, "slot_minutes": 60, **fields}
    return goods(store_id, 6000, **values)


def booked(line: ReservedLine, **fields: object) -> PlaceOrders:
    asked = Appointment(sku_id=line.sku_id, starts_at=SLOT, **fields)
    return command(appointments=[asked])


@pytest.mark.parametrize(
    ("offered", "way"),
    [
        ([F.DELIVERY, F.PICKUP], F.DELIVERY),
        ([F.PICKUP, F.DELIVERY], F.DELIVERY),
        ([F.PICKUP], F.PICKUP),
        ([F.IN_STORE], F.IN_STORE),
        ([F.IN_STORE, F.PICKUP], F.PICKUP),
    ],
)
def test_nothing_said_means_by_courier_or_else_the_first_way_there_is(
    offered: list[Fulfilment], way: Fulfilment
) -> None:
    line = goods(new_id(), fulfilments=offered)
    assert handing_of(command(), [line], NOW) == Handing(way)


def test_a_wish_holds_for_its_own_store_only() -> None:
    here, there = goods(new_id()), goods(new_id())
    asked = command(handovers=[StoreHandover(store_id=here.store_id, fulfilment=F.PICKUP)])
    assert handing_of(asked, [here], NOW).fulfilment is F.PICKUP
    assert handing_of(asked, [there], NOW).fulfilment is F.DELIVERY


def test_what_one_line_does_not_offer_its_order_cannot_have() -> None:
    store = new_id()
    both, fetched = goods(store), goods(store, fulfilments=[F.PICKUP])
    assert handing_of(command(), [both, fetched], NOW).fulfilment is F.PICKUP
    asked = command(handovers=[StoreHandover(store_id=store, fulfilment=F.DELIVERY)])
    with pytest.raises(NotOffered) as refused:
        handing_of(asked, [both, fetched], NOW)
    assert refused.value.fields == {both.sku_id: "delivery,pickup", fetched.sku_id: "pickup"}


def test_lines_that_share_no_way_cannot_come_together() -> None:
    store = new_id()
    lines = [goods(store, fulfilments=[F.PICKUP]), goods(store, fulfilments=[F.DELIVERY])]
    with pytest.raises(NotOffered):
        handing_of(command(), lines, NOW)


def test_a_service_needs_a_time_and_gets_it() -> None:
    line = service(new_id(), F.AT_HOME, F.IN_STORE)
    with pytest.raises(AppointmentNeeded) as refused:
        handing_of(command(), [line], NOW)
    assert set(refused.value.fields) == {line.sku_id}
    assert handing_of(booked(line), [line], NOW) == Handing(F.AT_HOME, SLOT, SLOT + HOUR)
    in_store = booked(line, fulfilment=F.IN_STORE)
    assert handing_of(in_store, [line], NOW) == Handing(F.IN_STORE, SLOT, SLOT + HOUR)


def test_a_service_is_served_only_as_and_when_it_is_offered() -> None:
    line = service(new_id(), F.IN_STORE)
    with pytest.raises(NotOffered) as refused:
        handing_of(booked(line), [line], NOW)
    assert refused.value.fields == {line.sku_id: "in_store"}
    odd = Appointment(
        sku_id=line.sku_id, starts_at=SLOT + timedelta(minutes=1), fulfilment=F.IN_STORE
    )
    with pytest.raises(SlotNotOffered):
        handing_of(command(appointments=[odd]), [line], NOW)


def test_a_service_without_slots_is_ordered_like_goods() -> None:
    line = service(new_id(), F.AT_HOME, slot_minutes=0)
    assert handing_of(command(), [line], NOW) == Handing(F.AT_HOME)


def test_a_wish_about_what_is_not_in_the_cart_or_said_twice_is_malformed() -> None:
    soy, line = goods(new_id()), service(new_id())
    handover = StoreHandover(store_id=soy.store_id, fulfilment=F.PICKUP)
    time = Appointment(sku_id=line.sku_id, starts_at=SLOT)
    check_wishes(command(handovers=[handover], appointments=[time]), [soy, line])
    for fields in (
        {"handovers": [handover, handover]},
        {"handovers": [StoreHandover(store_id=new_id(), fulfilment=F.PICKUP)]},
        {"appointments": [time, time]},
        {"appointments": [Appointment(sku_id=soy.sku_id, starts_at=SLOT)]},
    ):
        with pytest.raises(Malformed) as refused:
            check_wishes(command(**fields), [soy, line])
        assert set(refused.value.fields) == set(fields)


def test_services_are_orders_of_their_own_and_only_what_is_fetched_has_a_code() -> None:
    store = new_id()
    soy, card = goods(store), plan(store)
    home, visit = service(store), service(store, F.IN_STORE)
    lines = [soy, home, card, visit, goods(store, 200)]
    asked = wish(
        handovers=[StoreHandover(store_id=store, fulfilment=F.PICKUP)],
        appointments=[
            Appointment(sku_id=home.sku_id, starts_at=SLOT),
            Appointment(sku_id=visit.sku_id, starts_at=SLOT, fulfilment=F.IN_STORE),
        ],
    )
    placed = [one.order for one in orders_of(asked, lines, context(store), [], NOW)]
    assert [(one.fulfilment, one.slot_from, len(one.sku_ids)) for one in placed] == [
        (F.PICKUP, None, 2),
        (F.AT_HOME, SLOT, 1),
        (F.IN_STORE, None, 1),
        (F.IN_STORE, SLOT, 1),
    ]
    codes = [one.pickup_code for one in placed]
    assert [code is not None for code in codes] == [True, False, False, True]
    assert all(code is None or (len(code) == 8 and code.isdecimal()) for code in codes)
