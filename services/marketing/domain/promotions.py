"""What promotions take off a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.contracts.marketing import Adjustment, QuoteLine
from services.kernel.money import exact


@dataclass(frozen=True, slots=True)
class Promotion:
    """So many fen off each piece of one SKU, at whose cost."""

    promotion_id: str
    sku_id: str
    label: str
    off_fen: int
    funded_by: str


def adjustments(lines: Sequence[QuoteLine], promotions: Iterable[Promotion]) -> list[Adjustment]:
    """For each line the promotion that takes most off; a price never goes below zero."""
    best: dict[str, Promotion] = {}
    for promotion in promotions:
        rival = best.get(promotion.sku_id)
        if rival is None or promotion.off_fen > rival.off_fen:
            best[promotion.sku_id] = promotion
    return [_adjusted(line, best[line.sku_id]) for line in lines if line.sku_id in best]


def _adjusted(line: QuoteLine, promotion: Promotion) -> Adjustment:
    off_fen = min(exact(promotion.off_fen), line.price_fen)
    return Adjustment(
        sku_id=line.sku_id,
        promotion_id=promotion.promotion_id,
        label=promotion.label,
        amount_fen=-off_fen * line.quantity,
        funded_by=promotion.funded_by,
    )
