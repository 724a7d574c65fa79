"""What the service account sends to a person: template, subscription and customer service messages.

Sources: WeChat service account documents 「发送模板消息」, 「发送订阅通知」, 「发送客服消息」,
「获取用户基本信息」, 「全局返回码」.
"""

import json
from typing import Any

from deploy.sandbox import chat
from deploy.sandbox.chat import Message
from deploy.sandbox.store import NotKept
from deploy.sandbox.world import World

# Document 「模板消息参数内容规则」: how long each kind of keyword may be.
KEYWORD_LENGTHS = {"thing": 20, "phrase": 5, "character_string": 32, "name": 20, "const": 20}


class WeChatError(Exception):
    """A refusal with WeChat's errcode."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(errmsg)
        self.errcode, self.errmsg = errcode, errmsg


def known_user(world: World, openid: str) -> dict[str, Any]:
    """The follower as 「获取用户基本信息」 shows him, or 40003."""
    try:
        person = chat.person_of(world.store, openid)
    except NotKept:
        raise WeChatError(40003, "invalid openid") from None
    if not person["subscribed"]:
        return {"subscribe": 0, "openid": openid}
    return {
        **{"subscribe": 1, "openid": openid, "language": "zh_CN", "remark": "", "groupid": 0},
        **{"subscribe_time": int(person["created_at"]), "tagid_list": []},
        **{"subscribe_scene": "ADD_SCENE_QR_CODE", "qr_scene": 0, "qr_scene_str": ""},
    }


def send_card(world: World, body: dict[str, Any], kind: str, link: str) -> int:
    """Show a template or subscription message on the person's phone; its id."""
    if world.knobs.trouble.refuse_template:
        raise WeChatError(world.knobs.trouble.refuse_template, "refused on purpose")
    user = known_user(world, str(body.get("touser", "")))
    template_id = body.get("template_id")
    if not isinstance(template_id, str) or not template_id:
        raise WeChatError(40037, "invalid template_id")
    if not user["subscribe"]:
        raise WeChatError(43004, "require subscribe")
    known = json.loads(world.store.kept(f"template:{template_id}") or "{}")
    fields = card_fields(body.get("data"), known.get("labels", {}))
    message = Message(
        openid=user["openid"],
        direction="out",
        kind=kind,
        title=known.get("title", "服务通知"),
        url=str(body.get(link) or ""),
        template_id=template_id,
        fields=fields,
        raw=json.dumps(body, ensure_ascii=False),
    )
    return int(chat.say(world.store, message)["id"])


def card_fields(data: object, labels: dict[str, str]) -> list[dict[str, str]]:
    """The keywords of a card, checked as WeChat does since 2023, or 47003."""
    if not isinstance(data, dict) or not data:
        raise WeChatError(47003, "argument invalid! data is empty")
    fields = []
    for key, item in data.items():
        value = str(item.get("value") or "") if isinstance(item, dict) else ""
        if not value:
            raise WeChatError(47003, f"argument invalid! data.{key}.value is empty")
        if len(value) > KEYWORD_LENGTHS.get(key.rstrip("0123456789"), 200):
            raise WeChatError(47003, f"argument invalid! data.{key}.value invalid")
        fields.append({"key": key, "label": labels.get(key, ""), "value": value})
    return fields


def send_custom(world: World, body: dict[str, Any]) -> None:
    """A customer service message into the chat."""
    user, kind = known_user(world, str(body.get("touser", ""))), body.get("msgtype")
    if not user["subscribe"]:
        raise WeChatError(45015, "response out of time limit or subscription is canceled")
    raw = json.dumps(body, ensure_ascii=False)
    if kind == "text":
        text = str((body.get("text") or {}).get("content", ""))
        chat.say(world.store, Message(user["openid"], "out", "text", text=text, raw=raw))
    elif kind == "news":
        for article in (body.get("news") or {}).get("articles", [])[:1]:
            chat.say(world.store, news_message(user["openid"], article, raw))
    else:
        raise WeChatError(40008, "invalid message type")


def news_message(openid: str, article: dict[str, Any], raw: str) -> Message:
    """A picture-and-text link, from a custom message or a passive reply."""
    text = {name.lower(): str(article[name] or "") for name in article}
    return Message(
        openid=openid,
        direction="out",
        kind="news",
        title=text.get("title", ""),
        text=text.get("description", ""),
        url=text.get("url", ""),
        raw=raw,
    )
