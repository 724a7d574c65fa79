"""Orders as others see them: plain views, nothing of the tables."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from services.contracts.orders import (
    AdjustmentView,
    OrderBrief,
    OrderLineView,
    OrderView,
    Party,
    PlacedView,
    TimelineEntry,
)
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.wire import Page
from services.orders import queries
from services.orders.beside import what_is_beside
from services.orders.domain.order import Order
from services.orders.settings import Settings
from services.orders.standing import parties_of, what_may

_SAME_NAMES = set(OrderView.model_fields) & set(Order.__dataclass_fields__) - {"pickup_code"}
_BRIEF_NAMES = set(OrderBrief.model_fields) & _SAME_NAMES


def brief(order: Order) -> OrderBrief:
    """The order in a list."""
    return OrderBrief.model_validate({name: getattr(order, name) for name in _BRIEF_NAMES})


def placed_view(orders: Sequence[Order], pay_before: datetime) -> PlacedView:
    """What was placed together, and the payment that it waits for."""
    return PlacedView(
        payment_id=orders[0].payment_id,
        amount_fen=sum(order.amount_fen for order in orders),
        pay_before=pay_before,
        orders=[brief(order) for order in orders],
    )


def page_of(orders: Sequence[Order], limit: int) -> Page[OrderBrief]:
    """One page of at most `limit`, from orders read with one to spare."""
    shown = orders[:limit]
    more = len(orders) > limit
    return Page(items=[brief(o) for o in shown], next_after=shown[-1].order_id if more else None)


def order_view(
    db: Database, order_id: str, actor: Actor, now: datetime, settings: Settings
) -> OrderView:
    """Everything about one order, for those who have a part in it; NotYourOrder for others."""
    with db.reading() as tx:
        return view_of(tx, queries.need_order(tx, order_id), actor, now, settings)


def view_of(tx: Tx, order: Order, actor: Actor, now: datetime, settings: Settings) -> OrderView:
    """The same in the caller's transaction."""
    parties = parties_of(actor, order)
    may = what_may(actor, order, now)
    beside = what_is_beside(tx, order, actor, parties, now, settings)
    facts = {name: getattr(order, name) for name in _SAME_NAMES}
    resident = Party.RESIDENT in parties
    return OrderView.model_validate(
        {
            **facts,
            **beside.ids,
            "placed_by": order.placed_by_name,
            "lines": line_views(queries.lines_of(tx, order.order_id, order.revision)),
            "timeline": [_entry(row) for row in queries.timeline_of(tx, order.order_id)],
            "pickup_code": order.pickup_code if resident and order.paid_at else None,
            "pickups": queries.pickups_of(tx, order.order_id) if order.picked_at else [],
            "supplements": queries.supplements_of(tx, order.order_id) if order.beside else [],
            "sides": parties,
            "may": [*may, *beside.may],
        }
    )


def line_views(rows: Sequence[Row[Any]]) -> list[OrderLineView]:
    """Lines with their adjustments, from `queries.lines_of`."""
    return [_line(list(same)) for _, same in groupby(rows, key=lambda row: row.line_no)]


def _line(rows: list[Row[Any]]) -> OrderLineView:
    line = rows[0]
    return OrderLineView(
        sku_id=line.sku_id,
        item_id=line.item_id,
        item_name=line.item_name,
        sku_name=line.sku_name,
        picture=line.picture,
        quantity=line.quantity,
        price_fen=line.price_fen,
        amount_fen=line.amount_fen,
        adjustments=[_adjustment(row) for row in rows if row.adj_promotion_id],
    )


def _adjustment(row: Row[Any]) -> AdjustmentView:
    return AdjustmentView(
        promotion_id=row.adj_promotion_id,
        label=row.adj_label,
        amount_fen=row.adj_amount_fen,
        funded_by=row.adj_funded_by,
    )


def _entry(row: Row[Any]) -> TimelineEntry:
    return TimelineEntry(
        at=row.at,
        step=row.step,
        party=Party(row.party),
        actor_name=row.actor_name,
        note=row.note,
        client=row.client,
    )
