"""The phone and the pay sheet as a person uses them, without and with a real browser."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.unit.sandbox.rig import OPENID, Sandbox, served


def phone(sandbox: Sandbox) -> requests.Session:
    """A browser whose owner is the resident."""
    browser = requests.Session()
    browser.post(f"{sandbox.url}/phone/be", data={"openid": OPENID}, timeout=5)
    return browser


def call_of_page(sandbox: Sandbox, prepay_id: str) -> dict[str, str]:
    """What a page hands to getBrandWCPayRequest, signed by the merchant."""
    app_id, stamp = sandbox.world.account.app_id, str(int(time.time()))
    package = f"prepay_id={prepay_id}"
    return {
        "appId": app_id,
        "timeStamp": stamp,
        "nonceStr": "nonce",
        "package": package,
        "signType": "RSA",
        "paySign": sandbox.client.sign([app_id, stamp, "nonce", package]),
    }


def test_the_phone_asks_who_one_is_and_then_shows_the_chat(sandbox: Sandbox) -> None:
    first = requests.get(sandbox.url, timeout=5)
    assert "我是谁" in first.text

    page = phone(sandbox).get(sandbox.url, timeout=5)

    assert "与邻里生活的对话" in page.text


def test_what_is_typed_is_shown_and_cannot_become_markup(sandbox: Sandbox) -> None:
    browser = phone(sandbox)
    text = {"text": "<img src=x> https://a.b/c"}

    page = browser.post(f"{sandbox.url}/phone/text", data=text, timeout=5)

    assert "&lt;img src=x&gt;" in page.text
    assert '<a href="https://a.b/c">' in page.text
    newer = browser.get(f"{sandbox.url}/phone/messages?after=0", timeout=5)
    assert newer.text.count("data-id") == 1


def test_a_tap_on_the_menu_is_pushed(sandbox: Sandbox) -> None:
    button = {"type": "click", "name": "订单", "key": "MY_ORDERS"}
    sandbox.world.store.keep("menu", json.dumps({"button": [button]}))

    phone(sandbox).post(f"{sandbox.url}/phone/tap/0/0", timeout=5)

    assert "MY_ORDERS" in sandbox.shop.pushed[0][1]


def test_a_new_person_follows_by_being_made(sandbox: Sandbox) -> None:
    browser = requests.Session()

    page = browser.post(f"{sandbox.url}/phone/people", data={"name": "王建国"}, timeout=5)

    assert "王建国" in page.text
    names = [person["name"] for person in sandbox.api("GET", "people")["people"]]
    assert names == ["张小雨", "王建国"]


def test_switching_never_leads_to_another_site(sandbox: Sandbox) -> None:
    form = {"openid": OPENID, "then": "//evil.example/"}

    answer = requests.post(f"{sandbox.url}/phone/be", data=form, allow_redirects=False, timeout=5)

    assert answer.headers["Location"] == "/"


def test_the_sheet_pays_and_leads_back(sandbox: Sandbox) -> None:
    prepay_id = sandbox.prepay("order00001", 1400)
    given = {"prepay_id": prepay_id, "return_url": "http://127.0.0.1:8080/h5/orders/1"}
    browser = phone(sandbox)

    sheet = browser.get(f"{sandbox.url}/sandbox/pay", params=given, timeout=5)
    paid = browser.post(f"{sandbox.url}/sandbox/pay", data=given, timeout=5)

    assert "14.00" in sheet.text
    assert "邻里物业服务有限公司" in sheet.text
    assert "支付成功" in paid.text
    assert f'href="{given["return_url"]}"' in paid.text
    assert sandbox.notices(1)[0]["resource"]["out_trade_no"] == "order00001"


def test_the_sheet_refuses_a_wrong_pay_sign(sandbox: Sandbox) -> None:
    good = call_of_page(sandbox, sandbox.prepay("order00001"))
    url = f"{sandbox.url}/sandbox/pay"

    assert requests.get(url, params=good, timeout=5).status_code == 200
    for changed in ({"package": "prepay_id=other"}, {"nonceStr": "x"}, {"signType": "MD5"}):
        answer = requests.get(url, params=good | changed, timeout=5)
        assert (answer.status_code, "支付验证签名失败" in answer.text) == (400, True)


def test_somebody_elses_order_cannot_be_paid(sandbox: Sandbox) -> None:
    prepay_id = sandbox.prepay("order00001")
    other = sandbox.api("POST", "people", {"name": "李强"})["openid"]
    browser = requests.Session()
    browser.post(f"{sandbox.url}/phone/be", data={"openid": other}, timeout=5)

    form = {"prepay_id": prepay_id}
    answer = browser.post(f"{sandbox.url}/sandbox/pay", data=form, timeout=5)

    assert answer.status_code == 400
    assert "支付账号与下单账号不一致" in answer.text


def test_two_thumbs_at_once_pay_once(sandbox: Sandbox) -> None:
    sandbox.prepay("order00001")
    url, body = f"{sandbox.url}/sandbox/api/pay", {"out_trade_no": "order00001"}

    def pay(_: int) -> int:
        return requests.post(url, json=body, timeout=10).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(pay, range(8)))

    assert codes == [200] + [409] * 7
    assert sandbox.world.store.count("notices") == 1


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of a phone-sized browser."""
    context = chromium.new_context(viewport={"width": 360, "height": 740})
    yield context.new_page()
    context.close()


def cashier(sandbox: Sandbox, csp: str) -> Flask:
    """A shop's page that pays by WeixinJSBridge under a content security policy."""
    app = Flask("cashier")
    params = json.dumps(call_of_page(sandbox, sandbox.prepay("order00001")))

    @app.get("/pay")
    def pay() -> tuple[str, dict[str, str]]:
        html = (
            "<!doctype html><button id=go>付款</button><p id=out></p>"
            f'<script src="{sandbox.url}/sandbox/jssdk.js"></script><script nonce="n">go.onclick ='
            f' () => WeixinJSBridge.invoke("getBrandWCPayRequest", {params},'
            " (answer) => { out.textContent = answer.err_msg; });</script>"
        )
        return html, {"Content-Security-Policy": csp}

    return app


@pytest.mark.browser
def test_the_bridge_pays_in_a_layer_and_calls_back(sandbox: Sandbox, page: Any) -> None:
    csp = f"default-src 'self'; script-src {sandbox.url} 'nonce-n'; frame-src {sandbox.url}"
    with served(cashier(sandbox, csp)) as shop:
        page.goto(f"{shop}/pay")
        page.click("#go")
        sheet = page.frame_locator("#sandbox-pay-sheet")
        sheet.get_by_label("取消支付").click()
        page.locator("#out", has_text=":cancel").wait_for()

        page.click("#go")
        sheet.get_by_role("button", name="确认支付").click()
        sheet.get_by_role("button", name="返回商家").click()

        page.locator("#out", has_text=":ok").wait_for()
    assert sandbox.notices(1)


@pytest.mark.browser
def test_where_frames_are_forbidden_the_sheet_is_opened_by_navigation(
    sandbox: Sandbox, page: Any
) -> None:
    csp = f"default-src 'self'; script-src {sandbox.url} 'nonce-n'"
    with served(cashier(sandbox, csp)) as shop:
        page.goto(f"{shop}/pay")
        page.click("#go")
        page.get_by_role("button", name="确认支付").click()
        page.get_by_role("link", name="返回商家").click()

        page.wait_for_url(f"{shop}/pay")
    assert sandbox.notices(1)


@pytest.mark.browser
def test_the_phone_is_accessible_and_shows_a_reply_without_a_reload(
    sandbox: Sandbox, page: Any
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.goto(sandbox.url)
    people = Axe().run(page)
    page.get_by_role("button", name="张小雨").first.click()
    page.fill("#say input", "豆浆")
    page.click("#say button")
    page.wait_for_selector(".mine .bubble >> text=豆浆")
    chat = Axe().run(page)

    assert people.response["violations"] == []
    assert chat.response["violations"] == []
