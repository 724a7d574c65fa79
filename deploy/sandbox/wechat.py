"""The service account's API as api.weixin.qq.com speaks it: tokens, messages, menu, QR codes.

Sources: WeChat service account documents 「获取 Access token」, 「获取稳定版接口调用凭据」,
「发送模板消息」, 「发送订阅通知」, 「发送客服消息」, 「创建自定义菜单」, 「生成带参数的二维码」,
「获取 JS-SDK ticket」, 「获取用户基本信息」, 「全局返回码」. Refusals come with HTTP 200 and an
errcode, as there.
"""

import json
import secrets
import time
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from deploy.sandbox import clock
from deploy.sandbox.cards import WeChatError, known_user, send_card, send_custom
from deploy.sandbox.world import World

TOKEN_LIVES_S = 7200
TOKEN_PREFIX = "sandbox_"
OLD_TOKEN_LIVES_S = 300
QR_LIVES_MAX_S = 2_592_000
MENU_BUTTONS_MAX, SUB_BUTTONS_MAX = 3, 5


def handle_errors(app: Flask) -> None:
    """Refusals as WeChat words them."""

    @app.errorhandler(WeChatError)
    def refused(error: WeChatError) -> Response:
        rid = f"rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}"
        return jsonify({"errcode": error.errcode, "errmsg": f"{error.errmsg} {rid}"})


def frame(world: World, routes: Blueprint) -> Blueprint:
    """Outage and slowness before each view."""

    @routes.before_request
    def weather() -> Response | None:
        if world.knobs.wechat_is_down():
            return Response("Service Unavailable", 503)
        time.sleep(world.knobs.trouble.wechat_delay_s)
        return None

    return routes


def blueprint(world: World) -> Blueprint:
    """The paths of api.weixin.qq.com/cgi-bin."""
    routes = frame(world, Blueprint("wechat", __name__, url_prefix="/cgi-bin"))
    _token_paths(world, routes)
    _message_paths(world, routes)
    _account_paths(world, routes)
    return routes


def _token_paths(world: World, routes: Blueprint) -> None:
    @routes.get("/token")
    def token() -> Response:
        _check_credential(world, request.args)
        return jsonify(new_token(world))

    @routes.post("/stable_token")
    def stable_token() -> Response:
        body = json_body()
        _check_credential(world, body)
        current = None if body.get("force_refresh") else current_token(world)
        return jsonify(current or new_token(world))


def _message_paths(world: World, routes: Blueprint) -> None:
    @routes.post("/message/template/send")
    def template() -> Response:
        message_id = send_card(world, authorized_body(world), "template", "url")
        return jsonify({"errcode": 0, "errmsg": "ok", "msgid": message_id})

    @routes.post("/message/subscribe/bizsend")
    def subscription() -> Response:
        send_card(world, authorized_body(world), "subscribe", "page")
        return jsonify({"errcode": 0, "errmsg": "ok"})

    @routes.post("/message/custom/send")
    def custom() -> Response:
        send_custom(world, authorized_body(world))
        return jsonify({"errcode": 0, "errmsg": "ok"})


def _account_paths(world: World, routes: Blueprint) -> None:
    @routes.post("/menu/create")
    def create_menu() -> Response:
        world.store.keep("menu", json.dumps(checked_menu(authorized_body(world))))
        return jsonify({"errcode": 0, "errmsg": "ok"})

    @routes.get("/menu/get")
    def get_menu() -> Response:
        check_token(world)
        if not (menu := json.loads(world.store.kept("menu") or "{}")):
            raise WeChatError(46003, "menu no exist")
        return jsonify({"menu": menu})

    @routes.get("/menu/delete")
    def delete_menu() -> Response:
        check_token(world)
        world.store.keep("menu", "{}")
        return jsonify({"errcode": 0, "errmsg": "ok"})

    @routes.post("/qrcode/create")
    def create_qr() -> Response:
        return jsonify(new_qr(authorized_body(world)))

    @routes.get("/ticket/getticket")
    def ticket() -> Response:
        check_token(world)
        if request.args.get("type") not in ("jsapi", "wx_card"):
            raise WeChatError(40097, "invalid args")
        ticket = "sandbox_ticket_" + secrets.token_urlsafe(48)
        answer = {"errcode": 0, "errmsg": "ok", "ticket": ticket, "expires_in": TOKEN_LIVES_S}
        return jsonify(answer)

    @routes.get("/user/info")
    def user_info() -> Response:
        check_token(world)
        return jsonify(known_user(world, request.args.get("openid", "")))


def new_token(world: World) -> dict[str, Any]:
    """A fresh token; older ones live five minutes more, as documented."""
    token, now = TOKEN_PREFIX + secrets.token_urlsafe(96), clock.now()
    with world.store.transaction() as db:
        db.execute(
            "UPDATE access_tokens SET expires_at = MIN(expires_at, ?) WHERE token LIKE ?",
            (now + OLD_TOKEN_LIVES_S, f"{TOKEN_PREFIX}%"),
        )
        db.execute("INSERT INTO access_tokens VALUES (?, ?)", (token, now + TOKEN_LIVES_S))
    return {"access_token": token, "expires_in": TOKEN_LIVES_S}


def current_token(world: World) -> dict[str, Any] | None:
    """The token that lives longest, unless it is about to end."""
    row = world.store.one(
        "SELECT * FROM access_tokens WHERE token LIKE ? ORDER BY expires_at DESC LIMIT 1",
        (f"{TOKEN_PREFIX}%",),
    )
    if row is None or row["expires_at"] - clock.now() <= OLD_TOKEN_LIVES_S:
        return None
    return {"access_token": row["token"], "expires_in": int(row["expires_at"] - clock.now())}


def expire_tokens(world: World) -> int:
    """Make every token stale at once."""
    return world.store.run("UPDATE access_tokens SET expires_at = 0")


def check_token(world: World) -> None:
    """The access_token of the query must be one of ours and alive."""
    token = request.args.get("access_token", "")
    if not token:
        raise WeChatError(41001, "access_token missing")
    row = world.store.one("SELECT expires_at FROM access_tokens WHERE token = ?", (token,))
    if row is None:
        raise WeChatError(40001, "invalid credential, access_token is invalid or not latest")
    if row["expires_at"] <= clock.now():
        raise WeChatError(42001, "access_token expired")


def json_body() -> dict[str, Any]:
    """The request's JSON object, or 47001."""
    try:
        value = json.loads(request.get_data())
    except ValueError:
        raise WeChatError(47001, "data format error") from None
    if not isinstance(value, dict):
        raise WeChatError(47001, "data format error")
    return value


def authorized_body(world: World) -> dict[str, Any]:
    """The body of a call whose token is good."""
    check_token(world)
    return json_body()


def checked_menu(body: dict[str, Any]) -> dict[str, Any]:
    """At most three buttons with at most five below each, or WeChat's errors."""
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= MENU_BUTTONS_MAX:
        raise WeChatError(40017, "invalid button size")
    for button in buttons:
        below = button.get("sub_button") or []
        if len(below) > SUB_BUTTONS_MAX:
            raise WeChatError(40023, "invalid sub button size")
        for leaf in below or [button]:
            _check_button(leaf)
    return {"button": buttons}


def _check_button(button: dict[str, Any]) -> None:
    if not button.get("name"):
        raise WeChatError(40018, "invalid button name size")
    if button.get("type") == "click" and button.get("key"):
        return
    if button.get("type") == "view" and str(button.get("url", "")).startswith("http"):
        return
    raise WeChatError(40016, "invalid button type, key or url")


def new_qr(body: dict[str, Any]) -> dict[str, Any]:
    """A ticket for a scene."""
    action, scene = body.get("action_name", ""), (body.get("action_info") or {}).get("scene") or {}
    if action not in ("QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"):
        raise WeChatError(40053, "invalid action info")
    value = scene.get("scene_str") if "STR" in action else scene.get("scene_id")
    if not value:
        raise WeChatError(40053, "invalid action info")
    answer: dict[str, Any] = {
        "ticket": "gQ" + secrets.token_urlsafe(60),
        "url": f"{request.host_url}sandbox/scan?scene={value}",
    }
    if not action.startswith("QR_LIMIT"):
        answer["expire_seconds"] = min(int(body.get("expire_seconds", 60)), QR_LIVES_MAX_S)
    return answer


def _check_credential(world: World, given: Any) -> None:
    if given.get("grant_type") != "client_credential":
        raise WeChatError(40002, "invalid grant_type")
    if given.get("appid") != world.account.app_id:
        raise WeChatError(40013, "invalid appid")
    if given.get("secret") != world.account.app_secret:
        raise WeChatError(40125, "invalid appsecret")
