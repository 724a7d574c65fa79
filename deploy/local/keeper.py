"""Speaks with the supervisor: starts it, tells it what to do, ends what a dead one left."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from . import processes
from .home import CHECKOUT, Home
from .parts import Part, read_plan, stop_order
from .problem import Problem

START_LIMIT_S = 10.0
# Longer than all grace periods of the parts together.
SHUTDOWN_LIMIT_S = 180.0
ORPHAN_GRACE_S = 40.0


class Keeper:
    """The supervisor of one installation, seen from outside."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def state(self) -> dict[str, Any]:
        """What the supervisor wrote last; empty when there never was one."""
        try:
            state: dict[str, Any] = json.loads((self._home.run / "parts.json").read_text())
        except FileNotFoundError:
            return {"supervisor": None, "parts": {}}
        return state

    def supervisor(self) -> processes.Identity | None:
        """The running supervisor, or None."""
        return living(self.state()["supervisor"])

    def part_process(self, name: str) -> processes.Identity | None:
        """The running process of a part, or None."""
        return living(self.state()["parts"].get(name, {}).get("process"))

    def ensure(self) -> None:
        """Have a supervisor; what a killed one left behind is ended first."""
        if self.supervisor() is not None:
            return
        self.end_orphans()
        (self._home.run / "parts.json").unlink(missing_ok=True)
        with open(self._home.logs / "supervisor.log", "ab") as log:
            subprocess.run(
                [sys.executable, "-m", "deploy.local.supervise", str(self._home.root)],
                cwd=CHECKOUT,
                env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                timeout=START_LIMIT_S,
                check=False,
            )
        if not until(lambda: self.supervisor() is not None, START_LIMIT_S):
            raise Problem(f"The supervisor did not start; see {self._home.logs}/supervisor.log")

    def start(self, part: Part) -> None:
        """Have a part started by this plan; one that runs already keeps running."""
        part.write_plan(self._home)
        self.tell(f"start {part.name}")

    def start_again(self, name: str) -> None:
        """Start a stopped part by the plan it had, and wait until its process is there."""
        self.tell(f"start {name}")
        if not until(lambda: self.part_process(name) is not None, START_LIMIT_S):
            raise Problem(f"{name} did not start; see {self._home.logs}/{name}.log")

    def stop(self, name: str) -> None:
        """Stop a part, keep it stopped, and wait until it is."""
        self.tell(f"stop {name}")
        grace_s = read_plan(self._home, name).grace_s
        stopped = until(
            lambda: self.state()["parts"].get(name, {}).get("state") == "stopped", grace_s + 30
        )
        if not stopped:
            raise Problem(f"{name} did not stop; see {self._home.logs}/supervisor.log")

    def tell(self, command: str) -> None:
        try:
            pipe = os.open(self._home.run / "control", os.O_WRONLY | os.O_NONBLOCK)
        except OSError as problem:
            raise Problem(f"The supervisor does not listen ({problem.strerror}).") from problem
        try:
            os.write(pipe, f"{command}\n".encode())
        finally:
            os.close(pipe)

    def shut_down(self) -> None:
        """Stop all parts in order and the supervisor too; nothing of the installation is left."""
        supervisor = self.supervisor()
        if supervisor is not None:
            with contextlib.suppress(Problem):
                self.tell("shutdown")
            processes.wait_gone([supervisor], SHUTDOWN_LIMIT_S)
            processes.stop_all([supervisor], grace_s=0)
        self.end_orphans()

    def end_orphans(self) -> None:
        """End what carries our mark without a supervisor, part by part in the usual order."""
        folder = self._home.plans
        for name in stop_order([plan.stem for plan in folder.glob("*.json")]):
            left = (processes.identify(pid) for pid in processes.marked(str(self._home.run / name)))
            leaders = [one for one in left if one is not None]
            if leaders:
                processes.stop_all(leaders, ORPHAN_GRACE_S)
            with contextlib.suppress(OSError, subprocess.TimeoutExpired, ValueError, TypeError):
                ended_by = read_plan(self._home, name).ended_by
                if ended_by:
                    subprocess.run(ended_by, capture_output=True, timeout=60, check=False)


def living(written: dict[str, Any] | None) -> processes.Identity | None:
    """The process that a state file speaks of, if it still is that process."""
    if not written:
        return None
    identity = processes.Identity(**written)
    return identity if identity.alive() else None


def until(condition: Callable[[], object], limit_s: float) -> bool:
    """Whether the condition came true within the limit."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(processes.POLL_S)
    return True
