"""What a benchmark says: one figure with its unit, and the target that it is held against."""

import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """`target` is a bound: at most with `<=`, at least with `>=`; None where there is no limit."""

    bench: str
    figure: str
    value: float
    unit: str
    target: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the bound holds; None without one."""
        if not self.target:
            return None
        sign, _, bound = self.target.partition(" ")
        return self.value <= float(bound) if sign == "<=" else self.value >= float(bound)

    def as_row(self) -> dict[str, Any]:
        """`{bench, figure, value, unit, target, met}`."""
        return {**asdict(self), "value": round(self.value, 4), "met": self.met}


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def say(text: str) -> None:
    """Progress, for people; figures go to standard output."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
