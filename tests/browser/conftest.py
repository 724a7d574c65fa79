"""Pages at the sizes and in the moods that people have."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from werkzeug.serving import make_server

from tests.browser.seeing import Seen
from tests.unit.ui.board import drawing_board

HEIGHTS = {360: 740, 390: 844, 1440: 900, 1920: 1080}
SCREENSHOTS = Path(__file__).resolve().parents[2] / ".linli" / "screenshots"
WAIT_MS = 8000
WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile MicroMessenger/8.0.50"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def board_url() -> Iterator[str]:
    """Every page with its sample, served from a thread of this process."""
    server = make_server("127.0.0.1", 0, drawing_board(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


PageAt = Callable[..., Seen]


def visitor(
    browser: Browser,
    width: int,
    *,
    dark: bool = False,
    large: bool = False,
    base: str = "",
    scripts: bool = True,
    wechat: bool = False,
) -> BrowserContext:
    """A person with a phone or a screen of that width, who has been nowhere yet."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme="dark" if dark else "light",
        base_url=base or None,
        java_script_enabled=scripts,
        user_agent=WECHAT if wechat else None,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    context.set_default_timeout(WAIT_MS)
    if large:
        context.add_cookies([{"name": "large", "value": "1", "url": base}])
    return context


@pytest.fixture
def page_at(chromium: Browser) -> Iterator[PageAt]:
    """`page_at(360, dark=True, large=True, base=url)`: a fresh visitor's page."""
    contexts: list[BrowserContext] = []

    def open_page(width: int, **how: Any) -> Seen:
        contexts.append(visitor(chromium, width, **how))
        return Seen(contexts[-1].new_page(), SCREENSHOTS)

    yield open_page
    for context in contexts:
        with suppress(Exception):
            context.close()


@pytest.fixture(scope="session")
def regulars(chromium: Browser) -> Iterator[dict[tuple[object, ...], BrowserContext]]:
    """Visitors who come back and have the sheets and scripts already."""
    contexts: dict[tuple[object, ...], BrowserContext] = {}
    yield contexts
    for context in contexts.values():
        with suppress(Exception):
            context.close()


@pytest.fixture
def look_at(
    chromium: Browser, regulars: dict[tuple[object, ...], BrowserContext]
) -> Iterator[PageAt]:
    """As `page_at`, for looking only: the same visitor again where width and mood are the same."""
    pages: list[Page] = []

    def open_page(width: int, **how: Any) -> Seen:
        key = (width, *sorted(how.items()))
        if key not in regulars:
            regulars[key] = visitor(chromium, width, **how)
        pages.append(regulars[key].new_page())
        return Seen(pages[-1], SCREENSHOTS)

    yield open_page
    for page in pages:
        page.close()
