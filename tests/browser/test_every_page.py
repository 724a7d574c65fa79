"""Each page in a real browser: it fits, fingers and old eyes are served, axe is silent."""

import pytest

from tests.browser.conftest import HEIGHTS, PageAt
from tests.browser.seeing import Seen
from tests.unit.ui import pages


def looked_at(look_at: PageAt, board_url: str, name: str, width: int) -> Seen:
    return look_at(width, base=board_url).goto(f"/p/{name}")


def check_layout(seen: Seen) -> None:
    assert seen.wider_than_screen_px() == 0
    assert seen.small_targets() == []
    assert seen.small_letters() == []


@pytest.mark.parametrize("name", pages.PHONE)
def test_a_phone_page_fits_and_is_clean_by_day_and_by_night(
    look_at: PageAt, board_url: str, name: str
) -> None:
    seen = looked_at(look_at, board_url, name, 360)
    seen.write(f"{name}-light")
    check_layout(seen)
    assert seen.axe() == []
    if name in pages.IN_EVERY_MOOD:
        seen.turn_dark(390, HEIGHTS[390])
        seen.write(f"{name}-dark")
        check_layout(seen)
    assert seen.faults == []


@pytest.mark.parametrize("name", [name for name in pages.PHONE if name in pages.IN_EVERY_MOOD])
def test_a_phone_page_fits_in_large_letters(look_at: PageAt, board_url: str, name: str) -> None:
    seen = look_at(360, base=board_url, large=True).goto(f"/p/{name}")
    check_layout(seen)
    assert seen.faults == []


@pytest.mark.parametrize("name", pages.CONSOLE)
def test_a_console_page_fits_and_is_clean_and_can_be_read_on_a_phone(
    look_at: PageAt, board_url: str, name: str
) -> None:
    seen = looked_at(look_at, board_url, name, 1440)
    seen.write(f"{name}-desktop")
    assert seen.wider_than_screen_px() == 0
    assert seen.axe() == []
    if name in pages.IN_EVERY_MOOD:
        seen.page.set_viewport_size({"width": 360, "height": HEIGHTS[360]})
        seen.write(f"{name}-phone")
        assert seen.wider_than_screen_px() == 0
    assert seen.faults == []


@pytest.mark.parametrize("name", pages.SCREENS)
def test_a_screen_fills_its_wall_without_scrolling(
    look_at: PageAt, board_url: str, name: str
) -> None:
    seen = looked_at(look_at, board_url, name, 1920)
    seen.write(f"{name}-wall")
    assert seen.wider_than_screen_px() == 0
    assert seen.page.evaluate("document.documentElement.scrollHeight") <= HEIGHTS[1920]
    assert seen.axe() == []
    assert seen.faults == []
