"""The one place that asks what time it is. Aware and in UTC; pages turn it into Asia/Shanghai."""

import time
from datetime import UTC, datetime, timedelta

_offset = timedelta()


def now() -> datetime:
    """The present moment, aware, UTC, to the microsecond as MariaDB's DATETIME(6) keeps it."""
    return datetime.now(UTC) + _offset


def monotonic_s() -> float:
    """Seconds that never jump, for deadlines."""
    return time.monotonic()


def shift_seconds(seconds: float) -> None:
    """Move this process's clock (drills: `LINLI_CLOCK_OFFSET_S`)."""
    global _offset
    _offset = timedelta(seconds=seconds)
