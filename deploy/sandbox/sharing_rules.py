"""What a request for sharing, unfreezing or returning must look like, before any money is seen.

Sources: WeChat Pay partner documents 「请求分账」, 「解冻剩余资金」, 「请求分账回退」, and
「微信支付公钥加密敏感信息指引」 for sealed names.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from deploy.sandbox import partners
from deploy.sandbox.merchant_api import fen_field, param_error, required_text
from deploy.sandbox.signing import BadSeal
from deploy.sandbox.world import World

NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
RECEIVERS_MAX = 50
NOTE_MAX = 80


@dataclass(frozen=True)
class Wanted:
    """A share, or an unfreezing when it has no receivers."""

    out_order_no: str
    sub_mchid: str
    transaction_id: str
    parts: tuple[tuple[str, int, str], ...]
    """Account, fen and description of each receiver."""
    unfreeze: bool
    description: str

    @property
    def asked(self) -> str:
        """What a repeat must repeat."""
        return json.dumps([self.transaction_id, self.parts, self.unfreeze], ensure_ascii=False)


@dataclass(frozen=True)
class WantedReturn:
    """Shared money on its way back."""

    out_return_no: str
    out_order_no: str
    sub_mchid: str
    return_mchid: str
    amount_fen: int
    description: str


def parse_share(world: World, body: dict[str, Any]) -> Wanted:
    """「请求分账」, or PayError."""
    if body.get("appid") != world.account.app_id:
        raise param_error("appid与商户号不匹配")
    receivers, unfreeze = body.get("receivers"), body.get("unfreeze_unsplit")
    if not isinstance(receivers, list) or not 1 <= len(receivers) <= RECEIVERS_MAX:
        raise param_error("分账接收方列表receivers应有1到50个")
    if not isinstance(unfreeze, bool):
        raise param_error("是否解冻剩余未分资金unfreeze_unsplit必填")
    parts = tuple(_part(each) for each in receivers)
    return _wanted(world, body, parts, unfreeze, "")


def parse_unfreeze(world: World, body: dict[str, Any]) -> Wanted:
    """「解冻剩余资金」, or PayError."""
    return _wanted(world, body, (), True, required_text(body, "description", NOTE_MAX))


def parse_return(world: World, body: dict[str, Any]) -> WantedReturn:
    """「请求分账回退」, or PayError."""
    return WantedReturn(
        out_return_no=_number(body, "out_return_no"),
        out_order_no=_number(body, "out_order_no"),
        sub_mchid=partners.known(world, body.get("sub_mchid")),
        return_mchid=required_text(body, "return_mchid", 32),
        amount_fen=fen_field(body, "amount"),
        description=required_text(body, "description", NOTE_MAX),
    )


def opened(world: World, sealed: str) -> str:
    """A name that was sealed with the platform's public key, or PARAM_ERROR."""
    try:
        return world.signer.opened(sealed)
    except BadSeal:
        raise param_error("敏感信息解密失败，请检查加密所用的公钥") from None


def _wanted(
    world: World,
    body: dict[str, Any],
    parts: tuple[tuple[str, int, str], ...],
    unfreeze: bool,
    description: str,
) -> Wanted:
    return Wanted(
        out_order_no=_number(body, "out_order_no"),
        sub_mchid=partners.known(world, body.get("sub_mchid")),
        transaction_id=required_text(body, "transaction_id", 32),
        parts=parts,
        unfreeze=unfreeze,
        description=description,
    )


def _part(receiver: object) -> tuple[str, int, str]:
    if not isinstance(receiver, dict) or receiver.get("type") != "MERCHANT_ID":
        raise param_error("分账接收方类型type取值有误")
    account = required_text(receiver, "account", 64)
    return account, fen_field(receiver, "amount"), required_text(receiver, "description", NOTE_MAX)


def _number(body: dict[str, Any], name: str) -> str:
    value = required_text(body, name, 64)
    if not NUMBER.fullmatch(value):
        raise param_error(f"{name}含有不允许的字符")
    return value
