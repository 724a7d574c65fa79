"""The demo offers every way of handing over, and the shelf accepts each of them."""

from deploy.demo import names
from deploy.demo.ways import WAYS, ways_of
from services.catalog.domain.shelf import ways_offered
from services.contracts.catalog import Fulfilment, ItemKind, PutItem, SkuSpec
from services.kernel.ids import new_id

SHOPS = names.community().shops


def offered(shop: names.Shop, good: names.Good) -> PutItem:
    ways = ways_of(shop.name, good.category, good.name)
    return PutItem(
        request_id=new_id(),
        item_id=new_id(),
        store_id=new_id(),
        category=good.category,
        kind=ItemKind(good.kind),
        name=good.name,
        fulfilments=[Fulfilment(way) for way in ways.fulfilments],
        slot_minutes=ways.slot_minutes,
        slot_capacity=ways.slot_capacity,
        skus=[SkuSpec(sku_id=new_id(), price_fen=1)],
    )


def test_the_shelf_accepts_every_good_of_the_demo_as_it_is_handed_over() -> None:
    seen = {
        way for shop in SHOPS for good in shop.goods for way in ways_offered(offered(shop, good))
    }
    assert seen == set(Fulfilment)


def test_every_way_is_of_something_that_is_sold() -> None:
    sold = {
        (shop.name, word) for shop in SHOPS for g in shop.goods for word in (g.name, g.category)
    }
    assert WAYS.keys() <= sold


def test_there_are_appointments_at_home_and_in_store_and_one_thing_is_only_fetched() -> None:
    commands = [offered(shop, good) for shop in SHOPS for good in shop.goods]
    by_appointment = {way for c in commands if c.slot_minutes for way in c.fulfilments}
    assert by_appointment == {Fulfilment.AT_HOME, Fulfilment.IN_STORE}
    assert [c.name for c in commands if c.fulfilments == [Fulfilment.PICKUP]] == ["六寸生日蛋糕"]
