"""Debian packages, installed without starting or enabling their system services."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from . import filelock
from .problem import Problem

# The server without its system service: we start our own copy of it.
DATABASE = ("mariadb-server-core", "mariadb-client-core")
BROKER = ("rabbitmq-server",)
# The last is what the browser driver's own Node needs.
BROWSER = ("chromium", "fonts-noto-cjk", "libatomic1")
PYTHON = ("python3-venv",)
SYSTEM_UNITS = ("rabbitmq-server.service", "epmd.service", "epmd.socket")

POLICY = Path("/usr/sbin/policy-rc.d")
SAVED = Path("/usr/sbin/policy-rc.d.linli-saved")
# 101 is invoke-rc.d's "action forbidden by policy".
HOLD = "#!/bin/sh\n# placed by linli while it installs packages\nexit 101\n"
LOCK = Path("/run/linli-packages.lock")
INSTALL_LIMIT_S = 1800


def can_install() -> bool:
    """Whether this is a Debian-like machine and we are root on it."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def commands(packages: Sequence[str]) -> list[list[str]]:
    """What is run to install packages: a fresh list first, a bare machine has none."""
    patient = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    return [
        [*patient, "update"],
        [*patient, "install", "--no-install-recommends", *packages],
    ]


def missing(packages: Sequence[str]) -> list[str]:
    """Those of the packages that dpkg does not have installed."""
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *packages],
        capture_output=True,
        text=True,
        check=False,
    )
    there = {line.split()[0] for line in shown.stdout.splitlines() if line.endswith(" installed")}
    return [package for package in packages if package not in there]


def install(packages: Sequence[str]) -> None:
    """Install what is missing of these; no service is started and none is left to start at boot."""
    with filelock.held(LOCK):
        wanted = missing(packages)
        if not wanted:
            return
        units_before = enabled_units()
        with services_held(POLICY, SAVED):
            run_all(commands(wanted), wanted)
        disable(enabled_units() - units_before)


def run_all(plan: list[list[str]], wanted: Sequence[str]) -> None:
    variables = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    for command in plan:
        done = subprocess.run(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_LIMIT_S,
            check=False,
        )
        if done.returncode != 0 and "install" in command:
            tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
            raise Problem(f"apt-get could not install {' '.join(wanted)}:\n{tail}")


@contextmanager
def services_held(policy: Path, saved: Path) -> Iterator[None]:
    """Keep package scripts from starting services; the policy that was there comes back."""
    ours_from_a_crash = policy.exists() and policy.read_text(errors="replace") == HOLD
    if policy.exists() and not ours_from_a_crash:
        policy.replace(saved)
    policy.write_text(HOLD)
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
        if saved.exists():
            saved.replace(policy)


def enabled_units() -> set[str]:
    """Which of the units these packages bring are set to start at boot."""
    if not (shutil.which("systemctl") and Path("/run/systemd/system").exists()):
        return set()
    return {
        unit
        for unit in SYSTEM_UNITS
        if subprocess.run(
            ["systemctl", "is-enabled", "--quiet", unit], capture_output=True, check=False
        ).returncode
        == 0
    }


def disable(units: set[str]) -> None:
    if units:
        subprocess.run(
            ["systemctl", "disable", "--quiet", *sorted(units)], capture_output=True, check=False
        )
