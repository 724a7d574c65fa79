"""The pages of Alipay and UnionPay on which a payer pays, and the same by the admin API."""

from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
)

from deploy.sandbox import (
    alipay_records,
    channel_trades,
    clock,
    unionpay_records,
)
from deploy.sandbox.asked import Refused, body_object, body_text, query_number
from deploy.sandbox.channel_trades import ALIPAY, UNIONPAY
from deploy.sandbox.pay import Unpayable
from deploy.sandbox.world import World


@dataclass(frozen=True)
class Desk:
    """What differs between the two."""

    title: str
    colour: str
    means: str
    paid_event: str
    way_back: Callable[[World, Row], dict[str, Any]]
    """Where the payer goes afterwards: `link`, or `form` with its `fields`."""


def _alipay_back(world: World, trade: Row) -> dict[str, Any]:
    return {"link": alipay_records.return_link(world, trade)}


def _unionpay_back(world: World, trade: Row) -> dict[str, Any]:
    if not trade["return_url"]:
        return {"link": ""}
    fields = unionpay_records.front_form(world, trade)
    return {"form": trade["return_url"], "fields": fields}


DESKS = {
    ALIPAY: Desk("支付宝", "alipay", "余额", alipay_records.PAID_EVENT, _alipay_back),
    UNIONPAY: Desk(
        "银联在线支付", "unionpay", "银行卡", unionpay_records.PAID_EVENT, _unionpay_back
    ),
}


def blueprint(world: World) -> Blueprint:
    """Pages under /sandbox/<channel>, and the same under /sandbox/api/<channel>."""
    routes = Blueprint("cashier", __name__, url_prefix="/sandbox")
    _pages(world, routes)
    _api(world, routes)
    return routes


def _pages(world: World, routes: Blueprint) -> None:
    @routes.get("/alipay/qr/<trade_no>")
    def scan(trade_no: str) -> Response:
        trade = channel_trades.scan(world, _trade(world, ALIPAY, trade_no))
        return make_response(redirect(f"/sandbox/alipay/cashier/{trade['trade_no']}", 302))

    @routes.get("/<any(alipay, unionpay):channel>/cashier/<trade_no>")
    def show(channel: str, trade_no: str) -> Response:
        trade = _trade(world, channel, trade_no)
        try:
            channel_trades.check_payable(world, trade)
        except Unpayable as wrong:
            return _refused(world, channel, trade, wrong)
        return _page(world, "cashier.html", channel, trade)

    @routes.post("/<any(alipay, unionpay):channel>/cashier/<trade_no>")
    def confirm(channel: str, trade_no: str) -> Response:
        trade = _trade(world, channel, trade_no)
        try:
            trade = channel_trades.pay(world, trade, DESKS[channel].paid_event)
        except Unpayable as wrong:
            return _refused(world, channel, trade, wrong)
        return _page(world, "cashier_paid.html", channel, trade)


def _api(world: World, routes: Blueprint) -> None:
    @routes.post("/api/<any(alipay, unionpay):channel>/pay")
    def pay(channel: str) -> Response:
        number = body_text(body_object(), "out_trade_no")
        trade = channel_trades.trade_of(world, channel, number)
        if trade is None:
            raise Refused(404, "not_found", "no such out_trade_no; has its page been opened?")
        paid = channel_trades.pay(
            world, channel_trades.scan(world, trade), DESKS[channel].paid_event
        )
        return jsonify(trade_json(paid))

    @routes.get("/api/<any(alipay, unionpay):channel>/trades")
    def trades(channel: str) -> Response:
        limit = query_number("limit", 100)
        number = request.args.get("out_trade_no")
        rows = world.store.all(
            "SELECT * FROM channel_trades WHERE channel = ? AND (? IS NULL OR out_trade_no = ?)"
            " ORDER BY created_at DESC LIMIT ?",
            (channel, number, number, limit),
        )
        refunds = world.store.all(
            "SELECT * FROM channel_refunds WHERE channel = ? AND (? IS NULL OR out_trade_no = ?)"
            " ORDER BY created_at DESC LIMIT ?",
            (channel, number, number, limit),
        )
        return jsonify(
            {
                "trades": [trade_json(row) for row in rows],
                "refunds": [_refund_json(row) for row in refunds],
            }
        )


def trade_json(trade: Row) -> dict[str, Any]:
    """A trade for the admin API."""
    times = {name: clock.rfc3339(trade[name]) for name in ("created_at", "paid_at", "closed_at")}
    names = ("out_trade_no", "trade_no", "subject", "total_fen", "refunded_fen")
    told = {name: trade[name] for name in names}
    return told | {"state": channel_trades.state_of(trade)} | times


def _refund_json(row: Row) -> dict[str, Any]:
    names = ("out_refund_no", "refund_no", "out_trade_no", "amount_fen", "status")
    times = {name: clock.rfc3339(row[name]) for name in ("created_at", "success_at")}
    return {name: row[name] for name in names} | times


def _trade(world: World, channel: str, trade_no: str) -> Row:
    trade = channel_trades.trade_by_number(world, channel, trade_no)
    if trade is None:
        abort(404)
    return trade


def _page(world: World, template: str, channel: str, trade: Row) -> Response:
    desk = DESKS[channel]
    page = render_template(
        template,
        trade=trade,
        desk=desk,
        merchant=world.account.merchant_name,
        back=desk.way_back(world, trade) if trade["paid_at"] else {},
    )
    return make_response(page)


def _refused(world: World, channel: str, trade: Row, wrong: Unpayable) -> Response:
    page = render_template(
        "refused.html",
        title=DESKS[channel].title,
        reason=str(wrong),
        framed=False,
        return_url=trade["return_url"],
    )
    return make_response(page, 400)
