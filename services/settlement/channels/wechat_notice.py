"""Notices of WeChat Pay: genuine, fresh, for us, and opened.

Sources: WeChat Pay merchant documents 「如何使用微信支付公钥验签」, 「如何解密回调报文」,
「签名探测流量」, 「支付成功回调通知」, 「退款结果通知」, 「商家转账回调通知」.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from wechatpayv3.utils import aes_decrypt, load_public_key, rsa_verify

from services.contracts.settlement import NoticeRefused
from services.settlement.channels import wechat_words
from services.settlement.domain.channel import ChannelRefund, Notice, Trade
from services.settlement.domain.payouts import Payout

AGE_MAX = timedelta(minutes=5)
BODY_MAX = 64 * 1024
SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
PROBE_PREFIX = "WECHATPAY/SIGNTEST/"
_NOTICE_ID = re.compile(r"[\x21-\x7e]{1,64}")
_NUMBER = re.compile(r"[A-Za-z0-9_\-|*@]{1,64}")
"""What an order or refund may be called (documents 「JSAPI下单」, 「申请退款」)."""


class NoticeReader:
    """Believes what WeChat Pay's key has signed, and opens it with the APIv3 key."""

    def __init__(self, public_key_pem: str, public_key_id: str, apiv3_key: str) -> None:
        self._key = load_public_key(public_key_pem)
        self._key_id = public_key_id
        self._apiv3_key = apiv3_key

    def read(self, headers: Mapping[str, str], body: str, now: datetime) -> Notice:
        """The notice, or NoticeRefused with the reason."""
        self._check_signature({name.lower(): value for name, value in headers.items()}, body, now)
        try:
            envelope = json.loads(body)
            told = self._open(envelope["resource"])
            return Notice(
                notice_id=_fitting(_NOTICE_ID, envelope["id"]),
                event_type=envelope["event_type"],
                merchant_number=_merchant_number(told),
                about=_about(envelope["event_type"], told),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoticeRefused(f"a notice of an unknown form: {type(error).__name__}") from error

    def _check_signature(self, headers: Mapping[str, str], body: str, now: datetime) -> None:
        signature = headers.get("wechatpay-signature", "")
        stamp, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
        if signature.startswith(PROBE_PREFIX):
            raise NoticeRefused("a sign test")
        if headers.get("wechatpay-signature-type", SIGNATURE_TYPE) != SIGNATURE_TYPE:
            raise NoticeRefused("signed in another way")
        # An unknown serial number would make the library fetch certificates on a stranger's word.
        if headers.get("wechatpay-serial") != self._key_id:
            raise NoticeRefused("signed with another key")
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise NoticeRefused("without a timestamp")
        if abs(now.timestamp() - int(stamp)) > AGE_MAX.total_seconds():
            raise NoticeRefused("too old, or from the future")
        if len(body) > BODY_MAX or not rsa_verify(stamp, nonce, body, signature, self._key):
            raise NoticeRefused("the signature does not fit")

    def _open(self, resource: Mapping[str, str]) -> dict[str, Any]:
        if resource["algorithm"] != "AEAD_AES_256_GCM":
            raise NoticeRefused("sealed in another way")
        plain = aes_decrypt(
            nonce=resource["nonce"],
            ciphertext=resource["ciphertext"],
            associated_data=resource.get("associated_data") or "",
            apiv3_key=self._apiv3_key,
        )
        if plain is None:
            raise NoticeRefused("the seal does not open with our key")
        told: dict[str, Any] = json.loads(plain)
        return told


def _merchant_number(told: Mapping[str, Any]) -> str:
    """Ours, by the name of the product: alone, as a partner, in a transfer."""
    names = ("mchid", "sp_mchid", "mch_id")
    return next((str(told[name]) for name in names if name in told), "")


def _about(event_type: str, told: Mapping[str, Any]) -> Trade | ChannelRefund | Payout:
    if event_type == "TRANSACTION.SUCCESS":
        _fitting(_NUMBER, told["out_trade_no"])
        return wechat_words.trade_of(told)
    if event_type in ("REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"):
        _fitting(_NUMBER, told["out_refund_no"])
        return wechat_words.refund_of(told)
    if event_type == "MCHTRANSFER.BILL.FINISHED":
        _fitting(_NUMBER, told["out_bill_no"])
        return wechat_words.payout_of(told)
    raise NoticeRefused(f"a notice of {event_type[:40]}, which we never asked for")


def _fitting(pattern: re.Pattern[str], text: str) -> str:
    """The text, or ValueError (TypeError when it is none): the database would not take it."""
    if not pattern.fullmatch(text):
        raise ValueError
    return text
