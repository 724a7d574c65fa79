import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import processes


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        ["sleep", "60"], env={**os.environ, processes.MARK: f"/nowhere/{os.getpid()}/part"}
    )
    yield process
    process.kill()
    process.wait()


def test_a_later_process_with_the_same_number_is_another_one(
    sleeper: subprocess.Popen[bytes],
) -> None:
    now = processes.identify(sleeper.pid)
    assert now is not None
    before = replace(now, started_ticks=now.started_ticks - 1)

    processes.send(before, signal.SIGKILL)

    assert not before.alive()
    assert now.alive()


def test_a_process_of_an_earlier_boot_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    now = processes.identify(sleeper.pid)
    assert now is not None

    assert not replace(now, boot="another").alive()


def test_a_zombie_is_gone(sleeper: subprocess.Popen[bytes]) -> None:
    identity = processes.identify(sleeper.pid)
    assert identity is not None
    sleeper.kill()

    assert processes.wait_gone([identity], limit_s=5)


def test_one_that_ignores_the_request_is_killed() -> None:
    script = (
        "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print(flush=True); time.sleep(60)"
    )
    stubborn = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    identity = processes.identify(stubborn.pid)
    assert identity is not None

    processes.stop_all([identity], grace_s=0.2)

    assert not identity.alive()
    stubborn.stdout.close()
    assert stubborn.wait() == -signal.SIGKILL


def test_marked_processes_are_found_by_part_and_by_folder(
    sleeper: subprocess.Popen[bytes],
) -> None:
    folder = f"/nowhere/{os.getpid()}"

    assert processes.marked(f"{folder}/part") == [sleeper.pid]
    assert processes.marked(folder) == [sleeper.pid]
    assert processes.marked(f"{folder}/par") == []


def test_memory_start_and_family_of_a_process_are_known(sleeper: subprocess.Popen[bytes]) -> None:
    began = processes.started_at(sleeper.pid)

    assert began is not None
    assert abs(began - time.time()) < 5
    assert processes.pss_kib(sleeper.pid) > 0
    assert sleeper.pid in processes.descendants(os.getpid())


def test_nothing_is_known_of_a_process_that_is_not_there(tmp_path: Path) -> None:
    assert processes.identify(2**22 + 1) is None
    assert processes.pss_kib(2**22 + 1) == 0
    assert processes.cpu_s(2**22 + 1) == 0
