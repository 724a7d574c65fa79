"""Orders and refunds, driven by the library that settlement uses, with real keys."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from wechatpayv3.utils import build_authorization

from deploy.sandbox.clock import BEIJING
from tests.unit.sandbox.rig import OPENID, Sandbox, eventually

JSAPI = "/v3/pay/transactions/jsapi"


def query(sandbox: Sandbox, number: str) -> tuple[int, dict[str, Any]]:
    code, text = sandbox.client.query(out_trade_no=number)
    return code, json.loads(text)


def in_minutes(minutes: float) -> str:
    moment = datetime.now(BEIJING) + timedelta(minutes=minutes)
    return moment.isoformat(timespec="seconds")


def order_body(sandbox: Sandbox, number: str, **changed: Any) -> dict[str, Any]:
    account = sandbox.world.account
    body = {
        "appid": account.app_id,
        "mchid": account.mchid,
        "description": "豆浆",
        "out_trade_no": number,
        "notify_url": f"{sandbox.shop.url}/pay/notify",
        "amount": {"total": 300, "currency": "CNY"},
        "payer": {"openid": OPENID},
    }
    return body | changed


def signed_post(sandbox: Sandbox, body: str, **changed: Any) -> requests.Response:
    core = sandbox.client._core
    given = {
        "mchid": core._mchid,
        "serial_no": core._cert_serial_no,
        "private_key": core._private_key,
        "data": body,
    } | {name: value for name, value in changed.items() if name != "sent"}
    headers = {"Authorization": build_authorization(JSAPI, "POST", **given)}
    data = changed.get("sent", body).encode()
    return requests.post(sandbox.url + JSAPI, data=data, headers=headers, timeout=5)


def test_a_prepaid_order_is_unpaid_until_the_payer_confirms(sandbox: Sandbox) -> None:
    prepay_id = sandbox.prepay("order00001", 1400)
    assert query(sandbox, "order00001")[1]["trade_state"] == "NOTPAY"

    paid = sandbox.api("POST", "pay", {"prepay_id": prepay_id, "openid": OPENID})

    code, order = query(sandbox, "order00001")
    assert code == 200
    assert order["trade_state"] == "SUCCESS"
    assert order["transaction_id"] == paid["transaction_id"]
    assert order["payer"] == {"openid": OPENID}
    assert order["amount"]["payer_total"] == 1400
    by_id = sandbox.client.query(transaction_id=paid["transaction_id"])
    assert json.loads(by_id[1])["out_trade_no"] == "order00001"


def test_the_same_order_again_gets_the_same_prepay_id(sandbox: Sandbox) -> None:
    assert sandbox.prepay("order00001") == sandbox.prepay("order00001")


def test_the_same_number_with_another_amount_is_refused(sandbox: Sandbox) -> None:
    sandbox.prepay("order00001", 1400)

    answer = signed_post(sandbox, json.dumps(order_body(sandbox, "order00001")))

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_REQUEST")


def test_a_paid_number_cannot_be_prepaid_or_closed(sandbox: Sandbox) -> None:
    sandbox.paid("order00001")

    again = signed_post(sandbox, json.dumps(order_body(sandbox, "order00001")))
    closed = sandbox.client.close("order00001")

    assert (again.status_code, again.json()["code"]) == (400, "ORDERPAID")
    assert (closed[0], json.loads(closed[1])["code"]) == (400, "ORDERPAID")


def test_a_refunded_number_is_used_up(sandbox: Sandbox) -> None:
    sandbox.paid("order00001")
    sandbox.refund("order00001", "r1", 1400)

    again = signed_post(sandbox, json.dumps(order_body(sandbox, "order00001")))

    assert (again.status_code, again.json()["code"]) == (403, "OUT_TRADE_NO_USED")


def test_a_closed_order_cannot_be_paid_and_closing_twice_is_harmless(sandbox: Sandbox) -> None:
    prepay_id = sandbox.prepay("order00001")
    assert sandbox.client.close("order00001")[0] == 204
    assert sandbox.client.close("order00001")[0] == 204

    answer = requests.post(
        f"{sandbox.url}/sandbox/api/pay", json={"prepay_id": prepay_id}, timeout=5
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "closed")
    assert query(sandbox, "order00001")[1]["trade_state"] == "CLOSED"
    again = signed_post(sandbox, json.dumps(order_body(sandbox, "order00001")))
    assert again.json()["code"] == "ORDER_CLOSED"


def test_money_that_was_on_its_way_arrives_after_closing(sandbox: Sandbox) -> None:
    sandbox.prepay("order00001")
    sandbox.client.close("order00001")
    sandbox.api("PUT", "trouble", {"pay_after_close": True})

    sandbox.api("POST", "pay", {"out_trade_no": "order00001"})

    assert query(sandbox, "order00001")[1]["trade_state"] == "SUCCESS"
    assert sandbox.notices(1)[0]["event_type"] == "TRANSACTION.SUCCESS"


def test_an_order_closes_by_itself_when_its_time_is_over(sandbox: Sandbox) -> None:
    sandbox.prepay("order00001", time_expire=in_minutes(1.0))
    sandbox.world.store.run("UPDATE trades SET expires_at = expires_at - 61")

    assert query(sandbox, "order00001")[1]["trade_state"] == "CLOSED"
    answer = requests.post(
        f"{sandbox.url}/sandbox/api/pay", json={"out_trade_no": "order00001"}, timeout=5
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "expired")


def test_only_the_person_of_the_prepay_can_pay_and_only_once(sandbox: Sandbox) -> None:
    sandbox.prepay("order00001")
    other = sandbox.api("POST", "people", {"name": "李强"})["openid"]
    pay = f"{sandbox.url}/sandbox/api/pay"

    wrong = requests.post(pay, json={"out_trade_no": "order00001", "openid": other}, timeout=5)
    first = requests.post(pay, json={"out_trade_no": "order00001"}, timeout=5)
    second = requests.post(pay, json={"out_trade_no": "order00001"}, timeout=5)

    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_payer")
    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (409, "paid")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"mchid": "1900000000"}, "PARAM_ERROR"),
        ({"appid": "wxother"}, "APPID_MCHID_NOT_MATCH"),
        ({"out_trade_no": "short"}, "PARAM_ERROR"),
        ({"out_trade_no": "with space 1"}, "PARAM_ERROR"),
        ({"description": ""}, "PARAM_ERROR"),
        ({"notify_url": "http://shop/notify?a=1"}, "PARAM_ERROR"),
        ({"amount": {"total": 0, "currency": "CNY"}}, "PARAM_ERROR"),
        ({"amount": {"total": 1.5, "currency": "CNY"}}, "PARAM_ERROR"),
        ({"amount": {"total": 100, "currency": "USD"}}, "PARAM_ERROR"),
        ({"payer": {"openid": "oNobody"}}, "PARAM_ERROR"),
        ({"time_expire": "2020-01-01T00:00:00+08:00"}, "PARAM_ERROR"),
        ({"time_expire": "tomorrow"}, "PARAM_ERROR"),
    ],
)
def test_a_wrong_field_is_refused(sandbox: Sandbox, changed: dict[str, Any], code: str) -> None:
    answer = signed_post(sandbox, json.dumps(order_body(sandbox, "order00001", **changed)))

    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_an_altered_body_is_refused_and_the_refusal_is_signed(sandbox: Sandbox) -> None:
    body = json.dumps(order_body(sandbox, "order00001"))

    answer = signed_post(sandbox, body, sent=body.replace("300", "3"))

    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")
    assert sandbox.client._core._verify_signature(answer.headers, answer.text)


def test_another_key_another_merchant_and_another_certificate_are_refused(
    sandbox: Sandbox,
) -> None:
    stranger = generate_private_key(public_exponent=65537, key_size=2048)
    body = json.dumps(order_body(sandbox, "order00001"))

    answers = [
        signed_post(sandbox, body, private_key=stranger),
        signed_post(sandbox, body, mchid="1900000000"),
        signed_post(sandbox, body, serial_no="0" * 40),
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401]
    assert sandbox.world.store.count("trades") == 0


def test_the_same_authorization_twice_is_refused(sandbox: Sandbox) -> None:
    body = json.dumps(order_body(sandbox, "order00001"))

    first = signed_post(sandbox, body, nonce_str="N" * 32)
    second = signed_post(sandbox, body, nonce_str="N" * 32)

    assert (first.status_code, second.status_code) == (200, 401)


def test_an_unknown_order_is_404(sandbox: Sandbox) -> None:
    code, answer = query(sandbox, "order99999")

    assert (code, answer["code"]) == (404, "ORDER_NOT_EXIST")


def test_a_refund_is_processed_first_and_done_a_moment_later(sandbox: Sandbox) -> None:
    sandbox.paid("order00001")

    code, text = sandbox.refund("order00001", "r1", 600)

    assert (code, json.loads(text)["status"]) == (200, "PROCESSING")
    done = eventually(lambda: _refund_in(sandbox, "r1", "SUCCESS"))
    assert done["amount"]["refund"] == 600
    assert "success_time" in done
    assert query(sandbox, "order00001")[1]["trade_state"] == "REFUND"
    kinds = [notice["event_type"] for notice in sandbox.notices(2)]
    assert kinds == ["TRANSACTION.SUCCESS", "REFUND.SUCCESS"]


def _refund_in(sandbox: Sandbox, number: str, status: str) -> dict[str, Any] | None:
    refund: dict[str, Any] = json.loads(sandbox.client.query_refund(number)[1])
    return refund if refund["status"] == status else None


def test_many_refunds_up_to_what_was_paid_and_not_a_fen_more(sandbox: Sandbox) -> None:
    sandbox.paid("order00001", 1000)

    codes = [sandbox.refund("order00001", f"r{n}", 400, 1000)[0] for n in range(3)]
    last = sandbox.refund("order00001", "r9", 200, 1000)[0]

    assert codes == [200, 200, 400]
    assert last == 200


def test_the_same_refund_number_is_the_same_refund(sandbox: Sandbox) -> None:
    sandbox.paid("order00001", 1000)

    first = json.loads(sandbox.refund("order00001", "r1", 400, 1000)[1])
    second = json.loads(sandbox.refund("order00001", "r1", 400, 1000)[1])
    other = sandbox.refund("order00001", "r1", 500, 1000)

    assert first["refund_id"] == second["refund_id"]
    assert other[0] == 400
    assert sandbox.world.store.count("refunds") == 1


def test_a_refund_of_an_unpaid_or_unknown_order_is_refused(sandbox: Sandbox) -> None:
    sandbox.prepay("order00001")

    unpaid = sandbox.refund("order00001", "r1", 100)
    unknown = sandbox.refund("order99999", "r2", 100)

    assert (unpaid[0], json.loads(unpaid[1])["code"]) == (400, "INVALID_REQUEST")
    assert (unknown[0], json.loads(unknown[1])["code"]) == (404, "RESOURCE_NOT_EXISTS")


@pytest.mark.parametrize(("way", "status"), [("abnormal", "ABNORMAL"), ("closed", "CLOSED")])
def test_a_refund_can_fail(sandbox: Sandbox, way: str, status: str) -> None:
    sandbox.paid("order00001")
    sandbox.api("PUT", "trouble", {"refunds": way})

    sandbox.refund("order00001", "r1", 600)

    eventually(lambda: _refund_in(sandbox, "r1", status))
    assert sandbox.notices(2)[1]["event_type"] == f"REFUND.{status}"


def test_a_refund_without_funds_is_refused(sandbox: Sandbox) -> None:
    sandbox.paid("order00001")
    sandbox.api("PUT", "trouble", {"refunds": "not_enough"})

    code, text = sandbox.refund("order00001", "r1", 600)

    assert (code, json.loads(text)["code"]) == (403, "NOT_ENOUGH")


def test_an_outage_answers_503_and_ends(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "trouble", {"pay_outage_s": 30})
    assert sandbox.client.query(out_trade_no="order00001")[0] == 503

    sandbox.api("DELETE", "trouble")

    assert sandbox.client.query(out_trade_no="order00001")[0] == 404
