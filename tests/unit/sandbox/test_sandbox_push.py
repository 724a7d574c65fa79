"""Texts and events that reach the service account's webhook, and the replies that come back."""

import pytest
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import ArticlesReply, TextReply
from wechatpy.utils import check_signature

from tests.unit.sandbox.rig import OPENID, Sandbox


def greeting(body: str) -> str:
    reply = TextReply(content="您好，找到 2 家店", message=parse_message(body))
    return str(reply.render())


def test_a_text_arrives_signed_and_the_reply_is_shown(sandbox: Sandbox) -> None:
    sandbox.shop.reply = greeting

    pushed = sandbox.api("POST", f"people/{OPENID}/text", {"text": "豆浆 <b>&"})

    query, body = sandbox.shop.pushed[0]
    account = sandbox.world.account
    check_signature(account.token, query["signature"], query["timestamp"], query["nonce"])
    message = parse_message(body)
    assert (message.source, message.content) == (OPENID, "豆浆 <b>&")
    assert str(message.id) == pushed["msg_id"]
    assert pushed["outcome"] == "replied"
    shown = sandbox.api("GET", f"messages?openid={OPENID}")["messages"]
    assert [(m["direction"], m["text"]) for m in shown] == [
        ("in", "豆浆 <b>&"),
        ("out", "您好，找到 2 家店"),
    ]


def test_safe_mode_is_sealed_both_ways(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "settings", {"webhook_mode": "safe"})
    account = sandbox.world.account
    crypto = WeChatCrypto(account.token, account.aes_key, account.app_id)

    def sealed_reply(body: str) -> str:
        query = sandbox.shop.pushed[-1][0]
        clear = crypto.decrypt_message(
            body, query["msg_signature"], query["timestamp"], query["nonce"]
        )
        return str(crypto.encrypt_message(greeting(clear), query["nonce"], query["timestamp"]))

    sandbox.shop.reply = sealed_reply
    pushed = sandbox.api("POST", f"people/{OPENID}/text", {"text": "洗衣"})

    assert "洗衣" not in sandbox.shop.pushed[0][1]
    assert sandbox.shop.pushed[0][0]["encrypt_type"] == "aes"
    assert pushed["replies"][0]["text"] == "您好，找到 2 家店"


def test_a_clear_reply_in_safe_mode_is_a_failure(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "settings", {"webhook_mode": "safe"})
    sandbox.shop.reply = lambda body: "<xml><MsgType>text</MsgType></xml>"

    pushed = sandbox.api("POST", f"people/{OPENID}/text", {"text": "洗衣"})

    assert pushed["outcome"] == "failed"


def test_a_failing_webhook_gets_three_tries_with_the_same_id(sandbox: Sandbox) -> None:
    sandbox.shop.answers = [500, 502, 503]

    pushed = sandbox.api("POST", f"people/{OPENID}/text", {"text": "豆浆"})

    assert pushed["outcome"] == "failed"
    ids = [parse_message(body).id for _, body in sandbox.shop.pushed]
    assert len(ids) == 3
    assert len(set(ids)) == 1
    shown = sandbox.api("GET", f"messages?openid={OPENID}")["messages"][-1]
    assert shown["text"] == "该公众号提供的服务出现故障，请稍后再试"


def test_a_webhook_that_recovers_is_taken_at_its_word(sandbox: Sandbox) -> None:
    sandbox.shop.answers = [500]

    pushed = sandbox.api("POST", f"people/{OPENID}/text", {"text": "豆浆"})

    assert (pushed["outcome"], len(pushed["tries"])) == ("success", 2)


@pytest.mark.parametrize(
    ("event", "key", "kind"),
    [
        ("subscribe", "", "subscribe"),
        ("subscribe", "qrscene_door-3", "subscribe_scan"),
        ("unsubscribe", "", "unsubscribe"),
        ("CLICK", "MY_ORDERS", "click"),
        ("VIEW", "http://127.0.0.1:8080/h5", "view"),
        ("SCAN", "door-3", "scan"),
    ],
)
def test_events_arrive_as_wechat_sends_them(
    sandbox: Sandbox, event: str, key: str, kind: str
) -> None:
    body = {"event": event, "key": key, "ticket": "t" if key else ""}

    pushed = sandbox.api("POST", f"people/{OPENID}/event", body)

    message = parse_message(sandbox.shop.pushed[0][1])
    assert (message.type, message.event) == ("event", kind)
    assert pushed["outcome"] == "success"
    if event == "CLICK":
        assert message.key == key


def test_a_link_reply_becomes_a_card(sandbox: Sandbox) -> None:
    def articles(body: str) -> str:
        reply = ArticlesReply(message=parse_message(body))
        reply.add_article(
            {"title": "老陈早餐", "description": "120米", "url": "http://a/b", "image": ""}
        )
        return str(reply.render())

    sandbox.shop.reply = articles
    pushed = sandbox.api("POST", f"people/{OPENID}/text", {"text": "早餐"})

    card = pushed["replies"][0]
    assert (card["kind"], card["title"], card["url"]) == ("news", "老陈早餐", "http://a/b")


def test_without_a_webhook_nothing_is_pushed(sandbox: Sandbox) -> None:
    sandbox.api("PUT", "settings", {"webhook_url": ""})

    pushed = sandbox.api("POST", f"people/{OPENID}/text", {"text": "豆浆"})

    assert pushed["tries"][0]["error"] == "no webhook"
