"""Codes to scan, pages to open, orders of a sub-merchant: as merchant and payer meet them."""

import json
from urllib.parse import quote

import requests
from wechatpayv3 import WeChatPayType

from tests.unit.sandbox.partner import PARTNER_ORDERS, SHOP, call, order, paid, register
from tests.unit.sandbox.rig import OPENID, Sandbox

AMOUNT = {"total": 1400, "currency": "CNY"}


def code_of(sandbox: Sandbox, number: str) -> str:
    status, text = sandbox.client.pay(
        description="豆浆", out_trade_no=number, amount=AMOUNT, pay_type=WeChatPayType.NATIVE
    )
    assert status == 200, text
    return str(json.loads(text)["code_url"])


def phone(sandbox: Sandbox, openid: str = OPENID) -> requests.Session:
    browser = requests.Session()
    browser.post(f"{sandbox.url}/phone/be", data={"openid": openid}, timeout=5)
    return browser


def test_whoever_scans_a_code_can_pay_it_and_is_its_payer(sandbox: Sandbox) -> None:
    sandbox.api("POST", "people", {"openid": "oSomebodyElse", "name": "李四"})
    code = code_of(sandbox, "native0001")
    assert code.startswith("weixin://wxpay/bizpayurl?pr=")
    browser = phone(sandbox, "oSomebodyElse")

    sheet = browser.get(f"{sandbox.url}/sandbox/scan-pay?code_url={quote(code)}", timeout=5)
    assert "确认支付" in sheet.text
    assert "李四" in sheet.text
    form = {"prepay_id": code.partition("pr=")[2]}
    assert "支付成功" in browser.post(f"{sandbox.url}/sandbox/pay", data=form, timeout=5).text

    (notice,) = sandbox.notices(1)
    assert notice["resource"]["payer"] == {"openid": "oSomebodyElse"}
    assert notice["resource"]["trade_type"] == "NATIVE"


def test_a_phone_that_belongs_to_nobody_is_asked_whose_it_is_before_it_scans(
    sandbox: Sandbox,
) -> None:
    code = code_of(sandbox, "native0001")
    page = requests.get(f"{sandbox.url}/sandbox/scan-pay?code_url={quote(code)}", timeout=5)
    assert "请选择一个身份" in page.text
    unknown = requests.get(f"{sandbox.url}/sandbox/scan-pay?code_url=nothing", timeout=5)
    assert unknown.status_code == 400
    assert "贴在下面" in requests.get(f"{sandbox.url}/sandbox/scan-pay", timeout=5).text


def test_an_h5_order_is_a_page_that_leads_back(sandbox: Sandbox) -> None:
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    status, text = sandbox.client.pay(
        description="豆浆",
        out_trade_no="h5order0001",
        amount=AMOUNT,
        scene_info=scene,
        pay_type=WeChatPayType.H5,
    )
    assert status == 200
    browser, back = phone(sandbox), "http://127.0.0.1:1/orders/7?x=1"
    link = f"{json.loads(text)['h5_url']}&redirect_url={quote(back, safe='')}"

    assert "确认支付" in browser.get(link, timeout=5).text
    form = {"prepay_id": link.partition("prepay_id=")[2].partition("&")[0], "return_url": back}
    assert f'href="{back}"' in browser.post(f"{sandbox.url}/sandbox/pay", data=form, timeout=5).text
    assert json.loads(sandbox.client.query(out_trade_no="h5order0001")[1])["trade_type"] == "MWEB"


def test_an_h5_page_opens_for_five_minutes_and_again_when_it_is_asked_for_again(
    sandbox: Sandbox,
) -> None:
    scene = {"payer_client_ip": "127.0.0.1", "h5_info": {"type": "Wap"}}
    wanted = {
        "description": "豆浆",
        "out_trade_no": "h5order0001",
        "amount": AMOUNT,
        "scene_info": scene,
        "pay_type": WeChatPayType.H5,
    }
    link, browser = json.loads(sandbox.client.pay(**wanted)[1])["h5_url"], phone(sandbox)
    sandbox.world.store.run("UPDATE trades SET prepaid_at = prepaid_at - 301")
    assert "支付链接已过期" in browser.get(link, timeout=5).text
    assert json.loads(sandbox.client.pay(**wanted)[1])["h5_url"] == link
    assert "确认支付" in browser.get(link, timeout=5).text


def test_an_h5_order_without_its_scene_is_refused(sandbox: Sandbox) -> None:
    account = sandbox.world.account
    body = {
        "appid": account.app_id,
        "mchid": account.mchid,
        "description": "豆浆",
        "out_trade_no": "h5order0001",
        "notify_url": f"{sandbox.shop.url}/pay/notify",
        "amount": AMOUNT,
    }
    status, answer = call(sandbox, "POST", "/v3/pay/transactions/h5", body)
    assert (status, answer["code"]) == (400, "PARAM_ERROR")


def test_a_shops_order_names_partner_and_shop_and_shows_the_shop_to_the_payer(
    sandbox: Sandbox,
) -> None:
    register(sandbox)
    body = order(sandbox, "partner001")
    prepay_id = call(sandbox, "POST", f"{PARTNER_ORDERS}/jsapi", body)[1]["prepay_id"]
    sheet = phone(sandbox).get(f"{sandbox.url}/sandbox/pay?prepay_id={prepay_id}", timeout=5)
    assert "老陈早点铺" in sheet.text
    sandbox.api("POST", "pay", {"prepay_id": prepay_id})

    account = sandbox.world.account
    whose = f"sp_mchid={account.mchid}&sub_mchid={SHOP}"
    status, told = call(sandbox, "GET", f"{PARTNER_ORDERS}/out-trade-no/partner001?{whose}")
    assert status == 200
    assert (told["sp_mchid"], told["sub_mchid"]) == (account.mchid, SHOP)
    assert told["payer"] == {"sp_openid": OPENID}
    (notice,) = sandbox.notices(1)
    assert (notice["resource"]["sp_mchid"], notice["resource"]["sub_mchid"]) == (
        account.mchid,
        SHOP,
    )


def test_orders_of_shop_and_property_do_not_see_each_other(sandbox: Sandbox) -> None:
    register(sandbox)
    paid(sandbox, "partner001")
    sandbox.prepay("own0000001")
    account = sandbox.world.account
    whose = f"sp_mchid={account.mchid}&sub_mchid={SHOP}"

    assert sandbox.client.query(out_trade_no="partner001")[0] == 404
    assert call(sandbox, "GET", f"{PARTNER_ORDERS}/out-trade-no/own0000001?{whose}")[0] == 404
    sub = {"sp_mchid": account.mchid, "sub_mchid": SHOP}
    assert call(sandbox, "POST", f"{PARTNER_ORDERS}/out-trade-no/own0000001/close", sub)[0] == 404


def test_a_number_of_nobody_and_frozen_money_of_our_own_are_refused(sandbox: Sandbox) -> None:
    body = order(sandbox, "partner001")
    status, answer = call(sandbox, "POST", f"{PARTNER_ORDERS}/jsapi", body)
    assert (status, answer["code"]) == (403, "NO_AUTH")
    account = sandbox.world.account
    own = {
        "appid": account.app_id,
        "mchid": account.mchid,
        "payer": {"openid": OPENID},
        **{name: body[name] for name in ("description", "out_trade_no", "notify_url", "amount")},
        "settle_info": {"profit_sharing": True},
    }
    assert call(sandbox, "POST", "/v3/pay/transactions/jsapi", own)[1]["code"] == "NO_AUTH"


def test_a_closed_shop_order_cannot_be_paid(sandbox: Sandbox) -> None:
    register(sandbox)
    prepay_id = call(sandbox, "POST", f"{PARTNER_ORDERS}/jsapi", order(sandbox, "partner001"))[1][
        "prepay_id"
    ]
    sub = {"sp_mchid": sandbox.world.account.mchid, "sub_mchid": SHOP}
    assert call(sandbox, "POST", f"{PARTNER_ORDERS}/out-trade-no/partner001/close", sub)[0] == 204
    url = f"{sandbox.url}/sandbox/api/pay"
    assert requests.post(url, json={"prepay_id": prepay_id}, timeout=5).json()["code"] == "closed"
