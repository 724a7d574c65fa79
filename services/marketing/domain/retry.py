"""When to try again: soon at first, then ever more patiently."""

from datetime import datetime, timedelta

FIRST_S = 5
MOST_S = 600


def next_try(now: datetime, tries: int) -> datetime:
    """5, 10, 20 … seconds after the first, second, third … failure; at most ten minutes."""
    return now + timedelta(seconds=min(MOST_S, FIRST_S * 2 ** min(tries - 1, 10)))
