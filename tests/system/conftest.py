"""The people of the installation at work, its failpoints, and the audit that ends each test."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.home import SERVICES
from deploy.local.installation import Installation
from tests.support.servers import ROOT, wait_until
from tests.system.life import Life


@pytest.fixture
def life(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Life:
    """The people of the installation and their deeds, with its settings in this process."""
    for name in [name for name in os.environ if name.startswith("LINLI_")]:
        if not name.startswith("LINLI_TEST_"):
            monkeypatch.delenv(name)
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    life = Life(installation)
    life.restock()
    return life


@pytest.fixture
def audited(life: Life, installation: Installation) -> Iterator[None]:
    """After the test the books are proved, and nothing waits that should have been told."""
    yield
    wait_until(lambda: untold(life) == {}, 60, "every event is told")
    last: dict[str, Any] = {}

    def proved() -> bool:
        last.update(audit(installation))
        return bool(last["proved"])

    try:
        wait_until(proved, 40, "the audit proves the books")
    except AssertionError:
        broken = [proof for proof in last["proofs"] if not proof["holds"]]
        raise AssertionError(json.dumps(broken, ensure_ascii=False, indent=1)) from None


def untold(life: Life) -> dict[str, int]:
    """How many outbox rows of each service have not been told."""
    query = "SELECT COUNT(*) FROM outbox WHERE sent_at IS NULL"
    counts = {service: life.scalar(service, query) for service in SERVICES}
    return {service: count for service, count in counts.items() if count}


def audit(installation: Installation) -> dict[str, Any]:
    """`./linli audit --json` of this installation."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "services.settlement.audit", "--json"],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture
def arm(installation: Installation) -> Callable[[str], Path]:
    """`arm(name)`: the next process that comes by there dies; the mark's path comes back."""

    def take_mark_away(name: str) -> Path:
        mark = installation.home.run / f"failpoint.{name}"
        mark.unlink(missing_ok=True)
        return mark

    return take_mark_away
