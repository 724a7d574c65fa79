"""WeChat Pay v3 profit sharing (分账): asked for now, done a moment later.

Sources: WeChat Pay partner documents 「请求分账」, 「查询分账结果」, 「解冻剩余资金」,
「查询剩余待分金额」, 「请求分账回退」, 「查询分账回退结果」, 「添加分账接收方」 with the error
codes listed there, and 「分账常见问题」: none in the first 30 seconds, 30 % at most, 180 days.
"""

from sqlite3 import Row
from typing import Any

from flask import Blueprint, Response, request

from deploy.sandbox import clock, partners, share_book, sharing_rules
from deploy.sandbox.merchant_api import (
    PayError,
    answer,
    frame,
    json_body,
    param_error,
    required_text,
)
from deploy.sandbox.prepay import check_mchid
from deploy.sandbox.share_book import NothingShared
from deploy.sandbox.sharing_rules import parse_return, parse_share, parse_unfreeze
from deploy.sandbox.world import World


def blueprint(world: World) -> Blueprint:
    """The sharing paths of api.mch.weixin.qq.com."""
    routes = frame(world, Blueprint("sharing", __name__, url_prefix="/v3/profitsharing"))
    _receiver_paths(world, routes)
    _share_paths(world, routes)
    _return_paths(world, routes)
    return routes


def _receiver_paths(world: World, routes: Blueprint) -> None:
    @routes.post("/receivers/add")
    def add_receiver() -> Response:
        body = json_body()
        sub_mchid = partners.known(world, body.get("sub_mchid"))
        if body.get("appid") != world.account.app_id or body.get("type") != "MERCHANT_ID":
            raise param_error("appid或type取值有误")
        account = required_text(body, "account", 64)
        check_mchid(world, account)
        relation = required_text(body, "relation_type", 32)
        _check_name(world, required_text(body, "name", 1024))
        world.store.run(
            "INSERT OR IGNORE INTO share_receivers (sub_mchid, account) VALUES (?, ?)",
            (sub_mchid, account),
        )
        told = {"type": "MERCHANT_ID", "account": account, "name": body["name"]}
        return answer({"sub_mchid": sub_mchid, "relation_type": relation} | told)

    @routes.get("/transactions/<transaction_id>/amounts")
    def amounts(transaction_id: str) -> Response:
        with world.store.transaction() as db:
            trade = share_book.trade_by_transaction(db, transaction_id)
            left_fen = partners.left_fen(db, trade) if partners.is_frozen(trade) else 0
        return answer({"transaction_id": transaction_id, "unsplit_amount": left_fen})


def _share_paths(world: World, routes: Blueprint) -> None:
    @routes.post("/orders")
    def ask() -> Response:
        return _asked(world, share_book.open_share(world, parse_share(world, json_body())))

    @routes.post("/orders/unfreeze")
    def unfreeze() -> Response:
        return _asked(world, share_book.open_share(world, parse_unfreeze(world, json_body())))

    @routes.get("/orders/<out_order_no>")
    def query(out_order_no: str) -> Response:
        sub_mchid = partners.known(world, request.args.get("sub_mchid"))
        share = world.store.one(
            "SELECT s.* FROM shares s JOIN trades t ON t.out_trade_no = s.out_trade_no"
            " WHERE s.out_order_no = ? AND s.sub_mchid = ? AND t.transaction_id = ?",
            (out_order_no, sub_mchid, request.args.get("transaction_id", "")),
        )
        if share is None:
            raise share_book.not_there()
        return _asked(world, share)


def _return_paths(world: World, routes: Blueprint) -> None:
    @routes.post("/return-orders")
    def ask_back() -> Response:
        return answer(
            _return_view(*share_book.open_return(world, parse_return(world, json_body())))
        )

    @routes.get("/return-orders/<out_return_no>")
    def query_back(out_return_no: str) -> Response:
        sub_mchid = partners.known(world, request.args.get("sub_mchid"))
        try:
            found = share_book.return_of(
                world, sub_mchid, request.args.get("out_order_no", ""), out_return_no
            )
        except NothingShared:
            raise share_book.not_there() from None
        return answer(_return_view(*found))


def _asked(world: World, share: Row) -> Response:
    parts = world.store.all(
        "SELECT * FROM share_parts WHERE order_id = ? ORDER BY detail_id", (share["order_id"],)
    )
    trade = world.store.one("SELECT * FROM trades WHERE out_trade_no = ?", (share["out_trade_no"],))
    return answer(
        {
            "sub_mchid": share["sub_mchid"],
            "transaction_id": trade["transaction_id"] if trade else "",
            "out_order_no": share["out_order_no"],
            "order_id": share["order_id"],
            "state": share["state"],
            "receivers": [_part_view(part) for part in parts],
        }
    )


def _part_view(part: Row) -> dict[str, Any]:
    view = {
        "type": "MERCHANT_ID",
        "account": part["account"],
        "amount": part["amount_fen"],
        "description": part["description"],
        "result": part["result"],
        "detail_id": part["detail_id"],
        "create_time": clock.rfc3339(part["created_at"]),
        "finish_time": clock.rfc3339(part["finished_at"]),
    }
    return view | ({"fail_reason": part["fail_reason"]} if part["fail_reason"] else {})


def _return_view(back: Row, share: Row) -> dict[str, Any]:
    view = {
        "sub_mchid": share["sub_mchid"],
        "order_id": share["order_id"],
        "out_order_no": share["out_order_no"],
        "out_return_no": back["out_return_no"],
        "return_id": back["return_id"],
        "return_mchid": back["return_mchid"],
        "amount": back["amount_fen"],
        "description": back["description"],
        "result": back["result"],
        "create_time": clock.rfc3339(back["created_at"]),
        "finish_time": clock.rfc3339(back["finished_at"]),
    }
    return view | ({"fail_reason": back["fail_reason"]} if back["fail_reason"] else {})


def _check_name(world: World, sealed: str) -> None:
    """The receiver's full name, sealed for the platform, must be the merchant's."""
    if sharing_rules.opened(world, sealed) != world.account.merchant_name:
        raise PayError(400, "INVALID_REQUEST", "分账接收方全称与商户号不匹配")
