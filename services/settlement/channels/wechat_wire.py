"""wechatpayv3's signed calls over kept-alive connections, with keys parsed once.

The library opens a connection for each call and knows only the real gateway's address; both are in
its Core, whose `request` is replaced here. Signing, checking and decrypting stay the library's.
"""

import json
from collections.abc import Mapping
from typing import Any

import certifi
import urllib3
from urllib3.exceptions import HTTPError
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization

from services.kernel.errors import Unavailable

POOL_SIZE = 20


class KeptAliveCore(Core):  # type: ignore[misc]
    """One merchant's signed connections to WeChat Pay."""

    def __init__(self, base_url: str, timeout_s: float, **keys: Any) -> None:
        # With WeChat Pay's public key at hand the library makes no call here.
        super().__init__(**keys)
        secure = {"ca_certs": certifi.where()} if base_url.startswith("https:") else {}
        # Bare urllib3: requests would add half a millisecond of CPU to each payment.
        self._pool = urllib3.connection_from_url(
            base_url, maxsize=POOL_SIZE, timeout=timeout_s, retries=False, **secure
        )
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "linli",
            "Wechatpay-Serial": self._public_key_id,
        }

    def request(
        self,
        path: str,
        method: RequestType = RequestType.GET,
        data: dict[str, Any] | None = None,
        skip_verify: bool = False,
        **unused: Any,  # of the library's signature, what settlement has no use for
    ) -> tuple[int, str | bytes]:
        """Status and body; Unavailable when it is not known what became of the request."""
        body = json.dumps(data) if data else ""
        signed = build_authorization(
            path, method.value, self._mchid, self._cert_serial_no, self._private_key, data=body
        )
        try:
            answer = self._pool.urlopen(
                method.value,
                path,
                body=body.encode() or None,
                headers={**self._headers, "Authorization": signed},
                redirect=False,
            )
        except HTTPError as error:
            raise Unavailable(f"WeChat Pay: {type(error).__name__}") from error
        if answer.status >= 500 or answer.status == 429:
            raise Unavailable(f"WeChat Pay answers {answer.status}")
        if skip_verify:
            return answer.status, answer.data
        text = answer.data.decode()
        if 200 <= answer.status < 300 and not self._is_genuine(answer.headers, text):
            raise Unavailable("WeChat Pay's answer is not signed by WeChat Pay")
        return answer.status, text

    def _is_genuine(self, headers: Mapping[str, str], body: str) -> bool:
        # Any other serial number would make the library fetch certificates first.
        known = headers.get("Wechatpay-Serial") == self._public_key_id
        return known and bool(self._verify_signature(headers, body))


def connect(
    *, base_url: str, timeout_s: float, app_id: str, notify_url: str, **keys: Any
) -> WeChatPay:
    """The library's facade over a kept-alive core; `keys` are Core's."""
    pay = WeChatPay(
        wechatpay_type=WeChatPayType.JSAPI,
        mchid=keys["mchid"],
        private_key=keys["private_key"],
        cert_serial_no=keys["cert_serial_no"],
        appid=app_id,
        apiv3_key=keys["apiv3_key"],
        notify_url=notify_url,
        public_key=keys["public_key"],
        public_key_id=keys["public_key_id"],
    )
    pay._core = KeptAliveCore(base_url, timeout_s, **keys)
    return pay
