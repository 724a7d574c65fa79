"""When appointments begin: on the grid, within the hours, in the future."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.orders import SlotNotOffered
from services.orders.domain.slots import AHEAD_MAX, BEIJING, slot_until

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)  # noon in Beijing
LENGTHS = st.integers(1, 1440)


def begins(minutes: int, days: int, number: int) -> datetime:
    """The start of the day's appointment with that number."""
    opens = datetime(2026, 3, 1, 8, 0, tzinfo=BEIJING) + timedelta(days=days)
    return opens + timedelta(minutes=minutes * number)


@given(LENGTHS, st.integers(-3 * 24 * 60, 35 * 24 * 60))
def test_whatever_is_offered_is_on_the_grid_and_in_the_hours(minutes: int, ahead: int) -> None:
    at = NOW + timedelta(minutes=ahead)
    try:
        until = slot_until(at, minutes, NOW)
    except SlotNotOffered:
        return
    local, local_until = at.astimezone(BEIJING), until.astimezone(BEIJING)
    assert until - at == timedelta(minutes=minutes)
    assert local.date() == local_until.date()
    assert local.hour >= 8
    assert (local_until.hour, local_until.minute) <= (20, 0)
    since_eight = (local - local.replace(hour=8, minute=0, second=0, microsecond=0)).total_seconds()
    assert since_eight % (minutes * 60) == 0
    assert NOW < at <= NOW + AHEAD_MAX


@given(
    st.integers(1, 720), st.integers(1, 30), st.integers(0, 719), st.sampled_from([UTC, BEIJING])
)
def test_every_place_of_the_grid_is_offered_in_any_clock(
    minutes: int, days: int, number: int, clock: object
) -> None:
    number %= 720 // minutes
    at = begins(minutes, days, number).astimezone(clock)  # type: ignore[arg-type]
    assert slot_until(at, minutes, NOW) == at + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("minutes", "at"),
    [
        (60, NOW),
        (60, NOW - timedelta(hours=1)),
        (60, NOW + timedelta(minutes=30)),
        (60, NOW + timedelta(hours=1, microseconds=1)),
        (60, NOW + timedelta(hours=8)),  # 20:00
        (60, NOW + timedelta(hours=19)),  # 07:00
        (90, NOW + timedelta(hours=7, minutes=30)),
        (0, NOW + timedelta(hours=1)),
        (60, NOW + timedelta(days=31, hours=1)),
    ],
)
def test_other_times_are_refused_with_the_field_named(minutes: int, at: datetime) -> None:
    with pytest.raises(SlotNotOffered) as refused:
        slot_until(at, minutes, NOW)
    assert set(refused.value.fields) == {"starts_at"}
