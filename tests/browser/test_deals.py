"""What the pages of a deal do when they are used: with scripts, without them, by keyboard."""

from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import PageAt
from tests.unit.ui import samples

SLOT = f"slot.{samples.an_id('sku', 'cleaning')}"


def sent_by(page: Page, button: str) -> dict[str, str]:
    """What the board got when this was pressed."""
    before = len(page.request.get("/posts").json())
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_load_state()
    posted: dict[str, str] = page.request.get("/posts").json()[before]
    return posted


def test_without_scripts_an_appointment_and_a_way_are_chosen(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(360, base=board_url, scripts=False).goto("/p/checkout-stores").page
    page.get_by_label("到店自取").check()
    page.get_by_text("11月27日 周五").click()
    page.locator("details[open]").last.get_by_label("16:00").check()
    sent = sent_by(page, "下单，去付款")
    assert sent[f"way.{samples.an_id('store', 0)}"] == "pickup"
    assert sent[SLOT] == "2026-11-27T16:00:00+08:00"


def test_days_and_times_are_reached_by_keyboard(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/checkout-stores").page
    page.get_by_text("后天 周二").focus()
    page.keyboard.press("Enter")
    chosen = page.locator(f'[name="{SLOT}"]:checked')
    expect(chosen).to_have_value("2026-11-23T10:00:00+08:00")
    chosen.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    expect(chosen).to_have_value("2026-11-24T08:00:00+08:00")


def test_the_split_follows_what_is_typed_and_stays_within_the_sum(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(360, base=board_url).goto("/p/dispute-negotiating").page
    form = page.locator("#propose")
    page.get_by_label("退给居民多少").fill("4.5")
    expect(form.locator("[data-split-back]")).to_have_text("¥4.50")
    expect(form.locator("[data-split-rest]")).to_have_text("¥9.50")
    page.get_by_label("退给居民多少").fill("45")
    expect(form.locator("[data-split-rest]")).to_have_text("¥9.50")


def test_a_quarrel_needs_no_word_before_the_second_tap(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url, scripts=False).goto("/p/dispute-new").page
    assert sent_by(page, "没收到")["about"] == "not_received"


def test_several_photos_are_shown_before_they_are_sent(page_at: PageAt, board_url: str) -> None:
    seen = page_at(360, base=board_url).goto("/p/review")
    picture = seen.page.request.get("/files/demo/goods-0.webp").body()
    photo: FilePayload = {"name": "a.webp", "mimeType": "image/webp", "buffer": picture}
    seen.page.set_input_files("#photos", [photo, photo])
    seen.page.get_by_text("一次只能选一张").click()
    seen.page.get_by_label("第 2 张").set_input_files(photo)
    expect(seen.page.locator("#shots img")).to_have_count(3)
    assert seen.faults == []


def test_what_is_behind_more_stays_open_and_is_as_new_as_the_page(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(360).page
    page.clock.install()
    page.goto(f"{board_url}/p/order-awaiting_confirmation")
    page.get_by_text("更多", exact=True).click()
    expect(page.get_by_role("link", name="取消订单")).to_be_visible()
    newer = f"{board_url}/p/order-scheduled"
    page.route(
        "**/p/order-awaiting_confirmation*",
        lambda route: route.fulfill(response=page.request.get(newer)),
    )
    page.clock.fast_forward(7000)
    expect(page.get_by_role("link", name="和商家说话")).to_be_visible()
    expect(page.get_by_role("link", name="取消订单")).to_have_count(0)


def test_the_pieces_that_come_back_are_added_up(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/after-sales").page
    expect(page.locator("[data-total]")).to_have_text("¥14.00")
    page.get_by_role("button", name="少一件 手工油条").click()
    expect(page.locator("[data-total]")).to_have_text("¥12.00")


def test_what_was_chosen_goes_along_to_the_next_shop(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/store").page
    page.get_by_label("多要一份 手工油条").click(click_count=2)
    chosen = f"q.{samples.item(1).skus[0].sku_id}=2"
    for link in ("全部的店", "早餐"):
        href = page.get_by_role("link", name=link, exact=True).get_attribute("href")
        assert chosen in str(href), link


def test_a_refused_form_shows_the_place_to_mend(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/checkout-stores").page
    expect(page.get_by_text("这个时间已经约满").last).to_be_in_viewport()


def test_an_exchange_asks_for_another_choice_and_for_no_money(
    page_at: PageAt, board_url: str
) -> None:
    seen = page_at(360, base=board_url, scripts=False).goto("/p/after-sales")
    page = seen.page
    assert seen.wider_than_screen_px() == 0
    expect(page.get_by_label("退多少钱")).to_be_visible()
    expect(page.get_by_label("换成哪一种？")).to_be_hidden()
    page.get_by_label("换货").check()
    expect(page.get_by_label("退多少钱")).to_be_hidden()
    page.get_by_label("换成哪一种？").select_option(label="加糖")
    assert sent_by(page, "提交给商家")[f"to.{samples.an_id('sku', 0, 0)}"]
