"""Orders for those who have a part in them, and for staff."""

from datetime import datetime

from services.contracts.orders import (
    AllOrdersQuery,
    DeskQuery,
    DeskView,
    HouseholdOrdersQuery,
    NotYourOrder,
    OrderAmount,
    OrderAmountsQuery,
    OrderBrief,
    OrderFilters,
    StateCounts,
    StateCountsQuery,
    StoreOrdersQuery,
    TakenSlot,
    TakenSlots,
    TakenSlotsQuery,
)
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Malformed
from services.kernel.wire import Page
from services.orders import appointments, list_queries, queries
from services.orders.domain.slots import AHEAD_MAX
from services.orders.list_queries import Conditions
from services.orders.standing import sees_all, within_reach
from services.orders.tables import OrderRow
from services.orders.views import page_of


def household_orders(db: Database, query: HouseholdOrdersQuery, actor: Actor) -> Page[OrderBrief]:
    """A household's orders for its people and staff; NotYourOrder for others. What pays the
    difference of an amended order stands with that order."""
    where = [OrderRow.household_id == query.household_id, *_reach(actor, query.household_id)]
    where.append(OrderRow.supplement_of.is_(None))
    return _page(db, query, where)


def store_orders(
    db: Database, query: StoreOrdersQuery, actor: Actor, now: datetime
) -> Page[OrderBrief]:
    """A store's orders for its people and staff; NotYourOrder for others."""
    where = [OrderRow.store_id == query.store_id, *_reach(actor, query.store_id)]
    where += [OrderRow.supplement_of.is_(None), *list_queries.matches(query.text, now)]
    return _page(db, query, where)


def all_orders(
    db: Database, query: AllOrdersQuery, actor: Actor, now: datetime
) -> Page[OrderBrief]:
    """Every order in the communities where the member of staff works."""
    where = [*within_reach(actor), *list_queries.matches(query.text, now)]
    if query.community_id:
        where.append(OrderRow.community_id == query.community_id)
    if query.merchant_id:
        where.append(OrderRow.merchant_id == query.merchant_id)
    return _page(db, query, where)


def count_states(db: Database, query: StateCountsQuery, actor: Actor, now: datetime) -> StateCounts:
    """How many stand where: of one's own store or household; of a community takes a permission."""
    where: Conditions = []
    if query.store_id:
        where += [OrderRow.store_id == query.store_id]
    if query.household_id:
        where += [OrderRow.household_id == query.household_id]
    if where:
        where += [OrderRow.supplement_of.is_(None)]
    if not any(map(actor.role_in, filter(None, (query.store_id, query.household_id)))):
        if where and not actor.may(Permission.OVERVIEW_VIEW):
            raise NotYourOrder
        actor.need(Permission.OVERVIEW_VIEW)
        where += within_reach(actor)
    if query.community_id:
        where += [OrderRow.community_id == query.community_id]
    with db.reading() as tx:
        return StateCounts(
            counts=list_queries.state_counts(tx, where, now),
            troubles=list_queries.trouble_counts(tx, where),
        )


def show_desk(db: Database, query: DeskQuery, actor: Actor) -> DeskView:
    """What a store has to do now, for its own people; NotYourOrder for others."""
    if actor.role_in(query.store_id) is None:
        raise NotYourOrder
    with db.reading() as tx:
        found = list_queries.open_orders(tx, query.store_id)
    return DeskView.model_validate(found._asdict())


def taken_slots(db: Database, query: TakenSlotsQuery) -> TakenSlots:
    """Which times of a service are booked how often; Malformed for more than 31 days."""
    if query.day_until - query.day_from > AHEAD_MAX:
        raise Malformed(fields={"day_until": "at most 31 days"})
    with db.reading() as tx:
        found = appointments.taken(tx, query.item_id, query.day_from, query.day_until)
    return TakenSlots(slots=[TakenSlot(starts_at=at, taken=count) for at, count in found])


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


def _page(db: Database, query: OrderFilters, where: Conditions) -> Page[OrderBrief]:
    with db.reading() as tx:
        orders = list_queries.page(tx, where, query)
    return page_of(orders, query.limit)
