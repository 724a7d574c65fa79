"""How we and the fee system sign: HMAC-SHA256 over what was asked, and over what was answered.

A request carries who, when, a nonce that is used once, and the signature of its method, path, time,
nonce and body. An answer is signed over the request's nonce, its status, time and body, so that
nobody else can say that a payment was accepted, nor send an older answer again.
"""

import hashlib
import hmac
from dataclasses import dataclass

CLIENT, TIME, NONCE, SIGNATURE = (
    "X-Fee-Client",
    "X-Fee-Timestamp",
    "X-Fee-Nonce",
    "X-Fee-Signature",
)
WINDOW_S = 300
"""Requests and answers that are older or newer than this are not believed."""


@dataclass(frozen=True, slots=True)
class FeeKey:
    """The key that both sides have."""

    secret: str

    def of_request(self, method: str, path: str, at_s: int, nonce: str, body: bytes) -> str:
        """The signature of a request; `path` with its query."""
        return self._sign("request", method, path, str(at_s), nonce, _digest(body))

    def of_answer(self, status: int, at_s: int, nonce: str, body: bytes) -> str:
        """The signature of the answer to the request with this nonce."""
        return self._sign("answer", str(status), str(at_s), nonce, _digest(body))

    def _sign(self, *parts: str) -> str:
        text = "\n".join(parts).encode()
        return hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Compared without telling where they differ."""
    return hmac.compare_digest(left.encode(), right.encode())


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
