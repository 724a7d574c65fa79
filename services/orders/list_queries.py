"""Lists of orders: filters, pages by key, counts; every list has its index."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from ulid import ULID

from services.contracts.orders import OrderFilters, OrderState, Trouble
from services.kernel.db import Tx
from services.orders.domain.moves import OPEN
from services.orders.domain.order import Order
from services.orders.queries import ALL, checked_id, is_id, order_from
from services.orders.tables import OrderRow

TEXT_SEARCH_WITHIN = timedelta(days=90)
"""A part of an address has no index: it is looked for among the orders of this time only."""
ENDED_WITHIN = timedelta(days=30)
"""Ended orders are counted for so long: a store's million past ones would be read each time."""
Conditions = list[ColumnElement[bool]]

_SEARCHED = (
    OrderRow.address,
    OrderRow.store_name,
    OrderRow.contact_name,
    OrderRow.courier_name,
    OrderRow.remark,
    OrderRow.summary,
)


def page(tx: Tx, where: Conditions, query: OrderFilters) -> list[Order]:
    """Newest first: ids sort by time. One more than the limit when there is a next page."""
    statement = ALL.where(*where, *_narrowed(query)).order_by(OrderRow.order_id.desc())
    if query.after:
        statement = statement.where(OrderRow.order_id < checked_id(query.after))
    return [order_from(row) for row in tx.all(statement.limit(query.limit + 1))]


def _narrowed(query: OrderFilters) -> Conditions:
    where: Conditions = []
    if query.states:
        where.append(OrderRow.state.in_(query.states))
    if query.fulfilments:
        where.append(OrderRow.fulfilment.in_(query.fulfilments))
    if query.troubles:
        where.append(OrderRow.trouble.in_(query.troubles))
    if query.late is not None:
        where.append(OrderRow.late.is_(query.late))
    if query.placed_from:
        where.append(OrderRow.order_id >= id_at(query.placed_from))
    if query.placed_until:
        where.append(OrderRow.order_id < id_at(query.placed_until))
    return where


def id_at(moment: datetime) -> str:
    """The least id that an order of this moment may have."""
    return f"{str(ULID.from_datetime(moment))[:10]}{'0' * 16}"


def matches(text: str, now: datetime) -> Conditions:
    """A number, a pick-up code, an id of an order or payment, else a part of what people know of
    it."""
    text = text.strip().removeprefix("#")
    if not text:
        return []
    if re.fullmatch(r"[0-9]{6}", text):
        return [OrderRow.number == text]
    if is_id(text):
        return [or_(OrderRow.order_id == text, OrderRow.payment_id == text)]
    parts = [column.contains(text, autoescape=True) for column in _SEARCHED]
    if re.fullmatch(r"[0-9]{8}", text):
        parts.append(OrderRow.pickup_code == text)
    return [OrderRow.order_id >= id_at(now - TEXT_SEARCH_WITHIN), or_(*parts)]


def state_counts(tx: Tx, where: Conditions, now: datetime) -> dict[OrderState, int]:
    """How many orders stand in each state; of the ended ones, those of 30 days."""
    counted = select(OrderRow.state, func.count()).group_by(OrderRow.state)
    ended = [state for state in OrderState if state not in OPEN]
    recent = OrderRow.order_id >= id_at(now - ENDED_WITHIN)
    rows = [
        *tx.all(counted.where(*where, OrderRow.state.in_(OPEN))),
        *tx.all(counted.where(*where, OrderRow.state.in_(ended), recent)),
    ]
    return {OrderState(row[0]): row[1] for row in rows}


def trouble_counts(tx: Tx, where: Conditions) -> dict[Trouble, int]:
    """How many have something open beside the course."""
    in_trouble = [trouble for trouble in Trouble if trouble is not Trouble.NONE]
    counted = select(OrderRow.trouble, func.count()).group_by(OrderRow.trouble)
    rows = tx.all(counted.where(*where, OrderRow.trouble.in_(in_trouble)))
    return {Trouble(row[0]): row[1] for row in rows}


class OpenOrders(NamedTuple):
    """What a store has to do now."""

    counts: dict[OrderState, int]
    troubles: dict[Trouble, int]
    late: int
    newest_new: str | None
    stamp: str


def open_orders(tx: Tx, store_id: str) -> OpenOrders:
    """One statement over a store's open orders and one over what troubles its ended ones."""
    rows = tx.all(
        select(
            OrderRow.state,
            OrderRow.trouble,
            func.count(),
            func.sum(OrderRow.late),
            func.max(OrderRow.order_id),
            func.sum(func.crc32(OrderRow.record_hash)),
        )
        .where(
            OrderRow.store_id == store_id,
            or_(OrderRow.state.in_(_AT_DESK), OrderRow.trouble.in_(_OPEN_TROUBLES)),
            OrderRow.supplement_of.is_(None),
        )
        .group_by(OrderRow.state, OrderRow.trouble)
        .order_by(OrderRow.state, OrderRow.trouble)
    )
    counts: dict[OrderState, int] = {}
    troubles: dict[Trouble, int] = {}
    newest = None
    for state, trouble, count, _, last, _ in rows:
        if state in _AT_DESK:
            counts[OrderState(state)] = counts.get(OrderState(state), 0) + count
        if trouble != Trouble.NONE:
            troubles[Trouble(trouble)] = troubles.get(Trouble(trouble), 0) + count
        if state == OrderState.AWAITING_CONFIRMATION:
            newest = max(newest or "", last)
    stamp = hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()[:16]
    return OpenOrders(counts, troubles, sum(int(row[3]) for row in rows), newest, stamp)


_AT_DESK: Sequence[OrderState] = tuple(
    state for state in OPEN if state not in (OrderState.AWAITING_PAYMENT, OrderState.CLOSING)
)
_OPEN_TROUBLES = tuple(trouble for trouble in Trouble if trouble is not Trouble.NONE)
