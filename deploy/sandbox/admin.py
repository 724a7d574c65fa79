"""The hand behind the curtain: people, payments, trouble, records.

JSON under /sandbox/api, without sign-in: for loopback only.
"""

import json
import re
from dataclasses import asdict
from datetime import datetime
from sqlite3 import Row
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, make_response, request

from deploy.sandbox import bill, chat, clock, push, trouble
from deploy.sandbox.asked import Refused, body_object, body_text, query_number
from deploy.sandbox.pay import Unpayable, pay_trade
from deploy.sandbox.store import NotKept
from deploy.sandbox.trouble import UnknownKnob
from deploy.sandbox.wechat import expire_tokens
from deploy.sandbox.world import World

OPENID = re.compile(r"[0-9A-Za-z_\-]{6,64}")
UNPAYABLE_STATUS = {"wrong_payer": 403}


def blueprint(world: World) -> Blueprint:
    """Every path below /sandbox/api."""
    routes = Blueprint("admin", __name__, url_prefix="/sandbox/api")
    _people_paths(world, routes)
    _money_paths(world, routes)
    _knob_paths(world, routes)
    _state_paths(world, routes)
    return routes


def handle_errors(app: Flask) -> None:
    """Refusals in one form."""

    @app.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        return _error(error.status, error.code, error.message)

    @app.errorhandler(UnknownKnob)
    def unknown_knob(error: UnknownKnob) -> Response:
        return _error(400, "unknown_knob", str(error))

    @app.errorhandler(Unpayable)
    def unpayable(error: Unpayable) -> Response:
        return _error(UNPAYABLE_STATUS.get(error.code, 409), error.code, error.message)

    @app.errorhandler(NotKept)
    def not_found(error: NotKept) -> Response:
        return _error(404, "not_found", f"not found: {error}")


def _people_paths(world: World, routes: Blueprint) -> None:
    @routes.get("/people")
    def list_people() -> Response:
        return jsonify({"people": chat.people(world.store)})

    @routes.post("/people")
    def create_people() -> Response:
        value = request.get_json(force=True)
        if isinstance(value, list):
            answer: dict[str, Any] = {"people": [_save_person(world, item) for item in value]}
        else:
            answer = _save_person(world, value)
        return make_response(jsonify(answer), 201)

    @routes.get("/messages")
    def list_messages() -> Response:
        openid, after = request.args.get("openid", ""), query_number("after", 0)
        found = chat.messages(world.store, openid, after, query_number("limit", 200))
        return jsonify({"messages": found})

    @routes.post("/people/<openid>/text")
    def send_text(openid: str) -> Response:
        return jsonify(asdict(push.push_text(world, openid, body_text(body_object(), "text"))))

    @routes.post("/people/<openid>/event")
    def send_event(openid: str) -> Response:
        body = body_object()
        event = body_text(body, "event")
        if event not in push.EVENTS:
            raise Refused(400, "unknown_event", f"one of {', '.join(push.EVENTS)}")
        key, ticket = str(body.get("key", "")), str(body.get("ticket", ""))
        return jsonify(asdict(push.push_event(world, openid, event, key, ticket)))


def _money_paths(world: World, routes: Blueprint) -> None:
    @routes.post("/pay")
    def pay() -> Response:
        body = body_object()
        trade = _trade(world, body)
        payer = str(body.get("openid") or trade["openid"])
        paid = pay_trade(world, trade, payer, _moment(body.get("paid_at")))
        names = ("out_trade_no", "transaction_id", "total_fen")
        answer = {name: paid[name] for name in names}
        return jsonify(
            answer | {"trade_state": "SUCCESS", "paid_at": clock.rfc3339(paid["paid_at"])}
        )

    @routes.get("/trades")
    def list_trades() -> Response:
        rows = world.store.all(
            "SELECT * FROM trades ORDER BY created_at DESC LIMIT ?", (query_number("limit", 100),)
        )
        names = ("prepay_id", "description")
        more = [bill.trade_json(row) | {name: row[name] for name in names} for row in rows]
        return jsonify({"trades": more})

    @routes.get("/bill.json")
    def own_bill() -> Response:
        try:
            return jsonify(bill.own_view(world, request.args.get("date")))
        except ValueError:
            raise Refused(400, "bad_date", "date=YYYY-MM-DD") from None


def _moment(text: object) -> float | None:
    """A moment in RFC 3339, in seconds; nothing for nothing."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        raise Refused(400, "bad_body", "paid_at: RFC 3339") from None


def _knob_paths(world: World, routes: Blueprint) -> None:
    @routes.get("/trouble")
    def show_trouble() -> Response:
        return jsonify(trouble.as_json(world.knobs.trouble))

    @routes.put("/trouble")
    def make_trouble() -> Response:
        return jsonify(trouble.as_json(world.knobs.make_trouble(body_object())))

    @routes.delete("/trouble")
    def make_peace() -> Response:
        return jsonify(trouble.as_json(world.knobs.make_peace()))

    @routes.get("/settings")
    def show_settings() -> Response:
        return jsonify(trouble.as_json(world.knobs.settings))

    @routes.put("/settings")
    def change_settings() -> Response:
        return jsonify(trouble.as_json(world.knobs.change_settings(body_object())))


def _state_paths(world: World, routes: Blueprint) -> None:
    @routes.put("/templates/<template_id>")
    def describe_template(template_id: str) -> Response:
        body = body_object()
        known = {"title": body_text(body, "title"), "labels": dict(body.get("labels", {}))}
        world.store.keep(f"template:{template_id}", json.dumps(known, ensure_ascii=False))
        return jsonify(known)

    @routes.get("/menu")
    def show_menu() -> Response:
        return jsonify({"menu": json.loads(world.store.kept("menu") or "{}")})

    @routes.post("/tokens/expire")
    def expire() -> Response:
        return jsonify({"expired": expire_tokens(world)})

    @routes.post("/reset")
    def reset() -> Response:
        world.timers.clear()
        world.knobs.make_peace()
        world.store.forget(people=bool(body_object().get("people", False)))
        return jsonify(_state(world))

    @routes.get("/state")
    def state() -> Response:
        return jsonify(_state(world))


def _state(world: World) -> dict[str, int]:
    tables = ("people", "messages", "trades", "refunds", "notices", "attempts")
    return {table: world.store.count(table) for table in tables}


def _trade(world: World, body: dict[str, Any]) -> Row:
    for column in ("prepay_id", "out_trade_no"):
        if value := body.get(column):
            row = world.store.one(f"SELECT * FROM trades WHERE {column} = ?", (value,))
            if row is not None:
                return row
    raise Refused(404, "not_found", "no such prepay_id or out_trade_no")


def _save_person(world: World, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused(400, "bad_body", "a JSON object")
    openid = body.get("openid")
    if openid is not None and not OPENID.fullmatch(str(openid)):
        raise Refused(400, "bad_openid", "6 to 64 letters, digits, - and _")
    for column, kind in (("note", str), ("avatar", str), ("subscribed", bool)):
        if not isinstance(body.get(column), kind | None):
            raise Refused(400, "bad_body", f"{column} must be {kind.__name__}")
    return chat.save_person(world.store, body_text(body, "name"), body)


def _error(status: int, code: str, message: str) -> Response:
    return make_response(jsonify({"code": code, "message": message}), status)
