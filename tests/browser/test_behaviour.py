"""What pages do when they are used: with scripts, without them, twice, and after a reload."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import PageAt
from tests.unit.ui import samples

BRIDGE = """window.WeixinJSBridge = {invoke: (name, wish, answer) => {
  window.asked = {name, wish};
  answer({err_msg: "get_brand_wcpay_request:" + window.how});
}};"""


def posts(page: Page) -> list[dict[str, str]]:
    return list(page.request.get("/posts").json())


def with_a_clock(page_at: PageAt, width: int, address: str) -> Page:
    """A page whose clock a test may put forward, instead of waiting for the page to ask again."""
    page = page_at(width).page
    page.clock.install()
    page.goto(address)
    return page


def quantity(page: Page, item: int, sku: int = 0) -> str:
    return f'[name="q.{samples.item(item).skus[sku].sku_id}"]'


def test_steppers_count_and_the_total_follows(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/store").page
    page.get_by_label("多要一份 现磨豆浆小杯").click(click_count=5)
    assert page.input_value(quantity(page, 0, 1)) == "3"  # only three are left
    page.get_by_label("少要一份 现磨豆浆大杯").click()
    expect(page.locator("[data-total]")).to_have_text("¥9.00")
    expect(page.locator("[data-pieces]")).to_have_text("4")
    expect(page.get_by_label("少要一份 手工油条")).to_be_disabled()


def test_one_can_order_without_scripts(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url, scripts=False).goto("/p/store").page
    expect(page.get_by_label("多要一份 手工油条")).to_be_hidden()
    page.fill(quantity(page, 1), "4")
    page.get_by_role("button", name="去下单").click()
    assert f"q.{samples.item(1).skus[0].sku_id}=4" in page.url


def test_what_was_typed_survives_a_reload_and_goes_when_sent(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(360, base=board_url).goto("/p/cancel").page
    page.get_by_label("还想说什么").fill("门铃坏了")
    page.get_by_label("等太久了").check()
    page.reload()
    assert page.get_by_label("还想说什么").input_value() == "门铃坏了"
    assert page.get_by_label("等太久了").is_checked()
    page.get_by_role("button", name="取消这个订单").click()
    page.wait_for_load_state()
    page.goto("/p/cancel")
    assert page.get_by_label("还想说什么").input_value() == ""


def test_a_second_press_sends_nothing_more(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/order-delivered").page
    before = len(posts(page))
    page.evaluate(
        "() => { const b = document.querySelector('.next__button'); b.click(); b.click(); }"
    )
    page.wait_for_load_state()
    page.wait_for_timeout(400)
    sent = posts(page)[before:]
    assert len(sent) == 1
    assert sent[0]["path"].endswith("/confirm-receipt")
    assert len(sent[0]["idempotency_key"]) == 26


def test_large_text_is_one_press_away_and_comes_back_to_the_page(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(360, base=board_url).goto("/p/order-ready").page
    page.get_by_role("button", name="大字").click()
    page.wait_for_url("**/p/order-ready")
    assert page.evaluate("getComputedStyle(document.body).zoom") == "1.2"
    expect(page.get_by_role("button", name="标准字号")).to_be_visible()


def test_paying_opens_wechats_sheet_and_asks_the_server_for_the_truth(
    page_at: PageAt, board_url: str
) -> None:
    page = page_at(360, base=board_url).page
    page.add_init_script(BRIDGE + "window.how = 'cancel';")
    page.goto("/p/pay")
    page.get_by_role("button", name="微信付款").click()
    assert page.evaluate("window.asked.wish") == {
        "appId": samples.JSAPI.app_id,
        "timeStamp": samples.JSAPI.time_stamp,
        "nonceStr": samples.JSAPI.nonce_str,
        "package": samples.JSAPI.package,
        "signType": samples.JSAPI.sign_type,
        "paySign": samples.JSAPI.pay_sign,
    }
    expect(page.locator("#pay-answer")).to_contain_text("还没有付款")
    page.evaluate("window.how = 'ok'")
    page.get_by_role("button", name="微信付款").click()
    page.wait_for_url("**/result")


def test_outside_wechat_the_page_says_where_to_pay(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/pay").page
    page.get_by_role("button", name="微信付款").click()
    expect(page.locator("#pay-answer")).to_contain_text("请在微信里打开")


def test_fund_and_card_lower_what_is_left_to_pay(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/choose").page
    left = page.locator("[data-channel-part]")
    expect(left).to_have_text("¥14.00")
    page.get_by_label("用家庭账户余额").check()
    expect(left).to_have_text("¥5.40")
    page.get_by_label("早餐卡").check()
    expect(left).to_have_text("¥0.00")
    expect(page.get_by_text("剩下的怎么付")).to_be_hidden()
    page.get_by_label("不用卡").check()
    expect(page.get_by_label("货到付款")).to_be_visible()


def test_without_scripts_a_way_is_chosen_all_the_same(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url, scripts=False).goto("/p/choose").page
    page.get_by_label("用家庭账户余额").check()
    page.get_by_label("货到付款").check()
    before = len(posts(page))
    page.get_by_role("button", name="付款").click()
    sent = posts(page)[before]
    assert (sent["use_fund"], sent["way"], sent["card_id"]) == ("1", "on_delivery", "")


def test_the_ticked_bills_are_added_up(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/fees").page
    expect(page.locator("[data-summed]")).to_have_text("¥372.00")
    page.get_by_label("2026年11月").uncheck()
    expect(page.locator("[data-summed]")).to_have_text("¥186.00")


def test_the_payee_confirms_a_transfer_in_wechat(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).page
    page.add_init_script(
        BRIDGE.replace("get_brand_wcpay_request", "requestMerchantTransfer")
        + "window.how = 'cancel';"
    )
    page.goto("/p/withdrawal-awaiting_payee")
    page.get_by_role("button", name="去微信确认").click()
    assert page.evaluate("window.asked") == {
        "name": "requestMerchantTransfer",
        "wish": {
            "mchId": "1900001109",
            "appId": "wx0000000000000000",
            "package": "affffddafdfafddffda==",
        },
    }
    expect(page.locator("#confirm-answer")).to_contain_text("还没有确认")
    page.evaluate("window.how = 'ok'")
    with page.expect_navigation():
        page.get_by_role("button", name="去微信确认").click()


def test_a_code_that_was_scanned_and_paid_leads_to_the_result(
    page_at: PageAt, board_url: str
) -> None:
    page = with_a_clock(page_at, 360, f"{board_url}/p/pay-code")
    paid = f"{board_url}/p/result-paid"
    page.route("**/result", lambda route: route.fulfill(response=page.request.get(paid)))
    page.clock.fast_forward(10_000)
    page.wait_for_url("**/result")
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()


def test_the_unknown_payment_turns_into_paid_by_itself(page_at: PageAt, board_url: str) -> None:
    page = with_a_clock(page_at, 360, f"{board_url}/p/result-unknown")
    paid = f"{board_url}/p/result-paid"
    page.route("**/p/result-unknown*", lambda route: route.fulfill(response=page.request.get(paid)))
    page.clock.fast_forward(10_000)
    expect(page.get_by_role("heading", name="付款成功")).to_be_visible()
    assert page.locator("[hx-get]").count() == 0  # and it asks no more


def test_a_live_page_says_so_when_the_network_is_gone_and_takes_it_back(
    page_at: PageAt, board_url: str
) -> None:
    page = with_a_clock(page_at, 360, f"{board_url}/p/result-unknown")
    stale = page.get_by_text("网络不太好")
    page.route("**/p/result-unknown*", lambda route: route.abort())
    page.clock.fast_forward(10_000)
    expect(stale).to_be_visible()
    page.unroute_all()
    page.clock.fast_forward(10_000)
    expect(stale).to_be_hidden()
    expect(page.get_by_role("heading", name="正在确认")).to_be_visible()


def test_a_live_page_whose_session_has_ended_leads_to_the_sign_in(
    page_at: PageAt, board_url: str
) -> None:
    page = with_a_clock(page_at, 1440, f"{board_url}/p/overview")
    page.route(
        "**/p/overview*",
        lambda route: route.fulfill(status=303, headers={"Location": "/p/console-sign-in"}),
    )
    page.clock.fast_forward(10_000)
    page.wait_for_url("**/p/console-sign-in")


def test_the_console_is_walked_by_keyboard(page_at: PageAt, board_url: str) -> None:
    seen = page_at(1440, base=board_url).goto("/p/console-orders")
    page = seen.page
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("tr[aria-selected]")).to_contain_text("待自提")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_contain_text("现磨豆浆")
    assert page.url.endswith("/p/console-orders")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    page.keyboard.press("/")
    expect(page.get_by_label("订单号、取货码、地址、店名、人名、内容")).to_be_focused()
    assert seen.faults == []


def test_the_skip_link_is_first_and_leads_to_the_content(page_at: PageAt, board_url: str) -> None:
    page = page_at(360, base=board_url).goto("/p/home").page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_photo_is_shown_before_it_is_sent(page_at: PageAt, board_url: str) -> None:
    seen = page_at(360, base=board_url).goto("/p/deliver")
    picture = seen.page.request.get("/files/demo/goods-0.webp").body()
    seen.page.set_input_files(
        "#photo", {"name": "door.webp", "mimeType": "image/webp", "buffer": picture}
    )
    expect(seen.page.locator("#shot")).to_be_visible()
    assert seen.faults == []
