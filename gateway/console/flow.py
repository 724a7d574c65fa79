"""One order's money as a picture: who held what when, as places on a drawing.

Accounts stand side by side in the order in which the money first met them; time runs downwards;
each movement is an arrow, and a lane is thick for as long as its account holds something.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext

from gateway.looks import account_words, reason_words
from gateway.ui import hhmm, yuan
from services.contracts.settlement import Custody, MoneyStep, OrderMoneyView

HEAD, ROW, FOOT = 60, 66, 40
GAPS = {1: 200, 2: 200, 3: 190, 4: 160, 5: 130}
GAP_MIN = 108
AT_PROPERTY, FROZEN = "escrow", "escrow at the channel"
LETTER, WIDE_LETTER = 8, 15
"""About so many pixels does a letter take, Latin or Chinese, at the size of a name."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One account."""

    words: str
    x: int
    width: int
    squeezed: bool
    """Whether the name must be drawn narrower to fit its box."""
    left_fen: int
    """What it holds at the end; 0 for where the money came from."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A time during which an account holds an amount."""

    x: int
    top: int
    height: int
    words: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """One movement."""

    y: int
    start: int
    end: int
    sign: int
    middle: int
    sum: str
    when: str


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole drawing."""

    width: int
    height: int
    title: str
    lanes: list[Lane]
    bars: list[Bar]
    arrows: list[Arrow]


def flow_of(money: OrderMoneyView) -> Flow:
    """The drawing of an order's movements, the oldest first."""
    frozen_there = money.custody is Custody.PLATFORM
    steps = [_placed(step) for step in money.steps] if frozen_there else money.steps
    names = list(dict.fromkeys(name for s in steps for name in (s.from_account, s.to_account)))
    gap = GAPS.get(len(names), GAP_MIN)
    at = {name: number * gap + gap // 2 for number, name in enumerate(names)}
    width, height = len(names) * gap, HEAD + len(steps) * ROW + FOOT
    bars, left = _bars(steps, at, height - FOOT)
    return Flow(
        width=width,
        height=height,
        title="；".join(_sentence(step) for step in steps),
        lanes=[_lane(name, at[name], gap - 16, left.get(name, 0)) for name in names],
        bars=bars,
        arrows=[_arrow(n, step, at, width) for n, step in enumerate(steps)],
    )


def _placed(step: MoneyStep) -> MoneyStep:
    """What is held for an order of a shop's own merchant number lies frozen at the channel."""
    places = {"from_account": step.from_account, "to_account": step.to_account}
    changed = {end: FROZEN for end, name in places.items() if name == AT_PROPERTY}
    return step.model_copy(update=changed)


def _words(name: str) -> str:
    return gettext("渠道冻结") if name == FROZEN else account_words(name)


def _y(number: int) -> int:
    return HEAD + number * ROW + 34


def _lane(name: str, x: int, width: int, left_fen: int) -> Lane:
    words = _words(name)
    return Lane(words, x, width, _px(words) > width - 10, max(0, left_fen))


def _arrow(number: int, step: MoneyStep, at: dict[str, int], width: int) -> Arrow:
    start, end = at[step.from_account], at[step.to_account]
    when = f"{hhmm(step.at)} {reason_words(step.reason)}"
    half = _px(when) // 2
    middle = min(max((start + end) // 2, half), max(half, width - half))
    sign = 1 if end >= start else -1
    return Arrow(_y(number), start, end, sign, middle, yuan(step.amount_fen), when)


def _bars(
    steps: Sequence[MoneyStep], at: dict[str, int], bottom: int
) -> tuple[list[Bar], dict[str, int]]:
    bars: list[Bar] = []
    held: dict[str, int] = {}
    since: dict[str, int] = {}
    for number, step in enumerate(steps):
        for name, change in (
            (step.from_account, -step.amount_fen),
            (step.to_account, step.amount_fen),
        ):
            _end_bar(bars, name, held, since, at, _y(number))
            held[name] = held.get(name, 0) + change
            since[name] = _y(number)
    for name in held:
        _end_bar(bars, name, held, since, at, bottom)
    return bars, held


def _end_bar(
    bars: list[Bar],
    name: str,
    held: dict[str, int],
    since: dict[str, int],
    at: dict[str, int],
    y: int,
) -> None:
    amount_fen = held.get(name, 0)
    if amount_fen > 0 and y > since[name]:
        words = f"{_words(name)} {yuan(amount_fen)}"
        bars.append(Bar(at[name] - 5, since[name], y - since[name], words))


def _sentence(step: MoneyStep) -> str:
    return (
        f"{hhmm(step.at)} {_words(step.from_account)} → "
        f"{_words(step.to_account)} {yuan(step.amount_fen)}"
    )


def _px(words: str) -> int:
    return sum(LETTER if letter.isascii() else WIDE_LETTER for letter in words)
