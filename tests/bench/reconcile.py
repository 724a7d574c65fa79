"""The day's reconciliation: 100,000 lines of a bill against as many booked payments.

Real MariaDB, real use case; the bill is an iterator in this process, as a driver hands it out.
"""

import resource
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

from services.contracts.reconciliation import DayState
from services.kernel.db import Database
from services.settlement.domain.channel import BillLine
from tests.bench.figures import Figure, say
from tests.support.reconciliation import NEXT_MORNING, NOON, Counter, PaperChannel, line_of

LINES = 100_000
SECONDS_MAX, GROWTH_MIB_MAX = 60, 32
_BOOK_AT_ONCE = 1000
_MIB = 1 << 20


class Roll(PaperChannel):
    """A bill that is never in memory as a whole."""

    lines = 0

    def fetch_bill(self, day: date) -> Iterator[BillLine] | None:
        return (line_of(number_of(index), fen_of(index)) for index in range(self.lines))


class Watch:
    """A clock that stands still; each look at it, one a batch, also notes the memory in use."""

    def __init__(self) -> None:
        self.before = self.most = _in_use()

    def __call__(self) -> datetime:
        self.most = max(self.most, _in_use())
        return NEXT_MORNING


def number_of(index: int) -> str:
    """The channel order's number of the so-many-th payment: 26 letters and digits."""
    return f"B{index:025d}"


def fen_of(index: int) -> int:
    """What was paid."""
    return 100 + index % 9_900


def run(db: Database) -> list[Figure]:
    """The figures of the reconciliation."""
    measured = measure(db)
    seconds, growth = measured["seconds"], measured["memory_growth_mib"]
    return [
        Figure("ledger", "ledger.reconcile_100k_s", seconds, "s", f"<= {SECONDS_MAX}"),
        Figure("ledger", "ledger.reconcile_memory", growth, "MiB", f"<= {GROWTH_MIB_MAX}"),
    ]


def measure(db: Database, lines: int = LINES) -> dict[str, float]:
    """`{lines, seconds, memory_growth_mib, differences}` of one whole run on an empty database."""
    channel = Roll()
    channel.lines = lines
    counter = Counter(db, channel)
    _book(counter, lines)
    watch = Watch()
    began = time.perf_counter()
    day = counter.reconcile(clock=watch)
    seconds = time.perf_counter() - began
    if day.state is not DayState.READY:
        raise RuntimeError(f"the day is {day.state} with {day.difference_count} differences")
    return {
        "lines": day.line_count,
        "seconds": seconds,
        "memory_growth_mib": (watch.most - watch.before) / _MIB,
        "differences": day.difference_count,
    }


def _book(counter: Counter, lines: int) -> None:
    say(f"reconcile: booking {lines} payments")
    for first in range(0, lines, _BOOK_AT_ONCE):
        some = range(first, min(first + _BOOK_AT_ONCE, lines))
        sales = [(number_of(index), fen_of(index)) for index in some]
        with counter.db.transaction() as tx:
            counter.book(tx, sales, NOON + timedelta(seconds=first // _BOOK_AT_ONCE))
    say("reconcile: matching")


def _in_use() -> int:
    """Resident bytes of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()
