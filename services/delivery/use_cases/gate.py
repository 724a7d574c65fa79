"""Letting in, keeping out, letting go; and looking it up afterwards."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, update

from services.contracts.delivery import (
    AdmitVisit,
    DeliveryCounts,
    DeliveryCountsQuery,
    GateLogQuery,
    LeaveVisit,
    NoSuchVisit,
    OrderVisitsQuery,
    OrderVisitsView,
    RefuseVisit,
    VisitEntered,
    VisitLeft,
    VisitQuery,
    VisitState,
    VisitView,
)
from services.delivery import locks, queries
from services.delivery.domain import duty
from services.delivery.domain.visit import KEPT_OUT, VisitAct, day_began, visit_after
from services.delivery.gates import Gate, GateNames
from services.delivery.settings import Settings
from services.delivery.tables import GateLogRow, VisitRow
from services.delivery.use_cases.visits import end_visit
from services.kernel import failpoints, outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.ids import new_id
from services.kernel.wire import Page

_DIRECTIONS = {VisitAct.ADMIT: "in", VisitAct.REFUSE: KEPT_OUT, VisitAct.LEAVE: "out"}


def find_gate(
    db: Database,
    gates: GateNames,
    services: Any,
    command: AdmitVisit | RefuseVisit | LeaveVisit,
    actor: Actor,
    now: datetime,
) -> Gate:
    """The gate that a guard stands at, of the visit's community; asked before the transaction."""
    with db.reading() as tx:
        visit = _on_duty(actor, queries.visit(tx, command.visit_id))
    return gates.gate(services, visit.community_id, command.gate_id, now)


def admit_visit(
    db: Database, command: AdmitVisit, gate: Gate, actor: Actor, now: datetime, settings: Settings
) -> VisitView:
    """In by this gate; the orders of the visit are told."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, VisitView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            visit = _on_duty(actor, locks.visit_for_update(tx, command.visit_id))
            tx.execute(
                update(VisitRow)
                .where(VisitRow.visit_id == visit.visit_id)
                .values(
                    state=visit_after(VisitState(visit.state), VisitAct.ADMIT),
                    version=visit.version + 1,
                    entered_at=now,
                    entry_gate=gate.name,
                )
            )
            _add_to_log(tx, visit, gate, VisitAct.ADMIT, actor, now)
            claim.answer = queries.visit_view(tx, visit.visit_id, now, settings.overstay_after_s)
            outbox.emit(tx, VisitEntered(**_told(tx, claim.answer, visit.version + 1, gate, now)))
            failpoints.hit("delivery.admit.before_commit")
        return claim.answer


def refuse_visit(
    db: Database, command: RefuseVisit, gate: Gate, actor: Actor, now: datetime, settings: Settings
) -> VisitView:
    """Not in by this gate, and why."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, VisitView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            visit = _on_duty(actor, locks.visit_for_update(tx, command.visit_id))
            end_visit(tx, visit, VisitAct.REFUSE, refused_reason=command.reason)
            _add_to_log(tx, visit, gate, VisitAct.REFUSE, actor, now)
            claim.answer = queries.visit_view(tx, visit.visit_id, now, settings.overstay_after_s)
        return claim.answer


def leave_visit(
    db: Database, command: LeaveVisit, gate: Gate, actor: Actor, now: datetime, settings: Settings
) -> VisitView:
    """Out by this gate; the orders of the visit are told."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, VisitView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            visit = _on_duty(actor, locks.visit_for_update(tx, command.visit_id))
            end_visit(tx, visit, VisitAct.LEAVE, left_at=now, exit_gate=gate.name)
            _add_to_log(tx, visit, gate, VisitAct.LEAVE, actor, now)
            claim.answer = queries.visit_view(tx, visit.visit_id, now, settings.overstay_after_s)
            outbox.emit(tx, VisitLeft(**_told(tx, claim.answer, visit.version + 1, gate, now)))
        return claim.answer


def _on_duty(actor: Actor, visit: Row[Any] | None) -> Row[Any]:
    """The visit, for who is on duty in its community; for others there is none."""
    if visit is None or visit.community_id not in actor.communities:
        raise NoSuchVisit()
    return visit


def _add_to_log(
    tx: Tx, visit: Row[Any], gate: Gate, act: VisitAct, actor: Actor, now: datetime
) -> None:
    tx.execute(
        insert(GateLogRow),
        {
            "log_id": new_id(),
            "visit_id": visit.visit_id,
            "community_id": visit.community_id,
            "gate_id": gate.gate_id,
            "gate": gate.name,
            "direction": _DIRECTIONS[act],
            "guard_account_id": actor.account_id,
            "guard_name": actor.name,
            "at": now,
        },
    )


def _told(tx: Tx, visit: VisitView, version: int, gate: Gate, now: datetime) -> dict[str, Any]:
    return {
        "aggregate_id": visit.visit_id,
        "version": version,
        "courier_id": visit.courier_id,
        "courier_name": visit.courier_name,
        "community_id": visit.community_id,
        "gate": gate.name,
        "order_ids": queries.order_ids_of_visit(tx, visit.visit_id),
        "at": now,
    }


def visit(
    db: Database, query: VisitQuery, actor: Actor, now: datetime, settings: Settings
) -> VisitView:
    """One visit, for those on duty in its community."""
    with db.reading() as tx:
        found = _on_duty(actor, queries.visit(tx, query.visit_id))
        return queries.visit_view(tx, found.visit_id, now, settings.overstay_after_s)


def gate_log(
    db: Database, query: GateLogQuery, actor: Actor, now: datetime, settings: Settings
) -> Page[VisitView]:
    """A community's visits, newest first."""
    duty.need_communities(actor, [query.community_id])
    with db.reading() as tx:
        visits = queries.visits_of_community(
            tx,
            query.community_id,
            query.states,
            query.after,
            query.limit,
            now,
            settings.overstay_after_s,
        )
    full = len(visits) == query.limit
    return Page[VisitView](items=visits, next_after=visits[-1].visit_id if full else None)


def order_visits(
    db: Database, query: OrderVisitsQuery, actor: Actor, now: datetime, settings: Settings
) -> OrderVisitsView:
    """Who brought these orders, by which gate; nothing of communities that are not the actor's."""
    with db.reading() as tx:
        visits = queries.visits_of_orders(
            tx, query.order_ids, actor.communities, now, settings.overstay_after_s
        )
    return OrderVisitsView(visits=visits)


def counts(
    db: Database, query: DeliveryCountsQuery, actor: Actor, now: datetime, settings: Settings
) -> DeliveryCounts:
    """Numbers of the communities that the actor works in."""
    communities = duty.counted_communities(actor, query.community_id)
    with db.reading() as tx:
        return queries.counts(tx, communities, now, day_began(now), settings.overstay_after_s)
