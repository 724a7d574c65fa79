"""Is it WeChat, and what does it say? Signatures, safe mode, and XML that may be hostile.

WeChat signs token, timestamp and nonce with SHA-1 (公众平台 › 接入指南); in safe mode a second
signature covers the ciphertext too (消息加解密说明). Each push and each repeat is signed anew, so a
timestamp that is five minutes off is a recording.
"""

import hmac
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.replies import TextReply
from wechatpy.utils import WeChatSigner

from services.contracts.marketing import WechatAccountView, WechatEventReceived
from services.kernel import clock
from services.kernel.errors import Forbidden, Malformed
from services.kernel.ids import derived_id

TIMESTAMP_TOLERANCE_S = 300
FIELDS_MAX = 60
KEY_MAX = 500
_TEXT_MAX = 2000
_WORD = re.compile(r"[A-Za-z0-9_\-.@]{1,80}")
"""What WeChat's ids and names of kinds are made of."""


class WechatSignatureRefused(Forbidden):
    """Not signed by WeChat for this account, or a recording of such a push."""

    code = "wechat.signature_refused"


class WechatMessageMalformed(Malformed):
    """Not the XML that WeChat sends."""

    code = "wechat.malformed"


@dataclass(frozen=True, slots=True)
class Push:
    """One message or event, proved and parsed."""

    app_id: str
    openid: str
    account_openid: str
    kind: str
    """Lower-case message type, or for an event its name."""
    is_event: bool
    data: Mapping[str, Any]
    nonce: str
    safe_mode: bool

    @property
    def text(self) -> str:
        """What a person typed."""
        return str(self.data.get("Content") or "")[:_TEXT_MAX]

    @property
    def event_id(self) -> str:
        """The same id for each repeat (消息排重: MsgId; events by sender, time and name)."""
        msg_id = str(self.data.get("MsgId") or self.data.get("MsgID") or "")
        if msg_id and not self.is_event:
            return derived_id("wechat", self.app_id, msg_id)
        created = str(self.data.get("CreateTime") or "")
        return derived_id("wechat", self.app_id, self.openid, created, self.kind)

    def as_event(self) -> WechatEventReceived:
        """What marketing is told."""
        return WechatEventReceived(
            aggregate_id=self.event_id,
            app_id=self.app_id,
            openid=self.openid,
            kind=self.kind,
            key=str(self.data.get("EventKey") or "")[:KEY_MAX],
            created_at=_moment(self.data.get("CreateTime")),
            data=dict(self.data),
        )


def check_signature(account: WechatAccountView, args: Mapping[str, str]) -> None:
    """WechatSignatureRefused unless WeChat signed this query string a short time ago."""
    timestamp, nonce = args.get("timestamp", ""), args.get("nonce", "")
    _compare(args.get("signature", ""), account.token, timestamp, nonce)
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise WechatSignatureRefused("no timestamp")
    if abs(clock.now().timestamp() - int(timestamp)) > TIMESTAMP_TOLERANCE_S:
        raise WechatSignatureRefused("the timestamp is too far off")


def read_push(account: WechatAccountView, args: Mapping[str, str], body: bytes) -> Push:
    """The message in a proved request, in plain or safe mode."""
    check_signature(account, args)
    data = _parse(body)
    safe_mode = "Encrypt" in data
    if safe_mode:
        data = _parse(_decrypted(account, args, str(data["Encrypt"])).encode())
    kind = _word(data, "MsgType")
    is_event = kind.lower() == "event"
    return Push(
        app_id=account.app_id,
        openid=_word(data, "FromUserName"),
        account_openid=_word(data, "ToUserName"),
        kind=(_word(data, "Event") if is_event else kind).lower()[:40],
        is_event=is_event,
        data=data,
        nonce=args.get("nonce", ""),
        safe_mode=safe_mode,
    )


def text_reply(account: WechatAccountView, push: Push, text: str) -> str:
    """The passive reply's XML, encrypted when the push was."""
    # wechatpy puts the text into CDATA as it is; its end mark would let text become markup.
    safe_text = text.replace("]]>", "]] >")
    reply = TextReply(
        source=push.account_openid,
        target=push.openid,
        content=safe_text,
        time=int(clock.now().timestamp()),
    )
    xml: str = reply.render()
    if push.safe_mode:
        crypto = WeChatCrypto(account.token, account.aes_key, account.app_id)
        xml = crypto.encrypt_message(xml, push.nonce, str(int(clock.now().timestamp())))
    return xml


def _compare(signature: str, *signed: str) -> None:
    signer = WeChatSigner()
    signer.add_data(*signed)
    if not hmac.compare_digest(signature.encode("utf-8", "replace"), signer.signature.encode()):
        raise WechatSignatureRefused("the signature is not WeChat's")


def _decrypted(account: WechatAccountView, args: Mapping[str, str], encrypted: str) -> str:
    timestamp, nonce = args.get("timestamp", ""), args.get("nonce", "")
    _compare(args.get("msg_signature", ""), account.token, timestamp, nonce, encrypted)
    crypto = WeChatCrypto(account.token, account.aes_key, account.app_id)
    try:
        plain: str = crypto.decrypt_message(
            {"Encrypt": encrypted}, args["msg_signature"], timestamp, nonce
        )
    except (WeChatException, ValueError, IndexError, TypeError, struct.error) as error:
        raise WechatMessageMalformed("the ciphertext does not open") from error
    return plain


def _parse(body: bytes) -> dict[str, Any]:
    # A DTD is the door to entity bombs and outside files; WeChat never sends one.
    if b"<!DOCTYPE" in body.upper() or b"<!ENTITY" in body.upper():
        raise WechatMessageMalformed("a document type is not taken")
    try:
        parsed = xmltodict.parse(body, disable_entities=True, encoding="utf-8")
    except (ExpatError, ValueError, RecursionError) as error:
        raise WechatMessageMalformed("not XML") from error
    data = parsed.get("xml") if isinstance(parsed, dict) else None
    if not isinstance(data, dict) or len(data) > FIELDS_MAX:
        raise WechatMessageMalformed("no <xml> element with fields")
    return data


def _word(data: Mapping[str, Any], name: str) -> str:
    """A field as only WeChat would fill it; what no table could take is refused at the door."""
    value = data.get(name)
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise WechatMessageMalformed(f"{name} is missing, or no word of WeChat's")
    return value


def _moment(create_time: object) -> datetime:
    """When it happened; never later than now, else no later event would ever count as newer."""
    text, now = str(create_time or ""), clock.now()
    if text.isascii() and text.isdigit() and len(text) <= 11:
        return min(datetime.fromtimestamp(int(text), UTC), now)
    return now
