"""Random lives of deals over four services: whoever does what, in the end everything agrees."""

from collections.abc import Callable, Iterator

import pytest

from services.orders.sagas.kinds import KINDS
from tests.conftest import failpoint_names
from tests.simulate.orders import live
from tests.simulate.orders_acts import CRASHES
from tests.support.deal_life.world import SERVICES, with_steps
from tests.support.frail_database import FrailDatabase

SEEDS = (0, 1, 2)
pytestmark = pytest.mark.database


@pytest.fixture
def dbs(migrated: Callable[[str], str]) -> Iterator[dict[str, FrailDatabase]]:
    """The four services' databases, with clients that can be made to die."""
    made = {name: FrailDatabase(migrated(name), pool_size=2) for name in SERVICES}
    yield made
    for db in made.values():
        db.dispose()


def test_seeded_lives_of_deals_end_proved_and_one_lived_again_ends_the_same(
    dbs: dict[str, FrailDatabase],
) -> None:
    lives = [live(dbs, seed) for seed in SEEDS]
    assert [life.fault for life in lives] == [""] * len(SEEDS)
    assert len({life.ending.digest for life in lives if life.ending}) == len(SEEDS)
    again = live(dbs, SEEDS[0])
    assert (again.ending, again.story) == (lives[0].ending, lives[0].story)


def test_every_failpoint_of_orders_is_in_the_lives() -> None:
    named = {name for name in failpoint_names() if name.startswith("orders.")}
    assert named <= set(with_steps(CRASHES))


def test_each_step_of_each_saga_and_its_undo_is_in_the_lives() -> None:
    for kind, steps in KINDS.items():
        for step in steps.steps:
            place = f"orders.{kind}.{step.name}"
            assert {place, f"{place}.undo"} <= set(with_steps(CRASHES))
