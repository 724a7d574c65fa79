"""What a shop's pages do in wet hands: they ring, stay under the finger, and take eight digits."""

from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import PageAt
from tests.unit.ui import samples, shop_pages

LISTEN = """
window.rang = 0;
document.addEventListener("desk:rang", () => { window.rang += 1; });
"""
PULSES_MAX = 20
Answer = Callable[[Route], None]


def live(page: Page, board_url: str, name: str) -> Answer:
    return lambda route: route.fulfill(response=page.request.get(f"{board_url}/live/{name}"))


def desk(page_at: PageAt, board_url: str, name: str = "desk-none") -> Page:
    """The desk with a clock that a test puts forward."""
    page = page_at(360).page
    page.add_init_script(LISTEN)
    page.clock.install()
    page.goto(f"{board_url}/p/{name}")
    return page


def new_orders_come(page: Page, board_url: str) -> None:
    page.route("**/desk/pulse*", live(page, board_url, "desk"))
    button = page.get_by_role("button", name="接单").first
    for _ in range(PULSES_MAX):  # on a busy machine the page may begin to ask a moment later
        page.clock.fast_forward(2500)
        page.wait_for_timeout(200)
        if button.is_visible():
            break
    expect(button).to_be_visible()


def test_a_new_order_is_there_rings_is_said_and_stands_in_the_title(
    page_at: PageAt, board_url: str
) -> None:
    page = desk(page_at, board_url)
    expect(page.get_by_text("现在没有新订单")).to_be_visible()
    new_orders_come(page, board_url)
    expect(page).to_have_title("(2) 老陈早餐铺")
    expect(page.locator("#desk-said")).to_have_text("有 2 个新订单，请接单")
    assert page.evaluate("window.rang") == 1
    assert page.locator("#desk").count() == 1


def test_the_same_orders_ring_once_also_after_going_away_and_back(
    page_at: PageAt, board_url: str
) -> None:
    page = desk(page_at, board_url)
    new_orders_come(page, board_url)
    page.clock.fast_forward(2500)
    page.wait_for_timeout(100)
    assert page.evaluate("window.rang") == 1
    page.goto(f"{board_url}/p/m-order-new")
    page.goto(f"{board_url}/p/desk")
    assert page.evaluate("window.rang") == 0


def test_an_order_that_came_while_another_page_was_open_rings_on_return(
    page_at: PageAt, board_url: str
) -> None:
    page = desk(page_at, board_url)
    page.goto(f"{board_url}/p/m-order-new")
    page.goto(f"{board_url}/p/desk")
    assert page.locator("#desk-said").text_content() == "有 2 个新订单，请接单"


def test_nothing_moves_while_a_finger_is_down(page_at: PageAt, board_url: str) -> None:
    page = desk(page_at, board_url)
    page.dispatch_event("body", "pointerdown")
    page.route("**/desk/pulse*", live(page, board_url, "desk"))
    with page.expect_response("**/desk/pulse*"):
        page.clock.fast_forward(2500)
    page.wait_for_timeout(100)
    expect(page.get_by_text("现在没有新订单")).to_be_visible()
    page.dispatch_event("body", "pointerup")
    page.clock.fast_forward(2500)
    expect(page.get_by_role("button", name="接单").first).to_be_visible()


def test_the_desk_asks_at_once_when_it_is_looked_at_again(page_at: PageAt, board_url: str) -> None:
    page = desk(page_at, board_url)
    page.route("**/desk/pulse*", live(page, board_url, "desk"))
    page.dispatch_event("html", "visibilitychange", {"bubbles": True})
    expect(page.get_by_role("button", name="接单").first).to_be_visible()


def test_sound_is_one_tap_and_stays_chosen(page_at: PageAt, board_url: str) -> None:
    seen = page_at(360, base=board_url).goto("/p/desk")
    page = seen.page
    sound = page.get_by_role("button", name="声音")
    expect(sound).to_have_attribute("aria-pressed", "false")
    sound.click()
    expect(sound).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.get_by_role("button", name="声音")).to_have_attribute("aria-pressed", "true")
    assert seen.faults == []


def test_without_scripts_the_desk_is_read_by_its_refresh_link(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(360, base=board_url, scripts=False).goto("/p/desk").page
    expect(page.get_by_role("link", name="刷新")).to_be_visible()
    expect(page.get_by_role("button", name="声音")).to_be_hidden()
    page.get_by_role("button", name="接单").first.click()
    sent = page.request.get(f"{board_url}/posts").json()[-1]
    assert sent["path"].endswith("/confirm")


def test_eight_keys_look_the_code_up(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/pick-up-fault").page
    keys = page.locator("#keys")
    for key in ["4", "0", "7", "9", "退一位", "1", "8", "8", "2"]:
        keys.get_by_role("button", name=key, exact=True).click()
    expect(page.get_by_label("8 位取货码")).to_have_value("4071 882")
    page.route("**/h5/merchant/pick-up*", lambda route: route.fulfill(body="found"))
    keys.get_by_role("button", name="6", exact=True).click()
    page.wait_for_url("**/h5/merchant/pick-up?*code=4071+8826")


def test_without_scripts_a_code_is_typed_and_a_part_is_given(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(360, base=board_url, scripts=False).goto("/p/pick-up-fault").page
    expect(page.locator("#keys")).to_be_hidden()
    page.goto(f"{board_url}/p/hand-over")
    sku = samples.an_id("sku", 1, 0)
    page.fill(f'[name="h.{sku}"]', "3")
    page.get_by_role("button", name="给了").click()
    sent = page.request.get(f"{board_url}/posts").json()[-1]
    assert (sent[f"h.{sku}"], sent["code"]) == ("3", "40718826")


def test_a_slip_prints_on_its_paper_and_nothing_else(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/slip").page
    page.evaluate("window.print = () => { window.printed = true; }")
    page.get_by_role("button", name="打印").click()
    assert page.evaluate("window.printed")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="#0318")).to_be_visible()
    expect(page.get_by_role("button", name="打印")).to_be_hidden()
    expect(page.get_by_role("link", name="返回订单")).to_be_hidden()
    width = page.locator(".slip").bounding_box()
    assert width is not None
    assert width["width"] <= 58 / 25.4 * 96 + 1


def test_a_proposal_is_looked_at_before_it_is_sent(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/amend-preview").page
    expect(page.get_by_text("退给居民 ¥3.00")).to_be_visible()
    page.get_by_role("button", name="发给居民").click()
    page.wait_for_load_state()
    sent = page.request.get(f"{board_url}/posts").json()[-1]
    assert (sent["sure"], sent["note"]) == ("1", shop_pages.PREVIEW.note)
    assert "again" not in sent
