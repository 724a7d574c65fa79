"""A page that looks like a phone: who am I, the chat with the service account, its menu."""

import json
from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request

from deploy.sandbox import chat, push
from deploy.sandbox.oauth import COOKIE
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

SHOWN_MAX = 100
NAME_LENGTH_MAX = 20
TEXT_LENGTH_MAX = 600
COOKIE_LIVES_S = 30 * 86_400


def blueprint(world: World) -> Blueprint:
    """The phone's pages; each act is a plain form, the script only makes it livelier."""
    routes = Blueprint("phone", __name__)
    _pages(world, routes)
    _who_paths(world, routes)
    _acts(world, routes)
    return routes


def _pages(world: World, routes: Blueprint) -> None:
    @routes.get("/")
    def home() -> Response:
        me = _me(world)
        if me is None:
            return _picker(world)
        page = render_template(
            "chat.html",
            me=me,
            people=chat.people(world.store),
            messages=chat.messages(world.store, me["openid"], 0, SHOWN_MAX),
            menu=_menu(world),
            account=world.account.account_name,
        )
        return make_response(page)

    @routes.get("/phone/people")
    def people() -> Response:
        return _picker(world)

    @routes.get("/phone/messages")
    def new_messages() -> Response:
        me, after = _me(world), request.args.get("after", "0")
        if me is None or not after.isdigit():
            return Response("", 204)
        found = chat.messages(world.store, me["openid"], int(after), SHOWN_MAX)
        page = render_template(
            "bubbles.html", messages=found, me=me, account=world.account.account_name
        )
        return make_response(page) if found else Response("", 204)


def _who_paths(world: World, routes: Blueprint) -> None:
    @routes.post("/phone/be")
    def be() -> Response:
        openid = request.form.get("openid", "")
        chat.person_of(world.store, openid)
        return _become(openid)

    @routes.post("/phone/people")
    def create() -> Response:
        name = request.form.get("name", "").strip()[:NAME_LENGTH_MAX]
        if not name:
            return _picker(world)
        person = chat.save_person(world.store, name, {})
        if world.knobs.settings.webhook_url:
            world.timers.after(0, lambda: _event(world, person["openid"], "subscribe"))
        return _become(person["openid"])


def _acts(world: World, routes: Blueprint) -> None:
    @routes.post("/phone/text")
    def text() -> Response:
        me, words = _me(world), request.form.get("text", "").strip()[:TEXT_LENGTH_MAX]
        if me is not None and words:
            push.push_text(world, me["openid"], words)
        return make_response(redirect("/"))

    @routes.post("/phone/follow")
    def follow() -> Response:
        me = _me(world)
        if me is not None:
            event = "unsubscribe" if me["subscribed"] else "subscribe"
            push.push_event(world, me["openid"], event)
        return make_response(redirect("/"))

    @routes.post("/phone/tap/<int:top>/<int:below>")
    def tap(top: int, below: int) -> Response:
        me, button = _me(world), _button(world, top, below)
        if me is None or button is None:
            return make_response(redirect("/"))
        if button["type"] == "click":
            push.push_event(world, me["openid"], "CLICK", button["key"])
            return make_response(redirect("/"))
        world.timers.after(0, lambda: _event(world, me["openid"], "VIEW", button["url"]))
        return make_response(redirect(button["url"]))

    @routes.get("/sandbox/scan")
    def scan() -> Response:
        me, scene = _me(world), request.args.get("scene", "")
        if me is None:
            return _picker(world, request.full_path)
        event, key = ("SCAN", scene) if me["subscribed"] else ("subscribe", f"qrscene_{scene}")
        push.push_event(world, me["openid"], event, key)
        return make_response(redirect("/"))


def _me(world: World) -> dict[str, Any] | None:
    try:
        person = chat.person_of(world.store, request.cookies.get(COOKIE, ""))
    except NotKept:
        return None
    return chat.person_json(person)


def _picker(world: World, then: str = "/") -> Response:
    page = render_template("people.html", people=chat.people(world.store), then=then, me=_me(world))
    return make_response(page)


def _become(openid: str) -> Response:
    then = request.form.get("then", "/")
    inside = then.startswith("/") and not then.startswith(("//", "/\\"))
    response = make_response(redirect(then if inside else "/"))
    response.set_cookie(COOKIE, openid, max_age=COOKIE_LIVES_S, httponly=True, samesite="Lax")
    return response


def _event(world: World, openid: str, event: str, key: str = "") -> None:
    push.push_event(world, openid, event, key)


def _menu(world: World) -> list[dict[str, Any]]:
    menu = json.loads(world.store.kept("menu") or "{}")
    return list(menu.get("button", []))


def _button(world: World, top: int, below: int) -> dict[str, Any] | None:
    """The tapped button: `below` counts from 1, 0 is the top one itself."""
    buttons = _menu(world)
    if top >= len(buttons):
        return None
    leaves = buttons[top].get("sub_button") or []
    if below == 0:
        return None if leaves else buttons[top]
    return leaves[below - 1] if below <= len(leaves) else None
