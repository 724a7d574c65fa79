"""Putting items on the shelf, counting them, and looking at them."""

from typing import Any

import pytest
from sqlalchemy import text

from services.catalog import queries
from services.catalog.rights import need_see_all_states
from services.catalog.use_cases.put_item import put_item
from services.catalog.use_cases.reserve import reserve
from services.catalog.use_cases.set_stock import set_stock
from services.contracts.catalog import (
    GOODS_FULFILMENTS,
    Fulfilment,
    ItemKind,
    ItemsQuery,
    ItemView,
    NoSuchItem,
    NotYourShelf,
    SetStock,
    SkuSpec,
)
from services.kernel.db import Database
from services.kernel.errors import Malformed
from services.kernel.ids import new_id
from services.kernel.migrations import differences
from services.kernel.requests import RequestConflict
from tests.support.catalog import (
    HOLD_MAX,
    NOW,
    discrepancies,
    item_command,
    movements_of,
    reserve_command,
    set_aside,
    shelve,
    shopkeeper_of,
    stock_of,
)

pytestmark = pytest.mark.database


def spec(stock: int | None = 5, price_fen: int = 300, sku_id: str | None = None) -> SkuSpec:
    return SkuSpec(sku_id=sku_id or new_id(), name="大杯", price_fen=price_fen, stock=stock)


def listed(db: Database, **query: object) -> list[ItemView]:
    with db.reading() as tx:
        return queries.items(tx, ItemsQuery(**query)).items


def test_an_item_shows_what_was_put(db: Database) -> None:
    store_id, large, small = new_id(), spec(stock=5), spec(stock=None, price_fen=0)
    command = item_command(
        store_id, [large, small], kind=ItemKind.SERVICE, description="现磨", picture="items/a.png"
    )
    view = put_item(db, command, shopkeeper_of(store_id), NOW)
    with db.reading() as tx:
        assert queries.item(tx, command.item_id) == view
    assert (view.kind, view.description, view.picture) == (ItemKind.SERVICE, "现磨", "items/a.png")
    assert [(sku.sku_id, sku.stock, sku.price_fen) for sku in view.skus] == [
        (large.sku_id, 5, 300),
        (small.sku_id, None, 0),
    ]
    assert discrepancies(db) == []


def test_the_same_put_again_gives_the_first_answer_and_another_body_is_refused(
    db: Database,
) -> None:
    store_id = new_id()
    keeper, command = shopkeeper_of(store_id), item_command(store_id, [spec()])
    first = put_item(db, command, keeper, NOW)
    assert put_item(db, command, keeper, NOW) == first
    with pytest.raises(RequestConflict):
        put_item(db, command.model_copy(update={"name": "油条"}), keeper, NOW)
    assert movements_of(db, first.skus[0].sku_id) == [("count", 5)]


def test_changing_an_item_keeps_known_stock_adds_new_skus_and_retires_the_others(
    db: Database,
) -> None:
    store_id, item_id = new_id(), new_id()
    keeper, kept, dropped, added = shopkeeper_of(store_id), spec(), spec(), spec(stock=7)
    put_item(db, item_command(store_id, [kept, dropped], item_id), keeper, NOW)
    changed = kept.model_copy(update={"price_fen": 450, "stock": 999})
    view = put_item(db, item_command(store_id, [added, changed], item_id), keeper, NOW)
    assert [(s.sku_id, s.price_fen, s.stock) for s in view.skus] == [
        (added.sku_id, 300, 7),
        (kept.sku_id, 450, 5),
    ]
    with db.reading() as tx:
        [line] = queries.sku_lines(tx, [dropped.sku_id]).lines
    assert not line.on_shelf
    assert discrepancies(db) == []


def test_a_retired_sku_comes_back_with_the_stock_it_had(db: Database) -> None:
    store_id, item_id, one, two = new_id(), new_id(), spec(stock=3), spec()
    keeper = shopkeeper_of(store_id)
    for skus in ([one, two], [two], [one, two]):
        view = put_item(db, item_command(store_id, skus, item_id), keeper, NOW)
    assert [sku.stock for sku in view.skus] == [3, 5]
    assert discrepancies(db) == []


def test_only_the_people_of_the_store_may_touch_its_shelf(db: Database) -> None:
    store_id, item_id = new_id(), new_id()
    keeper, stranger = shopkeeper_of(store_id), shopkeeper_of(new_id())
    one = spec()
    put_item(db, item_command(store_id, [one], item_id), keeper, NOW)
    with pytest.raises(NotYourShelf):
        put_item(db, item_command(store_id, [one], item_id), stranger, NOW)
    with pytest.raises(NotYourShelf):
        set_stock(db, SetStock(request_id=new_id(), sku_id=one.sku_id, stock=1), stranger, NOW)
    assert stock_of(db, one.sku_id) == 5


def test_an_item_or_sku_of_another_store_cannot_be_taken_over(db: Database) -> None:
    mine, theirs = new_id(), new_id()
    their_item, their_sku = new_id(), spec()
    put_item(db, item_command(theirs, [their_sku], their_item), shopkeeper_of(theirs), NOW)
    thief = shopkeeper_of(mine)
    with pytest.raises(NotYourShelf):
        put_item(db, item_command(mine, [spec()], their_item), thief, NOW)
    with pytest.raises(NoSuchItem):
        put_item(db, item_command(mine, [their_sku]), thief, NOW)
    assert [item.store_id for item in listed(db, category="早餐")] == [theirs]


def test_a_sku_named_twice_is_refused(db: Database) -> None:
    store_id, one = new_id(), spec()
    with pytest.raises(Malformed):
        put_item(db, item_command(store_id, [one, one]), shopkeeper_of(store_id), NOW)


def test_counting_sets_what_may_be_sold_beyond_what_is_set_aside(db: Database) -> None:
    store_id, one = new_id(), spec(stock=5)
    keeper = shopkeeper_of(store_id)
    put_item(db, item_command(store_id, [one]), keeper, NOW)
    set_aside(db, {one.sku_id: 2})
    command = SetStock(request_id=new_id(), sku_id=one.sku_id, stock=8)
    assert set_stock(db, command, keeper, NOW).stock == 8
    assert set_stock(db, command, keeper, NOW).stock == 8
    assert stock_of(db, one.sku_id) == 8
    assert discrepancies(db) == []


def test_a_count_may_lift_the_limit_and_set_it_again(db: Database) -> None:
    store_id, one = new_id(), spec(stock=5)
    keeper = shopkeeper_of(store_id)
    put_item(db, item_command(store_id, [one]), keeper, NOW)
    for stock in (None, 2):
        command = SetStock(request_id=new_id(), sku_id=one.sku_id, stock=stock)
        assert set_stock(db, command, keeper, NOW).stock == stock
        with db.reading() as tx:
            assert queries.sku(tx, one.sku_id)[1].stock == stock
        assert discrepancies(db) == []


def test_counting_an_unknown_sku_is_refused(db: Database) -> None:
    command = SetStock(request_id=new_id(), sku_id=new_id(), stock=1)
    with pytest.raises(NoSuchItem):
        set_stock(db, command, shopkeeper_of(new_id()), NOW)


def test_pages_follow_the_shops_order_without_gap_or_repeat(db: Database) -> None:
    store_id = new_id()
    keeper = shopkeeper_of(store_id)
    for sort in (5, -3, 5, 0, 5):
        put_item(db, item_command(store_id, [spec()], sort=sort), keeper, NOW)
    seen, after = [], None
    for _ in range(3):
        with db.reading() as tx:
            page = queries.items(tx, ItemsQuery(store_ids=[store_id], limit=2, after=after))
        seen += [item.item_id for item in page.items]
        after = page.next_after
    assert after is None
    assert seen == [item.item_id for item in listed(db, store_ids=[store_id])]
    assert len(set(seen)) == 5


def test_a_page_mark_of_another_list_is_refused(db: Database) -> None:
    with pytest.raises(Malformed):
        listed(db, after="nonsense")


def test_items_are_found_by_store_category_and_part_of_the_name(db: Database) -> None:
    shelve(db, 1, name="咸豆浆", category="早餐")
    shelve(db, 1, name="100%果汁", category="饮料")
    shelve(db, 1, name="1000次洗车", category="服务", on_shelf=False)
    assert [item.name for item in listed(db, text="豆")] == ["咸豆浆"]
    assert [item.name for item in listed(db, text="100%")] == ["100%果汁"]
    assert [item.name for item in listed(db, category="饮料")] == ["100%果汁"]
    assert listed(db, store_ids=[new_id()]) == []
    assert listed(db, text="洗车") == []


def test_what_is_off_the_shelf_is_listed_for_the_stores_own_people_only(db: Database) -> None:
    store_id = new_id()
    keeper = shopkeeper_of(store_id)
    put_item(db, item_command(store_id, [spec()], on_shelf=False), keeper, NOW)
    query = ItemsQuery(store_ids=[store_id], all_states=True)
    need_see_all_states(keeper, query)
    assert len(listed(db, store_ids=[store_id], all_states=True)) == 1
    for actor in (None, shopkeeper_of(new_id())):
        with pytest.raises(NotYourShelf):
            need_see_all_states(actor, query)
    with pytest.raises(NotYourShelf):
        need_see_all_states(keeper, ItemsQuery(all_states=True))


def test_a_cart_shows_known_skus_in_its_own_order(db: Database) -> None:
    one, two = shelve(db, 1, None)
    with db.reading() as tx:
        lines = queries.sku_lines(tx, [two, new_id(), one]).lines
    assert [(line.sku_id, line.stock) for line in lines] == [(two, None), (one, 1)]


def test_an_unknown_item_is_not_found(db: Database) -> None:
    with db.reading() as tx, pytest.raises(NoSuchItem):
        queries.item(tx, new_id())


def test_the_overview_counts_items_and_what_is_sold_out(db: Database) -> None:
    shelve(db, 0, 3, None)
    shelve(db, 0, on_shelf=False)
    with db.reading() as tx:
        counts = queries.counts(tx)
    assert (counts.items, counts.items_on_shelf, counts.skus_sold_out) == (2, 1, 1)


def test_a_card_plan_keeps_what_the_merchant_promises_on_top(db: Database) -> None:
    store_id, plan = new_id(), spec(stock=None, price_fen=30_000)
    plan = plan.model_copy(update={"gift_fen": 3000})
    command = item_command(store_id, [plan], kind=ItemKind.CARD_PLAN, name="会员卡")
    keeper = shopkeeper_of(store_id)
    [sku] = put_item(db, command, keeper, NOW).skus
    assert (sku.price_fen, sku.gift_fen, sku.stock) == (30_000, 3000, None)
    with db.reading() as tx:
        [line] = queries.sku_lines(tx, [sku.sku_id]).lines
    assert (line.kind, line.gift_fen) == (ItemKind.CARD_PLAN, 3000)
    dearer = plan.model_copy(update={"gift_fen": 5000})
    changed = command.model_copy(update={"request_id": new_id(), "skus": [dearer]})
    assert put_item(db, changed, keeper, NOW).skus[0].gift_fen == 5000


def test_a_gift_on_goods_and_a_free_card_are_refused(db: Database) -> None:
    store_id = new_id()
    gift = spec().model_copy(update={"gift_fen": 1})
    with pytest.raises(Malformed) as refused:
        put_item(db, item_command(store_id, [gift]), shopkeeper_of(store_id), NOW)
    assert refused.value.fields == {gift.sku_id: "only a card plan has a gift"}
    free = item_command(store_id, [spec(price_fen=0)], kind=ItemKind.CARD_PLAN)
    with pytest.raises(Malformed):
        put_item(db, free, shopkeeper_of(store_id), NOW)


def test_how_an_item_is_handed_over_is_shown_everywhere_and_stands_in_the_reservation(
    db: Database,
) -> None:
    store_id, one = new_id(), spec(stock=None)
    keeper, ways = shopkeeper_of(store_id), [Fulfilment.IN_STORE, Fulfilment.AT_HOME]
    command = item_command(
        store_id,
        [one],
        kind=ItemKind.SERVICE,
        fulfilments=ways,
        slot_minutes=60,
        slot_capacity=2,
    )
    put_item(db, command, keeper, NOW)
    with db.reading() as tx:
        item = queries.item(tx, command.item_id)
        [cart] = queries.sku_lines(tx, [one.sku_id]).lines
    ordering = reserve_command({one.sku_id: 1})
    [agreed] = reserve(db, ordering, NOW, HOLD_MAX).lines
    for shown in (item, listed(db, store_ids=[store_id])[0], cart, agreed):
        assert (shown.fulfilments, shown.slot_minutes, shown.slot_capacity) == (ways, 60, 2)
    plain = command.model_copy(
        update={"request_id": new_id(), "fulfilments": [], "slot_minutes": 0, "slot_capacity": 1}
    )
    assert put_item(db, plain, keeper, NOW).fulfilments == list(GOODS_FULFILMENTS)
    assert reserve(db, ordering, NOW, HOLD_MAX).lines == [agreed]


@pytest.mark.parametrize(
    "fields",
    [
        {"slot_minutes": 60},
        {"slot_minutes": 60, "fulfilments": [Fulfilment.PICKUP]},
        {"fulfilments": [Fulfilment.PICKUP, Fulfilment.PICKUP]},
        {"kind": ItemKind.CARD_PLAN, "fulfilments": [Fulfilment.PICKUP]},
        {"kind": ItemKind.CARD_PLAN, "slot_minutes": 60},
    ],
)
def test_ways_that_cannot_be_are_refused(db: Database, fields: dict[str, Any]) -> None:
    store_id = new_id()
    with pytest.raises(Malformed):
        put_item(db, item_command(store_id, [spec()], **fields), shopkeeper_of(store_id), NOW)


def test_the_migrations_make_what_the_tables_say_and_old_items_are_delivered_or_fetched(
    db: Database,
) -> None:
    assert differences("catalog", db.url) == []
    [sku] = shelve(db, 5, fulfilments=[Fulfilment.IN_STORE])
    with db.transaction() as tx:
        tx.execute(text("UPDATE item SET fulfilments = DEFAULT"))
    with db.reading() as tx:
        [line] = queries.sku_lines(tx, [sku]).lines
    assert line.fulfilments == list(GOODS_FULFILMENTS)
