"""People pay, cancel, refund and withdraw while services are killed -9 by a seeded schedule.

`./linli simulate money --processes N` does the same as often as one likes.
"""

import pytest

from deploy.local.installation import Installation
from tests.simulate import processes
from tests.system.life import Life

pytestmark = pytest.mark.stack
SEED = 0


def test_money_comes_home_though_services_are_killed_at_random_moments(
    installation: Installation, life: Life
) -> None:
    done = processes.run(installation, life, SEED)
    assert done.fault == "", "\n".join([*done.deeds, done.fault])
    assert done.killed
