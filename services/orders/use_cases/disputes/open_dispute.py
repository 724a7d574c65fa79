"""Either side opens a dispute: the money freezes before the answer is given."""

from datetime import datetime

from services.contracts.after_sales import TooLate
from services.contracts.disputes import DisputeState, DisputeView, OpenDispute, WrongDisputeState
from services.contracts.orders import (
    NotYourOrder,
    OrderState,
    Party,
    Trouble,
    WrongState,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Forbidden, from_wire
from services.kernel.files import FileStore
from services.kernel.rpc_client import Services
from services.kernel.wire import View
from services.orders import locks, queries, thread
from services.orders.domain.order import Order
from services.orders.queries_disputes import claimable_until, dispute_view, is_settled, sides_of
from services.orders.sagas.engine import At, drive
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings
from services.orders.standing import doer_of, parties_of
from services.orders.use_cases.amendments.over import withdraw_open
from services.orders.use_cases.cases.escalate import escalate_open_case
from services.orders.use_cases.disputes.begin import begin_dispute, freeze_saga_id


class Opened(View):
    """What a repeat of the request must know."""

    dispute_id: str


def open_dispute(
    db: Database,
    services: Services,
    files: FileStore,
    command: OpenDispute,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> DisputeView:
    """From the payment until a set time after completion; in place of an open case or a proposed
    amendment. What settlement refuses is this call's error, and the order is calm again.

    NotYourOrder, WrongState before payment, TooLate, InTrouble, WrongDisputeState when it was
    decided before.
    """
    with db.reading() as tx:
        _side(actor, queries.need_order(tx, command.order_id))
    photos = thread.claim_photos(files, command.photos)
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Opened, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            dispute_id = _open(tx, command, actor, photos, now, settings)
            claim.answer = Opened(dispute_id=dispute_id)
        dispute_id = claim.answer.dispute_id
    freeze(db, services, dispute_id, now, settings)
    return dispute_view(db, dispute_id, actor, now)


def freeze(
    db: Database, services: Services, dispute_id: str, now: datetime, settings: Settings
) -> None:
    """Have the money frozen; settlement's own error when there is nothing left to freeze."""
    saga = drive(db, KINDS, At(services, settings, now), freeze_saga_id(dispute_id))
    if saga is not None and saga.finished_at and "refusal" in saga.facts:
        raise from_wire(saga.facts["refusal"])


def _open(
    tx: Tx, command: OpenDispute, actor: Actor, photos: list[str], now: datetime, settings: Settings
) -> str:
    order = locks.order_for_update(tx, command.order_id)
    side = _side(actor, order)
    _need_claimable(order, now, settings)
    if order.beside and is_settled(tx, order.order_id):
        raise WrongDisputeState("it was decided", fields={"state": DisputeState.CLOSED.value})
    return begin_dispute(
        tx,
        _taken_over(tx, order, now),
        side,
        doer_of(actor, side, command.client),
        command.about,
        command.text,
        command.wanted_fen,
        photos,
        now,
    )


def _side(actor: Actor, order: Order) -> Party:
    """The side that is the actor's; NotYourOrder for a stranger, Forbidden without the right."""
    parties_of(actor, order)
    sides = sides_of(actor, order)
    if not sides:
        raise Forbidden("may not open a dispute over this order")
    return sides[0]


def _need_claimable(order: Order, now: datetime, settings: Settings) -> None:
    if order.supplement_of:
        raise NotYourOrder("act on the order that it belongs to")
    if not order.paid_at or order.state is OrderState.CANCELLED:
        raise WrongState(fields={"state": order.state.value})
    until = claimable_until(order, settings)
    if until is not None and until <= now:
        raise TooLate(fields={"until": until.isoformat()})


def _taken_over(tx: Tx, order: Order, now: datetime) -> Order:
    """The order without the case or proposal that was open on it."""
    if order.trouble is Trouble.AFTER_SALE:
        escalate_open_case(tx, order, now)
    elif order.trouble is Trouble.AMENDING:
        withdraw_open(tx, order, now)
    else:
        return order
    return locks.order_for_update(tx, order.order_id)
