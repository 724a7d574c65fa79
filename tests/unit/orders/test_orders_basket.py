"""Prices become orders: nothing lost, nothing invented."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.catalog import ItemKind, ReservedLine
from services.contracts.identity import OrderContext, StoreBrief
from services.contracts.marketing import Adjustment
from services.contracts.orders import (
    NothingToPay,
    OrderLine,
    OtherAddressNeedsRemark,
    Party,
    PlaceOrders,
    TooManyStores,
)
from services.contracts.settlement import CardSale
from services.kernel.errors import InvariantBroken, Malformed
from services.kernel.ids import new_id
from services.orders.domain.basket import (
    Wish,
    check_address,
    lines_to_reserve,
    orders_of,
    stores_of,
)
from services.orders.domain.doer import Doer

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


def goods(store_id: str, price_fen: int = 300, quantity: int = 1, **fields: object) -> ReservedLine:
    values: dict[str, object] = {
        "sku_id": new_id(),
        "item_id": new_id(),
        "store_id": store_id,
        "item_name": "豆浆",
        "sku_name": "大杯",
        "kind": ItemKind.GOODS,
        "category": "早餐",
        "quantity": quantity,
        "price_fen": price_fen,
    }
    return ReservedLine.model_validate(values | fields)


def plan(store_id: str, quantity: int = 1) -> ReservedLine:
    named = {"item_name": "会员卡", "sku_name": "充300送30", "category": "会员卡"}
    return goods(store_id, 30_000, quantity, kind=ItemKind.CARD_PLAN, gift_fen=3000, **named)


def off(sku_id: str, amount_fen: int, funded_by: str = "company") -> Adjustment:
    return Adjustment(
        sku_id=sku_id,
        promotion_id=new_id(),
        label="减",
        amount_fen=amount_fen,
        funded_by=funded_by,
    )


def command(**fields: object) -> PlaceOrders:
    values = {"request_id": new_id(), "household_id": new_id()}
    line = OrderLine(sku_id=new_id(), quantity=1)
    return PlaceOrders(**{**values, "lines": [line], **fields})


def wish(**fields: object) -> Wish:
    doer = Doer(Party.RESIDENT, new_id(), "张伟", "h5")
    return Wish(command(**fields), doer, new_id(), new_id(), NOW)


def context(*store_ids: str) -> OrderContext:
    stores = [StoreBrief(store_id=s, merchant_id=new_id(), name=f"店{s[-4:]}") for s in store_ids]
    return OrderContext(
        household_id=new_id(),
        home_id=new_id(),
        community_id=new_id(),
        building_id=new_id(),
        address="3号楼501",
        contact_name="张伟",
        stores=stores,
    )


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 10**6), st.integers(1, 999)),
        min_size=1,
        max_size=50,
    )
)
def test_the_orders_sum_to_the_goods(drawn: list[tuple[int, int, int]]) -> None:
    stores = [new_id() for _ in range(4)]
    lines = [goods(stores[store], price_fen, quantity) for store, price_fen, quantity in drawn]
    placed = orders_of(wish(), lines, context(*stores), [], NOW)
    assert sum(one.order.amount_fen for one in placed) == sum(
        x.price_fen * x.quantity for x in lines
    )
    assert sorted(x.sku_id for x in lines) == sorted(s for o in placed for s in o.order.sku_ids)
    assert [one.order.store_id for one in placed] == stores_of(lines)
    for one in placed:
        assert {line.goods.store_id for line in one.lines} == {one.order.store_id}
        assert sum(line.amount_fen for line in one.lines) == one.order.amount_fen


def test_adjustments_change_their_own_line_only() -> None:
    store = new_id()
    first, second = goods(store, 1000), goods(store, 500, 2)
    quote = [off(first.sku_id, -300), off(first.sku_id, -1), off(second.sku_id, 50)]
    (placed,) = orders_of(wish(), [first, second], context(store), quote, NOW)
    assert [line.amount_fen for line in placed.lines] == [699, 1050]
    assert placed.order.amount_fen == 1749


def test_each_prepaid_card_is_an_order_of_its_own_beside_the_goods_of_its_store() -> None:
    store, other = new_id(), new_id()
    soy, first, stick, second = goods(store), plan(store), goods(store, 200), plan(store, 2)
    lines = [soy, first, stick, goods(other), second]
    placed = orders_of(wish(), lines, context(store, other), [], NOW)
    assert [one.order.amount_fen for one in placed] == [500, 30_000, 300, 60_000]
    assert [one.order.sells_card for one in placed] == [False, True, False, True]
    assert [one.allocation.card for one in placed] == [
        None,
        CardSale(name="会员卡 充300送30", gift_fen=3000),
        None,
        CardSale(name="会员卡 充300送30×2", gift_fen=6000),
    ]


def test_settlement_is_told_the_category_only_when_there_is_one() -> None:
    store = new_id()
    soy, tea = goods(store), goods(store, category="饮料")
    (alone,) = orders_of(wish(), [soy, goods(store, 200)], context(store), [], NOW)
    (mixed,) = orders_of(wish(), [soy, tea], context(store), [], NOW)
    assert (alone.allocation.category, mixed.allocation.category) == ("早餐", "")


def test_settlement_is_told_what_the_property_pays_of_the_discounts_and_no_more() -> None:
    store = new_id()
    first, second = goods(store, 1000), goods(store, 500, 2)
    quote = [
        off(first.sku_id, -300),
        off(first.sku_id, -100, f"merchant:{new_id()}"),
        off(second.sku_id, -50),
    ]
    (placed,) = orders_of(wish(), [first, second], context(store), quote, NOW)
    assert (placed.allocation.amount_fen, placed.allocation.subsidy_fen) == (1550, 350)
    (dearer,) = orders_of(wish(), [second], context(store), [off(second.sku_id, 50)], NOW)
    assert dearer.allocation.subsidy_fen == 0


def test_a_promotion_may_not_take_more_than_a_line_costs() -> None:
    line = goods(new_id(), 300)
    with pytest.raises(InvariantBroken):
        orders_of(wish(), [line], context(line.store_id), [off(line.sku_id, -301)], NOW)


def test_a_promotion_on_something_else_is_a_fault() -> None:
    line = goods(new_id())
    with pytest.raises(InvariantBroken):
        orders_of(wish(), [line], context(line.store_id), [off(new_id(), -1)], NOW)


def test_a_store_whose_part_costs_nothing_is_refused() -> None:
    paid, free = goods(new_id(), 300), goods(new_id(), 0)
    stores = context(paid.store_id, free.store_id)
    with pytest.raises(NothingToPay):
        orders_of(wish(), [paid, free], stores, [], NOW)
    gift = goods(paid.store_id, 0)
    (placed,) = orders_of(wish(), [paid, gift], context(paid.store_id), [], NOW)
    assert placed.order.amount_fen == 300


def test_a_store_that_nobody_vouched_for_is_a_fault() -> None:
    with pytest.raises(InvariantBroken):
        orders_of(wish(), [goods(new_id())], context(new_id()), [], NOW)


def test_more_than_twenty_orders_in_one_payment_are_refused() -> None:
    assert len(stores_of([goods(new_id()) for _ in range(20)])) == 20
    with pytest.raises(TooManyStores):
        stores_of([goods(new_id()) for _ in range(21)])
    with pytest.raises(TooManyStores):
        stores_of([plan(new_id()), *(goods(new_id()) for _ in range(20))])


def test_a_sku_named_twice_is_reserved_once_and_a_thousand_pieces_are_too_many() -> None:
    sku = new_id()
    lines = [OrderLine(sku_id=sku, quantity=500), OrderLine(sku_id=sku, quantity=499)]
    (line,) = lines_to_reserve(lines)
    assert (line.sku_id, line.quantity) == (sku, 999)
    with pytest.raises(Malformed):
        lines_to_reserve([*lines, OrderLine(sku_id=sku, quantity=1)])


def test_another_address_needs_a_remark() -> None:
    check_address(command())
    check_address(command(other_address="岗亭", remark="在岗亭等"))
    with pytest.raises(OtherAddressNeedsRemark):
        check_address(command(other_address="岗亭"))


def test_a_long_list_of_goods_is_cut_to_what_a_column_holds() -> None:
    store = new_id()
    lines = [goods(store) for _ in range(50)]
    (placed,) = orders_of(wish(), lines, context(store), [], NOW)
    assert placed.order.summary.startswith("豆浆(大杯)×1 豆浆(大杯)×1")
    assert len(placed.order.summary) == 200
    assert placed.order.summary.endswith("…")
