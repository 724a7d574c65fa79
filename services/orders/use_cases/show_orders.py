"""Orders for those who have a part in them, and for staff."""

from datetime import datetime

from sqlalchemy import ColumnElement

from services.contracts.orders import (
    AllOrdersQuery,
    HouseholdOrdersQuery,
    NotYourOrder,
    OrderAmount,
    OrderAmountsQuery,
    OrderBrief,
    OrderState,
    StateCounts,
    StateCountsQuery,
    StoreOrdersQuery,
)
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.wire import Page, PageQuery
from services.orders import queries
from services.orders.standing import sees_all, within_reach
from services.orders.tables import OrderRow
from services.orders.views import page_of

Conditions = list[ColumnElement[bool]]


def household_orders(db: Database, query: HouseholdOrdersQuery, actor: Actor) -> Page[OrderBrief]:
    """A household's orders for its people and staff; NotYourOrder for others."""
    where = [OrderRow.household_id == query.household_id, *_reach(actor, query.household_id)]
    return _page(db, query, where, query.states)


def store_orders(db: Database, query: StoreOrdersQuery, actor: Actor) -> Page[OrderBrief]:
    """A store's orders for its people and staff; NotYourOrder for others."""
    where = [OrderRow.store_id == query.store_id, *_reach(actor, query.store_id)]
    return _page(db, query, where, query.states)


def all_orders(
    db: Database, query: AllOrdersQuery, actor: Actor, now: datetime
) -> Page[OrderBrief]:
    """Every order in the communities where the member of staff works."""
    where = [*within_reach(actor), *queries.matches(query.text, now)]
    if query.community_id:
        where.append(OrderRow.community_id == query.community_id)
    return _page(db, query, where, query.states)


def count_states(db: Database, query: StateCountsQuery, actor: Actor) -> StateCounts:
    """How many stand where: of one's own store or household; of a community takes a permission."""
    where: Conditions = []
    if query.store_id:
        where += [OrderRow.store_id == query.store_id]
    if query.household_id:
        where += [OrderRow.household_id == query.household_id]
    if not any(map(actor.role_in, filter(None, (query.store_id, query.household_id)))):
        if where and not actor.may(Permission.OVERVIEW_VIEW):
            raise NotYourOrder
        actor.need(Permission.OVERVIEW_VIEW)
        where += within_reach(actor)
    if query.community_id:
        where += [OrderRow.community_id == query.community_id]
    with db.reading() as tx:
        return StateCounts(counts=queries.state_counts(tx, where))


def order_amounts(db: Database, query: OrderAmountsQuery) -> Page[OrderAmount]:
    """What orders believes about money, in id order."""
    with db.reading() as tx:
        rows = queries.amounts(tx, query.after, query.limit)
    shown = [OrderAmount.model_validate(row._mapping) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    return Page(items=shown, next_after=shown[-1].order_id if more else None)


def _reach(actor: Actor, group_id: str) -> Conditions:
    """No further condition for the group's own people; their communities' orders for staff."""
    if actor.role_in(group_id):
        return []
    if not sees_all(actor):
        raise NotYourOrder
    return within_reach(actor)


def _page(
    db: Database, query: PageQuery, where: Conditions, states: list[OrderState]
) -> Page[OrderBrief]:
    with db.reading() as tx:
        orders = queries.page(tx, where, states, query.after, query.limit)
    return page_of(orders, query.limit)
