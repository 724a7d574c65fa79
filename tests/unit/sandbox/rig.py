"""The sandbox on a free port, a shop that listens, and the real WeChat Pay client."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from flask import Flask, Response, request
from wechatpayv3 import WeChatPay, WeChatPayType
from werkzeug.serving import make_server

from deploy.sandbox.keys import MERCHANT_KEY_FILE, PLATFORM_PUBLIC_KEY_FILE
from deploy.sandbox.world import World

OPENID = "oTestZhangXiaoyu000000000001"


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app behind real HTTP on a free port; its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def eventually(found: Callable[[], Any], within_s: float = 5.0) -> Any:
    """The first truthy answer of `found`; fails when none comes in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


@dataclass
class Shop:
    """The merchant's side: it keeps what arrives and answers as told, then 204 for ever."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    reply: Callable[[str], str] = lambda body: "success"
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    pushed: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def app(self) -> Flask:
        """Its two addresses: pay notices and the service account's webhook."""
        app = Flask("shop")

        @app.post("/pay/notify")
        def notify() -> Response:
            self.received.append((dict(request.headers), request.get_data()))
            return Response(status=self.answers.pop(0) if self.answers else 204)

        @app.post("/wechat")
        def wechat() -> Response:
            body = request.get_data(as_text=True)
            self.pushed.append((request.args.to_dict(), body))
            status = self.answers.pop(0) if self.answers else 200
            return Response(self.reply(body), status)

        return app


@dataclass
class Sandbox:
    """A running sandbox and everything that a test wants to do with it."""

    url: str
    world: World
    client: WeChatPay
    shop: Shop

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """The admin API's answer."""
        answer = requests.request(method, f"{self.url}/sandbox/api/{path}", json=body, timeout=30)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def prepay(self, out_trade_no: str, total: int = 1400, **more: Any) -> str:
        """A prepay_id from the real client."""
        code, text = self.client.pay(
            description="豆浆油条",
            out_trade_no=out_trade_no,
            amount={"total": total, "currency": "CNY"},
            payer={"openid": OPENID},
            **more,
        )
        assert code == 200, text
        return str(json.loads(text)["prepay_id"])

    def paid(self, out_trade_no: str, total: int = 1400) -> dict[str, Any]:
        """A paid order."""
        self.prepay(out_trade_no, total)
        answer: dict[str, Any] = self.api("POST", "pay", {"out_trade_no": out_trade_no})
        return answer

    def refund(self, out_trade_no: str, out_refund_no: str, refund: int, total: int = 1400) -> Any:
        """Status and answer of a refund request."""
        return self.client.refund(
            out_refund_no=out_refund_no,
            out_trade_no=out_trade_no,
            amount={"refund": refund, "total": total, "currency": "CNY"},
        )

    def notices(self, count: int, within_s: float = 5.0) -> list[dict[str, Any]]:
        """The first `count` notices that arrived, opened by the real client."""
        eventually(lambda: len(self.shop.received) >= count, within_s)
        return [self.client.callback(headers, body) for headers, body in self.shop.received]


def merchant(keys_dir: Path, world: World, url: str, notify_url: str) -> WeChatPay:
    """The library that settlement uses, pointed at the sandbox."""
    account, folder = world.account, keys_dir / "keys"
    client = WeChatPay(
        wechatpay_type=WeChatPayType.JSAPI,
        mchid=account.mchid,
        private_key=(folder / MERCHANT_KEY_FILE).read_text(),
        cert_serial_no=account.merchant_serial,
        appid=account.app_id,
        apiv3_key=account.apiv3_key,
        notify_url=notify_url,
        public_key=(folder / PLATFORM_PUBLIC_KEY_FILE).read_text(),
        public_key_id=account.public_key_id,
        timeout=(2, 10),
    )
    client._core._gate_way = url
    return client
