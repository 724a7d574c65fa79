"""One call to WeChat Pay and what it answers, for all of its products.

Source: WeChat Pay merchant document 「APIv3接口规则」: 2xx or an error code with a message.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from wechatpayv3 import WeChatPay
from wechatpayv3.type import RequestType

from services.contracts.settlement import ChannelRefused
from services.kernel.errors import InvariantBroken
from services.settlement.channels import wechat_wire
from services.settlement.settings import Settings

Meaning = TypeVar("Meaning")
Body = Mapping[str, Any]
NOT_THERE = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS", "NOT_FOUND"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A signed answer: the status, and the JSON object of the body."""

    status: int
    told: dict[str, Any]

    @property
    def granted(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The error's code, such as `PARAM_ERROR`."""
        return str(self.told.get("code", self.status))

    @property
    def not_there(self) -> bool:
        """WeChat Pay has never heard of what was asked about."""
        return self.status == 404 and self.code in NOT_THERE

    def meaning(self, parse: Callable[[dict[str, Any]], Meaning]) -> Meaning:
        """What a 2xx answer says, or ChannelRefused in the channel's own words.

        InvariantBroken when WeChat Pay's words have changed.
        """
        if not self.granted:
            words = f"{self.code}: {self.told.get('message', '')}"
            raise ChannelRefused(words[:200], fields={"code": self.code})
        try:
            return parse(self.told)
        except (KeyError, TypeError, ValueError) as error:
            raise InvariantBroken(f"WeChat Pay answers in an unknown form: {error!r}") from error


class Calls:
    """Signed calls of one merchant; Unavailable when it is not known what became of one."""

    def __init__(self, pay: WeChatPay) -> None:
        self._core = pay._core

    def get(self, path: str, **query: str) -> Reply:
        """`path` without a query; empty values are left out."""
        given = urlencode({name: value for name, value in query.items() if value})
        return self._reply(self._core.request(f"{path}?{given}" if given else path))

    def post(self, path: str, body: Body | None = None) -> Reply:
        """Values of None and empty texts are left out of the body."""
        said = {name: value for name, value in (body or {}).items() if value not in (None, "")}
        return self._reply(self._core.request(path, method=RequestType.POST, data=said or None))

    def sealed(self, text: str) -> str:
        """A name that only WeChat Pay can read (document 「微信支付公钥加密敏感信息指引」)."""
        return str(self._core.encrypt(text))

    @staticmethod
    def _reply(answer: tuple[int, str | bytes]) -> Reply:
        status, body = answer
        try:
            told = json.loads(body)
        except ValueError:
            told = {}
        return Reply(status, told if isinstance(told, dict) else {})


def connect(settings: Settings) -> WeChatPay:
    """The merchant's kept-alive connections; its keys are parsed here, once."""
    return wechat_wire.connect(
        base_url=settings.wechatpay_base_url,
        timeout_s=settings.wechatpay_timeout_s,
        app_id=settings.wechatpay_app_id,
        notify_url=settings.wechatpay_notify_url,
        mchid=settings.wechatpay_mchid,
        cert_serial_no=settings.wechatpay_merchant_serial,
        private_key=settings.wechatpay_merchant_key,
        apiv3_key=settings.wechatpay_apiv3_key,
        public_key=settings.wechatpay_public_key,
        public_key_id=settings.wechatpay_public_key_id,
    )


def in_path(number: str) -> str:
    """A number of ours as a part of a path."""
    return quote(number, safe="")
