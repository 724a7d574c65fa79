"""Runs with real processes and kill -9: people and money at work while services die, then an audit.

Each run draws from its seed who does what and which service dies when; how the threads and
processes interleave is the machine's own, so a seed repeats the wishes, not the order of events.
"""

import os
import random
import signal
import threading
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from deploy.local.installation import Installation
from deploy.local.problem import Problem
from tests.simulate.deeds import Client
from tests.support.servers import wait_until
from tests.system.conftest import audit, untold
from tests.system.life import Life

CLIENTS, DEEDS = 3, 4
HOUSEHOLDS = 8
"""The first homes: their people have a phone in the sandbox."""
KILLS = (3, 6)
"""The fewest and the most in one run."""
PAUSE_S = (0.3, 1.8)
"""Between two kills."""
TARGETS = ("settlement", "settlement", "settlement", "orders", "identity", "catalog", "marketing")
QUIET_S = 120.0
_UNDER_WAY = {
    "refunds": "SELECT COUNT(*) FROM refund WHERE state = 'processing'"
    " OR (state = 'pending' AND channel <> 'desk')",
    "withdrawals": "SELECT COUNT(*) FROM withdrawal WHERE state IN ('paying', 'awaiting_payee')",
    "payments": "SELECT COUNT(*) FROM payment WHERE state = 'closing'",
}


@dataclass
class Run:
    """One run: what was done, who was killed, and what was wrong."""

    seed: int
    killed: list[str] = field(default_factory=list)
    deeds: list[str] = field(default_factory=list)
    fault: str = ""
    seconds: float = 0.0


def run(installation: Installation, life: Life, seed: int) -> Run:
    """Let people act and processes die, wait until it is quiet, and prove the books."""
    chance, done, began = random.Random(seed), Run(seed), time.monotonic()
    over = threading.Event()
    schedule = _schedule(chance)
    killer = threading.Thread(target=_kill, args=(installation, schedule, over, done.killed))
    households = chance.sample(range(HOUSEHOLDS), CLIENTS)
    try:
        clients = [Client(life, number) for number in households]
        killer.start()
        _act(clients, seed)
        over.set()
        killer.join()
        done.deeds = [line for client in clients for line in client.story]
        _assert_proved(installation, life)
    except Exception:  # noqa: BLE001 - whatever it is, it is this run's fault
        done.fault = traceback.format_exc(limit=-4)
    finally:
        over.set()
        if killer.ident is not None:
            killer.join()
    done.seconds = time.monotonic() - began
    return done


def _schedule(chance: random.Random) -> list[tuple[float, str]]:
    count = chance.randint(*KILLS)
    return [(chance.uniform(*PAUSE_S), chance.choice(TARGETS)) for _ in range(count)]


def _act(clients: Sequence[Client], seed: int) -> None:
    with ThreadPoolExecutor(len(clients)) as pool:
        acting = [
            pool.submit(client.acts, random.Random(f"{seed}/{which}"), DEEDS)
            for which, client in enumerate(clients)
        ]
        for one in acting:
            one.result()


def _kill(
    installation: Installation,
    schedule: Sequence[tuple[float, str]],
    over: threading.Event,
    killed: list[str],
) -> None:
    """SIGKILL by the schedule; one who is not up yet again is left alone this time."""
    for pause_s, service in schedule:
        if over.wait(pause_s):
            return
        with suppress(Problem, ProcessLookupError):
            os.kill(installation.service_pid(service), signal.SIGKILL)
            killed.append(service)


def _assert_proved(installation: Installation, life: Life) -> None:
    """Everything is told, nothing is under way, and every proof holds."""
    wait_until(lambda: untold(life) == {}, QUIET_S, "every event is told")
    wait_until(lambda: _under_way(life) == {}, QUIET_S, "nothing is under way")
    last: dict[str, Any] = {}

    def proved() -> bool:
        last.update(audit(installation))
        return bool(last["proved"])

    try:
        wait_until(proved, 40, "the audit proves the books")
    except AssertionError:
        broken = [proof for proof in last.get("proofs", []) if not proof["holds"]]
        raise AssertionError(broken) from None


def _under_way(life: Life) -> dict[str, int]:
    counts = {what: int(life.scalar("settlement", query)) for what, query in _UNDER_WAY.items()}
    return {what: count for what, count in counts.items() if count}
