"""An exchange for another choice: the same item's other SKUs that cost the same."""

from collections import Counter
from collections.abc import Iterable, Mapping

from flask import request

from gateway.pages import PAGE_MAX
from gateway.parts import parts
from services.contracts.catalog import ItemsQuery, SkusQuery, SkuView
from services.contracts.orders import OrderLineView, OrderView, PickedLine
from services.kernel.errors import Unavailable

PREFIX = "to."


def choices_for(order: OrderView) -> dict[str, list[SkuView]]:
    """SKU → what may come in its place; left out where there is nothing else.

    Nothing while catalog is silent: the same once more can always be asked for.
    """
    question = ItemsQuery(store_ids=[order.store_id], limit=PAGE_MAX)
    try:
        shelf = {item.item_id: item for item in parts().backends.catalog.items(question).items}
    except Unavailable:
        return {}
    found = {
        line.sku_id: _others(line, shelf[line.item_id].skus)
        for line in order.lines
        if line.item_id in shelf
    }
    return {sku_id: others for sku_id, others in found.items() if others}


def _others(line: OrderLineView, skus: Iterable[SkuView]) -> list[SkuView]:
    return [
        sku
        for sku in skus
        if sku.sku_id != line.sku_id and sku.price_fen == line.price_fen and sku.stock != 0
    ]


def typed_replacement(counts: Mapping[str, int]) -> list[PickedLine]:
    """What shall come in place of so many of each; none where it is the same once more."""
    wanted = Counter[str]()
    for sku_id, count in counts.items():
        if count:
            wanted[request.form.get(f"{PREFIX}{sku_id}") or sku_id] += count
    if all(counts.get(sku_id) == count for sku_id, count in wanted.items()):
        return []
    return [PickedLine(sku_id=sku_id, quantity=count) for sku_id, count in wanted.items()]


def names_of(lines: Iterable[PickedLine]) -> dict[str, str]:
    """What is to come, by SKU; nothing while catalog is silent."""
    sku_ids = [line.sku_id for line in lines]
    if not sku_ids:
        return {}
    try:
        found = parts().backends.catalog.skus(SkusQuery(sku_ids=sku_ids)).lines
    except Unavailable:
        return {}
    return {line.sku_id: f"{line.item_name} {line.sku_name}".strip() for line in found}
