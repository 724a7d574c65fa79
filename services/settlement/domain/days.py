"""Days as people and pay channels count them: Beijing's."""

from datetime import date, datetime, time, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
"""China has one time zone and no summer time."""


def day_of(moment: datetime) -> date:
    """The Beijing day of a moment."""
    return moment.astimezone(BEIJING).date()


def bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a Beijing day, and the first that is not in it any more."""
    first = datetime.combine(day, time(), BEIJING)
    return first, first + timedelta(days=1)
