"""Lives of money, each drawn from a seed: the same seed lives the same life to the same end."""

import os
import random
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from services.kernel import call
from services.kernel.migrations import upgrade
from tests.simulate.lived import Lived
from tests.simulate.money_acts import FIRST, LIKELY
from tests.support.frail_database import FrailDatabase
from tests.support.life.ids import counted_ids
from tests.support.life.money_life import MoneyLife
from tests.support.servers import create_database, drop_database

ACTS = 110
CHECK_EVERY = 4


@contextmanager
def scratch() -> Iterator[FrailDatabase]:
    """A database of settlement's for this run alone."""
    name = f"linli_simulate_{os.getpid()}"
    db = FrailDatabase(create_database(name), pool_size=2)
    try:
        upgrade("settlement", db.url)
        yield db
    finally:
        db.dispose()
        drop_database(name)


def live(db: FrailDatabase, seed: int) -> Lived:
    """Draw a life, let it quiet down, and prove its books."""
    began = time.monotonic()
    chance = random.Random(seed)
    with counted_ids(str(seed)):
        call.begin(f"life-{seed}")  # or else the first life of a process counts one id more
        life = MoneyLife(db, key=str(seed))
        ending, fault = None, ""
        try:
            drawn = chance.choices(list(LIKELY), list(LIKELY.values()), k=ACTS)
            for number, act in enumerate([*FIRST, *drawn]):
                act(life, chance)
                if number % CHECK_EVERY == 0:
                    life.check()
            life.quiet_down()
            life.assert_ended()
            ending = life.ending()
        except Exception:  # noqa: BLE001 - whatever it is, it is this life's fault
            fault = traceback.format_exc(limit=-7)
        finally:
            life.world.nobody_dies()
    return Lived(seed, life.story, time.monotonic() - began, ending, fault)
