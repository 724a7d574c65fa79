"""Whether a part does its work already."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from .home import SERVICES, Home
from .keeper import Keeper
from .logs import tail
from .ports import LOOPBACK
from .problem import Problem

ANSWER_LIMIT_S = 3
LIMIT_S = 90
POLL_S = 0.1
RESTARTS_MAX = 5


def answers(url: str) -> bool:
    """Whether this page says 200."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_LIMIT_S) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


def service_file(home: Home, service: str) -> dict[str, object] | None:
    """What a running service wrote about itself: pid, health_port, started_at."""
    try:
        written: dict[str, object] = json.loads((home.run / f"{service}.json").read_text())
    except (OSError, json.JSONDecodeError):
        return None
    return written


def forget_services(home: Home) -> None:
    """Remove what services wrote in an earlier life; none of them may run now."""
    for service in SERVICES:
        for written in home.run.glob(f"{service}*.json"):
            written.unlink(missing_ok=True)


def service_ready(home: Home, service: str) -> bool:
    written = service_file(home, service)
    return written is not None and answers(f"http://{LOOPBACK}:{written['health_port']}/readyz")


def services_missing(home: Home) -> list[str]:
    """The services that are not ready yet."""
    return [service for service in SERVICES if not service_ready(home, service)]


def wait(keeper: Keeper, home: Home, part: str, missing: Callable[[], list[str]]) -> None:
    """Return when nothing is missing; a part that keeps dying is not waited for."""
    end = time.monotonic() + LIMIT_S
    while absent := missing():
        restarts = keeper.state()["parts"].get(part, {}).get("restarts", 0)
        if restarts > RESTARTS_MAX or time.monotonic() > end:
            names = ", ".join(absent)
            raise Problem(f"Not ready: {names}. The last words of {part}:\n{tail(home, part)}")
        time.sleep(POLL_S)
