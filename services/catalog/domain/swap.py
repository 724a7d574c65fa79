"""One set of pieces in the place of others: what goes back, what is taken, what runs short."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.catalog.domain.reservation import SET_ASIDE, Act, Line, State
from services.catalog.domain.shelf import CountedStock
from services.contracts.catalog import OutOfStock, ReservationOver, ReservedLine
from services.kernel.errors import Refused


@dataclass(frozen=True, slots=True)
class Given:
    """A line that is given up: of which reservation, and what was agreed on it."""

    reservation_id: str
    agreed: ReservedLine
    line: Line


@dataclass(frozen=True, slots=True)
class Swap:
    """What is given up against what is wanted; `wanted` are pieces by SKU."""

    given: Sequence[Given]
    wanted: Mapping[str, int]

    def back(self, sku_id: str) -> int:
        """Counted pieces that come back to the shelf."""
        return sum(given.line.stock_delta(Act.RELEASE) for given in self._of(sku_id))

    def carried(self, sku_id: str, shelf: CountedStock) -> int:
        """Pieces that were set aside while nobody counted, and are wanted now that somebody does:
        no count knows of them, so they are counted in before they are taken."""
        if shelf.unlimited:
            return 0
        uncounted = sum(
            given.line.quantity
            for given in self._of(sku_id)
            if given.line.state in SET_ASIDE and not given.line.counted
        )
        return min(self.wanted.get(sku_id, 0), uncounted)

    def taken(self, sku_id: str, shelf: CountedStock) -> int:
        """Counted pieces that leave the shelf."""
        return 0 if shelf.unlimited else self.wanted.get(sku_id, 0)

    def refusal(self, shelves: Mapping[str, CountedStock]) -> Refused | None:
        """OutOfStock where more is wanted than was had and is left; ReservationOver where what was
        had went back when its time was over, and is sold to somebody else."""
        short = {sku_id: left for sku_id in self.wanted if (left := self._short(sku_id, shelves))}
        expired = {sku_id for sku_id in short if self._expired(sku_id)}
        if expired:
            return ReservationOver(fields=dict.fromkeys(sorted(expired), State.EXPIRED))
        return OutOfStock(fields=short) if short else None

    def _short(self, sku_id: str, shelves: Mapping[str, CountedStock]) -> str | None:
        shelf = shelves[sku_id]
        had = shelf.pieces + self.back(sku_id) + self.carried(sku_id, shelf)
        return str(had) if self.taken(sku_id, shelf) > had else None

    def _expired(self, sku_id: str) -> bool:
        return any(given.line.state is State.EXPIRED for given in self._of(sku_id))

    def _of(self, sku_id: str) -> list[Given]:
        return [given for given in self.given if given.line.sku_id == sku_id]


def given_up(
    lines: Sequence[Given], from_ids: Sequence[str], sku_ids: Sequence[str], store_id: str
) -> list[Given]:
    """The order's lines, in the order of `from_ids`: other orders have theirs in the same
    reservation. ReservationOver when one has none, or when a line of it has been given back."""
    given = [
        named
        for named in lines
        if named.agreed.store_id == store_id
        and (not sku_ids or named.reservation_id != from_ids[0] or named.line.sku_id in sku_ids)
    ]
    found = {named.reservation_id for named in given}
    over = {from_id: "nothing is set aside" for from_id in from_ids if from_id not in found}
    over |= {n.line.sku_id: n.line.state for n in given if n.line.state is State.RELEASED}
    if over:
        raise ReservationOver(fields=over)
    return sorted(given, key=lambda named: from_ids.index(named.reservation_id))


def agreed_lines(given: Sequence[Given], wanted: Mapping[str, int]) -> dict[str, ReservedLine]:
    """What is wanted of what was agreed before, at the price of then; of two lines the first's."""
    lines: dict[str, ReservedLine] = {}
    for named in given:
        sku_id = named.line.sku_id
        if sku_id in wanted:
            kept = named.agreed.model_copy(update={"quantity": wanted[sku_id]})
            lines.setdefault(sku_id, kept)
    return lines
