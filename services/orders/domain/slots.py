"""When appointments begin: on a grid of the item's own length, 8:00 to 20:00 in Beijing."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.contracts.orders import SlotNotOffered

BEIJING = ZoneInfo("Asia/Shanghai")
FIRST_AT = time(8)
LAST_UNTIL = time(20)
AHEAD_MAX = timedelta(days=31)


def slot_until(starts_at: datetime, minutes: int, now: datetime) -> datetime:
    """When an appointment of so many minutes ends; SlotNotOffered when none begins at that time."""
    local = starts_at.astimezone(BEIJING)
    opens = datetime.combine(local.date(), FIRST_AT, BEIJING)
    closes = datetime.combine(local.date(), LAST_UNTIL, BEIJING)
    until = local + timedelta(minutes=minutes)
    on_grid = minutes > 0 and not (local - opens) % timedelta(minutes=minutes)
    if not on_grid or local < opens or until > closes:
        raise SlotNotOffered("not on the grid", fields={"starts_at": "no appointment begins then"})
    if not now < starts_at <= now + AHEAD_MAX:
        raise SlotNotOffered("past or too far", fields={"starts_at": "past, or too far ahead"})
    return starts_at + timedelta(minutes=minutes)
