"""What the mediator's pages do in a real browser: a sum's two parts, jumps, keys, no scripts."""

from playwright.sync_api import Dialog, Page

from tests.browser.conftest import PageAt


def parts(page: Page) -> tuple[str, str, str | None]:
    """What goes to the resident, what to the store, and how long the bar is."""
    bar = page.locator("form[data-parts] [data-parts-bar]")
    back, rest = page.locator("#f-amount"), page.locator("#f-rest")
    return back.input_value(), rest.input_value(), bar.get_attribute("width")


def test_the_two_parts_of_a_ruling_follow_each_other(page_at: PageAt, board_url: str) -> None:
    page = page_at(1440, base=board_url).goto("/p/case-file").page
    page.fill("#f-amount", "6")
    assert parts(page) == ("6", "8.00", "429")
    page.fill("#f-rest", "3.5")
    assert parts(page) == ("10.50", "3.5", "750")
    page.get_by_role("button", name="协商时提过 ¥4.00").click()
    assert parts(page) == ("4.00", "10.00", "286")


def test_more_than_is_frozen_cannot_be_sent(page_at: PageAt, board_url: str) -> None:
    page = page_at(1440, base=board_url).goto("/p/case-file").page
    page.fill("#f-amount", "14.01")
    page.fill("#f-reason", "杯盖松了")
    assert not page.evaluate("document.querySelector('form[data-parts]').checkValidity()")
    page.fill("#f-amount", "14")
    assert page.evaluate("document.querySelector('form[data-parts]').checkValidity()")


def test_a_ruling_is_asked_once_more_and_sent_with_its_order(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(1440, base=board_url).goto("/p/case-file").page
    page.fill("#f-amount", "6")
    page.fill("#f-reason", "杯盖松了")
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    page.get_by_role("button", name="裁定", exact=True).click()
    page.wait_for_load_state()
    sent = page.request.get("/posts").json()[-1]
    assert asked == ["就这样裁定？两边会马上收到。"]
    assert (sent["amount"], sent["reason"], sent["refund_to"]) == ("6", "杯盖松了", "channel")
    assert sent["order_id"]
    assert "rest" not in sent


def test_without_scripts_the_case_file_is_whole_and_asks_for_one_sum(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(1440, base=board_url, scripts=False).goto("/p/case-file").page
    assert page.locator("#f-amount").is_visible()
    assert not page.locator("#f-rest").is_visible()
    for anchor in ("timeline", "talk", "photos", "gate", "money"):
        assert page.locator(f"#{anchor}").is_visible()
        page.locator(f".jumps a[href='#{anchor}']").click()
        assert page.url.endswith(f"#{anchor}")


def test_the_queue_is_walked_with_j_and_k(page_at: PageAt, board_url: str) -> None:
    page = page_at(1440, base=board_url).goto("/p/disputes").page
    for key, row in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        assert page.locator("tbody tr").nth(row).get_attribute("aria-selected") == "true"


def test_a_search_of_orders_begins_with_a_slash_and_a_row_opens_beside_the_list(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(1440, base=board_url).goto("/p/console-orders").page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "text"
    page.keyboard.press("Tab")
    page.locator("[data-row]").first.click()
    page.locator("#panel").get_by_text("订单编号").wait_for()
    assert page.url.endswith("/p/console-orders")
