"""Lives of money, each drawn from a seed: the same seed lives the same life to the same end."""

import os
import random
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.contracts.orders import RefundTo
from services.contracts.settlement import PaymentView, RefundState
from services.kernel import failpoints
from services.kernel.migrations import upgrade
from tests.support.frail_database import FrailDatabase
from tests.support.servers import create_database, drop_database
from tests.support.settlement_end import Ending
from tests.support.settlement_life import CRASHES, MoneyLife

ACTS = 80
PAYERS = ("oHkLxt-a", "oHkLxt-b", "oHkLxt-c")
AMOUNTS_FEN = (1, 9_999)
STATEMENTS_MAX = 14
"""The longest use case writes fewer."""
REFUND_ENDS = (RefundState.PROCESSING, RefundState.PROCESSING, RefundState.FAILED)
REFUSALS = ("", "", "", "NOT_ENOUGH")
PAUSES_S = (1, 5, 20, 20, 60, 60, 120, 300, 1200)


@dataclass(frozen=True)
class Lived:
    """One life: how it went, and how it ended or what was wrong with it."""

    seed: int
    story: list[str]
    seconds: float
    ending: Ending | None
    fault: str


@contextmanager
def scratch() -> Iterator[FrailDatabase]:
    """A database of settlement's for this run alone."""
    name = f"linli_simulate_{os.getpid()}"
    db = FrailDatabase(create_database(name), pool_size=2)
    try:
        upgrade("settlement", db.url)
        yield db
    finally:
        db.dispose()
        drop_database(name)


def live(db: FrailDatabase, seed: int) -> Lived:
    """Draw a life, let it quiet down, and prove its books."""
    began = time.monotonic()
    chance = random.Random(seed)
    life = MoneyLife(db, key=str(seed))
    ending, fault = None, ""
    try:
        for act in [*_FIRST, *chance.choices(list(_LIKELY), list(_LIKELY.values()), k=ACTS)]:
            act(life, chance)
            life.check()
        life.quiet_down()
        life.assert_ended()
        ending = life.ending()
    except Exception:  # noqa: BLE001 - whatever it is, it is this life's fault
        fault = traceback.format_exc(limit=-2)
    finally:
        failpoints.arm("")
        db.dies_in = None
    return Lived(seed, life.story, time.monotonic() - began, ending, fault)


Act = Callable[[MoneyLife, random.Random], None]


def _open(life: MoneyLife, chance: random.Random) -> None:
    life.open([chance.randint(*AMOUNTS_FEN) for _ in range(chance.choice((1, 1, 2, 3)))])


def _some(life: MoneyLife, chance: random.Random) -> PaymentView:
    """Mostly one whose time is not over; a first one where there is none."""
    if not life.payments:
        _open(life, chance)
    in_time = [payment for payment in life.payments if payment.pay_before > life.now]
    return chance.choice(in_time if in_time and chance.random() < 0.9 else life.payments)


def _held(life: MoneyLife, chance: random.Random) -> PaymentView:
    """Mostly one that has been paid: what happens to its orders is what moves money."""
    held = life.held() if chance.random() < 0.9 else []
    return chance.choice(held) if held else _some(life, chance)


def _prepay(life: MoneyLife, chance: random.Random) -> None:
    life.prepay(_some(life, chance), chance.choice(PAYERS))


def _pay(life: MoneyLife, chance: random.Random) -> None:
    life.somebody_pays(chance.randrange(100))


def _notice(life: MoneyLife, chance: random.Random) -> None:
    life.a_notice_arrives(chance.randrange(100))


def _close(life: MoneyLife, chance: random.Random) -> None:
    life.close(_some(life, chance))


def _complete(life: MoneyLife, chance: random.Random) -> None:
    life.complete(_held(life, chance), chance.randrange(3))


def _cancel(life: MoneyLife, chance: random.Random) -> None:
    life.cancel(_held(life, chance), chance.randrange(3), chance.choice(list(RefundTo)))


def _change_channel(life: MoneyLife, chance: random.Random) -> None:
    away = chance.random() < 0.4
    life.the_channel_changes(away, chance.choice(REFUND_ENDS), chance.choice(REFUSALS))


def _end_refund(life: MoneyLife, chance: random.Random) -> None:
    life.a_refund_ends(chance.randrange(100))


def _wait(life: MoneyLife, chance: random.Random) -> None:
    life.time_passes(chance.choice(PAUSES_S))
    life.jobs_run()


def _kill(life: MoneyLife, chance: random.Random) -> None:
    life.a_process_will_die(chance.choice(CRASHES))


def _break_off(life: MoneyLife, chance: random.Random) -> None:
    life.a_transaction_will_break_off(chance.randrange(STATEMENTS_MAX))


def _meanwhile(life: MoneyLife, chance: random.Random) -> None:
    act = chance.choice((_prepay, _pay, _notice, _close, _complete, _cancel, _wait))
    life.meanwhile(lambda: act(life, chance), early=chance.random() < 0.5)


_FIRST: tuple[Act, ...] = (_open, _prepay, _pay, _notice)
"""Every life has seen some money."""
_LIKELY: dict[Act, int] = {
    _open: 10,
    _prepay: 16,
    _pay: 18,
    _notice: 16,
    _close: 5,
    _complete: 9,
    _cancel: 9,
    _change_channel: 4,
    _end_refund: 6,
    _wait: 10,
    _kill: 5,
    _meanwhile: 8,
    _break_off: 8,
}
