"""The arithmetic of an amended order's lines."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.contracts.amendments import AmendedLine, NothingAmended
from services.contracts.catalog import ItemKind, OffShelf, OutOfStock, SkuLine
from services.contracts.orders import NothingToPay, NotOffered, OrderLineView
from services.kernel.errors import Malformed
from services.orders.domain.order import Order


def pieces_of(lines: Sequence[OrderLineView]) -> dict[str, int]:
    """Pieces by SKU."""
    return {line.sku_id: line.quantity for line in lines}


def more_pieces(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What must be set aside besides what is."""
    more = {sku_id: n - before.get(sku_id, 0) for sku_id, n in after.items()}
    return {sku_id: n for sku_id, n in more.items() if n > 0}


def sum_fen(lines: Sequence[OrderLineView]) -> int:
    """What the lines cost."""
    return sum(line.amount_fen for line in lines)


def amended(
    order: Order,
    before: Sequence[OrderLineView],
    wished: Sequence[AmendedLine],
    shelf: Mapping[str, SkuLine],
) -> list[OrderLineView]:
    """The lines as wished; as they are when nothing is. `shelf` knows the new SKUs.

    A line that stays as it is keeps its amount with its promotions, any other costs price times
    quantity. Malformed, NotOffered, OffShelf, OutOfStock, NothingToPay.
    """
    if not wished:
        return list(before)
    known = {line.sku_id: line for line in before}
    if len({line.sku_id for line in wished}) < len(wished):
        raise Malformed(fields={"lines": "a SKU stands in two lines"})
    _check_new(order, before, wished, shelf)
    _check_stock(known, wished, shelf)
    after = [_line(wish, known.get(wish.sku_id), shelf) for wish in wished]
    if not sum_fen(after):
        raise NothingToPay
    return after


def check_changed(
    order: Order,
    before: Sequence[OrderLineView],
    after: Sequence[OrderLineView],
    deliver_after: datetime | None,
    slot_from: datetime | None,
) -> None:
    """NothingAmended when all stays as it is."""
    same_time = deliver_after in (None, order.deliver_after)
    same_slot = slot_from in (None, order.slot_from)
    if list(before) == list(after) and same_time and same_slot:
        raise NothingAmended


def check_times(
    order: Order, deliver_after: datetime | None, slot_from: datetime | None, now: datetime
) -> None:
    """Malformed for a time in the past, or of the wrong kind."""
    if deliver_after and (order.has_appointment or deliver_after <= now):
        raise Malformed(fields={"deliver_after": "past, or the order has an appointment"})
    if slot_from and not order.has_appointment:
        raise Malformed(fields={"slot_from": "the order has no appointment"})


def _line(
    wish: AmendedLine, known: OrderLineView | None, shelf: Mapping[str, SkuLine]
) -> OrderLineView:
    if known and (known.quantity, known.price_fen) == (wish.quantity, wish.price_fen):
        return known
    named = known or shelf[wish.sku_id]
    return OrderLineView(
        sku_id=wish.sku_id,
        item_id=named.item_id,
        item_name=named.item_name,
        sku_name=named.sku_name,
        picture=named.picture,
        quantity=wish.quantity,
        price_fen=wish.price_fen,
        amount_fen=wish.price_fen * wish.quantity,
    )


def _check_new(
    order: Order,
    before: Sequence[OrderLineView],
    wished: Sequence[AmendedLine],
    shelf: Mapping[str, SkuLine],
) -> None:
    """New SKUs are of the same store, for sale, and handed over in the same way."""
    known = {line.sku_id for line in before}
    for sku_id in (line.sku_id for line in wished if line.sku_id not in known):
        sku = shelf.get(sku_id)
        if sku is None or sku.store_id != order.store_id or sku.kind is ItemKind.CARD_PLAN:
            raise NotOffered("not of this store's goods", fields={sku_id: ""})
        if not sku.on_shelf:
            raise OffShelf(fields={sku_id: "off the shelf"})
        if order.fulfilment not in sku.fulfilments:
            raise NotOffered("not in that way", fields={sku_id: ",".join(sku.fulfilments)})
        # A service at a set time is an order of its own, of one item.
        if (order.has_appointment or sku.slot_minutes) and sku.item_id != before[0].item_id:
            raise NotOffered("another item has other appointments", fields={sku_id: ""})


def _check_stock(
    known: Mapping[str, OrderLineView], wished: Sequence[AmendedLine], shelf: Mapping[str, SkuLine]
) -> None:
    """OutOfStock where more is wished than is there now; the shelf has the last word later."""
    more = more_pieces(
        pieces_of(list(known.values())), {line.sku_id: line.quantity for line in wished}
    )
    short = {
        sku_id: str(left)
        for sku_id, n in more.items()
        if sku_id in shelf and (left := shelf[sku_id].stock) is not None and left < n
    }
    if short:
        raise OutOfStock(fields=short)
