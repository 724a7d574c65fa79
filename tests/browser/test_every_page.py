"""Every page in a real browser: it fits, fingers and old eyes are served, axe is silent."""

import pytest

from tests.browser.conftest import PageAt
from tests.browser.seeing import Seen
from tests.unit.ui import pages

MOODS = {
    "light": {"width": 360},
    "dark": {"width": 390, "dark": True},
    "large": {"width": 360, "large": True},
}


def looked_at(look_at: PageAt, board_url: str, name: str, mood: str, **how: object) -> Seen:
    seen = look_at(base=board_url, **how).goto(f"/p/{name}")
    seen.write(f"{name}-{mood}")
    return seen


@pytest.mark.parametrize("mood", MOODS)
@pytest.mark.parametrize("name", pages.PHONE)
def test_a_phone_page_fits_and_is_clean(
    look_at: PageAt, board_url: str, name: str, mood: str
) -> None:
    seen = looked_at(look_at, board_url, name, mood, **MOODS[mood])
    assert seen.wider_than_screen_px() == 0
    assert seen.small_targets() == []
    assert seen.small_letters() == []
    if mood != "large":  # the same colours and the same HTML as light
        assert seen.axe() == []
    assert seen.faults == []


@pytest.mark.parametrize("name", pages.CONSOLE)
def test_a_console_page_fits_and_is_clean(look_at: PageAt, board_url: str, name: str) -> None:
    seen = looked_at(look_at, board_url, name, "desktop", width=1440)
    assert seen.wider_than_screen_px() == 0
    assert seen.axe() == []
    assert seen.faults == []


@pytest.mark.parametrize("name", pages.CONSOLE)
def test_a_console_page_can_be_read_on_a_phone(look_at: PageAt, board_url: str, name: str) -> None:
    seen = looked_at(look_at, board_url, name, "phone", width=360)
    assert seen.wider_than_screen_px() == 0
    assert seen.faults == []


@pytest.mark.parametrize("name", pages.SCREENS)
def test_a_screen_fills_its_wall_without_scrolling(
    look_at: PageAt, board_url: str, name: str
) -> None:
    seen = looked_at(look_at, board_url, name, "wall", width=1920)
    assert seen.wider_than_screen_px() == 0
    assert seen.page.evaluate("document.documentElement.scrollHeight") <= 1080
    assert seen.axe() == []
    assert seen.faults == []
