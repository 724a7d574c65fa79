"""How orders are written: what changed, and one timeline entry for each change."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, update

from services.contracts.orders import Step
from services.kernel.db import Tx
from services.orders.domain.basket import Line, Placed
from services.orders.domain.order import Doer, Order
from services.orders.tables import AdjustmentRow, LineRow, OrderRow, TimelineRow

_FIELDS = [field.name for field in fields(Order)]
_UPDATE = update(OrderRow).where(OrderRow.order_id.in_(bindparam("orders", expanding=True)))


class Change(NamedTuple):
    """One step of one order."""

    before: Order
    after: Order
    step: Step
    doer: Doer
    note: str = ""


def insert_placed(tx: Tx, placed: Sequence[Placed], doer: Doer, now: datetime) -> None:
    """Write new orders with their lines, adjustments and first timeline entry."""
    tx.execute(insert(OrderRow), [_order_row(one.order) for one in placed])
    tx.execute(insert(LineRow), [row for one in placed for row in _line_rows(one)])
    adjustments = [row for one in placed for row in _adjustment_rows(one)]
    if adjustments:
        tx.execute(insert(AdjustmentRow), adjustments)
    entries = [_entry_row(one.order, Step.PLACED, doer, "", now) for one in placed]
    tx.execute(insert(TimelineRow), entries)


def record(tx: Tx, changes: Sequence[Change], at: datetime) -> None:
    """Write the changes and their timeline entries: two statements when all changed alike."""
    alike: dict[tuple[tuple[str, Any], ...], list[str]] = defaultdict(list)
    for change in changes:
        alike[_differences(change.before, change.after)].append(change.after.order_id)
    for differences, order_ids in alike.items():
        # Counted by the database: orders that change alike need not have the same version.
        _write(tx, order_ids, {**dict(differences), "version": OrderRow.version + 1})
    tx.execute(
        insert(TimelineRow),
        [_entry_row(change.after, change.step, change.doer, change.note, at) for change in changes],
    )


def keep(tx: Tx, before: Order, after: Order) -> None:
    """Write what changed without telling it on the timeline: nothing that anybody can see."""
    differences = _differences(before, after)
    if differences:
        _write(tx, [after.order_id], dict(differences))


def _differences(before: Order, after: Order) -> tuple[tuple[str, Any], ...]:
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in _FIELDS)
    return tuple((name, new) for name, old, new in pairs if name != "version" and old != new)


def _write(tx: Tx, order_ids: list[str], values: dict[str, Any]) -> None:
    tx.execute(_UPDATE.values(values), {"orders": order_ids})


def _order_row(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in _FIELDS}


def _line_rows(placed: Placed) -> list[dict[str, Any]]:
    return [_line_row(placed.order, no, line) for no, line in enumerate(placed.lines)]


def _line_row(order: Order, line_no: int, line: Line) -> dict[str, Any]:
    goods = line.goods
    return {
        "order_id": order.order_id,
        "line_no": line_no,
        "sku_id": goods.sku_id,
        "item_id": goods.item_id,
        "item_name": goods.item_name,
        "sku_name": goods.sku_name,
        "picture": goods.picture,
        "quantity": goods.quantity,
        "price_fen": goods.price_fen,
        "amount_fen": line.amount_fen,
    }


def _adjustment_rows(placed: Placed) -> list[dict[str, Any]]:
    return [
        {
            "order_id": placed.order.order_id,
            "line_no": line_no,
            "adjustment_no": adjustment_no,
            "promotion_id": adjustment.promotion_id,
            "label": adjustment.label,
            "amount_fen": adjustment.amount_fen,
            "funded_by": adjustment.funded_by,
        }
        for line_no, line in enumerate(placed.lines)
        for adjustment_no, adjustment in enumerate(line.adjustments)
    ]


def _entry_row(order: Order, step: Step, doer: Doer, note: str, at: datetime) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "seq": order.version,
        "at": at,
        "step": step,
        "party": doer.party,
        "actor_id": doer.account_id,
        "actor_name": doer.name,
        "note": note,
        "client": doer.client,
    }
