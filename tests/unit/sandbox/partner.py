"""A sub-merchant's orders and shares, asked for with the partner's signature."""

import json
from typing import Any

from wechatpayv3.type import RequestType

from tests.unit.sandbox.rig import OPENID, Sandbox

SHOP = "1600000001"
PARTNER_ORDERS = "/v3/pay/partner/transactions"


def call(sandbox: Sandbox, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    """Status and answer of a signed call; an empty answer is an empty object."""
    status, text = sandbox.client._core.request(path, method=RequestType[method], data=body)
    return status, json.loads(text) if text else {}


def register(sandbox: Sandbox, sub_mchid: str = SHOP) -> None:
    """The shop has its own number, and the property may receive its shares."""
    sandbox.api("POST", "sub-merchants", {"sub_mchid": sub_mchid, "name": "老陈早点铺"})
    account = sandbox.world.account
    body = {
        "sub_mchid": sub_mchid,
        "appid": account.app_id,
        "type": "MERCHANT_ID",
        "account": account.mchid,
        "name": sandbox.client._core.encrypt(account.merchant_name),
        "relation_type": "SERVICE_PROVIDER",
    }
    status, answer = call(sandbox, "POST", "/v3/profitsharing/receivers/add", body)
    assert status == 200, answer


def order(sandbox: Sandbox, number: str, total_fen: int = 1000, **changed: Any) -> dict[str, Any]:
    """The body of a partner's JSAPI order, its money to be frozen."""
    account = sandbox.world.account
    body = {
        "sp_appid": account.app_id,
        "sp_mchid": account.mchid,
        "sub_mchid": SHOP,
        "description": "豆浆",
        "out_trade_no": number,
        "notify_url": f"{sandbox.shop.url}/pay/notify",
        "amount": {"total": total_fen, "currency": "CNY"},
        "payer": {"sp_openid": OPENID},
        "settle_info": {"profit_sharing": True},
    }
    return body | changed


def paid(sandbox: Sandbox, number: str, total_fen: int = 1000, **changed: Any) -> str:
    """A paid order of the shop; its transaction id."""
    body = order(sandbox, number, total_fen, **changed)
    status, answer = call(sandbox, "POST", f"{PARTNER_ORDERS}/jsapi", body)
    assert status == 200, answer
    return str(sandbox.api("POST", "pay", {"out_trade_no": number})["transaction_id"])


def share(sandbox: Sandbox, number: str, transaction_id: str, fen: int, **changed: Any) -> Any:
    """Ask for a share of the property's; status and answer."""
    account = sandbox.world.account
    part = {"type": "MERCHANT_ID", "account": account.mchid, "amount": fen, "description": "佣金"}
    body = {
        "sub_mchid": SHOP,
        "appid": account.app_id,
        "transaction_id": transaction_id,
        "out_order_no": number,
        "receivers": [part],
        "unfreeze_unsplit": True,
    }
    return call(sandbox, "POST", "/v3/profitsharing/orders", body | changed)


def share_state(sandbox: Sandbox, number: str, transaction_id: str) -> dict[str, Any]:
    """The share as the query answers it."""
    query = f"sub_mchid={SHOP}&transaction_id={transaction_id}"
    status, answer = call(sandbox, "GET", f"/v3/profitsharing/orders/{number}?{query}")
    assert status == 200, answer
    return answer


def shop_money(sandbox: Sandbox) -> tuple[int, int]:
    """What of the shop's is frozen, and what is its own."""
    (shop,) = sandbox.api("GET", "sub-merchants")["sub_merchants"]
    return shop["frozen_fen"], shop["available_fen"]
