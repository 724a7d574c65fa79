"""A part: one program of the installation that the supervisor keeps running."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .home import CHECKOUT, Home, write_private
from .processes import MARK

STOP_ORDER = ("gateway", "services", "sandbox", "broker", "database", "epmd")


@dataclass(frozen=True)
class Part:
    """How one program is started and stopped."""

    name: str
    argv: list[str]
    environment: dict[str, str]
    grace_s: float = 10
    stop_signal: int = signal.SIGTERM
    folder: str = str(CHECKOUT)
    before: list[list[str]] = field(default_factory=list)  # commands run ahead of each start
    ended_by: list[str] = field(default_factory=list)  # a command that ends what a signal can not

    def plan_path(self, home: Home) -> Path:
        return home.plans / f"{self.name}.json"

    def write_plan(self, home: Home) -> None:
        """Leave the plan where the supervisor reads it; only its owner may, it holds secrets."""
        write_private(self.plan_path(home), json.dumps(asdict(self), indent=1))

    def marked_environment(self, home: Home) -> dict[str, str]:
        return {**self.environment, MARK: mark(home, self.name)}


def mark(home: Home, part: str) -> str:
    return str(home.run / part)


def read_plan(home: Home, name: str) -> Part:
    return Part(**json.loads((home.plans / f"{name}.json").read_text()))


def stop_order(names: list[str]) -> list[str]:
    """Names in the order in which they are stopped: who depends on others goes first."""
    return sorted(names, key=lambda name: STOP_ORDER.index(name) if name in STOP_ORDER else -1)
