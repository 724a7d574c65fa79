"""What WeChat sends to a webhook, signed as WeChat signs it."""

import hashlib
from typing import Any, NamedTuple

from flask.testing import FlaskClient
from wechatpy.crypto import WeChatCrypto
from werkzeug.test import TestResponse

from services.kernel import clock
from tests.support.gateway import AES_KEY, APP_ID, TOKEN

TEXT = (
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[openid-1]]></FromUserName>"
    "<CreateTime>1772337600</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[豆浆]]></Content><MsgId>23456789</MsgId></xml>"
)
SUBSCRIBE = (
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[openid-1]]></FromUserName>"
    "<CreateTime>1772337600</CreateTime><MsgType><![CDATA[event]]></MsgType>"
    "<Event><![CDATA[subscribe]]></Event><EventKey><![CDATA[qrscene_7]]></EventKey></xml>"
)


def sha1(*texts: str) -> str:
    """WeChat's signature: SHA-1 over the sorted texts."""
    return hashlib.sha1("".join(sorted(texts)).encode()).hexdigest()


def query(token: str = TOKEN, *, age_s: int = 0, nonce: str = "n1") -> dict[str, str]:
    """A signed query string, as old as asked."""
    timestamp = str(int(clock.now().timestamp()) - age_s)
    return {
        "signature": sha1(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
    }


def push(
    client: FlaskClient, body: str | bytes, path: str = "/wechat", **args: Any
) -> TestResponse:
    """A push in plain mode."""
    return client.post(path, query_string=args or query(), data=body)


class Secrets(NamedTuple):
    """What WeChat and we know of an account."""

    token: str = TOKEN
    aes_key: str = AES_KEY
    app_id: str = APP_ID


def sealed(
    xml: str, known: Secrets = Secrets(), *, damage: bool = False
) -> tuple[str, dict[str, str]]:
    """Body and query string in safe mode; `damage` changes one letter after signing."""
    args = query(known.token)
    crypto = WeChatCrypto(*known)
    whole = crypto.encrypt_message(xml, args["nonce"], args["timestamp"])
    encrypted = whole.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    args |= {
        "encrypt_type": "aes",
        "msg_signature": sha1(known.token, args["timestamp"], args["nonce"], encrypted),
    }
    if damage:
        encrypted = encrypted[:40] + ("A" if encrypted[40] != "A" else "B") + encrypted[41:]
    body = f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return body, args


def safe_push(client: FlaskClient, xml: str, *, damage: bool = False) -> TestResponse:
    """A push in safe mode."""
    body, args = sealed(xml, damage=damage)
    return client.post("/wechat", query_string=args, data=body)


def opened(response: TestResponse) -> str:
    """The plain XML inside an encrypted reply."""
    xml = response.get_data(as_text=True)

    def cdata(name: str) -> str:
        return xml.split(f"<{name}><![CDATA[")[1].split("]]>")[0]

    timestamp = xml.split("<TimeStamp>")[1].split("<")[0]
    crypto = WeChatCrypto(TOKEN, AES_KEY, APP_ID)
    plain: str = crypto.decrypt_message(
        {"Encrypt": cdata("Encrypt")}, cdata("MsgSignature"), timestamp, cdata("Nonce")
    )
    return plain
