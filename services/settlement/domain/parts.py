"""What of a payment comes from a fund and from a card, order by order."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.settlement import Allocation
from services.kernel.money import split
from services.settlement.domain.escrows import Parts


@dataclass(frozen=True, slots=True)
class Cover:
    """What fund and card are to pay of a payment; the channel pays the rest."""

    fund_fen: int = 0
    card_id: str | None = None
    card_fen: int = 0
    gift_fen: int = 0

    @property
    def total_fen(self) -> int:
        """All of it."""
        return self.fund_fen + self.card_fen + self.gift_fen


def card_cover(due_fen: int, money_fen: int, gift_fen: int) -> tuple[int, int]:
    """Money and gift that a card with so much of both gives towards `due_fen`, in proportion."""
    whole_fen = money_fen + gift_fen
    if due_fen >= whole_fen:
        return money_fen, gift_fen
    gift_part_fen = gift_fen * due_fen // whole_fen
    return due_fen - gift_part_fen, gift_part_fen


def less(cover: Cover, due_fen: int) -> Cover:
    """The cover cut down to what is still due: the fund first, then the card."""
    fund_fen = min(cover.fund_fen, due_fen)
    card_fen, gift_fen = card_cover(due_fen - fund_fen, cover.card_fen, cover.gift_fen)
    return Cover(fund_fen, cover.card_id, card_fen, gift_fen)


def by_order(orders: Sequence[Allocation], cover: Cover, card_merchant: str | None) -> list[Parts]:
    """Each order's parts: the card pays its own merchant's orders, the fund the next ones.

    ValueError when the card covers more than its merchant's orders cost.
    """
    from_card = _spread(
        [order.amount_fen if _takes_card(order, card_merchant) else 0 for order in orders],
        cover.card_fen + cover.gift_fen,
    )
    gifts = split(cover.gift_fen, from_card) if cover.gift_fen else [0] * len(orders)
    rests = [order.amount_fen - card for order, card in zip(orders, from_card, strict=True)]
    from_fund = _spread(rests, cover.fund_fen)
    return [
        Parts(rest - fund, fund, card - gift, gift)
        for rest, fund, card, gift in zip(rests, from_fund, from_card, gifts, strict=True)
    ]


def on_card_fen(orders: Sequence[Allocation], card_merchant: str) -> int:
    """What a card of this merchant could pay of these orders."""
    return sum(order.amount_fen for order in orders if _takes_card(order, card_merchant))


def _takes_card(order: Allocation, card_merchant: str | None) -> bool:
    return order.card is None and order.merchant_id == card_merchant


def _spread(rooms: Sequence[int], amount_fen: int) -> list[int]:
    """The amount poured into the rooms one after the other."""
    poured = []
    for room in rooms:
        poured.append(min(room, amount_fen))
        amount_fen -= poured[-1]
    if amount_fen:
        raise ValueError(f"{amount_fen} fen find no order")
    return poured
