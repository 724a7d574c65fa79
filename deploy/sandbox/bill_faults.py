"""Lines of the channels' bills, their fees, and what is falsified in them on request."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, Response, jsonify, request

from deploy.sandbox import clock
from deploy.sandbox.asked import Refused, body_object, body_text
from deploy.sandbox.world import World

FEE_BP = {"wechat": 60, "alipay": 60, "unionpay": 50}
"""What a channel keeps of a payment, in hundredths of a percent."""
NOON_S = 12 * 3600
_FIELDS = {"channel", "day", "drop", "add", "alter", "fee"}
_ADDED = {"out_trade_no", "amount_fen", "out_refund_no", "transaction_id", "fee_fen"}


@dataclass(frozen=True)
class Entry:
    """One line of a bill: a payment, or a refund when `out_refund_no` is there."""

    at: float
    out_trade_no: str
    transaction_id: str
    amount_fen: int
    fee_fen: int
    out_refund_no: str = ""
    refund_no: str = ""
    status: str = "SUCCESS"
    subject: str = ""
    attach: str = ""
    payer: str = ""
    done_at: float | None = None
    trade_type: str = "JSAPI"
    sub_mchid: str = ""

    @property
    def reference(self) -> str:
        """The merchant's number for it."""
        return self.out_refund_no or self.out_trade_no


def fee_of(channel: str, amount_fen: int) -> int:
    """The channel's fee of a payment in fen, half a fen rounded up."""
    return (amount_fen * FEE_BP[channel] + 5000) // 10_000


def falsified(world: World, channel: str, day: str, entries: Iterable[Entry]) -> list[Entry]:
    """The day's lines with the faults that were asked for, in the order of their time."""
    faults = faults_of(world, channel, day)
    alter, fees = faults.get("alter", {}), faults.get("fee", {})
    lines = [
        replace(
            entry,
            amount_fen=alter.get(entry.reference, entry.amount_fen),
            fee_fen=fees.get(entry.reference, entry.fee_fen),
        )
        for entry in entries
        if entry.reference not in faults.get("drop", [])
    ]
    lines += [_added(channel, day, value) for value in faults.get("add", [])]
    return sorted(lines, key=lambda entry: (entry.at, entry.reference))


def faults_of(world: World, channel: str, day: str) -> dict[str, Any]:
    """What is to be falsified in the bill of a day."""
    row = world.store.one(
        "SELECT faults FROM bill_faults WHERE channel = ? AND day = ?", (channel, day)
    )
    found: dict[str, Any] = json.loads(row["faults"]) if row else {}
    return found


def blueprint(world: World) -> Blueprint:
    """/sandbox/api/bill-faults."""
    routes = Blueprint("bill_faults", __name__, url_prefix="/sandbox/api/bill-faults")

    @routes.put("")
    def falsify() -> Response:
        body = body_object()
        channel, day, faults = _checked(body)
        world.store.run(
            "INSERT OR REPLACE INTO bill_faults (channel, day, faults) VALUES (?, ?, ?)",
            (channel, day, json.dumps(faults)),
        )
        return jsonify({"channel": channel, "day": day} | faults)

    @routes.get("")
    def show() -> Response:
        channel, day = request.args.get("channel", ""), request.args.get("day", "")
        return jsonify({"channel": channel, "day": day} | faults_of(world, channel, day))

    @routes.delete("")
    def make_peace() -> Response:
        return jsonify({"forgotten": world.store.run("DELETE FROM bill_faults")})

    return routes


def _checked(body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    channel, day = body_text(body, "channel"), body_text(body, "day")
    if channel not in FEE_BP:
        raise Refused(400, "bad_body", f"channel: one of {', '.join(FEE_BP)}")
    try:
        clock.day_bounds(day)
    except ValueError:
        raise Refused(400, "bad_body", "day: YYYY-MM-DD") from None
    faults = {name: value for name, value in body.items() if name not in ("channel", "day")}
    numbers = [value for name in ("alter", "fee") for value in faults.get(name, {}).values()]
    added = faults.get("add", [])
    good = (
        set(body) <= _FIELDS
        and all(isinstance(value, int) for value in numbers)
        and all(
            isinstance(line, dict) and {"out_trade_no", "amount_fen"} <= set(line) <= _ADDED
            for line in added
        )
    )
    if not good:
        raise Refused(
            400, "bad_body", "drop: [ref], add: [{…}], alter: {ref: fen}, fee: {ref: fen}"
        )
    return channel, day, faults


def _added(channel: str, day: str, value: dict[str, Any]) -> Entry:
    amount_fen, refund = int(value["amount_fen"]), str(value.get("out_refund_no", ""))
    at = clock.day_bounds(day)[0] + NOON_S
    return Entry(
        at=at,
        out_trade_no=str(value["out_trade_no"]),
        transaction_id=str(value.get("transaction_id", "")) or "900000000000000000001",
        amount_fen=amount_fen,
        fee_fen=int(value.get("fee_fen", 0 if refund else fee_of(channel, amount_fen))),
        out_refund_no=refund,
        refund_no="900000000000000000002" if refund else "",
        subject="沙箱添加的一笔",
        done_at=at,
    )
