"""Reads: orders as they stand, in pages whose every list has its index."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, or_, select
from ulid import ULID

from services.contracts.orders import OrderState, Party, RefundTo
from services.kernel.db import Database, Tx
from services.kernel.errors import Malformed
from services.orders.domain.order import Order
from services.orders.tables import AdjustmentRow, LineRow, OrderRow, TimelineRow

TEXT_SEARCH_WITHIN = timedelta(days=90)
"""A part of an address has no index: it is looked for among the orders of this time only."""

_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_ALL = select(OrderRow.__table__)
_ONE = _ALL.where(OrderRow.order_id == bindparam("order"))
_LINES = (
    select(LineRow.__table__, *(c.label(f"adj_{c.name}") for c in AdjustmentRow.__table__.c))
    .outerjoin(
        AdjustmentRow,
        and_(AdjustmentRow.order_id == LineRow.order_id, AdjustmentRow.line_no == LineRow.line_no),
    )
    .where(LineRow.order_id == bindparam("order"))
    .order_by(LineRow.line_no, AdjustmentRow.adjustment_no)
)
_TIMELINE = (
    select(TimelineRow.__table__)
    .where(TimelineRow.order_id == bindparam("order"))
    .order_by(TimelineRow.seq)
)


def order_from(row: Row[Any]) -> Order:
    """The order that a whole row of `sales_order` is."""
    values = dict(row._mapping)
    values["state"] = OrderState(values["state"])
    values["cancelled_by"] = values["cancelled_by"] and Party(values["cancelled_by"])
    values["refund_to"] = values["refund_to"] and RefundTo(values["refund_to"])
    return Order(**values)


def find_order(tx: Tx, order_id: str) -> Order | None:
    """The order, or None."""
    row = tx.first(_ONE, {"order": order_id})
    return None if row is None else order_from(row)


def lines_of(tx: Tx, order_id: str) -> list[Row[Any]]:
    """A row for each adjustment of each line, `adj_…` empty where a line has none."""
    return tx.all(_LINES, {"order": order_id})


def timeline_of(tx: Tx, order_id: str) -> list[Row[Any]]:
    """What happened, in the order in which it became known."""
    return tx.all(_TIMELINE, {"order": order_id})


def page(
    tx: Tx,
    where: Sequence[ColumnElement[bool]],
    states: Sequence[OrderState],
    after: str | None,
    limit: int,
) -> list[Order]:
    """Newest first: ids sort by time. One more than `limit` when there is a next page."""
    statement = _ALL.where(*where).order_by(OrderRow.order_id.desc()).limit(limit + 1)
    if states:
        statement = statement.where(OrderRow.state.in_(states))
    if after:
        statement = statement.where(OrderRow.order_id < _checked(after))
    return [order_from(row) for row in tx.all(statement)]


def matches(text: str, now: datetime) -> list[ColumnElement[bool]]:
    """An order number, an id of an order or payment, else part of an address or store name."""
    text = text.strip().removeprefix("#")
    if not text:
        return []
    if re.fullmatch(r"[0-9]{6}", text):
        return [OrderRow.number == text]
    if _ID.fullmatch(text):
        return [or_(OrderRow.order_id == text, OrderRow.payment_id == text)]
    return [
        OrderRow.order_id >= str(ULID.from_datetime(now - TEXT_SEARCH_WITHIN)),
        or_(
            OrderRow.address.contains(text, autoescape=True),
            OrderRow.store_name.contains(text, autoescape=True),
        ),
    ]


def _checked(after: str) -> str:
    """An order's id; the database would choke on letters that an id column cannot hold."""
    if not _ID.fullmatch(after):
        raise Malformed(fields={"after": "not a page's next_after"})
    return after


def state_counts(tx: Tx, where: Sequence[ColumnElement[bool]]) -> dict[OrderState, int]:
    """How many orders stand in each state."""
    rows = tx.all(select(OrderRow.state, func.count()).where(*where).group_by(OrderRow.state))
    return {OrderState(state): count for state, count in rows}


def amounts(tx: Tx, after: str | None, limit: int) -> list[Row[Any]]:
    """What the audit compares with the ledger, in id order."""
    row = OrderRow
    statement = select(
        row.order_id,
        row.payment_id,
        row.merchant_id,
        row.state,
        row.amount_fen,
        row.paid_at.is_not(None).label("paid"),
        row.refunded_at.is_not(None).label("refunded"),
        row.settled_at.is_not(None).label("settled"),
    )
    if after:
        statement = statement.where(row.order_id > _checked(after))
    return tx.all(statement.order_by(row.order_id).limit(limit + 1))


def _due(state: OrderState, column: Any, now: datetime, limit: int) -> Select[Any]:
    return (
        select(column)
        .where(OrderRow.state == state, OrderRow.deadline_at <= now)
        .order_by(OrderRow.deadline_at)
        .limit(limit)
    )


def payments_due(db: Database, state: OrderState, now: datetime, limit: int) -> list[str]:
    """Payments whose orders have stood in `state` beyond their deadline, the oldest first."""
    with db.reading() as tx:
        rows = tx.all(_due(state, OrderRow.payment_id, now, limit))
    return list(dict.fromkeys(row.payment_id for row in rows))


def deliveries_due(db: Database, now: datetime, limit: int) -> list[str]:
    """Delivered orders that nobody has complained of for long enough."""
    with db.reading() as tx:
        rows = tx.all(_due(OrderState.DELIVERED, OrderRow.order_id, now, limit))
    return [row.order_id for row in rows]


def handovers_cut_off(db: Database, asked_before: datetime, limit: int) -> list[str]:
    """Orders whose courier was asked and whose dispatch then never came."""
    statement = select(OrderRow.order_id).where(
        OrderRow.asked_at <= asked_before,
        OrderRow.state.in_([OrderState.PREPARING, OrderState.READY]),
    )
    with db.reading() as tx:
        rows = tx.all(statement.order_by(OrderRow.asked_at).limit(limit))
    return [row.order_id for row in rows]
