"""The sandbox as the outside world of settlement: real HTTP, real signatures, real encryption."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from services.contracts.settlement import Channel, NoticeView, PaymentView, ReceiveNotice
from services.kernel.ids import new_id
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.receive_notice import receive_notice
from tests.support.servers import Program, wait_until
from tests.support.settlement import Books, open_command

OPENID = "o-settlement-test-payer"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Sandbox:
    """The outside world, through its admin API."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.environment: dict[str, str] = json.loads((folder / "env.json").read_text())

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/sandbox/api/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def pays(self, prepay_id: str) -> None:
        self.ask("POST", "pay", {"prepay_id": prepay_id})

    def recorded(self, subject: str) -> list[dict[str, Any]]:
        """Every attempt to tell us of this trade or refund, exactly as it was sent."""
        notices = self.ask("GET", f"notices?subject={subject}")["notices"]
        return [
            attempt
            for notice in notices
            for attempt in self.ask("GET", f"notices/{notice['id']}/recorded")["attempts"]
        ]


@contextmanager
def running_sandbox(folder: Path) -> Iterator[Sandbox]:
    """A sandbox of one's own. Nobody listens at its notify URL: tests carry the notices over."""
    port = free_port()
    arguments = ["--dir", str(folder), "--port", str(port), "--signtest-every", "1"]
    program = Program("deploy.sandbox", *arguments, env={}, log=folder / "log.txt")
    try:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), 60, "the sandbox answers")
        sandbox = Sandbox(folder, port)
        sandbox.ask("POST", "people", {"openid": OPENID, "name": "付钱的人"})
        yield sandbox
    finally:
        program.stop()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.ConnectionError:
        return False


def now() -> datetime:
    return datetime.now(UTC)  # the sandbox's clock is the world's


def open_now(books: Books, *amounts_fen: int) -> PaymentView:
    command = open_command(*amounts_fen, pay_before=now() + timedelta(minutes=15))
    return open_payment(books.db, command, now())


def carry(books: Books, attempt: dict[str, Any], at: datetime | None = None) -> NoticeView:
    """What the gateway does with what came in."""
    command = ReceiveNotice(
        request_id=new_id(),
        channel=Channel.WECHAT,
        headers=attempt["headers"],
        body=attempt["body"],
    )
    return receive_notice(books.db, books.channels, command, at or now())


def notice_of(world: Sandbox, number: str) -> dict[str, Any]:
    """The first genuine attempt of the notice about a number."""
    attempt: dict[str, Any] = wait_until(
        lambda: next(iter(genuine(world, number)), None), 10, "a notice"
    )
    return attempt


def genuine(world: Sandbox, number: str) -> list[dict[str, Any]]:
    return [
        attempt
        for attempt in world.recorded(number)
        if not attempt["headers"]["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    ]


def paid_through(books: Books, world: Sandbox, payment: PaymentView) -> str:
    """Pay for real; the channel order's number."""
    view = books.pay(payment, OPENID, now())
    assert view.offer is not None
    assert view.offer.jsapi is not None
    prepay_id = view.offer.jsapi.package.removeprefix("prepay_id=")
    world.pays(prepay_id)
    (trade,) = [t for t in world.ask("GET", "trades")["trades"] if t["prepay_id"] == prepay_id]
    return str(trade["out_trade_no"])
