"""Orders as the merchant asks for them: JSAPI, Native and H5, alone or for a sub-merchant.

Sources: WeChat Pay merchant and partner documents 「JSAPI下单」, 「Native下单」, 「H5下单」,
with the error codes listed there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from deploy.sandbox import clock, partners
from deploy.sandbox.merchant_api import (
    PayError,
    fen_field,
    param_error,
    required_text,
    text_field,
)
from deploy.sandbox.world import World

OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
EXPIRES_AFTER_S = 7 * 86_400
TRADE_TYPES = {"jsapi": "JSAPI", "native": "NATIVE", "h5": "MWEB"}
CODE_PREFIX = "weixin://wxpay/bizpayurl?pr="
H5_PATH = "/cgi-bin/mmpayweb-bin/checkmweb"


@dataclass(frozen=True)
class Prepay:
    """An order as the merchant asks for it; `openid` is empty where anybody may pay."""

    trade_type: str
    out_trade_no: str
    description: str
    attach: str | None
    notify_url: str
    openid: str
    total_fen: int
    expires_at: float
    sub_mchid: str | None
    profit_sharing: bool


def parse(world: World, body: dict[str, Any], way: str, partner: bool) -> Prepay:
    """Every rule of 「下单」 that can be checked from outside, or PayError."""
    sub_mchid = _merchant(world, body, partner)
    amount = body.get("amount")
    if not isinstance(amount, dict) or amount.get("currency", "CNY") != "CNY":
        raise param_error("输入源“/body/amount”规则校验失败")
    if way == "h5":
        _check_scene(body.get("scene_info"))
    return Prepay(
        trade_type=TRADE_TYPES[way],
        out_trade_no=_out_trade_no(body),
        description=required_text(body, "description", 127),
        attach=text_field(body, "attach", 128, required=False),
        notify_url=callback_url(body),
        openid=_payer(world, body.get("payer"), partner) if way == "jsapi" else "",
        total_fen=fen_field(amount, "total"),
        expires_at=_expires_at(body),
        sub_mchid=sub_mchid,
        profit_sharing=_profit_sharing(body, partner),
    )


def token(way: str, prepay_id: str, browser_url: str) -> dict[str, str]:
    """What the answer carries: the prepay id, a code to scan, or a page to open."""
    if way == "native":
        return {"code_url": CODE_PREFIX + prepay_id}
    if way == "h5":
        return {"h5_url": f"{browser_url}{H5_PATH}?prepay_id={quote(prepay_id)}"}
    return {"prepay_id": prepay_id}


def check_mchid(world: World, mchid: object) -> None:
    """The merchant of the body or query must be the one who signed."""
    if not mchid:
        raise param_error("商户号mchid不能为空")
    if mchid != world.account.mchid:
        raise param_error("商户号mchid与签名的商户号不一致")


def callback_url(body: Mapping[str, Any]) -> str:
    """The `notify_url` that must be there."""
    value = required_text(body, "notify_url", 255)
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query:
        raise param_error("回调地址notify_url必须是完整的URL且不能携带参数")
    return value


def known_openid(world: World, openid: str) -> str:
    """A person of this sandbox, or PARAM_ERROR."""
    if world.store.one("SELECT 1 FROM people WHERE openid = ?", (openid,)) is None:
        raise param_error("无效的openid")
    return openid


def _merchant(world: World, body: dict[str, Any], partner: bool) -> str | None:
    check_mchid(world, body.get("sp_mchid" if partner else "mchid"))
    if body.get("sp_appid" if partner else "appid") != world.account.app_id:
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
    return partners.known(world, body.get("sub_mchid")) if partner else None


def _payer(world: World, payer: object, partner: bool) -> str:
    if not isinstance(payer, dict):
        raise param_error("JSAPI支付必须传openid")
    return known_openid(world, required_text(payer, "sp_openid" if partner else "openid", 128))


def _check_scene(scene: object) -> None:
    info = scene.get("h5_info") if isinstance(scene, dict) else None
    if not isinstance(scene, dict) or not isinstance(info, dict):
        raise param_error("H5支付必须传scene_info")
    required_text(scene, "payer_client_ip", 45)
    required_text(info, "type", 32)


def _profit_sharing(body: dict[str, Any], partner: bool) -> bool:
    info = body.get("settle_info") or {}
    wanted = info.get("profit_sharing", False) if isinstance(info, dict) else None
    if not isinstance(wanted, bool):
        raise param_error("输入源“/body/settle_info/profit_sharing”规则校验失败")
    if wanted and not partner:
        raise PayError(403, "NO_AUTH", "商户未开通分账权限")
    return wanted


def _out_trade_no(body: dict[str, Any]) -> str:
    value = required_text(body, "out_trade_no", 32)
    if not OUT_TRADE_NO.fullmatch(value):
        raise param_error("商户订单号out_trade_no只能是6-32位数字、大小写字母_-|*")
    return value


def _expires_at(body: dict[str, Any]) -> float:
    text = text_field(body, "time_expire", 64, required=False)
    if text is None:
        return clock.now() + EXPIRES_AFTER_S
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise param_error("交易结束时间time_expire格式错误，须遵循rfc3339") from None
    if moment.tzinfo is None:
        raise param_error("交易结束时间time_expire缺少时区")
    if moment.timestamp() <= clock.now():
        raise param_error("交易结束时间time_expire不能早于当前时间")
    return moment.timestamp()
