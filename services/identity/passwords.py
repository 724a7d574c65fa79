"""Staff passwords as argon2id, computed beside the hub."""

import secrets
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from eventlet import tpool
from eventlet.semaphore import Semaphore

Result = TypeVar("Result")
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
"""19 MiB, two passes: OWASP's first choice for argon2id (Password Storage Cheat Sheet)."""
AT_ONCE = 2
"""Hashes computed at the same time; the others wait, so that sign-ins cannot eat the memory."""


class Passwords:
    """Hashes and checks passwords in threads: on the hub each would stop every other call."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        self._decoy = self._hasher.hash(secrets.token_urlsafe(16))
        self._slots = Semaphore(AT_ONCE)

    def hash(self, password: str) -> str:
        """The password as it may be kept."""
        return self._beside_the_hub(lambda: self._hasher.hash(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """True for the right password; nobody's (None) takes as long as a wrong one, so that the
        time of the answer does not tell which user names exist."""
        right = self._beside_the_hub(lambda: self._verify(kept or self._decoy, password))
        return right and kept is not None

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except VerifyMismatchError:
            return False

    def _beside_the_hub(self, work: Callable[[], Result]) -> Result:
        with self._slots:
            result: Result = tpool.execute(work)
            return result
