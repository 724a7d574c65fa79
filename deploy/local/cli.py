"""The subcommands of `./linli`: what each takes, what it needs, and what it runs."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from . import environment, venv
from .home import CHECKOUT, SERVICES, current_home
from .keeper import Keeper
from .problem import Problem

NOT_RUNNING = "Nothing is running here. Start it first: ./linli up --demo"


@dataclass(frozen=True)
class Command:
    """One subcommand."""

    run: Callable[[argparse.Namespace, list[str]], int]
    packages: str | None = None  # which lock file it needs installed, if any
    passes_on: bool = False  # whether arguments it does not know go to the program behind it


def up(asked: argparse.Namespace, _: list[str]) -> int:
    from .installation import Installation

    name = os.environ.get("LINLI_NAME", "linli")
    installation = Installation(current_home().root, demo=asked.demo, name=name)
    installation.up()
    addresses = installation.addresses
    print(f"\n邻里 is up.\n  pages  {addresses['gateway']}/\n  phone  {addresses['sandbox']}/")
    if asked.demo:
        # Before its first empty line the seeding tells of its steps.
        print("\n" + installation.greeting.partition("\n\n")[2].rstrip())
    return 0


def down(asked: argparse.Namespace, _: list[str]) -> int:
    from .installation import Installation
    from .progress import step

    with step("everything stopped"):
        Installation(current_home().root).down()
    return 0


def status(asked: argparse.Namespace, _: list[str]) -> int:
    from . import status as report

    shown = report.report(current_home())
    print(json.dumps(shown, indent=1) if asked.json else report.table(shown))
    return 0 if shown["up"] else 3


def logs(asked: argparse.Namespace, _: list[str]) -> int:
    from . import logs as reader

    home = current_home()
    names = (
        [asked.service] if asked.service else sorted(log.stem for log in home.logs.glob("*.log"))
    )
    reader.show(home, names, asked.follow, asked.lines)
    return 0


def test(asked: argparse.Namespace, rest: list[str]) -> int:
    from . import run_tests

    return run_tests.run(current_home(), asked.fast, asked.containers, rest)


def program(module: str) -> Callable[[argparse.Namespace, list[str]], int]:
    """A subcommand that runs one of the project's programs against what is running."""

    def run(asked: argparse.Namespace, _: list[str]) -> int:
        return hand_over(module, asked.words, running_environment())

    return run


def migrate(asked: argparse.Namespace, _: list[str]) -> int:
    services = asked.services or list(SERVICES)
    return hand_over("services.kernel.migrate", services, running_environment())


def dead(asked: argparse.Namespace, rest: list[str]) -> int:
    from services.contracts.subscriptions import SUBSCRIBERS

    if asked.action == "list" and not rest:
        consumers = {name for listeners in SUBSCRIBERS.values() for name in listeners}
        asked.words += ["--services", *sorted(consumers)]
    return program("services.kernel.dead")(asked, rest)


def vendor(asked: argparse.Namespace, _: list[str]) -> int:
    return hand_over("deploy.local.vendor", asked.words, None)


def running_environment() -> dict[str, str]:
    """The settings for tools of what runs here, and where it lives; a Problem if nothing does."""
    home = current_home()
    variables = environment.load(home)
    if variables is None or Keeper(home).supervisor() is None:
        raise Problem(NOT_RUNNING)
    return {**variables, "LINLI_HOME": str(home.root)}


def hand_over(module: str, words: list[str], variables: dict[str, str] | None) -> int:
    command = [sys.executable, "-W", "ignore", "-m", module, *words]
    return subprocess.run(command, cwd=CHECKOUT, env=variables, check=False).returncode


COMMANDS = {
    "up": Command(up, "runtime"),
    "down": Command(down),
    "status": Command(status),
    "logs": Command(logs),
    "story": Command(program("deploy.demo.story"), "runtime", passes_on=True),
    "seed": Command(program("deploy.demo"), "runtime", passes_on=True),
    "test": Command(test, "dev", passes_on=True),
    "bench": Command(program("tests.bench"), "dev", passes_on=True),
    "audit": Command(program("services.settlement.audit"), "runtime", passes_on=True),
    "simulate": Command(program("tests.simulate"), "dev", passes_on=True),
    "dead": Command(dead, "runtime", passes_on=True),
    "migrate": Command(migrate, "runtime"),
    "vendor": Command(vendor, "runtime", passes_on=True),
}


def main(arguments: list[str]) -> int:
    """Run one subcommand and give its exit code."""
    from .arguments import parser

    reader = parser()
    asked, rest = reader.parse_known_args(arguments)
    command = COMMANDS[asked.command]
    if rest and not command.passes_on:
        reader.error(f"unrecognized arguments: {' '.join(rest)}")
    asked.words = arguments[1:]
    try:
        if command.packages is not None:
            venv.ensure(command.packages)
            venv.enter(arguments)
        return command.run(asked, rest)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return 130
