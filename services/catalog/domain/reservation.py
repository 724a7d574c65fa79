"""A reserved line: pieces of one SKU set aside for one act of ordering, and what becomes of it."""

from dataclasses import dataclass
from enum import StrEnum

from services.contracts.catalog import ReservationOver, ReservationState

State = ReservationState


class Act(StrEnum):
    """What can happen to a reserved line."""

    COMMIT = "commit"
    RELEASE = "release"
    EXPIRE = "expire"


MOVES: dict[tuple[State, Act], State] = {
    (State.HELD, Act.COMMIT): State.COMMITTED,
    (State.HELD, Act.RELEASE): State.RELEASED,
    (State.HELD, Act.EXPIRE): State.EXPIRED,
    (State.COMMITTED, Act.COMMIT): State.COMMITTED,
    (State.COMMITTED, Act.RELEASE): State.RELEASED,
    (State.EXPIRED, Act.COMMIT): State.COMMITTED,
    (State.EXPIRED, Act.RELEASE): State.RELEASED,
    (State.RELEASED, Act.RELEASE): State.RELEASED,
}
"""An expired line may still be committed: it was paid in the last second, and its pieces are taken
again. A released one may not: its order is off, whichever of the two tidings came first."""

SET_ASIDE = frozenset({State.HELD, State.COMMITTED})
"""States in which the pieces are off the shelf."""


@dataclass(frozen=True, slots=True)
class Line:
    """One SKU of a reservation; `counted` when its pieces came out of a counted stock."""

    sku_id: str
    quantity: int
    state: State
    counted: bool

    def after(self, act: Act) -> State:
        """The state that `act` leads to; ReservationOver where it is not a legal move."""
        target = MOVES.get((self.state, act))
        if target is None:
            raise ReservationOver(fields={self.sku_id: self.state})
        return target

    def stock_delta(self, act: Act) -> int:
        """What `act` puts back on the shelf (above zero) or takes from it (below)."""
        was_aside, is_aside = self.state in SET_ASIDE, self.after(act) in SET_ASIDE
        return self.quantity * (was_aside - is_aside) if self.counted else 0
