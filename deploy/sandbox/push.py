"""What WeChat pushes to the service account's webhook: texts and events, plain or in safe mode.

Sources: WeChat service account documents 「接收普通消息」, 「接收事件推送」,
「被动回复用户消息」 (answer within 5 seconds, three tries, the same MsgId; `success` or nothing
means no reply) and 「消息加解密说明」.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from xml.parsers.expat import ExpatError

import urllib3
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.utils import WeChatSigner

from deploy.sandbox import chat, clock
from deploy.sandbox.cards import news_message
from deploy.sandbox.chat import Message
from deploy.sandbox.world import World

ANSWER_WITHIN_S = 5.0
TRIES = 3
SILENCE = ("", "success")
EVENTS = ("subscribe", "unsubscribe", "CLICK", "VIEW", "SCAN")

_http = urllib3.PoolManager(maxsize=8, retries=False, timeout=ANSWER_WITHIN_S)


@dataclass(frozen=True)
class Pushed:
    """How a push ended: `replied`, `success` (taken without a reply) or `failed`."""

    outcome: str
    msg_id: str | None
    tries: list[dict[str, Any]]
    replies: list[dict[str, Any]]


class NotUnderstood(Exception):
    """The answer is not what the protocol allows."""


def push_text(world: World, openid: str, text: str) -> Pushed:
    """The person types something: it is shown, pushed, and the reply is shown."""
    chat.person_of(world.store, openid)
    chat.say(world.store, Message(openid, "in", "text", text=text))
    msg_id = f"{int(clock.now() * 1000)}{secrets.randbelow(10**6):06d}"
    return _push(world, openid, {"MsgType": "text", "Content": text, "MsgId": msg_id}, msg_id)


def push_event(world: World, openid: str, event: str, key: str = "", ticket: str = "") -> Pushed:
    """The person follows, leaves, scans or taps the menu."""
    chat.person_of(world.store, openid)
    if event in ("subscribe", "unsubscribe"):
        chat.set_subscribed(world.store, openid, event == "subscribe")
    fields = {"MsgType": "event", "Event": event, "EventKey": key}
    if ticket:
        fields["Ticket"] = ticket
    chat.say(world.store, Message(openid, "in", "event", title=event, text=key))
    return _push(world, openid, fields, None)


def _push(world: World, openid: str, fields: dict[str, str], msg_id: str | None) -> Pushed:
    head = {
        "ToUserName": _original_id(world),
        "FromUserName": openid,
        "CreateTime": str(int(clock.now())),
    }
    xml = _xml(head | fields)
    tries: list[dict[str, Any]] = []
    while len(tries) < TRIES:
        started = time.monotonic()
        status, error, body = _post(world, openid, xml)
        replies: list[dict[str, Any]] = []
        if status == 200:
            try:
                replies = _show_reply(world, openid, body)
            except NotUnderstood as wrong:
                status, error = None, str(wrong)
        ms = round((time.monotonic() - started) * 1000, 1)
        tries.append({"status": status, "error": error, "ms": ms})
        if status == 200:
            return Pushed("replied" if replies else "success", msg_id, tries, replies)
    sorry = "该公众号提供的服务出现故障，请稍后再试"
    chat.say(world.store, Message(openid, "out", "system", text=sorry))
    return Pushed("failed", msg_id, tries, [])


def _post(world: World, openid: str, xml: str) -> tuple[int | None, str | None, str]:
    settings = world.knobs.settings
    if not settings.webhook_url:
        return None, "no webhook", ""
    url, body = _signed(world, openid, xml, settings.webhook_mode == "safe")
    try:
        answer = _http.request(
            "POST",
            f"{settings.webhook_url}?{url}",
            body=body.encode(),
            headers={"Content-Type": "text/xml"},
            redirect=False,
        )
        return answer.status, None, answer.data.decode("utf-8", "replace")
    except urllib3.exceptions.HTTPError as failed:
        return None, type(failed).__name__, ""


def _signed(world: World, openid: str, xml: str, safe: bool) -> tuple[str, str]:
    """The query string and the body, signed for plain or safe mode."""
    account, nonce, timestamp = world.account, secrets.token_hex(5), str(int(clock.now()))
    signer = WeChatSigner()
    signer.add_data(account.token, timestamp, nonce)
    query = {
        **{"signature": signer.signature, "timestamp": timestamp},
        **{"nonce": nonce, "openid": openid},
    }
    if not safe:
        return urlencode(query), xml
    sealed = _crypto(world).encrypt_message(xml, nonce, timestamp)
    envelope = xmltodict.parse(sealed)["xml"]
    query |= {"encrypt_type": "aes", "msg_signature": envelope["MsgSignature"]}
    body = {"ToUserName": _original_id(world), "Encrypt": envelope["Encrypt"]}
    return urlencode(query), _xml(body)


def _show_reply(world: World, openid: str, body: str) -> list[dict[str, Any]]:
    if body.strip() in SILENCE:
        return []
    reply = _opened(world, body)
    if reply.get("ToUserName") != openid:
        raise NotUnderstood("the reply is addressed to somebody else")
    return [chat.say(world.store, message) for message in _messages(openid, reply, body)]


def _opened(world: World, body: str) -> dict[str, Any]:
    try:
        reply = xmltodict.parse(body)["xml"]
        if world.knobs.settings.webhook_mode == "safe":
            clear = _crypto(world).decrypt_message(
                body, reply["MsgSignature"], reply["TimeStamp"], reply["Nonce"]
            )
            reply = xmltodict.parse(clear)["xml"]
    except (ExpatError, KeyError, TypeError, ValueError, WeChatException) as wrong:
        raise NotUnderstood(f"not a reply: {type(wrong).__name__}") from wrong
    if not isinstance(reply, dict):
        raise NotUnderstood("an empty reply")
    return reply


def _messages(openid: str, reply: dict[str, Any], raw: str) -> list[Message]:
    kind = reply.get("MsgType")
    if kind == "text":
        return [Message(openid, "out", "text", text=str(reply.get("Content") or ""), raw=raw)]
    if kind == "news":
        items = (reply.get("Articles") or {}).get("item") or []
        articles = items if isinstance(items, list) else [items]
        return [news_message(openid, article, raw) for article in articles[:1]]
    if kind == "image":
        return [Message(openid, "out", "text", text="[图片]", raw=raw)]
    raise NotUnderstood(f"unknown MsgType {kind}")


def _original_id(world: World) -> str:
    """The account's 原始ID, which is not its app id."""
    return f"gh_{world.account.app_id[2:14]}"


def _crypto(world: World) -> WeChatCrypto:
    account = world.account
    return WeChatCrypto(account.token, account.aes_key, account.app_id)


def _xml(fields: dict[str, str]) -> str:
    text = xmltodict.unparse({"xml": fields}, full_document=False)
    return str(text)
