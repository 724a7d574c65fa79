"""How each part of a cart reaches its buyer, and when."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.contracts.catalog import Fulfilment, ReservedLine
from services.contracts.orders import AppointmentNeeded, NotOffered, PickupView, PlaceOrders
from services.kernel.errors import Malformed
from services.orders.domain.slots import slot_until

CODED = frozenset({Fulfilment.PICKUP, Fulfilment.IN_STORE})
"""Handed over against a code."""


@dataclass(frozen=True, slots=True)
class Handing:
    """The way, and for a service its time."""

    fulfilment: Fulfilment
    slot_from: datetime | None = None
    slot_until: datetime | None = None


def needs_time(goods: ReservedLine) -> bool:
    """A service with an appointment: an order of its own."""
    return goods.slot_minutes > 0


def handing_of(command: PlaceOrders, lines: Sequence[ReservedLine], now: datetime) -> Handing:
    """How these lines of one order are handed over.

    NotOffered, AppointmentNeeded, SlotNotOffered name what does not fit.
    """
    if needs_time(lines[0]):
        return _appointment(command, lines[0], now)
    wished = {wish.store_id: wish.fulfilment for wish in command.handovers}
    offered = [way for way in Fulfilment if all(way in line.fulfilments for line in lines)]
    first = Fulfilment.DELIVERY if Fulfilment.DELIVERY in offered else next(iter(offered), None)
    way = wished.get(lines[0].store_id, first)
    if way is None or way not in offered:
        raise NotOffered("not handed over in that way", fields=_offers(lines))
    return Handing(way)


def check_wishes(command: PlaceOrders, goods: Sequence[ReservedLine]) -> None:
    """Malformed where a wish speaks of what is not in the cart, or speaks twice."""
    _each_once("handovers", [w.store_id for w in command.handovers], {g.store_id for g in goods})
    timed = {line.sku_id for line in goods if needs_time(line)}
    _each_once("appointments", [wish.sku_id for wish in command.appointments], timed)


def left_to_fetch(bought: Mapping[str, int], before: Sequence[PickupView]) -> dict[str, int]:
    """Pieces by SKU that no pick-up has given out yet."""
    given: Counter[str] = Counter()
    for pickup in before:
        given.update({line.sku_id: line.quantity for line in pickup.lines})
    return {sku: n - given[sku] for sku, n in bought.items() if n > given[sku]}


def _each_once(field: str, named: Sequence[str], known: set[str]) -> None:
    if len(named) != len(set(named)) or not set(named) <= known:
        raise Malformed(fields={field: "speaks of what is not in the cart, or twice"})


def _appointment(command: PlaceOrders, line: ReservedLine, now: datetime) -> Handing:
    wish = next((wish for wish in command.appointments if wish.sku_id == line.sku_id), None)
    if wish is None:
        raise AppointmentNeeded("a service needs a time", fields={line.sku_id: "choose a time"})
    if wish.fulfilment not in line.fulfilments:
        raise NotOffered("not served in that way", fields=_offers([line]))
    until = slot_until(wish.starts_at, line.slot_minutes, now)
    return Handing(wish.fulfilment, wish.starts_at, until)


def _offers(lines: Sequence[ReservedLine]) -> dict[str, str]:
    return {line.sku_id: ",".join(line.fulfilments) for line in lines}
