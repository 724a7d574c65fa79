"""Disputes for their people and for staff; the mediator's queue and the file that makes itself."""

from datetime import datetime

from services.contracts.after_sales import CaseKind, CaseView
from services.contracts.disputes import (
    CaseFile,
    CaseFileQuery,
    DisputeBrief,
    DisputeCounts,
    DisputeCountsQuery,
    DisputesQuery,
    NoSuchDispute,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.wire import Page
from services.orders import list_queries_disputes as lists
from services.orders import precedents, queries_amendments, queries_cases
from services.orders.dispute_stats import DAYS, stats_of
from services.orders.list_queries_disputes import Conditions
from services.orders.queries_disputes import dispute_brief, dispute_view_of, find_dispute
from services.orders.record_view import order_record
from services.orders.settings import Settings
from services.orders.standing import reaches, sees_all
from services.orders.tables_disputes import DisputeRow
from services.orders.use_cases.cases.show_cases import view_of


def see_disputes(db: Database, query: DisputesQuery, actor: Actor) -> Page[DisputeBrief]:
    """One's own, newest first; all in reach for staff, the oldest first. NoSuchDispute for
    strangers."""
    is_own = _is_own(actor, query)
    where = [*_narrowed(query, actor), *([] if is_own else _within_reach(actor))]
    with db.reading() as tx:
        found = lists.page(tx, where, query, oldest_first=not is_own)
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Page(
        items=[dispute_brief(one) for one in shown],
        next_after=shown[-1].dispute_id if more else None,
    )


def count_disputes(db: Database, query: DisputeCountsQuery, actor: Actor) -> DisputeCounts:
    """Numbers for the mediator's queue."""
    where = _within_reach(actor)
    if query.community_id:
        where.append(DisputeRow.community_id == query.community_id)
    with db.reading() as tx:
        return DisputeCounts(
            counts=lists.open_counts(tx, where),
            mine=lists.count_of_mediator(tx, where, actor.account_id),
            oldest_waiting_at=lists.oldest_waiting_at(tx, where),
        )


def case_file(
    db: Database, query: CaseFileQuery, actor: Actor, now: datetime, settings: Settings
) -> CaseFile:
    """All that orders knows of it, in one transaction; NoSuchDispute out of reach."""
    with db.transaction() as tx:
        dispute = find_dispute(tx, query.dispute_id)
        if dispute is None or not reaches(actor, dispute.community_id):
            raise NoSuchDispute
        order_id = dispute.order_id
        record = order_record(tx, order_id, actor, now, settings)
        cases = [view_of(case, actor, now) for case in queries_cases.cases_of(tx, order_id)]
        return CaseFile(
            dispute=dispute_view_of(dispute, actor, now),
            record=record,
            amendments=[
                queries_amendments.view_of(one, actor, record.order.sides, now)
                for one in queries_amendments.of_order(tx, order_id)
            ],
            cases=cases,
            alike=precedents.alike(tx, dispute),
            merchant=stats_of(tx, [dispute.merchant_id], DAYS, now)[0],
            brought_ids=[order_id, *_brought(cases)],
        )


def _brought(cases: list[CaseView]) -> list[str]:
    """Cases whose replacement a courier has brought, or is bringing."""
    return [case.case_id for case in cases if case.kind is CaseKind.EXCHANGE and case.courier_name]


def _is_own(actor: Actor, query: DisputesQuery) -> bool:
    """True for a list of the actor's own household, store or merchant."""
    groups = (query.household_id, query.store_id, query.merchant_id)
    return any(map(actor.role_in, filter(None, groups))) and not query.mine


def _within_reach(actor: Actor) -> Conditions:
    if not sees_all(actor):
        raise NoSuchDispute
    return [DisputeRow.community_id.in_(actor.communities)]


def _narrowed(query: DisputesQuery, actor: Actor) -> Conditions:
    wanted = {
        DisputeRow.household_id: query.household_id,
        DisputeRow.store_id: query.store_id,
        DisputeRow.merchant_id: query.merchant_id,
        DisputeRow.community_id: query.community_id,
        DisputeRow.mediator_id: actor.account_id if query.mine else None,
    }
    where: Conditions = [column == value for column, value in wanted.items() if value]
    if query.states:
        where.append(DisputeRow.state.in_(query.states))
    return where
