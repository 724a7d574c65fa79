"""Sign-in in the WeChat browser: who holds the phone, as a one-time code.

Source: WeChat service account document 「网页授权」.
"""

import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request

from deploy.sandbox import chat, clock
from deploy.sandbox.cards import WeChatError
from deploy.sandbox.wechat import frame
from deploy.sandbox.world import World

CODE_LIVES_S = 300
TOKEN_LIVES_S = 7200
SCOPES = ("snsapi_base", "snsapi_userinfo")
COOKIE = "sandbox_openid"


class BadLink(Exception):
    """The authorize link itself is wrong; the page says so, as WeChat does."""


def blueprint(world: World) -> Blueprint:
    """The paths of open.weixin.qq.com and of api.weixin.qq.com/sns."""
    routes = frame(world, Blueprint("oauth", __name__))

    @routes.get("/connect/oauth2/authorize")
    def authorize() -> Response:
        try:
            target = _checked_target(world)
        except BadLink as wrong:
            return make_response(render_template("refused.html", reason=str(wrong)), 400)
        openid = request.args.get("openid") or request.cookies.get(COOKIE, "")
        if world.store.one("SELECT 1 FROM people WHERE openid = ?", (openid,)) is None:
            if "openid" in request.args:
                return make_response(render_template("refused.html", reason="没有这个人"), 400)
            page = render_template("people.html", people=chat.people(world.store), then=_here())
            return make_response(page)
        code = new_code(world, openid, request.args["scope"])
        return _back_to(target, code, request.args.get("state", ""))

    @routes.get("/sns/oauth2/access_token")
    def access_token() -> Response:
        return jsonify(exchange(world, request.args.to_dict()))

    @routes.get("/sns/userinfo")
    def userinfo() -> Response:
        row = world.store.one(
            "SELECT * FROM access_tokens WHERE token = ?",
            (f"sns:{request.args.get('openid')}:{request.args.get('access_token')}",),
        )
        if row is None or row["expires_at"] <= clock.now():
            raise WeChatError(40001, "invalid credential")
        person = chat.person_of(world.store, request.args["openid"])
        return jsonify(
            {
                **{"openid": person["openid"], "nickname": person["name"], "sex": 0},
                **{"headimgurl": person["avatar"], "privilege": []},
            }
        )

    return routes


def new_code(world: World, openid: str, scope: str) -> str:
    """A code that can be used once within five minutes."""
    code = secrets.token_urlsafe(24)
    world.store.run(
        "INSERT INTO oauth_codes (code, openid, scope, expires_at, used) VALUES (?, ?, ?, ?, 0)",
        (code, openid, scope, clock.now() + CODE_LIVES_S),
    )
    return code


def exchange(world: World, given: dict[str, str]) -> dict[str, object]:
    """The openid behind a code; WeChat's errors for a wrong, old or used one."""
    if given.get("appid") != world.account.app_id:
        raise WeChatError(40013, "invalid appid")
    if given.get("secret") != world.account.app_secret:
        raise WeChatError(40125, "invalid appsecret")
    if given.get("grant_type") != "authorization_code":
        raise WeChatError(40002, "invalid grant_type")
    row = _use_code(world, given.get("code", ""))
    token = secrets.token_urlsafe(64)
    world.store.run(
        "INSERT INTO access_tokens VALUES (?, ?)",
        (f"sns:{row[0]}:{token}", clock.now() + TOKEN_LIVES_S),
    )
    return {
        **{"access_token": token, "expires_in": TOKEN_LIVES_S},
        **{"refresh_token": secrets.token_urlsafe(64), "openid": row[0], "scope": row[1]},
    }


def _use_code(world: World, code: str) -> tuple[str, str]:
    with world.store.transaction() as db:
        row = db.execute("SELECT * FROM oauth_codes WHERE code = ?", (code,)).fetchone()
        if row is None or row["expires_at"] <= clock.now():
            raise WeChatError(40029, "invalid code")
        if row["used"]:
            raise WeChatError(40163, "code been used")
        db.execute("UPDATE oauth_codes SET used = 1 WHERE code = ?", (code,))
        return row["openid"], row["scope"]


def _checked_target(world: World) -> str:
    given = request.args
    if given.get("appid") != world.account.app_id:
        raise BadLink("appid 参数错误")
    if given.get("response_type") != "code" or given.get("scope") not in SCOPES:
        raise BadLink("scope 或 response_type 参数错误")
    target = given.get("redirect_uri", "")
    if urlsplit(target).scheme not in ("http", "https") or not urlsplit(target).netloc:
        raise BadLink("redirect_uri 参数错误")
    return target


def _back_to(target: str, code: str, state: str) -> Response:
    parts = urlsplit(target)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("code", code), ("state", state)]
    return make_response(redirect(urlunsplit(parts._replace(query=urlencode(query)))))


def _here() -> str:
    return request.full_path
