"""Whether the property vouches for a household, a merchant or a store, and how that changes."""

from datetime import datetime
from enum import StrEnum

from services.contracts.identity import Certification


class Subject(StrEnum):
    """What is vouched for."""

    HOUSEHOLD = "household"
    MERCHANT = "merchant"
    STORE = "store"


class Decision(StrEnum):
    """What a member of staff decides, with a reason that stays on record."""

    CERTIFY = "certify"
    WITHDRAW = "withdraw"
    LEAVE = "leave"
    """A merchant has left for good, vouched for or not."""


MOVES: dict[tuple[Certification, Decision], Certification] = {
    (Certification.NONE, Decision.CERTIFY): Certification.CERTIFIED,
    (Certification.CERTIFIED, Decision.WITHDRAW): Certification.WITHDRAWN,
    (Certification.EXPIRED, Decision.WITHDRAW): Certification.WITHDRAWN,
}
"""What is not here cannot be decided: nobody withdraws twice."""


def standing(kept: str | None, until: datetime | None, now: datetime) -> Certification:
    """What holds now: what was decided last, unless its time is over."""
    if kept is None:
        return Certification.NONE
    decided = Certification(kept)
    if decided is Certification.CERTIFIED and until is not None and until <= now:
        return Certification.EXPIRED
    return decided
