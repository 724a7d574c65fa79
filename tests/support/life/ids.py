"""Fresh ids that are the same each time a life is lived."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from unittest import mock

from ulid import ULID

from services.kernel import ids


class _Counted:
    """Stands where the ULID class is asked for a fresh one: each sorts after the one before."""

    from_bytes = staticmethod(ULID.from_bytes)

    def __init__(self, seed: str) -> None:
        self._tail = ids.derived_id("life", seed)
        self._numbers = count(1)

    def __call__(self) -> ULID:
        tail = bytes(ULID.from_str(self._tail))[:10]
        return ULID.from_bytes(next(self._numbers).to_bytes(6, "big") + tail)


@contextmanager
def counted_ids(seed: str) -> Iterator[None]:
    """Within it `new_id()` counts, from one on, in this process alone."""
    with mock.patch.object(ids, "ULID", _Counted(seed)):
        yield
