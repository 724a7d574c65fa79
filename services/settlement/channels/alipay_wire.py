"""python-alipay-sdk's signed calls over kept-alive connections, with answers that are proved.

The library opens a connection for each call and knows only the real gateway; it finds the signed
part of an answer by counting braces, which a brace in a goods' name upsets. Signing and checking
stay the library's.

Sources: Alipay open platform 「自行实现签名」, 「自行实现验签」, 「公共错误码」.
"""

import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import certifi
import urllib3
from alipay import AliPay
from alipay.exceptions import AliPayException
from urllib3.exceptions import HTTPError

from services.contracts.settlement import ChannelRefused
from services.kernel.clock import now
from services.kernel.errors import Unavailable
from services.settlement.domain.days import BEIJING

POOL_SIZE = 20
BILL_MAX = 256 * 1024 * 1024
_FORM = {"Content-Type": "application/x-www-form-urlencoded;charset=utf-8", "User-Agent": "linli"}
_GRANTED = "10000"
_NOT_KNOWN = {"20000", "10003"}
"""Answer codes after which it is not known what became of the request."""
_AWAY = {"ACQ.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error", "isv.app-call-limited"}


class AlipayWire:
    """One app's signed calls; made once per process, its keys are parsed once."""

    def __init__(
        self,
        *,
        app_id: str,
        app_key: str,
        alipay_public_key: str,
        base_url: str,
        timeout_s: float,
    ) -> None:
        self._pay = AliPay(
            appid=app_id,
            app_private_key_string=app_key,
            alipay_public_key_string=alipay_public_key,
            sign_type="RSA2",
        )
        self._base_url = base_url
        self._pool = urllib3.PoolManager(
            maxsize=POOL_SIZE, timeout=timeout_s, retries=False, ca_certs=certifi.where()
        )

    def signed(self, method: str, content: Mapping[str, Any], at: datetime, **more: str) -> str:
        """The whole request, signed, as a query string; `more` are public parameters."""
        stamp = at.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
        return str(self._pay.client_api(method, dict(content), timestamp=stamp, **more))

    def call(self, method: str, content: Mapping[str, Any], **more: str) -> dict[str, Any]:
        """What was granted; ChannelRefused with Alipay's own sub code, or Unavailable."""
        told = self._ask(method, content, more)
        code, sub_code = str(told.get("code", "")), str(told.get("sub_code", ""))
        if code == _GRANTED:
            return told
        if code in _NOT_KNOWN or sub_code in _AWAY:
            raise Unavailable(f"Alipay answers {code} {sub_code}")
        words = told.get("sub_msg") or told.get("msg") or ""
        raise ChannelRefused(f"{sub_code or code}: {words}"[:200], fields={"code": sub_code})

    def verify(self, fields: Mapping[str, str], signature: str) -> bool:
        """Whether Alipay has signed these fields of a notice."""
        try:
            return bool(self._pay.verify(dict(fields), signature))
        except (AliPayException, binascii.Error, ValueError):
            return False

    def download(self, url: str) -> bytes:
        """A file from a link that Alipay has given; Unavailable when it does not come."""
        try:
            answer = self._pool.request("GET", url, preload_content=False, redirect=False)
            data = answer.read(BILL_MAX + 1)
            answer.release_conn()
        except HTTPError as error:
            raise Unavailable(f"Alipay's file: {type(error).__name__}") from error
        if answer.status != 200 or len(data) > BILL_MAX:
            raise Unavailable(f"Alipay's file does not come: {answer.status}")
        return bytes(data)

    def _ask(
        self, method: str, content: Mapping[str, Any], more: Mapping[str, str]
    ) -> dict[str, Any]:
        fields = dict(parse_qsl(self.signed(method, content, now(), **more)))
        # The content goes as the body: links are shorter, and logs on the way do not keep it.
        body = urlencode({"biz_content": fields.pop("biz_content")})
        url = f"{self._base_url}?{urlencode(fields)}"
        try:
            answer = self._pool.request("POST", url, body=body, headers=_FORM, redirect=False)
        except HTTPError as error:
            raise Unavailable(f"Alipay: {type(error).__name__}") from error
        if answer.status != 200:
            raise Unavailable(f"Alipay answers {answer.status}")
        return self._proved(answer.data, f"{method.replace('.', '_')}_response")

    def _proved(self, raw: bytes, name: str) -> dict[str, Any]:
        """The answer, when Alipay has signed exactly these characters."""
        try:
            text = raw.decode()
            start = text.index(f'"{name}":') + len(name) + 3
            told, end = json.JSONDecoder().raw_decode(text, start)
            genuine = self._pay._verify(text[start:end], json.loads(text)["sign"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            words = raw[:200].decode(errors="replace")
            raise Unavailable(f"Alipay's answer is not signed: {words}") from error
        if not genuine or not isinstance(told, dict):
            raise Unavailable("Alipay's answer is not signed by Alipay")
        return told
