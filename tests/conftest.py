"""One installation for all tests that need the whole product, and one browser for all that look.

Broker, database, six services, gateway, sandbox and the demo's people. Every failpoint is armed
with `kill`, and each is marked as spent: a test that takes a mark away gets exactly one SIGKILL at
that place.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.local import filelock
from deploy.local.installation import Installation
from services.contracts.subscriptions import SUBSCRIBERS
from services.orders.sagas.engine import no_call, no_commit
from services.orders.sagas.kinds import KINDS
from tests.support.servers import ROOT

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
NO_LIMITS = {
    "LINLI_GATEWAY_SESSION_RATE_PER_S": "100000",
    "LINLI_GATEWAY_ADDRESS_RATE_PER_S": "100000",
    "LINLI_GATEWAY_INBOUND_RATE_PER_S": "100000",
    "LINLI_GATEWAY_SIGN_IN_RATE_PER_MIN": "100000",
}


def failpoint_names() -> list[str]:
    """Every place in the code where a drill can kill."""
    found = set()
    for path in (ROOT / "services").rglob("*.py"):
        found |= set(re.findall(r'failpoints\.hit\(\s*"([^"]+)"', path.read_text()))
    found |= {f"{event}.before_commit" for event, to in SUBSCRIBERS.items() if to}
    return sorted(found | saga_failpoints())


def saga_failpoints() -> set[str]:
    """After each step of each saga, before it is committed; and after each undo that does work."""
    steps = [(kind.kind, step) for kind in KINDS.values() for step in kind.steps]
    undone = {
        f"orders.{kind}.{step.name}.undo"
        for kind, step in steps
        if step.undo_call is not no_call or step.undo_commit is not no_commit
    }
    return {f"orders.{kind}.{step.name}" for kind, step in steps} | undone


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Up for all tests that ask for it; no process is left behind."""
    root = tmp_path_factory.mktemp("system")
    names = failpoint_names()
    extra = {
        **NO_LIMITS,
        "LINLI_FAILPOINTS": ",".join(f"{name}=kill" for name in names),
        "LINLI_RETRY_LADDER_MS": "500,1000,2000,5000,10000,20000",
        "LINLI_MARKETING_NOTICE_CLAIM_S": "30",
        "LINLI_ORDERS_CLOSE_RETRY_S": "3",
        "LINLI_ORDERS_SAGA_LEASE_S": "1",
    }
    made = Installation(root, demo=True, extra=extra)
    made.home.prepare()
    for name in names:
        (made.home.run / f"failpoint.{name}").write_text("spent")
    with ExitStack() as stack:
        # One after the other: two that look for free ports at the same moment find the same ones.
        with filelock.held(ROOT / "tests"):
            stack.enter_context(made)
        yield made


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or the one that LINLI_TEST_CHROMIUM names; one Playwright a process."""
    found = next(filter(None, map(shutil.which, BROWSERS)), "")
    path = os.environ.get("LINLI_TEST_CHROMIUM") or found
    assert path, "no Chromium: install Debian's package, or name one in LINLI_TEST_CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()
