"""May these pieces be sold now, and at what price?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from services.contracts.catalog import (
    GOODS_FULFILMENTS,
    Fulfilment,
    ItemKind,
    NoSuchItem,
    OffShelf,
    OutOfStock,
    PutItem,
    ReserveLine,
    SkuSpec,
)
from services.kernel.errors import Malformed, Refused


class Reason(StrEnum):
    """Why pieces came to the shelf or left it."""

    COUNT = "count"
    RESERVE = "reserve"
    RELEASE = "release"
    EXPIRE = "expire"
    RETAKE = "retake"
    RETURN = "return"
    """A buyer brought them back."""


OF_RESERVATIONS = frozenset({Reason.RESERVE, Reason.RELEASE, Reason.EXPIRE, Reason.RETAKE})
"""Why pieces are set aside or given back; the reference is the reservation's id."""

_BY_APPOINTMENT = frozenset({Fulfilment.AT_HOME, Fulfilment.IN_STORE})


@dataclass(frozen=True, slots=True)
class Offer:
    """A SKU as it can be bought now; `stock` None is unlimited."""

    sku_id: str
    item_id: str
    store_id: str
    item_name: str
    sku_name: str
    kind: ItemKind
    category: str
    picture: str
    price_fen: int
    stock: int | None
    on_shelf: bool
    gift_fen: int = 0
    fulfilments: Sequence[Fulfilment] = GOODS_FULFILMENTS
    slot_minutes: int = 0
    slot_capacity: int = 1


class CountedStock(NamedTuple):
    """The pieces as counted, and whether more may be sold than that."""

    pieces: int
    unlimited: bool

    def covers(self, quantity: int) -> bool:
        """True when so many may be sold."""
        return self.unlimited or self.pieces >= quantity


def check_skus(kind: ItemKind, skus: Sequence[SkuSpec]) -> None:
    """Malformed for a SKU that is named twice, a gift on anything but a card, and a free card."""
    if len({spec.sku_id for spec in skus}) < len(skus):
        raise Malformed(fields={"skus": "a SKU is named twice"})
    for spec in skus:
        if kind is not ItemKind.CARD_PLAN and spec.gift_fen:
            raise Malformed(fields={spec.sku_id: "only a card plan has a gift"})
        if kind is ItemKind.CARD_PLAN and not spec.price_fen:
            raise Malformed(fields={spec.sku_id: "a card costs something"})


def ways_offered(command: PutItem) -> list[Fulfilment]:
    """How the item reaches its buyer, delivery and pick-up where it says nothing.

    Malformed for a way that is named twice, appointments for what is neither done at home nor in
    the store, and either of them on a card: nothing is handed over.
    """
    ways = command.fulfilments
    if command.kind is ItemKind.CARD_PLAN and (ways or command.slot_minutes):
        raise Malformed(fields={"fulfilments": "nothing of a card is handed over"})
    if len(set(ways)) < len(ways):
        raise Malformed(fields={"fulfilments": "a way is named twice"})
    if command.slot_minutes and _BY_APPOINTMENT.isdisjoint(ways):
        raise Malformed(fields={"slot_minutes": "only what is done at home or in the store"})
    return ways or list(GOODS_FULFILMENTS)


def wanted_pieces(lines: Iterable[ReserveLine]) -> dict[str, int]:
    """Pieces by SKU, in SKU order; a SKU that is asked for twice counts once with the sum."""
    pieces: dict[str, int] = {}
    for line in lines:
        pieces[line.sku_id] = pieces.get(line.sku_id, 0) + line.quantity
    return dict(sorted(pieces.items()))


def refusal(wanted: Mapping[str, int], offers: Mapping[str, Offer]) -> Refused | None:
    """Why these pieces cannot be sold, with every SKU at fault; None when they can."""
    if refused := not_for_sale(wanted, offers):
        return refused
    short = shortage(wanted, {sku_id: offer.stock for sku_id, offer in offers.items()})
    return OutOfStock(fields=short) if short else None


def not_for_sale(wanted: Iterable[str], offers: Mapping[str, Offer]) -> Refused | None:
    """NoSuchItem, OffShelf or None for these SKUs, however many pieces there are."""
    missing = {sku_id: "unknown" for sku_id in wanted if sku_id not in offers}
    if missing:
        return NoSuchItem(fields=missing)
    off = {sku_id: "off the shelf" for sku_id in wanted if not offers[sku_id].on_shelf}
    return OffShelf(fields=off) if off else None


def shortage(wanted: Mapping[str, int], stock: Mapping[str, int | None]) -> dict[str, str]:
    """What is left of each SKU of which there is less than wanted."""
    left = {sku_id: stock[sku_id] for sku_id in wanted}
    return {
        sku_id: str(pieces)
        for sku_id, pieces in left.items()
        if pieces is not None and pieces < wanted[sku_id]
    }
