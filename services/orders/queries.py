"""Reads: orders as they stand, in pages whose every list has its index."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, select

from services.contracts.catalog import Fulfilment
from services.contracts.orders import (
    NotYourOrder,
    OrderState,
    Party,
    PickupView,
    RefundTo,
    Trouble,
)
from services.kernel.db import Database, Tx
from services.kernel.errors import Malformed
from services.orders.domain.order import Order
from services.orders.tables import (
    LINES_A_REVISION,
    AdjustmentRow,
    LineRow,
    OrderRow,
    TimelineRow,
)
from services.orders.tables_beside import PickupRow

_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
ALL = select(OrderRow.__table__)
_ONE = ALL.where(OrderRow.order_id == bindparam("order"))
_LINES = (
    select(LineRow.__table__, *(c.label(f"adj_{c.name}") for c in AdjustmentRow.__table__.c))
    .outerjoin(
        AdjustmentRow,
        and_(AdjustmentRow.order_id == LineRow.order_id, AdjustmentRow.line_no == LineRow.line_no),
    )
    .where(
        LineRow.order_id == bindparam("order"),
        LineRow.line_no >= bindparam("first"),
        LineRow.line_no < bindparam("end"),
    )
    .order_by(LineRow.line_no, AdjustmentRow.adjustment_no)
)
_BY_CODE = select(OrderRow.order_id).where(
    OrderRow.store_id == bindparam("store"), OrderRow.pickup_code == bindparam("code")
)
_PICKUPS = (
    select(PickupRow.__table__)
    .where(PickupRow.order_id == bindparam("order"))
    .order_by(PickupRow.pickup_no)
)
_SUPPLEMENTS = (
    select(OrderRow.order_id)
    .where(OrderRow.supplement_of == bindparam("order"))
    .order_by(OrderRow.order_id)
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
    values["fulfilment"] = Fulfilment(values["fulfilment"])
    values["trouble"] = Trouble(values["trouble"])
    return Order(**values)


def find_order(tx: Tx, order_id: str) -> Order | None:
    """The order, or None."""
    row = tx.first(_ONE, {"order": order_id})
    return None if row is None else order_from(row)


def need_order(tx: Tx, order_id: str) -> Order:
    """The order; NotYourOrder when there is none."""
    order = find_order(tx, order_id)
    if order is None:
        raise NotYourOrder
    return order


def order_of_code(tx: Tx, store_id: str, code: str) -> str | None:
    """The order of a store that a pick-up code opens."""
    row = tx.first(_BY_CODE, {"store": store_id, "code": code})
    return None if row is None else str(row.order_id)


def lines_of(tx: Tx, order_id: str, revision: int) -> list[Row[Any]]:
    """A row for each adjustment of each line of that revision, `adj_…` empty where a line has
    none."""
    first = revision * LINES_A_REVISION
    return tx.all(_LINES, {"order": order_id, "first": first, "end": first + LINES_A_REVISION})


def pickups_of(tx: Tx, order_id: str) -> list[PickupView]:
    """What was given out so far, the first first."""
    rows = tx.all(_PICKUPS, {"order": order_id})
    return [PickupView(at=row.at, by=row.by_name, lines=row.lines) for row in rows]


def checked_id(after: str) -> str:
    """An order's id; the database would choke on letters that an id column cannot hold."""
    if not is_id(after):
        raise Malformed(fields={"after": "not a page's next_after"})
    return after


def is_id(text: str) -> bool:
    """True for what looks like an id."""
    return bool(_ID.fullmatch(text))


def supplements_of(tx: Tx, order_id: str) -> list[str]:
    """The small orders that paid what an amendment cost more."""
    return [row.order_id for row in tx.all(_SUPPLEMENTS, {"order": order_id})]


def timeline_of(tx: Tx, order_id: str) -> list[Row[Any]]:
    """What happened, in the order in which it became known."""
    return tx.all(_TIMELINE, {"order": order_id})


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
        row.refunded_fen,
    )
    if after:
        statement = statement.where(row.order_id > checked_id(after))
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


def orders_due(db: Database, states: Sequence[OrderState], now: datetime, limit: int) -> list[str]:
    """Orders that have stood in one of `states` beyond their deadline."""
    statement = select(OrderRow.order_id).where(
        OrderRow.state.in_(states), OrderRow.deadline_at <= now
    )
    with db.reading() as tx:
        rows = tx.all(statement.order_by(OrderRow.deadline_at).limit(limit))
    return [row.order_id for row in rows]


def orders_to_remind(db: Database, now: datetime, limit: int) -> list[str]:
    """Orders whose time is nearly over."""
    statement = select(OrderRow.order_id).where(OrderRow.remind_at <= now)
    with db.reading() as tx:
        rows = tx.all(statement.order_by(OrderRow.remind_at).limit(limit))
    return [row.order_id for row in rows]


def handovers_cut_off(db: Database, asked_before: datetime, limit: int) -> list[str]:
    """Orders whose courier was asked and whose dispatch then never came, unless in trouble."""
    statement = select(OrderRow.order_id).where(
        OrderRow.asked_at <= asked_before,
        OrderRow.state.in_([OrderState.PREPARING, OrderState.READY]),
        OrderRow.trouble == Trouble.NONE,
    )
    with db.reading() as tx:
        rows = tx.all(statement.order_by(OrderRow.asked_at).limit(limit))
    return [row.order_id for row in rows]
