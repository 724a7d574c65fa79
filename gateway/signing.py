"""Things that leave the gateway and must come back unchanged: HMAC-SHA-256 over their parts."""

import hmac
import secrets
from datetime import timedelta
from hashlib import sha256

from services.kernel import clock

STATE_LIFETIME = timedelta(minutes=10)
_STAMP_DIGITS = 8
_NONCE_DIGITS = 16


class Signer:
    """Each purpose signs with a key of its own, so that no signature serves two purposes."""

    def __init__(self, secret_key: str) -> None:
        self._secret = secret_key.encode()

    def sign(self, purpose: str, *parts: str) -> str:
        """64 hex digits; parts are joined unambiguously."""
        text = "".join(f"{len(part)}:{part}" for part in (purpose, *parts))
        return hmac.new(self._secret, text.encode(), sha256).hexdigest()

    def verify(self, signature: str, purpose: str, *parts: str) -> bool:
        """Whether this signer made it; takes the same time either way."""
        return hmac.compare_digest(
            signature.encode("utf-8", "replace"), self.sign(purpose, *parts).encode()
        )

    def new_state(self, *parts: str) -> str:
        """An OAuth state of letters and digits (WeChat allows 128): when, nonce, signature."""
        stamp = f"{int(clock.now().timestamp()):0{_STAMP_DIGITS}x}"
        nonce = secrets.token_hex(_NONCE_DIGITS // 2)
        return stamp + nonce + self.sign("state", stamp, nonce, *parts)

    def state_holds(self, state: str, *parts: str) -> bool:
        """Whether a state is ours, for these parts, and not older than ten minutes."""
        stamp, rest = state[:_STAMP_DIGITS], state[_STAMP_DIGITS:]
        nonce, signature = rest[:_NONCE_DIGITS], rest[_NONCE_DIGITS:]
        if not self.verify(signature, "state", stamp, nonce, *parts):
            return False
        age_s = clock.now().timestamp() - int(stamp, 16)
        return 0 <= age_s <= STATE_LIFETIME.total_seconds()


def new_secret() -> str:
    """A random text for a cookie."""
    return secrets.token_urlsafe(24)
