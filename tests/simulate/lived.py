"""One life that was lived: what every simulation tells of it."""

from dataclasses import dataclass

from tests.support.deal_life.ending import Ending as EndingOfDeals
from tests.support.life.ending import Ending as EndingOfMoney


@dataclass(frozen=True)
class Lived:
    """One life: how it went, and how it ended or what was wrong with it."""

    seed: int
    story: list[str]
    seconds: float
    ending: EndingOfMoney | EndingOfDeals | None
    fault: str
