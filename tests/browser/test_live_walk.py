"""The real product in a real browser: an order as each of its people sees it, page by page."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from deploy.demo.acts import photo
from deploy.demo.connection import demo_id
from deploy.local.installation import Installation
from tests.browser.conftest import PageAt
from tests.browser.people import AtDesk, Eyes, OnPhone, Town, amount_fen
from tests.system.deal import Deal
from tests.system.life import Life

pytestmark = [pytest.mark.stack]


class Street:
    """Opens phones for the people of the demo."""

    def __init__(self, page_at: PageAt, installation: Installation, home: int) -> None:
        self._page_at, self._installation = page_at, installation
        self.town = Town(home)

    def phone(self, name: str, width: int = 360, mood: str = "", **how: bool) -> OnPhone:
        """A phone of its own, signed in."""
        seen = self._page_at(width, wechat=True, **how)
        return OnPhone(seen, self._installation, mood).sign_in(name)


def fill_basket(resident: OnPhone, town: Town) -> None:
    """From the home to the checkout: two of the shop's first goods."""
    resident.page.locator("a[href^='/h5/stores/']", has_text=town.shop.name).first.click()
    more = resident.page.get_by_label("多要一份").first
    more.click(click_count=2)
    expect(resident.page.locator("[data-pieces]")).to_have_text("2")


def order_id_of(resident: OnPhone) -> str:
    """From the address of the order's page."""
    return resident.page.url.rpartition("/")[2]


def test_an_order_walks_from_the_tap_to_the_settled_money(
    page_at: PageAt, installation: Installation, tmp_path: Path
) -> None:
    street = Street(page_at, installation, home=6)
    town = street.town
    keeper = street.phone(town.keeper)
    keeper.page.get_by_role("link", name="账户").click()
    before_fen = amount_fen(keeper.page.locator(".money_huge").inner_text())

    resident = street.phone(town.resident).look("home").picture("resident-home")
    fill_basket(resident, town)
    resident.look("store").press("去下单").look("checkout")
    resident.press("下单，去付款").look("choose")
    resident.press("付款").look("pay")
    resident.pay().reads("付款成功").look("paid")
    resident.page.get_by_role("link", name="看订单").click()
    resident.reads("待接单").reads("由物业保管").look("order-paid").picture("order")
    order_id = order_id_of(resident)
    price_fen = amount_fen(resident.page.locator(".held").inner_text())

    keeper.goto("/h5/merchant/").reads("接单").look("desk").picture("desk")
    keeper.goto(f"/h5/merchant/orders/{order_id}").look("merchant-new")
    keeper.press("接单").reads("备货中").look("merchant-preparing")
    keeper.press("备好了").reads("谁去送？").look("merchant-ready")
    keeper.page.get_by_text(town.courier.strip("（")).click()
    keeper.press("出发").reads("配送中").look("merchant-going")

    courier = street.phone(town.courier).reads(town.household.address).look("drops")
    courier.page.get_by_role("link", name="通行证").first.click()
    expect(courier.page.locator("svg.qr")).to_be_visible()
    digits = courier.look("pass").page.locator(".pass__digits").inner_text()

    guard = street.phone(town.guard).look("gate-which")
    guard.press(town.gate).look("gate")
    guard.page.fill("#code", digits)
    guard.press("查验").reads(town.household.address).look("gate-visit").picture("gate")
    guard.press("放行").reads("在小区内").look("gate-inside")
    visit = guard.page.url
    resident.reads("配送员进了小区").look("order-going")

    courier.goto("/h5/courier/")
    courier.page.locator("a.entry", has_text=town.household.address).first.click()
    shot = tmp_path / "door.jpg"
    shot.write_bytes(photo())
    courier.page.set_input_files("#photo", shot)
    courier.look("deliver").press("已送达").look("drops-done")
    guard.goto("/gate/inside").look("gate-list")
    guard.page.goto(visit)
    guard.press("离开").reads("已离开").look("gate-left")

    resident.reads("已送达").look("order-delivered")
    resident.press("确认收货").reads("已完成").reads("已付给商家 ·").look("order-completed")
    resident.goto(f"/h5/orders/{order_id}/money").reads("已付给商家").look("order-money")
    resident.goto("/h5/account").look("account")
    resident.goto("/h5/orders").look("orders")
    resident.goto("/h5/me").look("me")
    keeper.goto("/h5/merchant/balance").look("balance")
    after_fen = amount_fen(keeper.page.locator(".money_huge").inner_text())
    assert after_fen == before_fen + price_fen
    keeper.goto("/h5/merchant/settled").reads("可提现时间").look("settled")
    keeper.goto("/h5/merchant/goods").look("goods")


def test_staff_see_the_order_its_money_and_who_came_in(
    page_at: PageAt, installation: Installation
) -> None:
    order_id = Life(installation).walk(7)
    desk = AtDesk(page_at(1440), installation).sign_in(installation)
    desk.reads("要人处理").look("overview")
    desk.goto(f"/console/orders?text={Town(7).household.address}").reads("已完成")
    desk.look("console-orders")
    desk.page.locator("[data-row]").first.click()
    desk.reads("合计").look("console-orders-panel")
    desk.goto(f"/console/orders/{order_id}").reads("商家账户").look("console-order")
    desk.goto("/console/visits").reads("已离开").look("console-visits")
    desk.goto("/console/merchants").reads("已认证").look("console-merchants")
    desk.goto("/console/audit").reads("账平了").look("console-audit")
    screen = Eyes(page_at(1920), installation)
    screen.page.context.add_cookies(desk.page.context.cookies())
    screen.goto(f"/screens/{demo_id('gate', Town(7).gate)}").look("screen")
    assert screen.page.evaluate("document.documentElement.scrollHeight") <= 1080


def test_a_mediator_sees_the_whole_quarrel_on_one_page_and_rules(
    page_at: PageAt, installation: Installation
) -> None:
    deal = Deal(Life(installation), 10)
    path = deal.dispute(deal.delivered())
    deal.dispute_is(path, "negotiating")
    deal.life.post(deal.resident, f"{path}/call-mediator")
    desk = AtDesk(page_at(1440), installation).sign_in(installation, "tiaojie")
    desk.page.on("dialog", lambda dialog: dialog.accept())
    desk.goto("/console/disputes").look("disputes")
    desk.goto(f"/console/disputes/{path.rpartition('/')[2]}").press("接手").reads("记录完整")
    desk.reads("送到门口时").look("case-file").picture("case-file")
    desk.page.fill("#f-amount", "3")
    desk.page.fill("#f-reason", "杯盖松了，洒了一杯")
    desk.press("裁定").reads("已裁定").look("case-ruled")
    deal.dispute_is(path, "ruled")


def test_without_scripts_one_finds_orders_and_follows(
    page_at: PageAt, installation: Installation
) -> None:
    street = Street(page_at, installation, home=8)
    resident = street.phone(street.town.resident, scripts=False)
    page, good = resident.page, street.town.shop.goods[0]
    page.fill("[name=text]", good.name)
    resident.press("搜索").reads(street.town.shop.name)
    page.get_by_role("link", name=good.name).first.click()
    page.locator("[name^='q.']").first.fill("2")
    resident.press("去下单").press("下单，去付款").reads("怎么付")
    resident.press("付款").reads("请付款")
    expect(page.locator("noscript p")).to_contain_text("微信付款要用到脚本")
    resident.seen.write("live-pay-plain")  # axe is a script itself
    assert resident.seen.wider_than_screen_px() == 0
    life = Life(installation)
    payment_id = page.url.split("/pay/")[1].partition("/")[0]
    life.pay(life.resident(8), payment_id)
    page.get_by_role("link", name="我已经付过了").click()
    resident.reads("付款成功")
    page.get_by_role("link", name="看订单").click()
    resident.reads("由物业保管")


def test_in_the_dark_each_page_of_an_order_can_be_read(
    page_at: PageAt, installation: Installation
) -> None:
    life = Life(installation)
    order_id = life.walk(9)
    street = Street(page_at, installation, home=9)
    resident = street.phone(street.town.resident, width=390, mood="-dark", dark=True)
    resident.look("home")
    fill_basket(resident, street.town)
    resident.look("store").press("去下单").look("checkout").press("下单，去付款").look("choose")
    resident.press("付款").look("pay")
    resident.goto(f"/h5/orders/{order_id}").look("order")
    resident.goto(f"/h5/orders/{order_id}/money").look("order-money")
    keeper = street.phone(street.town.keeper, width=390, mood="-dark", dark=True)
    keeper.look("desk").goto("/h5/merchant/balance").look("balance")
