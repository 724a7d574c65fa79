"""Reads of disputes: one as its people see it, and what may be done in it."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.disputes import (
    DisputeAbout,
    DisputeBrief,
    DisputeState,
    DisputeView,
    NoSuchDispute,
    RulingView,
)
from services.contracts.orders import OrderState, Party, RefundTo, Trouble
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.orders.domain.dispute import Dispute
from services.orders.domain.dispute_moves import DisputeAct, Ended
from services.orders.domain.order import Order
from services.orders.queries_amendments import is_under_way
from services.orders.settings import Settings
from services.orders.standing import reaches, sees_all
from services.orders.tables_disputes import DisputeRow

S, A = DisputeState, DisputeAct
_TABLE = DisputeRow.__table__
_ONE = select(_TABLE).where(DisputeRow.dispute_id == bindparam("dispute"))
_NEWEST = (
    select(DisputeRow.dispute_id, DisputeRow.state)
    .where(DisputeRow.order_id == bindparam("order"))
    .order_by(DisputeRow.dispute_id.desc())
    .limit(1)
)
_NEWEST_WHOLE = (
    select(_TABLE)
    .where(DisputeRow.order_id == bindparam("order"))
    .order_by(DisputeRow.dispute_id.desc())
    .limit(1)
)
_TYPES: dict[str, Any] = {
    "state": DisputeState,
    "about": DisputeAbout,
    "opened_by": Party,
    "proposal_by": Party,
    "ruling_to": RefundTo,
    "appeal_by": Party,
    "final_to": RefundTo,
    "ended": Ended,
}
_UNPAID = frozenset({OrderState.AWAITING_PAYMENT, OrderState.CLOSING, OrderState.CANCELLED})
_BRIEF_NAMES = set(DisputeBrief.model_fields) & {field.name for field in fields(Dispute)}
_VIEW_NAMES = set(DisputeView.model_fields) & {field.name for field in fields(Dispute)}
NEEDS = {
    Party.RESIDENT: Permission.ORDER_AFTER_SALES,
    Party.MERCHANT: Permission.STORE_ORDER_HANDLE,
}
"""What a side must be granted to act in a dispute."""


def dispute_from(row: Row[Any]) -> Dispute:
    """The dispute that a whole row is."""
    values = dict(row._mapping)
    for name, kind in _TYPES.items():
        values[name] = None if values[name] is None else kind(values[name])
    return Dispute(**values)


def find_dispute(tx: Tx, dispute_id: str) -> Dispute | None:
    """The dispute, or None."""
    row = tx.first(_ONE, {"dispute": dispute_id})
    return None if row is None else dispute_from(row)


def newest_dispute(tx: Tx, order_id: str) -> Dispute | None:
    """The order's newest, open or not."""
    row = tx.first(_NEWEST_WHOLE, {"order": order_id})
    return None if row is None else dispute_from(row)


def newest(tx: Tx, order_id: str) -> str | None:
    """The id of the order's newest, open or not."""
    row = tx.first(_NEWEST, {"order": order_id})
    return None if row is None else row.dispute_id


def is_settled(tx: Tx, order_id: str) -> bool:
    """True when the order's newest quarrel was decided: nobody opens another one by hand."""
    row = tx.first(_NEWEST, {"order": order_id})
    return row is not None and row.state == S.CLOSED


def sides_of(actor: Actor, deal: Order | Dispute) -> list[Party]:
    """The sides on which the actor stands and may act."""
    groups = {Party.RESIDENT: deal.household_id, Party.MERCHANT: deal.store_id}
    return [
        party
        for party, group_id in groups.items()
        if actor.role_in(group_id) and actor.may(NEEDS[party])
    ]


def seen_by(actor: Actor, dispute: Dispute) -> bool:
    """True for the two sides, and for staff who see orders of that community."""
    if actor.role_in(dispute.household_id) or actor.role_in(dispute.store_id):
        return True
    return sees_all(actor) and reaches(actor, dispute.community_id)


def is_own(actor: Actor, dispute: Dispute) -> bool:
    """True for somebody of either side: nobody rules in a quarrel of one's own."""
    return bool(actor.role_in(dispute.household_id) or actor.role_in(dispute.store_id))


def claimable_until(order: Order, settings: Settings) -> datetime | None:
    """Until when a dispute may be opened; None while the deal is not done."""
    if order.completed_at is None:
        return None
    return order.completed_at + timedelta(seconds=settings.claim_within_s)


def may_dispute(
    tx: Tx,
    actor: Actor,
    order: Order,
    parties: Sequence[Party],
    now: datetime,
    settings: Settings,
) -> list[str]:
    """`open_dispute`, where the actor could now: a proposed change gives way to it, one that was
    agreed to does not."""
    until = claimable_until(order, settings)
    if (
        not order.paid_at
        or order.supplement_of
        or order.state in _UNPAID
        or order.trouble is Trouble.DISPUTED
        or (until is not None and until <= now)
        or not any(party in parties and actor.may(right) for party, right in NEEDS.items())
        or (order.beside and is_settled(tx, order.order_id))
        or (order.trouble is Trouble.AMENDING and is_under_way(tx, order.order_id))
    ):
        return []
    return ["open_dispute"]


def dispute_view(db: Database, dispute_id: str, actor: Actor, now: datetime) -> DisputeView:
    """The dispute for its two sides and for staff in reach; NoSuchDispute for others."""
    with db.reading() as tx:
        return dispute_view_of(find_dispute(tx, dispute_id), actor, now)


def dispute_view_of(dispute: Dispute | None, actor: Actor, now: datetime) -> DisputeView:
    """The same of one that was read."""
    if dispute is None or not seen_by(actor, dispute):
        raise NoSuchDispute
    return DisputeView.model_validate(
        {
            **{name: getattr(dispute, name) for name in _VIEW_NAMES},
            "ruling": _ruling(dispute, "ruling"),
            "final": _ruling(dispute, "final"),
            "may": what_may(actor, dispute, now),
        }
    )


def dispute_brief(dispute: Dispute) -> DisputeBrief:
    """The dispute in a queue."""
    values = {name: getattr(dispute, name) for name in _BRIEF_NAMES}
    return DisputeBrief.model_validate(values)


def what_may(actor: Actor, dispute: Dispute, now: datetime) -> list[str]:
    """What the actor can do next, in the pages' words."""
    sides = sides_of(actor, dispute)
    in_time = not dispute.is_overdue(now)
    asked = {
        A.PROPOSE: any(dispute.can(A.PROPOSE, side) for side in sides),
        A.ACCEPT: any(_can_accept(dispute, side, actor) for side in sides),
        A.CALL: any(dispute.can(A.CALL, side) for side in sides),
        A.WITHDRAW: dispute.opened_by in sides and dispute.can(A.WITHDRAW, dispute.opened_by),
        A.CONTENT: in_time and any(_can_speak(dispute, A.CONTENT, side) for side in sides),
        A.APPEAL: in_time and any(_can_speak(dispute, A.APPEAL, side) for side in sides),
    }
    mine = [act.value for act, able in asked.items() if able]
    return [*mine, *_staff_may(actor, dispute)]


def _can_accept(dispute: Dispute, side: Party, actor: Actor) -> bool:
    offered = dispute.proposal_by not in (None, side)
    return offered and dispute.proposal_by_id != actor.account_id and dispute.can(A.ACCEPT, side)


def _can_speak(dispute: Dispute, act: DisputeAct, side: Party) -> bool:
    return side not in dispute.accepted_by and dispute.can(act, side)


def _staff_may(actor: Actor, dispute: Dispute) -> list[str]:
    if is_own(actor, dispute) or not reaches(actor, dispute.community_id):
        return []
    names = []
    has_it = dispute.mediator_id == actor.account_id
    manages = actor.may(Permission.ORDER_APPEAL)
    if actor.may(Permission.ORDER_MEDIATE):
        if dispute.state is S.WAITING or (dispute.state is S.MEDIATING and manages and not has_it):
            names.append(A.TAKE.value)
        if dispute.state is S.MEDIATING and has_it:
            names += [A.ASK.value, A.RULE.value, A.PASS_ON.value]
        if dispute.state is S.APPEALED and manages:
            names.append(A.ASK.value)
    if dispute.state is S.APPEALED and manages and dispute.ruling_by_id != actor.account_id:
        names.append(A.DECIDE.value)
    return names


def _ruling(dispute: Dispute, name: str) -> RulingView | None:
    to_resident_fen = getattr(dispute, f"{name}_fen")
    if to_resident_fen is None:
        return None
    return RulingView(
        to_resident_fen=to_resident_fen,
        to_merchant_fen=dispute.frozen_fen - to_resident_fen,
        refund_to=getattr(dispute, f"{name}_to"),
        reason=getattr(dispute, f"{name}_reason"),
        by=getattr(dispute, f"{name}_by"),
        at=getattr(dispute, f"{name}_at"),
    )
