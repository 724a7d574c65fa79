"""Money, times and names as people read them."""

from datetime import timedelta

import pytest
from flask import Flask

from gateway import ui
from tests.unit.ui.board import drawing_board
from tests.unit.ui.samples import NOW, ago


@pytest.fixture(scope="module")
def app() -> Flask:
    return drawing_board()


@pytest.mark.parametrize(
    ("fen", "words"),
    [(0, "¥0.00"), (5, "¥0.05"), (123450, "¥1,234.50"), (-500, "−¥5.00"), (None, "—")],
)
def test_fen_are_read_as_yuan_with_two_decimals(fen: int | None, words: str) -> None:
    assert ui.yuan(fen) == words


def test_half_a_fen_is_refused() -> None:
    with pytest.raises(TypeError):
        ui.yuan(1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minutes_ago", "words"),
    [
        (0, "今天 14:05"),
        (14 * 60 + 6, "昨天 23:59"),
        (-24 * 60, "明天 14:05"),
        (-48 * 60, "后天 14:05"),
        (20 * 24 * 60, "11月2日 14:05"),
        (-60 * 24 * 60, "2027年1月21日"),
    ],
)
def test_a_time_is_said_as_people_say_it(app: Flask, minutes_ago: int, words: str) -> None:
    with app.test_request_context("/"):
        assert ui.shanghai(ago(minutes_ago), NOW) == words


def test_a_time_without_a_zone_is_a_fault() -> None:
    with pytest.raises(ValueError, match="aware"):
        ui.local(NOW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(seconds=20), "还剩 1 分钟"),
        (timedelta(minutes=59), "还剩 59 分钟"),
        (timedelta(hours=47), "还剩 47 小时"),
        (timedelta(days=2), "还剩 2 天"),
        (timedelta(0), "已到时间"),
    ],
)
def test_what_is_left_is_said_in_one_unit(app: Flask, left: timedelta, words: str) -> None:
    with app.test_request_context("/"):
        assert ui.remaining(NOW + left, NOW) == words


def test_names_and_phones_are_masked() -> None:
    assert ui.mask_name("张小明") == "张**"
    assert ui.mask_phone("13812345678") == "138****5678"
    assert ui.mask_name("") == ""


def test_six_digits_are_split_for_reading_aloud() -> None:
    assert ui.spaced("482915") == "482 915"


def test_an_address_does_not_say_the_community_twice() -> None:
    assert ui.without("翠湖苑 3号楼2单元501", "翠湖苑") == "3号楼2单元501"
    assert ui.without("3号楼2单元501", "翠湖苑") == "3号楼2单元501"


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil", "x", ""])
def test_going_back_never_leads_off_the_site(target: str) -> None:
    assert ui.local_path(target) == "/"


def test_large_text_is_kept_in_a_cookie_and_the_page_comes_back(app: Flask) -> None:
    client = app.test_client()
    answer = client.post("/preferences/large-text", data={"large": "1", "next": "/p/home?kind=x"})
    assert (answer.status_code, answer.location) == (303, "/p/home?kind=x")
    assert 'class="large"' in client.get("/p/home").text


def test_the_language_of_the_address_is_remembered(app: Flask) -> None:
    client = app.test_client()
    assert "My orders" in client.get("/p/orders?lang=en").text
    assert "My orders" in client.get("/p/orders").text
    assert "我的订单" in client.get("/p/orders?lang=zh").text


def test_switching_the_language_keeps_the_filters(app: Flask) -> None:
    page = app.test_client().get("/p/stores?kind=food&text=面").text
    assert 'href="?kind=food&amp;text=%E9%9D%A2&amp;lang=en"' in page


def test_an_asset_is_named_by_its_content(app: Flask) -> None:
    address = ui.asset("h5.css")
    assert len(address.partition("?v=")[2]) == 12
    with app.test_client().get(address) as answer:
        assert answer.status_code == 200


def test_a_qr_code_is_drawn_with_a_name_and_without_style() -> None:
    svg = ui.qr_svg("https://example.test/<pass>", "通行证 <二维码>")
    assert "<title>通行证 &lt;二维码&gt;</title>" in svg
    assert "style=" not in svg


def test_an_appointment_names_its_day_and_both_ends(app: Flask) -> None:
    with app.test_request_context("/"):
        assert ui.span(ago(-24 * 60), ago(-25 * 60), NOW) == "明天 周一 14:05–15:05"
        assert ui.span(ago(-24 * 60 * 5), now=NOW) == "11月27日 周五 14:05"
        assert ui.span(None) == ""
