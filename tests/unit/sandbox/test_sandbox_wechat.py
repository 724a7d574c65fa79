"""The service account's API: tokens, messages, menu, sign-in, as WeChat answers them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.unit.sandbox.rig import OPENID, Sandbox

CARD = {
    "touser": OPENID,
    "template_id": "TPL_PAID",
    "url": "http://127.0.0.1:8080/h5/orders/1",
    "data": {"thing1": {"value": "豆浆油条"}, "amount2": {"value": "14.00元"}},
}


def token_of(sandbox: Sandbox, **changed: Any) -> dict[str, Any]:
    account = sandbox.world.account
    given = {
        "grant_type": "client_credential",
        "appid": account.app_id,
        "secret": account.app_secret,
    } | changed
    answer: dict[str, Any] = requests.get(
        f"{sandbox.url}/cgi-bin/token", params=given, timeout=5
    ).json()
    return answer


def call(sandbox: Sandbox, path: str, body: Any, token: str | None = None) -> dict[str, Any]:
    token = token_of(sandbox)["access_token"] if token is None else token
    url = f"{sandbox.url}/cgi-bin/{path}?access_token={token}"
    answer: dict[str, Any] = requests.post(url, json=body, timeout=5).json()
    return answer


def sign_in(sandbox: Sandbox, **changed: Any) -> requests.Response:
    given = {
        "appid": sandbox.world.account.app_id,
        "redirect_uri": "http://127.0.0.1:8080/wechat/back?next=%2Fh5",
        "response_type": "code",
        "scope": "snsapi_base",
        "state": "s 1",
        "openid": OPENID,
    } | changed
    given = {name: value for name, value in given.items() if value is not None}
    return requests.get(
        f"{sandbox.url}/connect/oauth2/authorize", params=given, allow_redirects=False, timeout=5
    )


def openid_of(sandbox: Sandbox, code: str, **changed: Any) -> dict[str, Any]:
    account = sandbox.world.account
    given = {
        "appid": account.app_id,
        "secret": account.app_secret,
        "code": code,
        "grant_type": "authorization_code",
    } | changed
    answer: dict[str, Any] = requests.get(
        f"{sandbox.url}/sns/oauth2/access_token", params=given, timeout=5
    ).json()
    return answer


def code_of(answer: requests.Response) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"secret": "wrong"}, 40125),
        ({"appid": "wxother"}, 40013),
        ({"grant_type": "other"}, 40002),
    ],
)
def test_a_token_is_given_only_for_the_right_secret(
    sandbox: Sandbox, changed: dict[str, str], errcode: int
) -> None:
    assert token_of(sandbox)["expires_in"] == 7200
    assert token_of(sandbox, **changed)["errcode"] == errcode


def test_a_new_token_ends_the_old_one_within_five_minutes(sandbox: Sandbox) -> None:
    old = token_of(sandbox)["access_token"]
    token_of(sandbox)

    assert call(sandbox, "message/template/send", CARD, old)["errcode"] == 0
    sandbox.world.store.run("UPDATE access_tokens SET expires_at = expires_at - 301")
    assert call(sandbox, "message/template/send", CARD, old)["errcode"] == 42001


def test_the_stable_token_stays_until_it_is_forced(sandbox: Sandbox) -> None:
    account = sandbox.world.account
    body = {
        "grant_type": "client_credential",
        "appid": account.app_id,
        "secret": account.app_secret,
    }

    first = call(sandbox, "stable_token", body, "")["access_token"]
    again = call(sandbox, "stable_token", body, "")["access_token"]
    forced = call(sandbox, "stable_token", body | {"force_refresh": True}, "")["access_token"]

    assert first == again != forced


def test_a_missing_unknown_or_expired_token_is_refused(sandbox: Sandbox) -> None:
    token = token_of(sandbox)["access_token"]
    sandbox.api("POST", "tokens/expire")

    errors = [
        call(sandbox, "message/template/send", CARD, each)["errcode"]
        for each in ("", "nonsense", token)
    ]

    assert errors == [41001, 40001, 42001]


def test_a_template_message_appears_on_the_phone(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "templates/TPL_PAID", {"title": "付款成功", "labels": {"thing1": "商品"}})

    answer = call(sandbox, "message/template/send", CARD)

    assert answer["errcode"] == 0
    message = sandbox.api("GET", f"messages?openid={OPENID}")["messages"][-1]
    assert message["id"] == answer["msgid"]
    assert (message["kind"], message["title"]) == ("template", "付款成功")
    assert message["url"] == CARD["url"]
    assert message["fields"][0] == {"key": "thing1", "label": "商品", "value": "豆浆油条"}


def test_a_subscription_message_appears_on_the_phone(sandbox: Sandbox) -> None:
    body = {name: value for name, value in CARD.items() if name != "url"} | {"page": "http://a/b"}

    assert call(sandbox, "message/subscribe/bizsend", body)["errcode"] == 0
    message = sandbox.api("GET", f"messages?openid={OPENID}")["messages"][-1]
    assert (message["kind"], message["url"]) == ("subscribe", "http://a/b")


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [
        ({"touser": "oNobody"}, 40003),
        ({"template_id": ""}, 40037),
        ({"data": {}}, 47003),
        ({"data": {"thing1": {"value": ""}}}, 47003),
        ({"data": {"thing1": {"value": "字" * 21}}}, 47003),
    ],
)
def test_a_wrong_template_message_is_refused(
    sandbox: Sandbox, changed: dict[str, Any], errcode: int
) -> None:
    assert call(sandbox, "message/template/send", CARD | changed)["errcode"] == errcode
    assert sandbox.world.store.count("messages") == 0


def test_who_does_not_follow_gets_no_message(sandbox: Sandbox) -> None:
    sandbox.api("POST", f"people/{OPENID}/event", {"event": "unsubscribe"})

    assert call(sandbox, "message/template/send", CARD)["errcode"] == 43004
    sandbox.api("POST", f"people/{OPENID}/event", {"event": "subscribe"})
    assert call(sandbox, "message/template/send", CARD)["errcode"] == 0


def test_an_outage_of_wechat_answers_503(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "trouble", {"wechat_outage_s": 30})

    assert requests.get(f"{sandbox.url}/cgi-bin/token", timeout=5).status_code == 503


def test_a_menu_is_checked_and_kept(sandbox: Sandbox) -> None:
    leaf = {"type": "view", "name": "逛逛", "url": "http://127.0.0.1:8080/h5"}
    good = {"button": [leaf, {"name": "更多", "sub_button": [leaf]}]}

    assert call(sandbox, "menu/create", good)["errcode"] == 0
    assert call(sandbox, "menu/create", {"button": [leaf] * 4})["errcode"] == 40017
    assert call(sandbox, "menu/create", {"button": [{"name": "坏"}]})["errcode"] == 40016
    assert sandbox.api("GET", "menu")["menu"] == good


def test_qr_codes_tickets_and_user_info(sandbox: Sandbox) -> None:
    scene = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "door-3"}}}
    token = token_of(sandbox)["access_token"]

    qr = call(sandbox, "qrcode/create", scene | {"expire_seconds": 600}, token)
    base, query = f"{sandbox.url}/cgi-bin", f"access_token={token}"
    ticket = requests.get(f"{base}/ticket/getticket?type=jsapi&{query}", timeout=5).json()
    user = requests.get(f"{base}/user/info?openid={OPENID}&{query}", timeout=5).json()

    assert qr["expire_seconds"] == 600
    assert qr["url"].endswith("scene=door-3")
    assert (ticket["errcode"], ticket["expires_in"]) == (0, 7200)
    assert (user["subscribe"], user["openid"]) == (1, OPENID)


def test_sign_in_gives_a_code_that_works_once(sandbox: Sandbox) -> None:
    answer = sign_in(sandbox)

    location = urlsplit(answer.headers["Location"])
    assert answer.status_code == 302
    assert parse_qs(location.query)["next"] == ["/h5"]
    assert parse_qs(location.query)["state"] == ["s 1"]
    assert openid_of(sandbox, code_of(answer))["openid"] == OPENID
    assert openid_of(sandbox, code_of(answer))["errcode"] == 40163


def test_a_made_up_or_old_code_or_a_wrong_secret_is_refused(sandbox: Sandbox) -> None:
    code = code_of(sign_in(sandbox))

    assert openid_of(sandbox, "made-up")["errcode"] == 40029
    assert openid_of(sandbox, code, secret="wrong")["errcode"] == 40125
    sandbox.world.store.run("UPDATE oauth_codes SET expires_at = expires_at - 301")
    assert openid_of(sandbox, code)["errcode"] == 40029


def test_the_phones_cookie_says_who_signs_in(sandbox: Sandbox) -> None:
    browser = requests.Session()
    browser.post(f"{sandbox.url}/phone/be", data={"openid": OPENID}, timeout=5)
    params = {
        "appid": sandbox.world.account.app_id,
        "redirect_uri": "http://127.0.0.1:8080/back",
        "response_type": "code",
        "scope": "snsapi_base",
    }

    answer = browser.get(
        f"{sandbox.url}/connect/oauth2/authorize", params=params, allow_redirects=False, timeout=5
    )

    assert openid_of(sandbox, code_of(answer))["openid"] == OPENID


def test_without_a_cookie_the_page_asks_who_to_be(sandbox: Sandbox) -> None:
    answer = sign_in(sandbox, openid=None)

    assert answer.status_code == 200
    assert "张小雨" in answer.text


@pytest.mark.parametrize(
    "changed",
    [
        {"appid": "wxother"},
        {"redirect_uri": "javascript:alert(1)"},
        {"scope": "everything"},
        {"openid": "oNobody"},
    ],
)
def test_a_wrong_sign_in_link_leads_nowhere(sandbox: Sandbox, changed: dict[str, str]) -> None:
    assert sign_in(sandbox, **changed).status_code == 400
