"""What makes a life the same each time it is lived: its clock, its ids, its codes and digits."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest import mock

from services.contracts.subscriptions import SUBSCRIBERS
from services.delivery.domain import passes
from services.kernel import call, clock, outbox
from services.orders.domain import numbers
from tests.support.life.ids import counted_ids
from tests.support.settlement_channel import NOW


class StandingClock:
    """Stands where the kernel asks for the time, and moves only when the life says so."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self, _zone: object = UTC) -> datetime:
        """As `datetime.now`."""
        return self.time

    def moves(self, seconds: float) -> None:
        """Nobody does anything."""
        self.time += timedelta(seconds=seconds)


@contextmanager
def fated(seed: int) -> Iterator[StandingClock]:
    """Within it the same acts give the same rows, in this process alone."""
    standing, dice = StandingClock(), random.Random(f"codes of {seed}")
    below = SimpleNamespace(randbelow=dice.randrange)
    with ExitStack() as fate:
        fate.enter_context(counted_ids(str(seed)))
        for holder, name, made in (
            (clock, "datetime", standing),
            (numbers, "secrets", below),
            (passes, "draw_digits", lambda: f"{dice.randrange(10**6):06d}"),
            (outbox, "_subscribed", frozenset(SUBSCRIBERS)),
        ):
            fate.enter_context(mock.patch.object(holder, name, made))
        call.begin(f"life-{seed}")  # or else the first life of a process counts one id more
        yield standing
