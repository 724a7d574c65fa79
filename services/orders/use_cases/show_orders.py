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
from services.orders.list_queries import (
    Conditions,
    Scope,
    of_communities,
    of_household,
    of_merchant,
    of_store,
)
from services.orders.standing import sees_all, within_reach
from services.orders.tables import OrderRow
from services.orders.views import page_of


def household_orders(db: Database, query: HouseholdOrdersQuery, actor: Actor) -> Page[OrderBrief]:
    """A household's orders for its people and staff; NotYourOrder for others. What pays the
    difference of an amended order stands with that order."""
    where = [list_queries.MAIN_ONLY, *_reach(actor, query.household_id)]
    with db.reading() as tx:
        orders = list_queries.page(tx, of_household(query.household_id), query, where)
    return page_of(orders, query.limit)


def store_orders(
    db: Database, query: StoreOrdersQuery, actor: Actor, now: datetime
) -> Page[OrderBrief]:
    """A store's orders for its people and staff; NotYourOrder for others."""
    where = [list_queries.MAIN_ONLY, *_reach(actor, query.store_id)]
    return _search(db, of_store(query.store_id), query, where, query.text, now)


def all_orders(
    db: Database, query: AllOrdersQuery, actor: Actor, now: datetime
) -> Page[OrderBrief]:
    """Every order in the communities where the member of staff works."""
    reached = [one for one in actor.communities if query.community_id in (None, one)]
    if not reached:
        return Page(items=[])
    scope, where = of_communities(reached), Conditions()
    if query.merchant_id:
        scope, where = of_merchant(query.merchant_id), [OrderRow.community_id.in_(reached)]
    return _search(db, scope, query, where, query.text, now)


def count_states(db: Database, query: StateCountsQuery, actor: Actor, now: datetime) -> StateCounts:
    """How many stand where: of one's own store or household, or (staff) of one that one may see;
    of a community takes a permission."""
    groups = [group_id for group_id in (query.store_id, query.household_id) if group_id]
    where: Conditions = [list_queries.MAIN_ONLY] if groups else []
    reached = [one for one in actor.communities if query.community_id in (None, one)]
    if not any(map(actor.role_in, groups)):
        if groups and not sees_all(actor):
            raise NotYourOrder
        actor.need(Permission.OVERVIEW_VIEW)
        where += within_reach(actor)
    if query.community_id:
        where += [OrderRow.community_id == query.community_id]
    scope = of_communities(reached)
    if query.household_id:
        scope = of_household(query.household_id)
        where += [OrderRow.store_id == query.store_id] if query.store_id else []
    elif query.store_id:
        scope = of_store(query.store_id)
    with db.reading() as tx:
        return StateCounts(
            counts=list_queries.state_counts(tx, scope, where, now),
            troubles=list_queries.trouble_counts(tx, scope, where),
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


def _search(
    db: Database, scope: Scope, query: OrderFilters, where: Conditions, text: str, now: datetime
) -> Page[OrderBrief]:
    one = list_queries.names_one(text)
    where = [*where, *(one or list_queries.speaks_of(text, now))]
    with db.reading() as tx:
        orders = list_queries.page(tx, scope, query, where, found=bool(one))
    return page_of(orders, query.limit)
