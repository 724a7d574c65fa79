"""What somebody outside can send: notices and pushes of every bad kind, byte by byte.

The sandbox's keys are at hand, so that all but one thing of a forgery can be genuine.
"""

import json
import select
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from deploy.sandbox import clock
from deploy.sandbox.keys import Account, Keys, load_keys
from deploy.sandbox.signing import Signer
from services.kernel.ids import new_id

TIMEOUT_S = 15
CHUNK = b"x" * 65_536
NOTIFY = "/pay/wechat/notify"
WEBHOOK = "/wechat"


@dataclass(frozen=True)
class Sent:
    """One request, ready to be sent."""

    body: bytes
    headers: Mapping[str, str]


class Forger:
    """Makes pay notices that are genuine but for what is asked to be wrong."""

    def __init__(self, sandbox_folder: Path) -> None:
        self._keys = load_keys(sandbox_folder)
        self._pen = Signer(self._keys)

    @property
    def account(self) -> Account:
        """The ids and secrets of service account and merchant."""
        return self._keys.account

    def paid(self, out_trade_no: str, total_fen: int, **other: Any) -> dict[str, Any]:
        """What a notice of a payment tells, with other fields where asked."""
        told = {
            "mchid": self.account.mchid,
            "appid": self.account.app_id,
            "out_trade_no": out_trade_no,
            "transaction_id": f"42{out_trade_no}",
            "trade_type": "JSAPI",
            "trade_state": "SUCCESS",
            "bank_type": "OTHERS",
            "success_time": clock.rfc3339(clock.now()),
            "payer": {"openid": "o-somebody"},
            "amount": {"total": total_fen, "currency": "CNY"},
        }
        return told | other

    def refunded(self, out_refund_no: str, amount_fen: int) -> dict[str, Any]:
        """What a notice of a refund tells."""
        amount = {"total": amount_fen, "refund": amount_fen}
        told = {"mchid": self.account.mchid, "out_refund_no": out_refund_no}
        return told | {"refund_id": "5000", "refund_status": "SUCCESS", "amount": amount}

    def body(
        self,
        told: Mapping[str, Any],
        event_type: str = "TRANSACTION.SUCCESS",
        apiv3_key: str = "",
    ) -> bytes:
        """A sealed envelope, with another key where one is given."""
        account = replace(self.account, apiv3_key=apiv3_key or self.account.apiv3_key)
        sealed = Signer(replace(self._keys, account=account)).encrypted(
            json.dumps(told).encode(), "transaction"
        )
        envelope = {
            "id": f"EV-{time.time_ns()}",
            "create_time": clock.rfc3339(clock.now()),
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功",
            "resource": sealed,
        }
        return json.dumps(envelope, ensure_ascii=False).encode()

    def signed(self, body: bytes, age_s: float = 0) -> Sent:
        """Signed with the platform's own key, as long ago as asked."""
        return Sent(body, self._pen.headers(body, clock.now() - age_s))

    def probe(self, body: bytes) -> Sent:
        """A sign test: well formed, and to be refused."""
        return Sent(body, self._pen.probe_headers(body))

    def signed_by_a_stranger(self, body: bytes) -> Sent:
        """Everything right, but the key."""
        return Sent(body, Signer(_with_other_key(self._keys)).headers(body))


def _with_other_key(keys: Keys) -> Keys:
    return replace(keys, platform_key=generate_private_key(public_exponent=65537, key_size=2048))


def forgeries(
    forger: Forger, trade_no: str, amount_fen: int, genuine: Sent
) -> dict[str, tuple[int, Sent]]:
    """Name → the status it deserves, and the notice; about a trade that nobody has paid."""
    told = forger.paid(trade_no, amount_fen)
    body = forger.body(told)
    signed = forger.signed(body)

    def telling(**other: Any) -> Sent:
        return forger.signed(forger.body(told | other))

    return {
        "unsigned": (401, Sent(body, {})),
        "signed by a stranger": (401, forger.signed_by_a_stranger(body)),
        "one byte more": (401, Sent(body + b" ", signed.headers)),
        "another amount under the old signature": (
            401,
            Sent(forger.body(forger.paid(trade_no, 1)), signed.headers),
        ),
        "a genuine signature of another notice": (401, Sent(body, genuine.headers)),
        "sealed with another key": (401, forger.signed(forger.body(told, apiv3_key="k" * 32))),
        "six minutes old": (401, forger.signed(body, age_s=360)),
        "from the future": (401, forger.signed(body, age_s=-360)),
        "a sign test": (401, forger.probe(body)),
        "no notice at all": (401, forger.signed(b'{"id": 1}')),
        "not JSON": (401, forger.signed(b"\x00\x01")),
        "not UTF-8": (400, forger.signed(b"\xff\xfe")),
        "of a kind that we never asked for": (401, forger.signed(forger.body(told, "PAYSCORE.X"))),
        "one fen too little": (422, telling(amount={"total": amount_fen - 1})),
        "in another currency": (
            422,
            telling(amount={"total": amount_fen, "currency": "JPY"}),
        ),
        "for another merchant": (422, telling(mchid="1900009999")),
        "for another app": (422, telling(appid="wx0000000000000000")),
        "of a trade that is not paid": (422, telling(trade_state="NOTPAY")),
        "of a number that nobody can have": (401, telling(out_trade_no="豆浆")),
        "of no number": (401, telling(out_trade_no=[])),
        "of a number that is not ours": (422, telling(out_trade_no=new_id())),
        "of a refund that was never asked for": (
            422,
            forger.signed(forger.body(forger.refunded(new_id(), 1), "REFUND.SUCCESS")),
        ),
    }


class Door:
    """The gateway's two doors to the outside, without any client that would mend a request."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._http = requests.Session()
        self._http.trust_env = False

    def notify(self, sent: Sent) -> int:
        """Deliver a pay notice; the status."""
        answer = self._http.post(
            self._gateway + NOTIFY, data=sent.body, headers=sent.headers, timeout=TIMEOUT_S
        )
        return answer.status_code

    def push(self, body: str | bytes, args: Mapping[str, str], path: str = WEBHOOK) -> Any:
        """Deliver a push of WeChat's; the answer."""
        data = body.encode() if isinstance(body, str) else body
        url = self._gateway + path
        return self._http.post(url, params=args, data=data, timeout=TIMEOUT_S)

    def pour(
        self, path: str, size: int, headers: Mapping[str, str], *, chunked: bool
    ) -> tuple[int, int]:
        """Send a body of `size` bytes until somebody says stop: the status, and what was sent."""
        at = urlsplit(self._gateway)
        assert at.hostname is not None
        with socket.create_connection((at.hostname, at.port or 80), TIMEOUT_S) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, len(CHUNK))
            connection.sendall(_head(path, at.netloc, size, headers, chunked))
            sent = 0
            with suppress(ConnectionError):
                for piece in _pieces(size, chunked):
                    if select.select([connection], [], [], 0)[0]:
                        break
                    connection.sendall(piece)
                    sent += len(piece)
            return int(connection.recv(4096).split()[1]), sent


def _head(path: str, host: str, size: int, headers: Mapping[str, str], chunked: bool) -> bytes:
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}", length]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def _pieces(size: int, chunked: bool) -> Iterator[bytes]:
    piece = b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK) if chunked else CHUNK
    for _ in range(size // len(CHUNK)):
        yield piece
    if chunked:
        yield b"0\r\n\r\n"
