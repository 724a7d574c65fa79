"""`./linli test`: the checks and the tests, on a broker and a database of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import containers, filelock, packages, progress, servers
from .definitions import Names
from .home import CHECKOUT, Home
from .keeper import Keeper

FAST = ("tests/unit", "tests/architecture")
TYPED = ("services", "gateway", "deploy")
WITH_PROCESSES = (
    ("tests/system",),
    (
        "tests/system/test_deals_at_every_step.py",
        "tests/system/test_money_at_every_step.py",
        "tests/browser/test_live_walk.py",
    ),
)
"""They mostly wait for the processes of an installation, one for each group, so they run beside the
others and beside each other. What a later group names is left out of an earlier one's folder."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Check:
    """One program of the run; a quiet one shows its output only when it fails."""

    name: str
    argv: list[str]
    quiet: bool = True
    seconds: float = 0.0
    passed: bool = False

    def run(self, variables: dict[str, str]) -> None:
        begun = time.monotonic()
        done = subprocess.run(
            self.argv,
            cwd=CHECKOUT,
            env=variables,
            stdout=subprocess.PIPE if self.quiet else None,
            stderr=subprocess.STDOUT if self.quiet else None,
            text=True,
            check=False,
        )
        self.seconds, self.passed = time.monotonic() - begun, done.returncode == 0
        if not self.passed and self.quiet:
            print(done.stdout, flush=True)

    @property
    def line(self) -> str:
        return f"{'✓' if self.passed else '✗'} {self.name}  {self.seconds:.1f} s"


def run(home: Home, fast: bool, with_containers: bool, arguments: list[str]) -> int:
    """Run what was asked for and give the exit code: 0 only if everything passed."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if fast:
        fast_ones = [*FAST, "-m", "not browser", *arguments]
        return summary([pytest(fast_ones)], test_variables())
    install_packages()
    if with_containers:
        marked = ["tests/integration", "-m", "containers", *arguments]
        variables = {**test_variables(), "LINLI_TEST_CONTAINERS": "1"}
        return summary([pytest(marked)], variables)
    with own_servers(Home(home.root / "test")) as addresses:
        variables = {**test_variables(), **addresses}
        return summary(static_checks(), variables, in_parts(arguments))


def pytest(arguments: list[str]) -> Check:
    return Check("pytest", [sys.executable, "-m", "pytest", *arguments], quiet=False)


def in_parts(arguments: list[str]) -> list[Check]:
    """The whole suite as runs beside each other; one run where a person names a part."""
    if any(not argument.startswith("--") for argument in arguments):
        return [pytest(arguments)]
    away = [f"--ignore={path}" for group in WITH_PROCESSES for path in group]
    beside = []
    for number, group in enumerate(WITH_PROCESSES):
        later = [f"--ignore={path}" for other in WITH_PROCESSES[number + 1 :] for path in other]
        argv = [sys.executable, "-m", "pytest", "-q", *group, *later, *arguments]
        beside.append(Check(f"pytest, installation {number + 1}", argv))
    return [*beside, pytest([*away, *arguments])]


def beside_each_other(checks: list[Check], variables: dict[str, str]) -> None:
    """Run them at the same time; a quiet one shows its output only when it fails."""
    threads = [threading.Thread(target=check.run, args=(variables,)) for check in checks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def static_checks() -> list[Check]:
    tool = Path(sys.executable).parent
    return [
        Check("ruff format", [str(tool / "ruff"), "format", "--check", "."]),
        Check("ruff check", [str(tool / "ruff"), "check", "."]),
        Check("mypy", [sys.executable, "-m", "mypy", *TYPED]),
        Check("import rules", [str(tool / "lint-imports"), "--no-cache"]),
    ]


def summary(
    checks: list[Check], variables: dict[str, str], beside: list[Check] | None = None
) -> int:
    """Run all of them, whatever fails, those of `beside` at the same time; say how each went."""
    for check in checks:
        check.run(variables)
        if check.quiet:
            print(check.line, flush=True)
    if beside:
        beside_each_other(beside, variables)
        checks = [*checks, *beside]
    print("\n".join(["", *(check.line for check in checks)]), flush=True)
    return 0 if all(check.passed for check in checks) else 1


def test_variables() -> dict[str, str]:
    """The environment of the tests: the shell's, and where Chromium is."""
    tools = str(Path(sys.executable).parent)
    variables = {
        **os.environ,
        "PATH": os.pathsep.join((tools, os.environ.get("PATH", os.defpath))),
        "PYTHONPATH": str(CHECKOUT),
        "EVENTLET_NO_GREENDNS": "yes",
    }
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser:
        variables.setdefault("LINLI_TEST_CHROMIUM", browser)
    return variables


def install_packages() -> None:
    """Have Chromium and a Chinese font; broker and database are seen to by who starts them."""
    if not packages.can_install():
        if not any(map(shutil.which, BROWSERS)):
            progress.note("Chromium is missing and only root can install it: no browser tests.")
        return
    wanted = packages.missing(packages.BROWSER)
    if wanted:
        with progress.step(f"Debian packages for the tests: {' '.join(wanted)}"):
            packages.install(wanted)


@contextmanager
def own_servers(home: Home) -> Iterator[dict[str, str]]:
    """A fresh broker and database for this run, unless the shell names some; gone at the end."""
    given = ("LINLI_TEST_DATABASE_URL", "LINLI_TEST_AMQP_URL")
    if all(name in os.environ for name in given):
        yield {}
        return
    home.root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with filelock.held(home.root.parent / "test.lock"):
        keeper = Keeper(home)
        clean(home, keeper)
        home.prepare()
        try:
            with progress.step("broker and database for the tests"):
                at = servers.launch(home, keeper, Names(), os.environ)
                servers.wait_for_database(at, home)
                servers.wait_for_broker(at, home)
            yield {
                "LINLI_TEST_DATABASE_URL": at.database_url,
                "LINLI_TEST_AMQP_URL": at.broker_url,
                "LINLI_TEST_SERVERS": str(home.root),
            }
        finally:
            clean(home, keeper)


def clean(home: Home, keeper: Keeper) -> None:
    """End what an earlier run may have left, and forget its data."""
    if home.root.exists():
        keeper.shut_down()
        shutil.rmtree(home.root)
    containers.forget(home)
