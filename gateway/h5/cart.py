"""What is about to be ordered, store by store: goods and how they come, cards, appointments.

A cart is the address: `q.<sku_id>=2`. It goes from shop to shop with every link, and needs nothing
to be kept anywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext

from gateway.h5.slots import Day, free_days
from gateway.parts import parts
from services.contracts.catalog import Fulfilment, ItemKind, SkuLine, SkusQuery
from services.contracts.identity import StoresByIdQuery, StoreView
from services.contracts.orders import Appointment, StoreHandover
from services.kernel import clock
from services.kernel.errors import Malformed

LINES_MAX = 50
QUANTITY_MAX = 999
PREFIX = "q."
TO_THE_DOOR = {Fulfilment.DELIVERY, Fulfilment.AT_HOME}


@dataclass(frozen=True, slots=True)
class Line:
    """So many of one SKU, at today's price."""

    line: SkuLine
    quantity: int

    @property
    def amount_fen(self) -> int:
        return self.line.price_fen * self.quantity


@dataclass(frozen=True, slots=True)
class Service:
    """A line with an appointment: an order of its own."""

    entry: Line
    ways: list[Fulfilment]
    way: Fulfilment
    days: list[Day]
    starts_at: datetime | None
    """What was chosen, on whatever clock it was typed in."""

    def appointment(self) -> Appointment:
        """As it is ordered; Malformed while no time was chosen."""
        sku_id = self.entry.line.sku_id
        if self.starts_at is None:
            raise Malformed(fields={sku_id: gettext("请选一个时间")})
        return Appointment(sku_id=sku_id, fulfilment=self.way, starts_at=self.starts_at)


@dataclass(frozen=True, slots=True)
class Group:
    """What is bought of one shop."""

    store: StoreView
    goods: list[Line] = field(default_factory=list)
    ways: list[Fulfilment] = field(default_factory=list)
    """How all of the goods can come; none where they cannot come together."""
    way: Fulfilment = Fulfilment.DELIVERY
    cards: list[Line] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)

    @property
    def amount_fen(self) -> int:
        lines = [*self.goods, *self.cards, *(one.entry for one in self.services)]
        return sum(line.amount_fen for line in lines)

    @property
    def orders(self) -> int:
        """How many orders it becomes."""
        return bool(self.goods) + len(self.cards) + len(self.services)

    @property
    def may_come_home(self) -> bool:
        """Whether anything of it could need an address."""
        offered = {*self.ways, *(way for one in self.services for way in one.ways)}
        return not TO_THE_DOOR.isdisjoint(offered)


def quantities(source: Mapping[str, str]) -> dict[str, int]:
    """`q.<sku_id>=n` as SKU → count, without zeros; Malformed for what is no count."""
    chosen: dict[str, int] = {}
    for name, value in source.items():
        if not name.startswith(PREFIX) or not value.strip("0 "):
            continue
        if not (value.isascii() and value.isdigit()) or int(value[:6]) > QUANTITY_MAX:
            raise Malformed(fields={name.removeprefix(PREFIX): gettext("请填 1 到 999")})
        chosen[name.removeprefix(PREFIX)] = int(value)
    if len(chosen) > LINES_MAX:
        raise Malformed(f"at most {LINES_MAX} lines")
    return chosen


def carried(chosen: Mapping[str, int]) -> str:
    """The cart as the end of an address, or nothing while it is empty."""
    return urlencode({f"{PREFIX}{sku_id}": count for sku_id, count in chosen.items()})


def groups_of(chosen: Mapping[str, int]) -> list[Group]:
    """The cart by store, with what the present form or address says of ways and times."""
    if not chosen:
        return []
    found = parts().backends.catalog.skus(SkusQuery(sku_ids=list(chosen)))
    by_store: dict[str, list[Line]] = {}
    for line in found.lines:
        by_store.setdefault(line.store_id, []).append(Line(line, chosen[line.sku_id]))
    if not by_store:
        return []
    known = parts().backends.identity.stores_by_id(StoresByIdQuery(store_ids=list(by_store)))
    return [_group(store, by_store[store.store_id]) for store in known.items]


def handovers(groups: list[Group]) -> list[StoreHandover]:
    """How each store's goods come."""
    return [
        StoreHandover(store_id=group.store.store_id, fulfilment=group.way)
        for group in groups
        if group.goods
    ]


def _group(store: StoreView, lines: list[Line]) -> Group:
    cards = [one for one in lines if one.line.kind is ItemKind.CARD_PLAN]
    timed = [one for one in lines if one.line.slot_minutes and one not in cards]
    goods = [one for one in lines if one not in cards and one not in timed]
    ways = _ways_of_all(goods)
    return Group(
        store=store,
        goods=goods,
        ways=ways,
        way=_chosen_way(f"way.{store.store_id}", ways),
        cards=cards,
        services=[_service(one) for one in timed],
    )


def _ways_of_all(goods: list[Line]) -> list[Fulfilment]:
    """What every one of them offers, in the order of the contract."""
    return [
        way for way in Fulfilment if goods and all(way in one.line.fulfilments for one in goods)
    ]


def _service(entry: Line) -> Service:
    by_appointment = (Fulfilment.AT_HOME, Fulfilment.IN_STORE)
    ways = [way for way in by_appointment if way in entry.line.fulfilments]
    return Service(
        entry=entry,
        ways=ways,
        way=_chosen_way(f"way.{entry.line.sku_id}", ways),
        days=free_days(entry.line, clock.now()),
        starts_at=_typed_moment(f"slot.{entry.line.sku_id}"),
    )


def _chosen_way(name: str, ways: list[Fulfilment]) -> Fulfilment:
    """The one that was picked, else the first that is offered."""
    picked = request.values.get(name, "")
    first = ways[0] if ways else Fulfilment.DELIVERY
    return next((way for way in ways if way.value == picked), first)


def _typed_moment(name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(request.values.get(name, ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
