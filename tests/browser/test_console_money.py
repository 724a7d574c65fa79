"""What the money pages of the console do in a real browser: sums, slips, panels."""

from tests.browser.conftest import PageAt


def test_ticked_cash_is_counted_and_summed_while_one_ticks(page_at: PageAt, board_url: str) -> None:
    page = page_at(1440, base=board_url).goto("/p/money-cash-hand-in").page
    words = page.locator("[data-sum-place]")
    assert words.inner_text() == "已选 2 单，共 ¥27.00"
    page.locator("input[name=id]").first.uncheck()
    assert words.inner_text() == "已选 1 单，共 ¥14.50"


def test_a_receipt_is_printed_twice_without_menu_and_buttons(
    page_at: PageAt, board_url: str
) -> None:
    seen = page_at(1440, base=board_url).goto("/p/money-receipt")
    page = seen.page
    assert page.locator(".slip:visible").count() == 1
    page.emulate_media(media="print")
    assert page.locator(".slip:visible").count() == 2
    assert page.locator(".menu:visible, .btn:visible, .tabs:visible").count() == 0
    seen.write("money-receipt-print")


def test_the_print_button_prints(page_at: PageAt, board_url: str) -> None:
    page = page_at(1440, base=board_url).goto("/p/money-receipt").page
    page.evaluate("window.print = () => { document.title = 'printed'; }")
    page.get_by_role("button", name="打印").click()
    assert page.title() == "printed"


def test_the_menu_on_a_phone_shows_where_one_is(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/money-rules").page
    box = page.locator(".menu nav [aria-current]").bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= 360 - box["width"]
