"""How orders are written: what changed, and one timeline entry for each change."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, insert, update
from sqlalchemy.exc import IntegrityError

from services.contracts.orders import Step
from services.kernel.db import Tx, is_duplicate
from services.kernel.errors import Unavailable
from services.orders.domain.basket import Line, Placed
from services.orders.domain.doer import Doer
from services.orders.domain.numbers import new_pickup_code
from services.orders.domain.order import Order
from services.orders.domain.record import START, Entry, link
from services.orders.tables import (
    LINES_A_REVISION,
    AdjustmentRow,
    LineRow,
    OrderRow,
    TimelineRow,
)

_FIELDS = [field.name for field in fields(Order)]
CODE_TRIES = 8
"""A store with a million past orders has used one code in a hundred."""
_CHAIN = ("version", "record_hash")
"""Written with each entry, whatever else changes."""
_INSERT_ENTRIES = insert(TimelineRow)
_UPDATE = update(OrderRow).where(OrderRow.order_id.in_(bindparam("orders", expanding=True)))


class Change(NamedTuple):
    """One step of one order."""

    before: Order
    after: Order
    step: Step
    doer: Doer
    note: str = ""


def insert_placed(
    tx: Tx,
    placed: Sequence[Placed],
    doer: Doer,
    now: datetime,
    step: Step = Step.PLACED,
    note: str = "",
) -> None:
    """Write new orders with their lines, adjustments and first timeline entry."""
    orders = [_linked_first(one.order, step, doer, note, now) for one in placed]
    _insert_orders(tx, orders)
    tx.execute(insert(LineRow), [row for one in placed for row in line_rows(one.order, one.lines)])
    adjustments = [row for one in placed for row in _adjustment_rows(one)]
    if adjustments:
        tx.execute(insert(AdjustmentRow), adjustments)
    tx.execute(_INSERT_ENTRIES, [_entry_row(order, step, doer, note, now) for order in orders])


def _insert_orders(tx: Tx, orders: Sequence[Order]) -> None:
    """With other pick-up codes where one is in use at its store; all else in the row is new."""
    for _ in range(CODE_TRIES):
        try:
            tx.execute(insert(OrderRow), [_order_row(order) for order in orders])
            return
        except IntegrityError as error:
            if not is_duplicate(error) or not any(order.pickup_code for order in orders):
                raise
        orders = [
            replace(order, pickup_code=new_pickup_code()) if order.pickup_code else order
            for order in orders
        ]
    raise Unavailable("no free pick-up code", code="orders.no_free_code")


def _linked_first(order: Order, step: Step, doer: Doer, note: str, at: datetime) -> Order:
    return replace(order, record_hash=link(START, _entry(order, step, doer, note, at)))


def record(tx: Tx, changes: Sequence[Change], at: datetime) -> list[Order]:
    """Write the changes and their timeline entries: two statements when all changed alike.

    The orders come back with the new end of their chains; go on with these.
    """
    linked = [_linked(change, at) for change in changes]
    alike: dict[tuple[tuple[str, Any], ...], list[Order]] = defaultdict(list)
    for change in linked:
        alike[_differences(change.before, change.after)].append(change.after)
    for differences, orders in alike.items():
        # Counted by the database: orders that change alike need not have the same version.
        values = {
            **dict(differences),
            "version": OrderRow.version + 1,
            "record_hash": _ends(orders),
        }
        _write(tx, [order.order_id for order in orders], values)
    tx.execute(
        _INSERT_ENTRIES,
        [_entry_row(change.after, change.step, change.doer, change.note, at) for change in linked],
    )
    return [change.after for change in linked]


def _linked(change: Change, at: datetime) -> Change:
    entry = _entry(change.after, change.step, change.doer, change.note, at)
    record_hash = link(change.before.record_hash, entry)
    return change._replace(after=replace(change.after, record_hash=record_hash))


def _ends(orders: Sequence[Order]) -> Any:
    if len(orders) == 1:
        return orders[0].record_hash
    return case({order.order_id: order.record_hash for order in orders}, value=OrderRow.order_id)


def keep(tx: Tx, before: Order, after: Order) -> None:
    """Write what changed without telling it on the timeline: nothing that anybody can see."""
    differences = _differences(before, after)
    if differences:
        _write(tx, [after.order_id], dict(differences))


def _differences(before: Order, after: Order) -> tuple[tuple[str, Any], ...]:
    pairs = ((name, getattr(before, name), getattr(after, name)) for name in _FIELDS)
    return tuple((name, new) for name, old, new in pairs if name not in _CHAIN and old != new)


def _write(tx: Tx, order_ids: list[str], values: dict[str, Any]) -> None:
    tx.execute(_UPDATE.values(values), {"orders": order_ids})


def _order_row(order: Order) -> dict[str, Any]:
    return {name: getattr(order, name) for name in _FIELDS}


def line_rows(order: Order, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """The rows of an order's lines in its present revision."""
    first = order.revision * LINES_A_REVISION
    return [_line_row(order, no, line) for no, line in enumerate(lines, first)]


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


def _entry(order: Order, step: Step, doer: Doer, note: str, at: datetime) -> Entry:
    return Entry(
        order_id=order.order_id,
        seq=order.version,
        at=at,
        step=step,
        party=doer.party,
        actor_id=doer.account_id,
        actor_name=doer.name,
        note=note,
        client=doer.client,
    )


def _entry_row(order: Order, step: Step, doer: Doer, note: str, at: datetime) -> dict[str, Any]:
    return {**_entry(order, step, doer, note, at)._asdict(), "hash": order.record_hash}
