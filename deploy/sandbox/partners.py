"""Sub-merchants of the one partner: shops that receive under their own numbers.

Sources: WeChat Pay partner documents 「特约商户进件」 for what a sub-merchant is, 「查询剩余待分
金额」 for what is frozen.
"""

import re
import secrets
from sqlite3 import Connection, Row
from typing import Any

from flask import Blueprint, Response, jsonify, make_response

from deploy.sandbox import clock
from deploy.sandbox.asked import Refused, body_object, body_text
from deploy.sandbox.merchant_api import PayError, param_error
from deploy.sandbox.world import World

SUB_MCHID = re.compile(r"[0-9]{8,32}")
FROZEN_AT_MOST_S = 180 * 86_400


def blueprint(world: World) -> Blueprint:
    """The admin API's paths about sub-merchants."""
    routes = Blueprint("partners", __name__, url_prefix="/sandbox/api/sub-merchants")

    @routes.get("")
    def list_them() -> Response:
        rows = world.store.all("SELECT * FROM sub_merchants ORDER BY created_at, sub_mchid")
        return jsonify({"sub_merchants": [_view(world, row) for row in rows]})

    @routes.post("")
    def add() -> Response:
        body = body_object()
        name = body_text(body, "name")
        sub_mchid = str(body.get("sub_mchid") or f"16{secrets.randbelow(10**8):08d}")
        if not SUB_MCHID.fullmatch(sub_mchid):
            raise Refused(400, "bad_sub_mchid", "8 to 32 digits")
        world.store.run(
            "INSERT INTO sub_merchants (sub_mchid, name, created_at) VALUES (?, ?, ?)"
            " ON CONFLICT (sub_mchid) DO UPDATE SET name = excluded.name",
            (sub_mchid, name, clock.now()),
        )
        row = world.store.one("SELECT * FROM sub_merchants WHERE sub_mchid = ?", (sub_mchid,))
        return make_response(jsonify(_view(world, row) if row else {}), 201)

    return routes


def known(world: World, sub_mchid: object) -> str:
    """The sub-merchant of a body or query, or PayError when it is none of ours."""
    if not isinstance(sub_mchid, str) or not sub_mchid:
        raise param_error("子商户号sub_mchid不能为空")
    if world.store.one("SELECT 1 FROM sub_merchants WHERE sub_mchid = ?", (sub_mchid,)) is None:
        raise PayError(403, "NO_AUTH", "特约商户与服务商的受理关系不存在")
    return sub_mchid


def payee(world: World, trade: Row) -> str:
    """Whose name stands on the pay sheet."""
    row = world.store.one(
        "SELECT name FROM sub_merchants WHERE sub_mchid = ?", (trade["sub_mchid"],)
    )
    return str(row["name"]) if row else world.account.merchant_name


def is_frozen(trade: Row) -> bool:
    """Whether what is left of a payment waits for sharing; it is the shop's after 180 days."""
    if not trade["frozen"] or trade["paid_at"] is None:
        return False
    return bool(clock.now() - trade["paid_at"] <= FROZEN_AT_MOST_S)


def shared_fen(db: Connection, trade: Row) -> int:
    """What of a payment has gone to receivers, or is about to, and has not come back."""
    out = db.execute(
        "SELECT COALESCE(SUM(p.amount_fen), 0) FROM share_parts p"
        " JOIN shares s ON s.order_id = p.order_id"
        " WHERE s.out_trade_no = ? AND p.result != 'CLOSED' AND p.account != s.sub_mchid",
        (trade["out_trade_no"],),
    ).fetchone()[0]
    back = db.execute(
        "SELECT COALESCE(SUM(r.amount_fen), 0) FROM share_returns r"
        " JOIN shares s ON s.order_id = r.order_id"
        " WHERE s.out_trade_no = ? AND r.result = 'SUCCESS'",
        (trade["out_trade_no"],),
    ).fetchone()[0]
    return int(out - back)


def left_fen(db: Connection, trade: Row) -> int:
    """What of a payment lies with the shop: not refunded and not shared."""
    return int(trade["total_fen"] - trade["refunded_fen"] - shared_fen(db, trade))


def _view(world: World, row: Row) -> dict[str, Any]:
    trades = world.store.all(
        "SELECT * FROM trades WHERE sub_mchid = ? AND paid_at IS NOT NULL", (row["sub_mchid"],)
    )
    with world.store.transaction() as db:
        lying = [(is_frozen(trade), left_fen(db, trade)) for trade in trades]
    return {
        "sub_mchid": row["sub_mchid"],
        "name": row["name"],
        "frozen_fen": sum(fen for frozen, fen in lying if frozen),
        "available_fen": sum(fen for frozen, fen in lying if not frozen),
    }
