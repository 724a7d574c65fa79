"""When a service can be had: the grid of its appointments, without the hours that are full."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.parts import parts
from gateway.ui import local
from services.contracts.catalog import SkuLine
from services.contracts.orders import TakenSlotsQuery
from services.kernel.errors import Unavailable

DAYS_AHEAD = 14
FIRST_HOUR, LAST_HOUR = 8, 20
"""By the wall clock of Shanghai; the last appointment ends at the last hour."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day's free appointments; `starts` are moments on Shanghai's clock."""

    starts: list[datetime]

    @property
    def noon(self) -> datetime:
        """A moment to name the day by."""
        return self.starts[0]


def free_days(line: SkuLine, now: datetime) -> list[Day]:
    """The days of the next two weeks that still have room, each with its appointments."""
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    taken = _taken(line.item_id, midnight)
    days = [_day(line, midnight + timedelta(days=n), now, taken) for n in range(DAYS_AHEAD + 1)]
    return [day for day in days if day.starts]


def _day(line: SkuLine, midnight: datetime, now: datetime, taken: Mapping[datetime, int]) -> Day:
    step = timedelta(minutes=line.slot_minutes)
    start, end = (midnight.replace(hour=hour) for hour in (FIRST_HOUR, LAST_HOUR))
    starts = []
    while start + step <= end:
        if start > now and taken.get(start, 0) < line.slot_capacity:
            starts.append(start)
        start += step
    return Day(starts)


def _taken(item_id: str, midnight: datetime) -> Mapping[datetime, int]:
    """Nothing while orders is silent: what is full is refused when it is ordered."""
    until = midnight + timedelta(days=DAYS_AHEAD + 1)
    question = TakenSlotsQuery(item_id=item_id, day_from=midnight, day_until=until)
    try:
        found = parts().backends.orders.taken_slots(question)
    except Unavailable:
        return {}
    return {slot.starts_at: slot.taken for slot in found.slots}
