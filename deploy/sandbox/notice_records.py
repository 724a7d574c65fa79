"""The admin API's view of the notices: every attempt on record, and replays."""

import json
from collections.abc import Callable
from dataclasses import asdict
from sqlite3 import Row
from typing import Any

from flask import Blueprint, Response, jsonify, request

from deploy.sandbox import clock
from deploy.sandbox.asked import body_object, query_number
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

REPLAYS_MAX = 100


def blueprint(world: World) -> Blueprint:
    """The paths below /sandbox/api/notices."""
    routes = Blueprint("notice_records", __name__, url_prefix="/sandbox/api/notices")

    @routes.get("")
    def list_notices() -> Response:
        subject = request.args.get("subject")
        rows = world.store.all(
            "SELECT * FROM notices WHERE ? IS NULL OR subject = ? ORDER BY created_at DESC LIMIT ?",
            (subject, subject, query_number("limit", 100)),
        )
        found = [_notice_json(world, row) for row in rows]
        return jsonify({"notices": found, "counts": _notice_counts(world)})

    @routes.get("/<notice_id>/recorded")
    def recorded(notice_id: str) -> Response:
        rows = world.store.all(
            "SELECT a.id, n.url, a.headers, a.body FROM attempts a JOIN notices n"
            " ON n.id = a.notice_id WHERE a.notice_id = ? AND a.kind != 'lost' ORDER BY a.id",
            (notice_id,),
        )
        attempts = [
            {
                **{"id": row["id"], "url": row["url"], "headers": json.loads(row["headers"])},
                **{"body": row["body"].decode()},
            }
            for row in rows
        ]
        return jsonify({"attempts": attempts})

    @routes.post("/<notice_id>/replay")
    def replay(notice_id: str) -> Response:
        body = body_object()
        send = _replayer(world, notice_id, bool(body.get("fresh", False)))
        times = min(int(body.get("times", 1)), REPLAYS_MAX)
        outcomes = [asdict(send()) for _ in range(times)]
        names = ("status", "error", "ms")
        return jsonify({"outcomes": [{name: made[name] for name in names} for made in outcomes]})

    return routes


def _replayer(world: World, notice_id: str, fresh: bool) -> Callable[[], Any]:
    if fresh:
        return lambda: world.notices.replay_fresh(notice_id)
    row = world.store.one(
        "SELECT id FROM attempts WHERE notice_id = ? AND kind = 'notice' ORDER BY id LIMIT 1",
        (notice_id,),
    )
    if row is None:
        raise NotKept(notice_id)
    return lambda: world.notices.replay_recorded(row["id"])


def _notice_json(world: World, row: Row) -> dict[str, Any]:
    attempts = world.store.all(
        "SELECT id, kind, sent_at, status, ms, error FROM attempts WHERE notice_id = ? ORDER BY id",
        (row["id"],),
    )
    names = ("id", "event_type", "subject", "url", "state")
    return {name: row[name] for name in names} | {
        "created_at": clock.rfc3339(row["created_at"]),
        "attempts": [
            {name: item[name] for name in ("id", "kind", "status", "ms", "error")}
            | {"at": clock.rfc3339(item["sent_at"])}
            for item in attempts
        ],
    }


def _notice_counts(world: World) -> dict[str, int]:
    states = world.store.all("SELECT state, COUNT(*) AS n FROM notices GROUP BY state")
    row = world.store.one(
        "SELECT COUNT(*) AS attempts,"
        " SUM(kind = 'notice' AND COALESCE(status, 0) NOT IN (200, 204)) AS refused,"
        " SUM(kind = 'signtest') AS probes,"
        " SUM(kind = 'signtest' AND COALESCE(status, 0) IN (200, 204)) AS probes_accepted"
        " FROM attempts"
    )
    counts = dict.fromkeys(("waiting", "delivered", "given_up"), 0)
    counts |= {item["state"]: item["n"] for item in states}
    names = ("attempts", "refused", "probes", "probes_accepted")
    return counts | {name: row[name] or 0 for name in names} if row else counts
