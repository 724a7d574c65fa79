"""The money at a channel, line by line: what its bill says is what the books say.

The same look-up and the same judgement as the daily reconciliation's, over the last days' bills as
they are now. Matched day by day, so that memory is bounded by one day's numbers.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import islice

from services.contracts.settlement import Proof
from services.kernel.db import Database
from services.kernel.errors import LinliError
from services.settlement.domain.channel import BillLine, PayChannel
from services.settlement.domain.days import bounds, day_of
from services.settlement.reconciliation import days as reconciled
from services.settlement.reconciliation.classify import Finding, Ours, differences, only_ours
from services.settlement.reconciliation.match import BATCH, due_on_bill, what_is_known

DIFFERENCES_MAX = 20
BILL_OUT_AFTER = timedelta(hours=10)
"""The bill of a day is there at ten the next morning (document 「申请交易账单」)."""


def prove_bills(db: Database, channel: PayChannel, days: int, now: datetime) -> Proof:
    """Each payment and refund of the channel's last bills is in the books, and the other way."""
    matching = _Matching(db, channel, now)
    today = day_of(now)
    for back in reversed(range(days)):
        matching.match_day(today - timedelta(days=back))
        if len(matching.differences) >= DIFFERENCES_MAX:
            break
    found = matching.finish()
    name = f"bill.{channel.till.channel}"
    return Proof(
        name=name,
        statement=f"渠道账单（最近{days}天）与清算账户逐笔一致",
        holds=not found,
        checked=matching.checked,
        differences=found[:DIFFERENCES_MAX],
    )


class _Matching:
    """One channel's bills against the books."""

    def __init__(self, db: Database, channel: PayChannel, now: datetime) -> None:
        self._db, self._channel, self._now = db, channel, now
        self._last_bill: set[str] = set()
        self.checked = 0
        self.differences: list[str] = []
        self._missing: list[tuple[date, Finding]] = []

    def match_day(self, day: date) -> None:
        """Compare one day both ways."""
        try:
            bill = self._channel.fetch_bill(day)
        except LinliError as error:
            self.differences.append(f"{day}: {error.message}")
            return
        seen: set[str] = set()
        for lines in _batches(bill or ()):
            self._match_lines(day, lines)
            seen.update(line.reference for line in lines)
        self._note_missing(seen)
        if bill is not None or self._now >= bounds(day)[1] + BILL_OUT_AFTER:
            self._find_missing(day, seen | self._last_bill)
        self._last_bill = seen

    def _match_lines(self, day: date, lines: list[BillLine]) -> None:
        numbers = [line.reference for line in lines]
        day_end = bounds(day)[1]
        with self._db.reading() as tx:
            known = what_is_known(tx, self._channel.till, numbers)
        for line in lines:
            for found in differences(line, known.get(line.reference, Ours()), day_end, None):
                self._note(day, found)
        self.checked += len(lines)

    def _find_missing(self, day: date, seen: set[str]) -> None:
        with self._db.reading() as tx:
            for known in due_on_bill(tx, self._channel.till, day):
                for number in known.keys() - seen:
                    self._missing.append((day, only_ours(number, known[number])))

    def _note_missing(self, next_bill: set[str]) -> None:
        """What was missing on a bill, unless the next one names it: it was paid at midnight."""
        for day, found in self._missing:
            if found.reference not in next_bill:
                self._note(day, found)
        self._missing = []

    def finish(self) -> list[str]:
        """All differences, once the last bill is matched."""
        self._note_missing(set())
        return self.differences

    def _note(self, day: date, found: Finding) -> None:
        """A difference, unless a person has resolved it in the day's reconciliation."""
        day_id = reconciled.day_id_of(self._channel.till, day)
        with self._db.reading() as tx:
            if reconciled.is_resolved(tx, day_id, found):
                return
        self.differences.append(f"{day} {found.reference}: {found.words}")


def _batches(lines: Iterable[BillLine]) -> Iterator[list[BillLine]]:
    rest = iter(lines)
    while batch := list(islice(rest, BATCH)):
        yield batch
