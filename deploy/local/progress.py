"""One line for each step of long work: what, whether it went well, how long it took."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show a step while it runs and its time when it ends; an error passes through."""
    live = sys.stderr.isatty()
    if live:
        print(f"… {name}", end="", file=sys.stderr, flush=True)
    begun = time.monotonic()
    mark = "✗"
    try:
        yield
        mark = "✓"
    finally:
        start = "\r\033[K" if live else ""
        seconds = time.monotonic() - begun
        print(f"{start}{mark} {name}  {seconds:.1f} s", file=sys.stderr, flush=True)


def note(text: str) -> None:
    """Say something between two steps."""
    print(text, file=sys.stderr, flush=True)
