"""Who did something, as the timeline keeps it."""

from dataclasses import dataclass

from services.contracts.orders import Party


@dataclass(frozen=True, slots=True)
class Doer:
    """Who did something, as the timeline keeps it."""

    party: Party
    account_id: str | None = None
    name: str = ""
    client: str = ""


SYSTEM = Doer(Party.SYSTEM)
