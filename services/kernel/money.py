"""Money is an integer of fen (1/100 yuan). No float gets in, and no fen gets lost in a split."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

FEN_MAX = 10**13
"""100 thousand million yuan: more than any account here will hold, far below a 64-bit column."""

Fen = Annotated[int, Field(strict=True, ge=-FEN_MAX, le=FEN_MAX)]
"""Any amount of fen, with its sign."""
_YUAN = re.compile(r"([+-]?)([0-9]{1,12})(?:\.([0-9]{1,2}))?")
PositiveFen = Annotated[int, Field(strict=True, gt=0, le=FEN_MAX)]
PriceFen = Annotated[int, Field(strict=True, ge=0, le=10**9)]
"""A price or a fee of one thing: from nothing up to ten million yuan."""


def exact(amount_fen: int) -> int:
    """The amount itself; anything that is not a whole number of fen raises TypeError."""
    if type(amount_fen) is not int:
        raise TypeError(f"money is a whole number of fen, not {type(amount_fen).__name__}")
    if not -FEN_MAX <= amount_fen <= FEN_MAX:
        raise ValueError(f"{amount_fen} fen is beyond the limit of {FEN_MAX}")
    return amount_fen


def split(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Parts of `total_fen` in proportion to `weights`, in whole fen, which sum to the total.

    What the rounding leaves goes fen by fen to the largest fractions, the earlier part first
    (the largest-remainder method), so that the same input always gives the same parts.
    """
    exact(total_fen)
    if not weights or any(type(weight) is not int or weight < 0 for weight in weights):
        raise ValueError("weights are whole numbers, none below zero")
    whole = sum(weights)
    if whole == 0:
        raise ValueError("at least one weight must be above zero")
    sign = -1 if total_fen < 0 else 1
    shares = [divmod(abs(total_fen) * weight, whole) for weight in weights]
    parts = [quotient for quotient, _ in shares]
    order = sorted(range(len(weights)), key=lambda i: (-shares[i][1], i))
    for index in order[: abs(total_fen) - sum(parts)]:
        parts[index] += 1
    return [sign * part for part in parts]


def as_yuan(amount_fen: int) -> str:
    """`1234` as `12.34`: what Alipay, bills and people write."""
    exact(amount_fen)
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"


def from_yuan(text: str) -> int:
    """`12.34` (at most two decimals, an optional sign and ¥) as 1234; else ValueError."""
    match = _YUAN.fullmatch(text.strip().removeprefix("¥").replace(",", ""))
    if match is None:
        raise ValueError(f"not an amount in yuan: {text!r}")
    sign, whole, cents = match.groups(default="")
    return exact((-1 if sign == "-" else 1) * (int(whole) * 100 + int(cents.ljust(2, "0"))))
