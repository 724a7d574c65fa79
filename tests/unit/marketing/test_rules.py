"""Promotions, addresses, waiting times, replies and settings."""

from datetime import timedelta

import pytest

from services.contracts.marketing import QuoteLine
from services.kernel.config import SettingsError
from services.kernel.ids import new_id
from services.marketing.bootstrap import account_of
from services.marketing.domain.addresses import one_each
from services.marketing.domain.promotions import Promotion, adjustments
from services.marketing.domain.replies import reply_to
from services.marketing.domain.retry import next_try
from services.marketing.wechat.errors import WechatAway, WechatRefused, error_of
from tests.support.delivery import NOW
from tests.support.marketing import contact, settings_with

SKU, OTHER_SKU = new_id(), new_id()


def line(sku_id: str = SKU, quantity: int = 2, price_fen: int = 300) -> QuoteLine:
    return QuoteLine(
        sku_id=sku_id, item_id=new_id(), store_id=new_id(), quantity=quantity, price_fen=price_fen
    )


def promotion(off_fen: int, sku_id: str = SKU) -> Promotion:
    return Promotion(new_id(), sku_id, "早市立减", off_fen, "company")


def test_without_promotions_nothing_is_adjusted() -> None:
    assert adjustments([line()], []) == []


def test_the_best_promotion_of_each_line_applies_to_every_piece() -> None:
    small, large, other = promotion(50), promotion(100), promotion(70, OTHER_SKU)
    found = adjustments([line(), line(OTHER_SKU, 1)], [small, large, other])
    assert [(a.promotion_id, a.amount_fen) for a in found] == [
        (large.promotion_id, -200),
        (other.promotion_id, -70),
    ]


def test_a_price_never_goes_below_zero() -> None:
    assert adjustments([line(price_fen=80)], [promotion(100)])[0].amount_fen == -160


def test_a_person_with_two_addresses_is_told_once_through_a_known_account() -> None:
    group, person = new_id(), new_id()
    unknown = contact(group, "o1", "wx_other", account_id=person)
    first = contact(group, "o2", "wx_one", account_id=person)
    second = contact(group, "o3", "wx_two", account_id=person)
    other = contact(group, "o4", "wx_two")
    assert one_each([unknown, first, second, other], ["wx_one", "wx_two"]) == [first, other]


def test_waits_double_up_to_ten_minutes_and_sixty_of_them_last_for_hours() -> None:
    waits = [next_try(NOW, tries) - NOW for tries in range(1, 60)]
    assert [wait.total_seconds() for wait in waits[:9]] == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert sum(waits, timedelta()) > timedelta(hours=8)


def test_a_reply_links_to_the_search_and_repeats_no_markup() -> None:
    reply = reply_to('豆浆 "><script>', "http://a/")
    assert "http://a/h5/stores?text=%E8%B1%86%E6%B5%86+%22%3E%3Cscript%3E" in reply
    assert "<script>" not in reply
    assert "http://a/h5/" in reply_to("  ", "http://a")


def test_wechats_errors_are_sorted_into_later_and_never() -> None:
    assert isinstance(error_of(-1, "system busy"), WechatAway)
    assert isinstance(error_of(45009, "quota"), WechatAway)
    assert isinstance(error_of(43004, "require subscribe"), WechatRefused)


def test_an_account_with_faults_in_the_settings_says_all_of_them() -> None:
    with pytest.raises(SettingsError) as refused:
        account_of(settings_with(wechat_app_id="wx_one", wechat_aes_key="short"))
    assert "wechat_aes_key" in str(refused.value)
    assert "wechat_app_secret" in str(refused.value)
