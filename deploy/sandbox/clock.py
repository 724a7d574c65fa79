"""The sandbox's own clock: it is the outside world and shares no time source with the system."""

import time
from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))


def now() -> float:
    """Seconds since the epoch."""
    return time.time()


def rfc3339(moment: float | None) -> str | None:
    """WeChat Pay's time format, `2018-06-08T10:34:56+08:00`; nothing for nothing."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, BEIJING).isoformat(timespec="seconds")


def bill_time(moment: float) -> str:
    """The trade bill's time format, Beijing time without a zone."""
    return datetime.fromtimestamp(moment, BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def day_bounds(day: str) -> tuple[float, float]:
    """First and last moment (exclusive) of a Beijing day `yyyy-MM-dd`, or ValueError."""
    start = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=BEIJING)
    return start.timestamp(), (start + timedelta(days=1)).timestamp()


def today() -> str:
    """The Beijing day that it is now."""
    return datetime.fromtimestamp(now(), BEIJING).strftime("%Y-%m-%d")
