"""Shows what the parts have written."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .home import SERVICES, Home
from .problem import Problem

FOLLOW_POLL_S = 0.3
LINES_SHOWN = 100
TAIL_BYTES = 512 * 1024


def last_lines(path: Path, count: int, wanted: Callable[[str], bool] = bool) -> list[str]:
    """The last lines of a file that pass; only its end is read."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return [line for line in lines if wanted(line)][-count:]


def tail(home: Home, part: str, count: int = 15) -> str:
    return "\n".join(last_lines(home.logs / f"{part}.log", count))


def source(home: Home, name: str) -> tuple[Path, Callable[[str], bool]]:
    """The file of a part or service, and which of its lines are meant."""
    part = "services" if name in SERVICES else name
    path = home.logs / f"{part}.log"
    if not path.exists():
        known = ", ".join(sorted(log.stem for log in home.logs.glob("*.log"))) or "none yet"
        raise Problem(f"There is no log of {name}. Logs here: {known}.")
    return path, (lambda line: belongs_to(line, name)) if name in SERVICES else bool


def belongs_to(line: str, service: str) -> bool:
    """Whether a line of the services' common log was written by this one."""
    try:
        entry = json.loads(line)
    except ValueError:
        return False
    return isinstance(entry, dict) and entry.get("service") == service


def show(home: Home, names: list[str], follow: bool, count: int = LINES_SHOWN) -> None:
    """Print the last lines of each, then what comes, until interrupted."""
    sources = {name: source(home, name) for name in names}
    label = len(sources) > 1
    for name, (path, wanted) in sources.items():
        for line in last_lines(path, count, wanted):
            say(name if label else "", line)
    if follow:
        watchers = {name: new_lines(path, wanted) for name, (path, wanted) in sources.items()}
        while True:
            for name, watcher in watchers.items():
                for line in next(watcher):
                    say(name if label else "", line)
            time.sleep(FOLLOW_POLL_S)


def new_lines(path: Path, wanted: Callable[[str], bool]) -> Iterator[list[str]]:
    """Each step gives the whole lines written since the last; a cut file is read from its start."""
    position = path.stat().st_size if path.exists() else 0
    rest = b""
    while True:
        size = path.stat().st_size if path.exists() else 0
        if size < position:
            position, rest = 0, b""
        with path.open("rb") if path.exists() else open("/dev/null", "rb") as file:
            file.seek(position)
            fresh = file.read()
        position += len(fresh)
        *whole, rest = (rest + fresh).split(b"\n")
        lines = (line.decode("utf-8", "replace") for line in whole)
        yield [line for line in lines if wanted(line)]


def say(name: str, line: str) -> None:
    sys.stdout.write(f"{name}: {line}\n" if name else f"{line}\n")
    sys.stdout.flush()
