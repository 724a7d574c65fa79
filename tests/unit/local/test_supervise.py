import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import processes
from deploy.local.home import Home
from deploy.local.keeper import Keeper, until
from deploy.local.parts import Part, stop_order

LIMIT_S = 10


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    home.prepare()
    yield home
    Keeper(home).shut_down()


def sleeping(name: str, script: str = "import time; time.sleep(60)") -> Part:
    return Part(name, [sys.executable, "-c", script], dict(os.environ), grace_s=2)


def running(keeper: Keeper, name: str) -> processes.Identity:
    assert until(lambda: keeper.part_process(name), LIMIT_S)
    process = keeper.part_process(name)
    assert process is not None
    return process


def test_a_part_that_dies_is_started_again(home: Home) -> None:
    keeper = Keeper(home)
    keeper.ensure()
    keeper.start(sleeping("one"))
    first = running(keeper, "one")

    os.kill(first.pid, signal.SIGKILL)

    assert until(lambda: keeper.part_process("one") not in (None, first), LIMIT_S)
    assert keeper.state()["parts"]["one"]["restarts"] == 1


def test_a_stopped_part_stays_stopped_until_it_is_started(home: Home) -> None:
    keeper = Keeper(home)
    keeper.ensure()
    keeper.start(sleeping("one"))
    first = running(keeper, "one")

    keeper.stop("one")
    time.sleep(1)
    assert not first.alive()
    assert keeper.part_process("one") is None

    keeper.start_again("one")
    assert running(keeper, "one") != first


def test_starting_twice_leaves_the_first_one_running(home: Home) -> None:
    keeper = Keeper(home)
    keeper.ensure()
    keeper.start(sleeping("one"))
    first = running(keeper, "one")

    keeper.ensure()
    keeper.start(sleeping("one"))
    time.sleep(0.5)

    assert keeper.part_process("one") == first


def test_the_shutdown_leaves_no_process(home: Home) -> None:
    keeper = Keeper(home)
    keeper.ensure()
    keeper.start(sleeping("one"))
    keeper.start(sleeping("two"))
    parts = [running(keeper, "one"), running(keeper, "two")]
    supervisor = keeper.supervisor()

    keeper.shut_down()

    assert supervisor is not None
    assert not supervisor.alive()
    assert not any(part.alive() for part in parts)
    assert processes.marked(str(home.run)) == []


def test_what_a_killed_supervisor_left_is_ended_before_a_new_one_starts(home: Home) -> None:
    keeper = Keeper(home)
    keeper.ensure()
    keeper.start(sleeping("one"))
    orphan, supervisor = running(keeper, "one"), keeper.supervisor()
    assert supervisor is not None
    os.kill(supervisor.pid, signal.SIGKILL)
    assert processes.wait_gone([supervisor], LIMIT_S)
    assert orphan.alive()

    keeper.ensure()

    assert not orphan.alive()
    assert keeper.supervisor() not in (None, supervisor)


def test_children_of_a_killed_part_do_not_outlive_it(home: Home) -> None:
    script = (
        "import subprocess, time;"
        "subprocess.Popen(['sleep', '60'], start_new_session=True); time.sleep(60)"
    )
    keeper = Keeper(home)
    keeper.ensure()
    keeper.start(sleeping("one", script))
    first = running(keeper, "one")
    assert until(lambda: len(processes.descendants(first.pid)) == 2, LIMIT_S)
    child = processes.identify(processes.descendants(first.pid)[1])
    assert child is not None

    os.kill(first.pid, signal.SIGKILL)

    assert until(lambda: keeper.part_process("one") not in (None, first), LIMIT_S)
    assert not child.alive()


def test_who_depends_on_others_is_stopped_first() -> None:
    names = ["epmd", "database", "broker", "sandbox", "services", "gateway"]

    assert stop_order(names) == ["gateway", "services", "sandbox", "broker", "database", "epmd"]
