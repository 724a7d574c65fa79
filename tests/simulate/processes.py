"""Runs with real processes and kill -9: people at work while services die, then every proof.

Each run draws from its seed who does what and which service dies when; how the threads and
processes interleave is the machine's own, so a seed repeats the wishes, not the order of events.
"""

import os
import random
import signal
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from deploy.local.installation import Installation
from deploy.local.problem import Problem
from services.catalog.stock import prove_stock
from services.kernel.db import Database
from tests.simulate.deeds import Client
from tests.simulate.orders_deeds import Neighbour
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
QUIET_S = 120.0
_MONEY = {
    "refunds": "SELECT COUNT(*) FROM refund WHERE state = 'processing'"
    " OR (state = 'pending' AND channel <> 'desk')",
    "withdrawals": "SELECT COUNT(*) FROM withdrawal WHERE state IN ('paying', 'awaiting_payee')",
    "payments": "SELECT COUNT(*) FROM payment WHERE state = 'closing'",
}
_ORDERS = {
    "sagas": "SELECT COUNT(*) FROM saga WHERE finished_at IS NULL",
    "troubles": "SELECT COUNT(*) FROM sales_order WHERE trouble <> 'none'",
    "closing orders": "SELECT COUNT(*) FROM sales_order WHERE state = 'closing'",
}


class Doer(Protocol):
    """Somebody with a list of deeds."""

    story: list[str]

    def acts(self, chance: random.Random, count: int) -> None:
        """So many of them, each to its end."""


class Play(NamedTuple):
    """Who acts, who dies how often, and what must not be under way in the end."""

    doer: Callable[[Life, int], Doer]
    targets: tuple[str, ...]
    under_way: dict[str, dict[str, str]]


PLAYS = {
    "money": Play(
        Client,
        ("settlement", "settlement", "settlement", "orders", "identity", "catalog", "marketing"),
        {"settlement": _MONEY},
    ),
    "orders": Play(
        Neighbour,
        ("orders", "orders", "orders", "catalog", "settlement", "delivery", "marketing"),
        {"settlement": _MONEY, "orders": _ORDERS},
    ),
}


@dataclass
class Run:
    """One run: what was done, who was killed, and what was wrong."""

    seed: int
    killed: list[str] = field(default_factory=list)
    deeds: list[str] = field(default_factory=list)
    fault: str = ""
    seconds: float = 0.0


def run(installation: Installation, life: Life, seed: int, name: str = "money") -> Run:
    """Let people act and processes die, wait until it is quiet, and prove everything."""
    chance, done, began = random.Random(seed), Run(seed), time.monotonic()
    over, play = threading.Event(), PLAYS[name]
    schedule = _schedule(chance, play.targets)
    killer = threading.Thread(target=_kill, args=(installation, schedule, over, done.killed))
    households = chance.sample(range(HOUSEHOLDS), CLIENTS)
    try:
        doers = [play.doer(life, number) for number in households]
        killer.start()
        try:
            _act(doers, seed)
        finally:
            done.deeds = [line for doer in doers for line in doer.story]
        over.set()
        killer.join()
        _assert_proved(installation, life, play)
    except Exception:  # noqa: BLE001 - whatever it is, it is this run's fault
        done.fault = traceback.format_exc(limit=-4)
    finally:
        over.set()
        if killer.ident is not None:
            killer.join()
    done.seconds = time.monotonic() - began
    return done


def _schedule(chance: random.Random, targets: Sequence[str]) -> list[tuple[float, str]]:
    count = chance.randint(*KILLS)
    return [(chance.uniform(*PAUSE_S), chance.choice(targets)) for _ in range(count)]


def _act(doers: Sequence[Doer], seed: int) -> None:
    with ThreadPoolExecutor(len(doers)) as pool:
        acting = [
            pool.submit(doer.acts, random.Random(f"{seed}/{which}"), DEEDS)
            for which, doer in enumerate(doers)
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


def _assert_proved(installation: Installation, life: Life, play: Play) -> None:
    """Everything is told, nothing is under way, and every proof holds."""
    wait_until(lambda: untold(life) == {}, QUIET_S, "every event is told")
    wait_until(lambda: _under_way(life, play) == {}, QUIET_S, "nothing is under way")
    last: dict[str, Any] = {}

    def proved() -> bool:
        last.update(audit(installation))
        return bool(last["proved"])

    try:
        wait_until(proved, 40, "the audit proves the books")
    except AssertionError:
        broken = [proof for proof in last.get("proofs", []) if not proof["holds"]]
        raise AssertionError(broken, _under_way(life, play)) from None
    _assert_stock(installation)


def _assert_stock(installation: Installation) -> None:
    db = Database(installation.environment["LINLI_CATALOG_DATABASE_URL"], pool_size=1)
    try:
        with db.reading() as tx:
            wrong = prove_stock(tx)
    finally:
        db.dispose()
    assert wrong == [], wrong


def _under_way(life: Life, play: Play) -> dict[str, int]:
    counts = {
        what: int(life.scalar(service, query))
        for service, queries in play.under_way.items()
        for what, query in queries.items()
    }
    return {what: count for what, count in counts.items() if count}
