"""Lists of orders: filters, pages by key, counts; every list has its index."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select, true, union_all
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

_MAY_BE_LATE = (OrderState.PREPARING, OrderState.READY, OrderState.SCHEDULED)
MAIN_ONLY = func.coalesce(OrderRow.supplement_of, "") == ""
"""Not those that pay a difference. Said so that no index of it is used: nearly all rows fit."""

_SEARCHED = (
    OrderRow.address,
    OrderRow.store_name,
    OrderRow.contact_name,
    OrderRow.courier_name,
    OrderRow.remark,
    OrderRow.summary,
)


class Scope(NamedTuple):
    """Whose orders: the column that says so, its values, and the index that is in the order of ids.

    MariaDB reads a store's whole past for its second page unless it is told which index to use.
    """

    of: Any
    ids: Sequence[str]
    by_id: str
    in_state: str = ""
    in_trouble: str = ""


def of_household(household_id: str) -> Scope:
    """A household's."""
    in_state = "order_of_household_in_state"
    return Scope(OrderRow.household_id, [household_id], "order_of_household", in_state)


def of_store(store_id: str) -> Scope:
    """A store's."""
    index = "order_of_store"
    return Scope(OrderRow.store_id, [store_id], index, f"{index}_in_state", f"{index}_in_trouble")


def of_merchant(merchant_id: str) -> Scope:
    """Those of all stores of a merchant."""
    return Scope(OrderRow.merchant_id, [merchant_id], "order_of_merchant")


def of_communities(community_ids: Sequence[str]) -> Scope:
    """Those of some communities."""
    index = "order_of_community"
    return Scope(
        OrderRow.community_id,
        community_ids,
        index,
        f"{index}_in_state",
        f"{index}_in_trouble",
    )


def page(
    tx: Tx, scope: Scope, query: OrderFilters, where: Conditions, *, found: bool = False
) -> list[Order]:
    """Newest first: ids sort by time. One more than the limit when there is a next page.

    Each state (or trouble) of each community is read along its own index, a page of each, and
    merged: sorting all that is in several states would read a whole past for one page. `found`:
    `where` names the order so well that its own index is the better one.
    """
    streams = [
        stream.where(*where, *_narrowed(query)).order_by(OrderRow.order_id.desc())
        for stream in ([_within(scope)] if found else _streams(scope, query))
    ]
    if query.after:
        after = checked_id(query.after)
        streams = [stream.where(OrderRow.order_id < after) for stream in streams]
    pages = [stream.limit(query.limit + 1) for stream in streams]
    if len(pages) == 1:
        return [order_from(row) for row in tx.all(pages[0])]
    merged = union_all(*(select(one.subquery()) for one in pages)).subquery()
    statement = select(merged).order_by(merged.c.order_id.desc()).limit(query.limit + 1)
    return [order_from(row) for row in tx.all(statement)]


def _within(scope: Scope) -> Select[Any]:
    return ALL.where(scope.of.in_(scope.ids))


def _streams(scope: Scope, query: OrderFilters) -> list[Select[Any]]:
    index: str = scope.by_id
    narrow: Conditions = [true()]
    if scope.in_state and (states := query.states or (_MAY_BE_LATE if query.late else ())):
        index, narrow = scope.in_state, [OrderRow.state == state for state in states]
    elif scope.in_trouble and query.troubles:
        index, narrow = scope.in_trouble, [OrderRow.trouble == one for one in query.troubles]
    hinted = ALL.with_hint(OrderRow.__table__, f"FORCE INDEX ({index})", "mysql")
    return [hinted.where(scope.of == one, only) for one in scope.ids for only in narrow]


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


def names_one(text: str) -> Conditions:
    """A number, an id of an order or payment, or a pick-up code: each has its own index."""
    text = text.strip().removeprefix("#")
    if re.fullmatch(r"[0-9]{6}", text):
        return [OrderRow.number == text]
    if re.fullmatch(r"[0-9]{8}", text):
        return [OrderRow.pickup_code == text]
    if is_id(text):
        return [or_(OrderRow.order_id == text, OrderRow.payment_id == text)]
    return []


def speaks_of(text: str, now: datetime) -> Conditions:
    """A part of what people know of it, among the orders of 90 days."""
    text = text.strip()
    if not text:
        return []
    parts = [column.contains(text, autoescape=True) for column in _SEARCHED]
    return [OrderRow.order_id >= id_at(now - TEXT_SEARCH_WITHIN), or_(*parts)]


def state_counts(tx: Tx, scope: Scope, where: Conditions, now: datetime) -> dict[OrderState, int]:
    """How many orders stand in each state; of the ended ones, those of 30 days."""
    counted = _along(select(OrderRow.state, func.count()), scope, scope.in_state).where(*where)
    ended = [state for state in OrderState if state not in OPEN]
    recent = OrderRow.order_id >= id_at(now - ENDED_WITHIN)
    rows = [
        *tx.all(counted.where(OrderRow.state.in_(OPEN)).group_by(OrderRow.state)),
        *tx.all(counted.where(OrderRow.state.in_(ended), recent).group_by(OrderRow.state)),
    ]
    return {OrderState(row[0]): row[1] for row in rows}


def trouble_counts(tx: Tx, scope: Scope, where: Conditions) -> dict[Trouble, int]:
    """How many have something open beside the course."""
    counted = _along(select(OrderRow.trouble, func.count()), scope, scope.in_trouble)
    in_trouble = OrderRow.trouble.in_(_OPEN_TROUBLES)
    rows = tx.all(counted.where(*where, in_trouble).group_by(OrderRow.trouble))
    return {Trouble(row[0]): row[1] for row in rows}


def _along(statement: Select[Any], scope: Scope, index: str) -> Select[Any]:
    within = statement.where(scope.of.in_(scope.ids))
    hint = f"FORCE INDEX ({index or scope.by_id})"
    return within.with_hint(OrderRow.__table__, hint, "mysql")


class OpenOrders(NamedTuple):
    """What a store has to do now."""

    counts: dict[OrderState, int]
    troubles: dict[Trouble, int]
    late: int
    newest_new: str | None
    stamp: str


def open_orders(tx: Tx, store_id: str) -> OpenOrders:
    """One statement over a store's open orders, and one over what troubles its ended ones."""
    scope = of_store(store_id)
    ended = (OrderRow.state.not_in(_AT_DESK), OrderRow.trouble.in_(_OPEN_TROUBLES))
    rows = [
        *tx.all(_at_desk(scope, scope.in_state, OrderRow.state.in_(_AT_DESK))),
        *tx.all(_at_desk(scope, scope.in_trouble, *ended)),
    ]
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


def _at_desk(scope: Scope, index: str, *which: ColumnElement[bool]) -> Select[Any]:
    standing = select(
        OrderRow.state,
        OrderRow.trouble,
        func.count(),
        func.sum(OrderRow.late),
        func.max(OrderRow.order_id),
        func.sum(func.crc32(OrderRow.record_hash)),
    )
    grouped = _along(standing, scope, index).where(*which, MAIN_ONLY)
    alike = (OrderRow.state, OrderRow.trouble)
    return grouped.group_by(*alike).order_by(*alike)


_AT_DESK: Sequence[OrderState] = tuple(
    state for state in OPEN if state not in (OrderState.AWAITING_PAYMENT, OrderState.CLOSING)
)
_OPEN_TROUBLES = tuple(trouble for trouble in Trouble if trouble is not Trouble.NONE)
