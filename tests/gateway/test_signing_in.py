"""Who gets in, and for how long."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from services.contracts.identity import UnknownSession, WrongPassword
from services.contracts.marketing import OAuthCodeRefused
from services.kernel import clock
from tests.support.gateway import APP_ID, SESSION, World


def begin(client: FlaskClient, target: str = "/h5/orders") -> dict[str, str]:
    """Start signing in; what WeChat was sent."""
    answer = client.get("/h5/sign-in", query_string={"next": target})
    assert answer.status_code == 302
    sent = parse_qs(urlsplit(answer.location).query)
    return {name: values[0] for name, values in sent.items()}


def come_back(client: FlaskClient, sent: dict[str, str], **changed: str) -> object:
    """WeChat sends the browser back with a code."""
    back = urlsplit(sent["redirect_uri"])
    args = {name: values[0] for name, values in parse_qs(back.query).items()}
    args |= {"code": "code-1", "state": sent["state"], **changed}
    return client.get(back.path, query_string=args)


def test_a_wechat_user_signs_in_and_comes_back_to_the_page_that_was_asked_for(
    world: World,
) -> None:
    client = world.client()
    sent = begin(client)
    assert sent["appid"] == APP_ID
    assert sent["scope"] == "snsapi_base"
    assert sent["state"].isalnum()
    assert len(sent["state"]) <= 128
    answer = come_back(client, sent)
    assert (answer.status_code, answer.location) == (303, "/h5/orders")  # type: ignore[attr-defined]
    cookies = " ".join(answer.headers.getlist("Set-Cookie"))  # type: ignore[attr-defined]
    assert f"linli_session={SESSION}" in cookies
    assert cookies.count("HttpOnly") == cookies.count("SameSite=Lax") >= 2
    assert client.get("/h5/orders").status_code == 200


def test_the_payer_is_the_wechat_user_who_signed_in(world: World) -> None:
    client = world.client()
    come_back(client, begin(client))
    with world.app.test_request_context(headers={"Cookie": cookies_of(client)}):
        assert world.app.extensions["linli"].cookies.openid() == "openid-1"


def test_an_openid_that_was_written_by_hand_is_not_believed(world: World) -> None:
    client = world.client()
    come_back(client, begin(client))
    forged = cookies_of(client).replace("openid-1", "openid-2")
    with world.app.test_request_context(headers={"Cookie": forged}):
        assert world.app.extensions["linli"].cookies.openid() == ""


def cookies_of(client: FlaskClient) -> str:
    """What the browser would send."""
    names = ("linli_session", "linli_wechat", "linli_browser")
    found = [client.get_cookie(name) for name in names]
    return "; ".join(f"{one.key}={one.value}" for one in found if one)


def test_a_state_from_another_browser_is_refused(world: World) -> None:
    sent = begin(world.client())
    victim = world.client()
    begin(victim)
    assert come_back(victim, sent).status_code == 403  # type: ignore[attr-defined]
    assert world.services.questions("marketing.exchange_code") == []


def test_without_any_state_nobody_gets_in(world: World) -> None:
    answer = world.client().get("/h5/oauth?app_id=x&code=abcdef&state=")
    assert answer.status_code == 403


@pytest.mark.parametrize("changed", [{"next": "/console/"}, {"state": "0" * 88}, {"app_id": "wx2"}])
def test_what_the_state_was_signed_for_cannot_be_changed(
    world: World, changed: dict[str, str]
) -> None:
    client = world.client()
    assert come_back(client, begin(client), **changed).status_code == 403  # type: ignore[attr-defined]


def test_a_state_lives_ten_minutes(world: World) -> None:
    client = world.client()
    sent = begin(client)
    clock.shift_seconds(601)
    try:
        assert come_back(client, sent).status_code == 403  # type: ignore[attr-defined]
    finally:
        clock.shift_seconds(0)


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_leads_nowhere_else(world: World, target: str) -> None:
    client = world.client()
    answer = come_back(client, begin(client, target))
    assert answer.location == "/"  # type: ignore[attr-defined]


def test_a_code_that_wechat_does_not_take_says_so(world: World) -> None:
    world.services.answers["marketing.exchange_code"] = OAuthCodeRefused()
    client = world.client()
    answer = come_back(client, begin(client))
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "微信没有确认" in answer.text  # type: ignore[attr-defined]


def test_a_program_exchanges_its_code_for_a_session(world: World) -> None:
    answer = world.client().post("/api/v1/sessions/wechat", json={"code": "code-1"})
    assert answer.status_code == 201
    assert answer.json is not None
    assert (answer.json["session_token"], answer.json["openid"]) == (SESSION, "openid-1")


def test_staff_sign_in_by_program(world: World) -> None:
    body = {"username": "manager", "password": "correct horse"}
    answer = world.client().post("/api/v1/sessions/staff", json=body)
    assert answer.status_code == 201
    assert "Set-Cookie" not in answer.headers


def test_a_wrong_password_is_unauthorised_and_never_shown_again(world: World) -> None:
    world.services.answers["identity.sign_in_staff"] = WrongPassword()
    client = world.client()
    token = form_token(client)
    form = {"username": "boss", "password": "hunter2hunter2", "csrf_token": token}
    answer = client.post("/console/sign-in", data=form)
    assert answer.status_code == 401
    assert "用户名或密码不对" in answer.text
    assert "boss" in answer.text
    assert "hunter2" not in answer.text


def form_token(client: FlaskClient, path: str = "/console/sign-in") -> str:
    """The CSRF token of a drawn form."""
    page = client.get(path).text
    return page.split('name="csrf_token" value="')[1].split('"')[0]


def test_staff_sign_in_by_form_and_go_where_they_wanted(world: World) -> None:
    client = world.client()
    form = {
        "username": "boss",
        "password": "correct horse",
        "next": "/console/orders",
        "csrf_token": form_token(client),
    }
    answer = client.post("/console/sign-in", data=form)
    assert (answer.status_code, answer.location) == (303, "/console/orders")
    assert client.get_cookie("linli_session") is not None


def test_few_passwords_can_be_tried_for_one_name(world: World) -> None:
    world.services.answers["identity.sign_in_staff"] = WrongPassword()
    body = {"username": "manager", "password": "guess"}
    answers = [world.client().post("/api/v1/sessions/staff", json=body) for _ in range(12)]
    assert {answer.status_code for answer in answers[:10]} == {401}
    assert answers[11].status_code == 429
    assert answers[11].headers["Retry-After"]


def test_a_session_that_has_ended_is_asked_for_again(world: World) -> None:
    client = world.client(signed_in=True)
    assert client.get("/h5/me").status_code == 200
    world.services.answers["identity.actor_token"] = UnknownSession()
    clock.shift_seconds(46)
    try:
        assert client.get("/h5/me").status_code == 401
    finally:
        clock.shift_seconds(0)


def test_a_service_that_finds_the_token_stale_makes_the_gateway_ask_again(world: World) -> None:
    client = world.client(signed_in=True)
    client.get("/h5/me")
    world.services.answers["orders.household_orders"] = UnknownSession()
    client.get("/h5/orders")
    world.services.asked.clear()
    client.get("/h5/me")
    assert world.services.asked[0].name == "identity.actor_token"


def test_signing_out_ends_the_session_everywhere(world: World) -> None:
    client = world.client(signed_in=True)
    token = form_token(client, "/h5/me")
    answer = client.post("/h5/sign-out", data={"csrf_token": token})
    assert answer.status_code == 303
    assert world.services.questions("identity.end_session")[0].session_token == SESSION
    assert client.get_cookie("linli_session") is None


def test_a_resident_in_wechat_is_taken_to_sign_in_at_once(world: World) -> None:
    phone = {"User-Agent": "Mozilla MicroMessenger/8.0"}
    answer = world.client().get("/h5/orders?tab=pay", headers=phone)
    assert answer.status_code == 303
    assert answer.location == "/h5/sign-in?next=/h5/orders%3Ftab%3Dpay"


def test_outside_wechat_the_page_explains_first(world: World) -> None:
    answer = world.client().get("/h5/orders")
    assert answer.status_code == 401
    assert "用微信登录" in answer.text
