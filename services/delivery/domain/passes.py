"""Passes: a signed text for a QR code, six digits to say aloud, and a limit on guessing."""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from services.contracts.delivery import PassRefused
from services.kernel.errors import TooMany

KEY_BYTES_MIN = 32
DIGITS = 6
_DIGITS = re.compile(rf"\d{{{DIGITS}}}", re.ASCII)
_VERSION = "L1"


@dataclass(frozen=True, slots=True)
class Pass:
    """What a genuine token says: this visit, this community, until then."""

    visit_id: str
    community_id: str
    until: datetime


class PassSigner:
    """`L1.<visit>.<community>.<unix second>.<HMAC-SHA-256>`: short enough for a small QR code."""

    def __init__(self, key_base64: str) -> None:
        self._key = decoded_key(key_base64)

    def sign(self, visit: Pass) -> str:
        """The token; the same pass gives the same token."""
        body = f"{_VERSION}.{visit.visit_id}.{visit.community_id}.{int(visit.until.timestamp())}"
        return f"{body}.{self._mac(body)}"

    def read(self, token: str) -> Pass:
        """What a genuine token says, expired or not; PassRefused (`forged`) for any other text."""
        body, _, mac = token.strip().rpartition(".")
        if not hmac.compare_digest(self._mac(body).encode(), mac.encode()):
            raise refused("forged")
        _, visit_id, community_id, until_s = body.split(".")
        return Pass(visit_id, community_id, datetime.fromtimestamp(int(until_s), UTC))

    def _mac(self, body: str) -> str:
        mac = hmac.new(self._key, body.encode(), sha256).digest()
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")


def decoded_key(key_base64: str) -> bytes:
    """The key's bytes; ValueError when it is not Base64 or is too short to be a secret."""
    try:
        key = base64.b64decode(key_base64, validate=True)
    except binascii.Error as error:
        raise ValueError("the pass key is not Base64") from error
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"the pass key has fewer than {KEY_BYTES_MIN} bytes")
    return key


def is_digits(code: str) -> bool:
    """Whether a guard typed six digits rather than scanned a token."""
    return _DIGITS.fullmatch(code) is not None


def draw_digits(below: Callable[[int], int] = secrets.randbelow) -> str:
    """Six random digits; leading zeros count."""
    return f"{below(10**DIGITS):0{DIGITS}d}"


def refused(why: str) -> PassRefused:
    """`forged`, `unknown`, `expired`, `community` or `over`."""
    return PassRefused(f"the pass is refused: {why}", fields={"why": why})


@dataclass(frozen=True, slots=True)
class WrongCodes:
    """How many codes in a row that mean nothing a guard's account has sent, and when the last."""

    in_a_row: int = 0
    last_at: datetime | None = None

    def check(self, now: datetime, in_a_row_max: int, pause_s: int) -> None:
        """TooMany while the pause after too many wrong codes lasts."""
        if self.last_at is None or self.in_a_row < in_a_row_max:
            return
        pause_ends = self.last_at + timedelta(seconds=pause_s)
        if now < pause_ends:
            raise TooMany(
                fields={"retry_after_s": str(int((pause_ends - now).total_seconds()) + 1)}
            )

    def one_more(self, now: datetime, in_a_row_max: int) -> "WrongCodes":
        """After another wrong code; a pause that was sat out begins a new row."""
        earlier = 0 if self.in_a_row >= in_a_row_max else self.in_a_row
        return WrongCodes(earlier + 1, now)
