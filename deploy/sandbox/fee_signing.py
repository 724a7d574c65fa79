"""The fee system's key, and how both sides sign with it: HMAC-SHA256, in the way of such systems.

A request's signature is over `request`, method, path with query, time, nonce and the SHA-256 of the
body; an answer's over `answer`, status, time, the request's nonce and the SHA-256; a line each.
"""

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

from deploy.sandbox import clock

KEY_FILE = "fee_key.txt"
CLIENT_NAME = "linli"
CLIENT, TIME, NONCE, SIGNATURE = (
    "X-Fee-Client",
    "X-Fee-Timestamp",
    "X-Fee-Nonce",
    "X-Fee-Signature",
)
WINDOW_S = 300


class BadFeeSignature(Exception):
    """The request is not to be believed."""


def make(folder: Path, write: Callable[[Path, str], None]) -> None:
    """Create the key when it is missing."""
    if not (folder / KEY_FILE).exists():
        write(folder / KEY_FILE, secrets.token_hex(32))


def load(directory: Path) -> str:
    """Read what `make` wrote."""
    return (directory / "keys" / KEY_FILE).read_text("utf-8")


def settings(directory: Path, base_url: str) -> dict[str, str]:
    """What settlement is told of it, for env.json."""
    fees = "LINLI_SETTLEMENT_FEE_SYSTEM"
    return {
        fees: "http",
        f"{fees}_URL": base_url,
        f"{fees}_CLIENT": CLIENT_NAME,
        f"{fees}_KEY_FILE": str((directory / "keys").resolve() / KEY_FILE),
    }


class FeeSigner:
    """Checks what comes in and signs what goes out."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def check(self, headers: dict[str, str], method: str, path: str, body: bytes) -> str:
        """The request's nonce, or BadFeeSignature: not ours, altered, too old, or sent before."""
        at, nonce = headers.get(TIME, ""), headers.get(NONCE, "")
        if headers.get(CLIENT) != CLIENT_NAME:
            raise BadFeeSignature("unknown client")
        fresh = at.isascii() and at.isdigit() and abs(clock.now() - int(at)) <= WINDOW_S
        if not fresh:
            raise BadFeeSignature("the timestamp is too far from now")
        due = self._sign("request", method, path, at, nonce, _digest(body))
        if not hmac.compare_digest(due.encode(), headers.get(SIGNATURE, "").encode()):
            raise BadFeeSignature("the signature does not fit")
        self._check_first_use(nonce)
        return nonce

    def headers(self, status: int, nonce: str, body: bytes) -> dict[str, str]:
        """What goes with an answer."""
        at = str(int(clock.now()))
        signature = self._sign("answer", str(status), at, nonce, _digest(body))
        return {TIME: at, NONCE: nonce, SIGNATURE: signature}

    def _check_first_use(self, nonce: str) -> None:
        now = clock.now()
        with self._lock:
            if not nonce or nonce in self._seen:
                raise BadFeeSignature("the nonce was used before")
            self._seen[nonce] = now
            old = [seen for seen, at in self._seen.items() if now - at > 2 * WINDOW_S]
            for seen in old:
                del self._seen[seen]

    def _sign(self, *parts: str) -> str:
        return hmac.new(self._key, "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
