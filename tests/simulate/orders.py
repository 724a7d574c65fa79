"""Lives of deals, each drawn from a seed: the same seed lives the same life to the same end."""

import os
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from services.kernel.migrations import upgrade
from tests.simulate.lived import Lived
from tests.simulate.orders_acts import FIRST, LIKELY
from tests.support.deal_life.deal_life import DealLife
from tests.support.deal_life.fate import fated
from tests.support.deal_life.world import SERVICES
from tests.support.frail_database import FrailDatabase
from tests.support.servers import create_database, drop_database

ACTS = 110


@contextmanager
def scratch() -> Iterator[dict[str, FrailDatabase]]:
    """A database of each service's for this run alone."""
    names = {service: f"linli_simulate_{service}_{os.getpid()}" for service in SERVICES}
    dbs: dict[str, FrailDatabase] = {}
    try:
        for service, name in names.items():
            dbs[service] = FrailDatabase(create_database(name), pool_size=2)
            upgrade(service, dbs[service].url)
        yield dbs
    finally:
        for service, db in dbs.items():
            db.dispose()
            drop_database(names[service])


def live(dbs: Mapping[str, FrailDatabase], seed: int) -> Lived:
    """Draw a life, let it quiet down, and prove that everything agrees."""
    began = time.monotonic()
    with fated(seed) as clock:
        life = DealLife(dbs, clock, seed)
        ending, fault = None, ""
        try:
            drawn = life.dice.choices(list(LIKELY), list(LIKELY.values()), k=ACTS)
            for act in (*FIRST, *drawn):
                act(life)
                life.world.post_comes(life.dice.choice((0, 0, 1, 4)))
            life.quiet_down()
            life.assert_ended()
            ending = life.ending()
        except Exception:  # noqa: BLE001 - whatever it is, it is this life's fault
            fault = traceback.format_exc(limit=-7)
        finally:
            life.world.nobody_dies()
    return Lived(seed, life.story, time.monotonic() - began, ending, fault)
