"""wechatpayv3's signed calls over one kept-alive session, with keys parsed once.

The library opens a connection for each call and knows only the real gateway's address; both are in
its Core, whose `request` is replaced here. Signing, checking and decrypting stay the library's.
"""

import json
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization

from services.kernel.errors import Unavailable

POOL_SIZE = 20


class KeptAliveCore(Core):  # type: ignore[misc]
    """One merchant's signed connection to WeChat Pay."""

    def __init__(self, base_url: str, timeout_s: float, **keys: Any) -> None:
        # With WeChat Pay's public key at hand the library makes no call here.
        super().__init__(**keys)
        self._gate_way = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._http = requests.Session()
        self._http.trust_env = False  # neither proxies nor .netrc: the address is a setting
        self._http.headers.update(
            {
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": "linli",
                "Wechatpay-Serial": self._public_key_id,
            }
        )
        self._http.mount(self._gate_way, HTTPAdapter(pool_maxsize=POOL_SIZE))

    def request(  # the library's signature, of which settlement uses the first four
        self,
        path: str,
        method: RequestType = RequestType.GET,
        data: dict[str, Any] | None = None,
        skip_verify: bool = False,
        **unused: Any,
    ) -> tuple[int, str | bytes]:
        """Status and body; Unavailable when it is not known what became of the request."""
        body = json.dumps(data) if data else ""
        signed = build_authorization(
            path, method.value, self._mchid, self._cert_serial_no, self._private_key, data=body
        )
        try:
            response = self._http.request(
                method.value,
                self._gate_way + path,
                data=body.encode() or None,
                headers={"Authorization": signed},
                timeout=self._timeout_s,
            )
        except requests.RequestException as error:
            raise Unavailable(f"WeChat Pay: {type(error).__name__}") from error
        if response.status_code >= 500 or response.status_code == 429:
            raise Unavailable(f"WeChat Pay answers {response.status_code}")
        if skip_verify:
            return response.status_code, response.content
        text = response.content.decode()
        if response.ok and not self._is_genuine(response.headers, text):
            raise Unavailable("WeChat Pay's answer is not signed by WeChat Pay")
        return response.status_code, text

    def _is_genuine(self, headers: Any, body: str) -> bool:
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
