"""What stands in front of every view: forms of ours, limits, headers, nobody unknown."""

from pathlib import Path

import pytest
from werkzeug.routing import Rule

from tests.support.gateway import ORDER, SESSION, World, make_world
from tests.support.wechat import SUBSCRIBE, push

BEARER = {"Authorization": f"Bearer {SESSION}"}
PUBLIC = {
    "/",
    "/api/v1/communities",
    "/api/v1/communities/<community_id>",
    "/api/v1/communities/<community_id>/stores",
    "/api/v1/stores",
    "/api/v1/stores/<store_id>",
    "/api/v1/items",
    "/api/v1/items/<item_id>",
    "/api/v1/skus",
    "/api/v1/items/<item_id>/taken-slots",
    "/api/v1/stores/<store_id>/reviews",
    "/api/v1/store-scores",
    "/api/v1/csrf-token",
    "/api/v1/sessions/staff",
    "/api/v1/sessions/wechat",
    "/console/sign-in",
    "/console/sign-out",
    "/h5/sign-in",
    "/h5/sign-out",
    "/h5/oauth",
    "/files/<path:key>",
    "/pay/back/<payment_id>",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi/openapi.json",
    "/pay/wechat/notify",
    "/preferences/large-text",
    "/static/<path:filename>",
    "/wechat",
    "/wechat/<app_id>",
}


def address(rule: Rule) -> str:
    """A real address of a route."""
    path = rule.rule
    for name in rule.arguments:
        value = {"act": "confirm", "queue": "orders"}.get(name, ORDER)
        path = path.replace(f"<{name}>", value).replace(f"<path:{name}>", value)
    return path


def test_every_route_but_the_public_ones_wants_a_session(world: World) -> None:
    token = world.client()
    page = token.get("/console/sign-in").text
    csrf = page.split('name="csrf_token" value="')[1].split('"')[0]
    for rule in world.app.url_map.iter_rules():
        if rule.rule in PUBLIC:
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = token.open(
                address(rule),
                method=method,
                data={"csrf_token": csrf, "code": "123456"} if method == "POST" else None,
                headers={"Idempotency-Key": "wish-0001"},
            )
            sent_to_sign_in = answer.status_code == 303 and "sign-in" in answer.location
            assert answer.status_code == 401 or sent_to_sign_in, (method, rule.rule)
    asked = {one.name for one in world.services.asked}
    assert asked <= {"identity.actor_token"}


@pytest.mark.parametrize(
    "path",
    [
        f"/h5/orders/{ORDER}/confirm-receipt",
        "/h5/orders",
        "/h5/sign-out",
        "/console/sign-in",
        "/preferences/large-text",
        f"/gate/visits/{ORDER}/admit",
    ],
)
@pytest.mark.parametrize("token", [None, "", "0" * 64, "绝不"])
def test_a_form_that_is_not_ours_is_refused(world: World, path: str, token: str | None) -> None:
    client = world.client(signed_in=True)
    answer = client.post(path, data={} if token is None else {"csrf_token": token})
    assert answer.status_code == 403
    assert "页面已过期" in answer.text
    assert all(one.name.startswith("identity.") for one in world.services.asked)


def test_a_token_of_another_session_is_refused(world: World) -> None:
    stranger = world.client()
    stranger.set_cookie("linli_browser", "browser-of-a-test")
    page = stranger.get("/console/sign-in").text
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    client = world.client(signed_in=True)
    assert client.post("/h5/sign-out", data={"csrf_token": token}).status_code == 403


def test_the_api_with_a_cookie_needs_the_token_and_with_a_bearer_does_not(world: World) -> None:
    client = world.client(signed_in=True)
    path, key = f"/api/v1/orders/{ORDER}/confirm", {"Idempotency-Key": "wish-0001"}
    world.services.answers["orders.confirm_order"] = world.services.answers["orders.order"]
    assert client.post(path, headers=key).status_code == 403
    answer = client.get("/api/v1/csrf-token")
    assert answer.json is not None
    header = {"X-CSRF-Token": answer.json["csrf_token"]}
    assert client.post(path, headers=key | header).status_code == 200
    assert world.app.test_client().post(path, headers=key | BEARER).status_code == 200


def test_one_address_cannot_take_everything(tmp_path: Path) -> None:
    world = make_world(tmp_path, address_rate_per_s=1, address_burst=5)
    statuses = [world.client().get("/console/sign-in").status_code for _ in range(7)]
    assert statuses[:5] == [200] * 5
    assert statuses[5:] == [429, 429]


def test_made_up_sessions_count_for_their_address(tmp_path: Path) -> None:
    world = make_world(tmp_path, address_rate_per_s=1, address_burst=5)
    client = world.app.test_client()
    for number in range(7):
        header = {"Authorization": f"Bearer made-up-session-{number}"}
        answer = client.get(f"/api/v1/orders/{ORDER}", headers=header)
    assert answer.status_code == 429
    assert len(world.services.questions("identity.actor_token")) == 5


def test_a_busy_session_does_not_shut_its_neighbours_out(tmp_path: Path) -> None:
    world = make_world(tmp_path, session_rate_per_s=1, session_burst=3)
    client = world.app.test_client()
    path = f"/api/v1/orders/{ORDER}"
    statuses = [client.get(path, headers=BEARER).status_code for _ in range(6)]
    assert statuses[-1] == 429
    assert world.client().get("/console/sign-in").status_code == 200


def test_wechat_is_counted_apart(tmp_path: Path) -> None:
    world = make_world(tmp_path, address_rate_per_s=1, address_burst=1)
    for _ in range(5):
        assert push(world.client(), SUBSCRIBE).status_code == 200


def test_the_headers_that_keep_a_page_to_itself(world: World) -> None:
    headers = world.client().get("/console/sign-in").headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in headers


def test_over_https_cookies_are_secure_and_https_stays(tmp_path: Path) -> None:
    world = make_world(tmp_path, public_url="https://linli.example")
    answer = world.client().get("/console/sign-in")
    assert "Strict-Transport-Security" in answer.headers
    assert "Secure" in answer.headers["Set-Cookie"]


def test_the_sandbox_adds_its_script_and_nothing_more(tmp_path: Path) -> None:
    script = "http://127.0.0.1:8090/sandbox/jssdk.js"
    world = make_world(tmp_path, wechat_script_url=script)
    policy = world.client().get("/console/sign-in").headers["Content-Security-Policy"]
    assert "script-src 'self' http://127.0.0.1:8090;" in policy
    assert policy.endswith("frame-src http://127.0.0.1:8090")


def test_what_nobody_foresaw_becomes_a_500_without_a_word_of_it(world: World) -> None:
    world.services.answers["orders.order"] = ZeroDivisionError("secret detail")
    answer = world.app.test_client().get(f"/api/v1/orders/{ORDER}", headers=BEARER)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json is not None
    assert answer.json["code"] == "request.invariant_broken"


def test_health_readiness_and_figures(world: World) -> None:
    client = world.client()
    assert client.get("/healthz").json == {"alive": True}
    assert client.get("/readyz").json == {"missing": []}
    client.get(f"/api/v1/orders/{ORDER}")
    figures = client.get("/metrics").text
    assert 'route="/api/v1/orders/<order_id>",status="401"' in figures
    assert ORDER not in figures


def test_figures_are_not_for_everybody(world: World) -> None:
    answer = world.client().get("/metrics", environ_base={"REMOTE_ADDR": "8.8.8.8"})
    assert answer.status_code == 404


def test_addresses_that_do_not_exist_make_no_labels(world: World) -> None:
    client = world.client()
    assert client.get("/made/up/by/somebody").status_code == 404
    assert "made/up" not in client.get("/metrics").text
