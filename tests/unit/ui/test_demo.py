"""The demo community is as large as promised, and its pictures are small, distinct and the same."""

import hashlib
import io
import re
from collections import Counter

import pytest
from PIL import Image

from deploy.demo import names, pictures
from services.contracts.identity import StoreKind
from services.contracts.permissions import STAFF_ROLES

PICTURE_BYTES_MAX = 25_000
TOWN = names.community()


def test_there_are_sixty_homes_and_twenty_shops_with_two_hundred_goods_and_a_card() -> None:
    assert len(TOWN.households) == 60
    assert len({home.building for home in TOWN.households}) == 5
    assert len(TOWN.shops) == 20
    assert {shop.kind for shop in TOWN.shops} == {kind.value for kind in StoreKind}
    goods = [good for shop in TOWN.shops for good in shop.goods]
    assert Counter(len(shop.goods) for shop in TOWN.shops) == {10: 19, 11: 1}
    [plan] = [good for good in goods if good.kind == "card_plan"]
    assert (plan.skus, plan.gift_fen) == ((("", 30_000, None),), 3000)
    assert [good.gift_fen for good in goods if good is not plan] == [0] * 200


def test_every_phone_every_key_and_every_good_is_its_own() -> None:
    people = [member for home in TOWN.households for member in home.members]
    couriers = [courier for shop in TOWN.shops for courier in shop.couriers]
    keepers = [shop.keeper for shop in TOWN.shops]
    phones = [person.phone for person in (*people, *keepers)]
    phones += [courier.phone for courier in couriers] + [person.phone for person in TOWN.staff]
    assert len(set(phones)) == len(phones)
    assert all(re.fullmatch(r"1380001\d{4}", phone) for phone in phones)
    goods = [good for shop in TOWN.shops for good in shop.goods]
    assert len({good.key for good in goods}) == len({good.name for good in goods}) == 201


def test_every_price_is_a_whole_number_of_fen_above_zero() -> None:
    prices = [sku[1] for shop in TOWN.shops for good in shop.goods for sku in good.skus]
    assert all(type(price_fen) is int and price_fen > 0 for price_fen in prices)


def test_each_staff_role_has_somebody() -> None:
    roles = {person.role for person in TOWN.staff}
    assert roles == {role.value for role in STAFF_ROLES}


def test_two_calls_give_the_same_people() -> None:
    assert names.community() == TOWN


@pytest.mark.parametrize("shop", TOWN.shops[::5], ids=lambda shop: shop.name)
def test_pictures_are_square_small_and_distinct(shop: names.Shop) -> None:
    drawn = [pictures.picture_of_good(good.name, good.category) for good in shop.goods]
    drawn.append(pictures.picture_of_store(shop.name, shop.kind))
    drawn += [pictures.picture_of_courier(courier.name) for courier in shop.couriers]
    assert len({hashlib.sha256(data).digest() for data in drawn}) == len(drawn)
    for data in drawn:
        assert len(data) < PICTURE_BYTES_MAX
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format, image.size) == ("WEBP", (640, 640))


def test_a_picture_follows_from_its_words_alone() -> None:
    first = pictures.picture_of_good("现磨豆浆", "早餐")
    assert pictures.picture_of_good("现磨豆浆", "早餐") == first
