"""Transfers to people: asked for, confirmed on the phone, cancelled or forgotten."""

import json
from typing import Any

import pytest
import requests
from flask import Flask
from playwright.sync_api import Browser

from tests.unit.sandbox.partner import call
from tests.unit.sandbox.rig import OPENID, Sandbox, eventually, served

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"


def ask(sandbox: Sandbox, number: str, fen: int = 3000, **changed: Any) -> Any:
    body = {
        "appid": sandbox.world.account.app_id,
        "out_bill_no": number,
        "transfer_scene_id": "1009",
        "openid": OPENID,
        "transfer_amount": fen,
        "transfer_remark": "提现",
        "notify_url": f"{sandbox.shop.url}/pay/notify",
        "transfer_scene_report_infos": [{"info_type": "采购商品名称", "info_content": "货款"}],
    }
    return call(sandbox, "POST", BILLS, body | changed)


def state(sandbox: Sandbox, number: str) -> str:
    return str(call(sandbox, "GET", f"{BILLS}/out-bill-no/{number}")[1]["state"])


def page_of(sandbox: Sandbox, package: str) -> dict[str, str]:
    account = sandbox.world.account
    return {"mchId": account.mchid, "appId": account.app_id, "package": package}


def phone(sandbox: Sandbox, openid: str = OPENID) -> requests.Session:
    browser = requests.Session()
    browser.post(f"{sandbox.url}/phone/be", data={"openid": openid}, timeout=5)
    return browser


def test_a_transfer_waits_for_its_payee_who_confirms_on_the_phone(sandbox: Sandbox) -> None:
    status, bill = ask(sandbox, "w1")
    assert (status, bill["state"]) == (200, "WAIT_USER_CONFIRM")
    given, browser = page_of(sandbox, bill["package_info"]), phone(sandbox)
    address = f"{sandbox.url}/sandbox/confirm-transfer"

    assert "确认收款" in browser.get(address, params=given, timeout=5).text
    assert "已确认" in browser.post(address, data=given, timeout=5).text

    eventually(lambda: state(sandbox, "w1") == "SUCCESS")
    (notice,) = sandbox.notices(1)
    assert notice["event_type"] == "MCHTRANSFER.BILL.FINISHED"
    resource = notice["resource"]
    assert (resource["out_bill_no"], resource["state"]) == ("w1", "SUCCESS")
    assert (resource["mch_id"], resource["transfer_amount"]) == (given["mchId"], 3000)


def test_another_phone_cannot_take_it(sandbox: Sandbox) -> None:
    sandbox.api("POST", "people", {"openid": "oSomebodyElse", "name": "李四"})
    given = page_of(sandbox, ask(sandbox, "w1")[1]["package_info"])
    answer = phone(sandbox, "oSomebodyElse").post(
        f"{sandbox.url}/sandbox/confirm-transfer", data=given, timeout=5
    )
    assert (answer.status_code, state(sandbox, "w1")) == (400, "WAIT_USER_CONFIRM")


def test_the_same_transfer_again_is_one_and_another_amount_is_refused(sandbox: Sandbox) -> None:
    first, again = ask(sandbox, "w1")[1], ask(sandbox, "w1")[1]
    assert first == again
    assert ask(sandbox, "w1", 3001)[1]["code"] == "ALREADY_EXISTS"
    assert len(sandbox.api("GET", "transfers")["transfers"]) == 1


def test_what_nobody_confirmed_can_be_taken_back(sandbox: Sandbox) -> None:
    ask(sandbox, "w1")
    assert call(sandbox, "POST", f"{BILLS}/out-bill-no/w1/cancel")[1]["state"] == "CANCELING"
    eventually(lambda: state(sandbox, "w1") == "CANCELLED")
    assert call(sandbox, "POST", f"{BILLS}/out-bill-no/w1/cancel")[1]["state"] == "CANCELLED"
    url = f"{sandbox.url}/sandbox/api/transfers/w1/confirm"
    assert requests.post(url, timeout=5).status_code == 409


def test_what_was_confirmed_cannot_be_taken_back(sandbox: Sandbox) -> None:
    ask(sandbox, "w1")
    sandbox.api("POST", "transfers/w1/confirm")
    answer = call(sandbox, "POST", f"{BILLS}/out-bill-no/w1/cancel")
    assert (answer[0], answer[1]["code"]) == (400, "INVALID_REQUEST")


def test_it_expires_by_itself_and_by_hand(sandbox: Sandbox) -> None:
    ask(sandbox, "w1")
    sandbox.api("POST", "transfers/w1/expire")
    told = call(sandbox, "GET", f"{BILLS}/out-bill-no/w1")[1]
    assert (told["state"], told["fail_reason"]) == ("FAIL", "OVERDUE_CLOSE")
    sandbox.api("PUT", "settings", {"speed_up": 86_400})
    ask(sandbox, "w2")
    eventually(lambda: state(sandbox, "w2") == "FAIL")
    assert {notice["resource"]["fail_reason"] for notice in sandbox.notices(2)} == {"OVERDUE_CLOSE"}


def test_a_transfer_against_the_rules_is_refused(sandbox: Sandbox) -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"openid": "nobody-here"},
        {"transfer_amount": 9},
        {"transfer_amount": 200_000},
        {"user_name": "in clear"},
        {"out_bill_no": "not-a-number"},
        {"transfer_remark": "备" * 33},
        {"transfer_scene_report_infos": []},
        {"appid": "wx0000000000000000"},
    )
    for changed in wrong:
        status, answer = ask(sandbox, **({"number": "w1"} | changed))
        assert (status, answer["code"]) == (400, "PARAM_ERROR"), changed
    assert sandbox.api("GET", "transfers")["transfers"] == []


def test_a_big_one_carries_the_sealed_name(sandbox: Sandbox) -> None:
    name = sandbox.client._core.encrypt("张小雨")
    assert ask(sandbox, "w1", 200_000, user_name=name)[0] == 200


def test_trouble_refuses_it_or_lets_it_fail_after_the_tap(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "trouble", {"transfers": "not_enough"})
    assert ask(sandbox, "w1")[1]["code"] == "NOT_ENOUGH"
    sandbox.api("PUT", "trouble", {"transfers": "fail"})
    ask(sandbox, "w1")
    sandbox.api("POST", "transfers/w1/confirm")
    eventually(lambda: state(sandbox, "w1") == "FAIL")


def test_an_unknown_transfer_is_not_found(sandbox: Sandbox) -> None:
    status, answer = call(sandbox, "GET", f"{BILLS}/out-bill-no/nothing")
    assert (status, answer["code"]) == (404, "NOT_FOUND")


@pytest.mark.browser
def test_the_bridge_opens_the_confirmation_in_a_layer_and_calls_back(
    sandbox: Sandbox, chromium: Browser
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    params = page_of(sandbox, ask(sandbox, "w1")[1]["package_info"])
    app = Flask("funds")

    @app.get("/funds")
    def funds() -> str:
        return (
            "<!doctype html><button id=go>收款</button><p id=out></p>"
            f'<script src="{sandbox.url}/sandbox/jssdk.js"></script><script>go.onclick = () =>'
            f' WeixinJSBridge.invoke("requestMerchantTransfer", {json.dumps(params)},'
            " (answer) => { out.textContent = answer.err_msg; });</script>"
        )

    context = chromium.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    with served(app) as shop:
        page.goto(f"{shop}/funds")
        page.click("#go")
        layer = page.frame_locator("#sandbox-pay-sheet")
        layer.get_by_label("暂不收款").click()
        page.locator("#out", has_text="requestMerchantTransfer:cancel").wait_for()
        page.click("#go")
        layer.get_by_role("button", name="确认收款").click()
        layer.get_by_role("button", name="返回商家").click()
        page.locator("#out", has_text="requestMerchantTransfer:ok").wait_for()
    ask(sandbox, "w2")
    pages = (
        f"{sandbox.url}/sandbox/scan-pay",
        requests.Request(
            "GET",
            f"{sandbox.url}/sandbox/confirm-transfer",
            params=page_of(sandbox, ask(sandbox, "w2")[1]["package_info"]),
        )
        .prepare()
        .url,
    )
    for address in pages:
        page.goto(str(address))
        assert Axe().run(page).response["violations"] == []
    context.close()
    assert sandbox.notices(1)
