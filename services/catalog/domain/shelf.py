"""May these pieces be sold now, and at what price?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.contracts.catalog import (
    ItemKind,
    NoSuchItem,
    OffShelf,
    OutOfStock,
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


def check_skus(kind: ItemKind, skus: Sequence[SkuSpec]) -> None:
    """Malformed for a SKU that is named twice, a gift on anything but a card, and a free card."""
    if len({spec.sku_id for spec in skus}) < len(skus):
        raise Malformed(fields={"skus": "a SKU is named twice"})
    for spec in skus:
        if kind is not ItemKind.CARD_PLAN and spec.gift_fen:
            raise Malformed(fields={spec.sku_id: "only a card plan has a gift"})
        if kind is ItemKind.CARD_PLAN and not spec.price_fen:
            raise Malformed(fields={spec.sku_id: "a card costs something"})


def wanted_pieces(lines: Iterable[ReserveLine]) -> dict[str, int]:
    """Pieces by SKU, in SKU order; a SKU that is asked for twice counts once with the sum."""
    pieces: dict[str, int] = {}
    for line in lines:
        pieces[line.sku_id] = pieces.get(line.sku_id, 0) + line.quantity
    return dict(sorted(pieces.items()))


def refusal(wanted: Mapping[str, int], offers: Mapping[str, Offer]) -> Refused | None:
    """Why these pieces cannot be sold, with every SKU at fault; None when they can."""
    missing = {sku_id: "unknown" for sku_id in wanted if sku_id not in offers}
    if missing:
        return NoSuchItem(fields=missing)
    off = {sku_id: "off the shelf" for sku_id in wanted if not offers[sku_id].on_shelf}
    if off:
        return OffShelf(fields=off)
    short = shortage(wanted, {sku_id: offer.stock for sku_id, offer in offers.items()})
    return OutOfStock(fields=short) if short else None


def shortage(wanted: Mapping[str, int], stock: Mapping[str, int | None]) -> dict[str, str]:
    """What is left of each SKU of which there is less than wanted."""
    left = {sku_id: stock[sku_id] for sku_id in wanted}
    return {
        sku_id: str(pieces)
        for sku_id, pieces in left.items()
        if pieces is not None and pieces < wanted[sku_id]
    }
