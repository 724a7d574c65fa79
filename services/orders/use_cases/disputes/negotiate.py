"""The two among themselves: offers, a yes, the call for a mediator, letting it be."""

from datetime import datetime

from services.contracts.disputes import (
    AcceptSplit,
    CallMediator,
    DisputeView,
    ProposeSplit,
    WithdrawDispute,
)
from services.contracts.orders import Party, Step
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Forbidden
from services.kernel.ids import derived_id
from services.kernel.rpc_client import Services
from services.kernel.wire import Done
from services.orders import thread
from services.orders.domain.dispute import Dispute
from services.orders.domain.dispute_moves import TWO_SIDES, DisputeAct
from services.orders.domain.doer import Doer
from services.orders.domain.order import Order
from services.orders.domain.split import is_unpaid
from services.orders.domain.wording_disputes import (
    CALLED,
    accepted_words,
    proposed_words,
)
from services.orders.queries_disputes import dispute_view, sides_of
from services.orders.sagas import engine
from services.orders.sagas.disputes import THAW
from services.orders.sagas.engine import At
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings
from services.orders.standing import doer_of
from services.orders.use_cases.disputes.carry_out import begin_split, drive_split
from services.orders.use_cases.disputes.rows import hold, note, tell, write


def propose_split(db: Database, command: ProposeSplit, actor: Actor, now: datetime) -> DisputeView:
    """An offer in place of the one before; MoreThanPaid above what is frozen."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold(tx, command, actor)
        if claim.answer is None:
            side = side_for(actor, dispute, DisputeAct.PROPOSE)
            to_resident_fen = command.to_resident_fen
            after = dispute.propose(side, actor.account_id, to_resident_fen, command.text)
            dispute.need_money(to_resident_fen, unpaid=is_unpaid(order))
            write(tx, dispute, after.answered(side))
            words = proposed_words(side, to_resident_fen, dispute.frozen_fen)
            doer = doer_of(actor, side, command.client)
            _say(tx, order, doer, Step.DISPUTE_PROPOSED, words, command.text, now)
            claim.answer = Done()
    return dispute_view(db, command.dispute_id, actor, now)


def accept_split(
    db: Database,
    services: Services,
    command: AcceptSplit,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> DisputeView:
    """The other side's yes: the money is split at once. WrongDisputeState when another sum is on
    the table by now."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold(tx, command, actor)
        if claim.answer is None:
            side = _accepting(actor, dispute)
            after = dispute.accept(side, actor.account_id, command.to_resident_fen)
            dispute.need_money(command.to_resident_fen, unpaid=is_unpaid(order))
            write(tx, dispute, after)
            words = accepted_words(side, command.to_resident_fen, dispute.frozen_fen)
            doer = doer_of(actor, side, command.client)
            noted = _say(tx, order, doer, Step.DISPUTE_PROPOSED, words, "", now)
            begin_split(tx, noted, after, now)
            claim.answer = Done()
    drive_split(db, services, command.dispute_id, now, settings)
    return dispute_view(db, command.dispute_id, actor, now)


def call_mediator(db: Database, command: CallMediator, actor: Actor, now: datetime) -> DisputeView:
    """Either side wants the property to decide now."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold(tx, command, actor)
        if claim.answer is None:
            side = side_for(actor, dispute, DisputeAct.CALL)
            write(tx, dispute, dispute.call(side))
            doer = doer_of(actor, side, command.client)
            _say(tx, order, doer, Step.MEDIATOR_CALLED, CALLED, command.text, now)
            claim.answer = Done()
    return dispute_view(db, command.dispute_id, actor, now)


def withdraw_dispute(
    db: Database,
    services: Services,
    command: WithdrawDispute,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> DisputeView:
    """Whoever opened it lets it be, until somebody has ruled: the money thaws."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold(tx, command, actor)
        if claim.answer is None:
            _need_a_side(actor, dispute)
            if dispute.opened_by not in sides_of(actor, dispute):
                raise dispute.wrong(DisputeAct.WITHDRAW)
            after = dispute.withdraw(dispute.opened_by)
            write(tx, dispute, after)
            facts = {"dispute_id": after.dispute_id, "order_ids": [o for o, _ in after.shares()]}
            engine.begin(tx, THAW, order.order_id, after.dispute_id, facts, now)
            claim.answer = Done()
    saga_id = derived_id("saga", THAW.kind, command.dispute_id)
    engine.drive(db, KINDS, At(services, settings, now), saga_id)
    return dispute_view(db, command.dispute_id, actor, now)


def side_for(actor: Actor, dispute: Dispute, act: DisputeAct) -> Party:
    """The side on which the actor may do `act` now; Forbidden, WrongDisputeState."""
    sides = _need_a_side(actor, dispute)
    side = next((one for one in sides if dispute.can(act, one)), sides[0])
    dispute.need(act, side)
    return side


def _need_a_side(actor: Actor, dispute: Dispute) -> list[Party]:
    sides = sides_of(actor, dispute)
    if not sides:
        raise Forbidden("only the two act in their dispute")
    return sides


def _accepting(actor: Actor, dispute: Dispute) -> Party:
    """The side that did not make the offer, where the actor stands on it."""
    sides = _need_a_side(actor, dispute)
    return next((side for side in sides if side is not dispute.proposal_by), sides[0])


def _say(
    tx: Tx, order: Order, doer: Doer, step: Step, words: str, text: str, now: datetime
) -> Order:
    """On the timeline, in the thread, and to the other side."""
    noted = note(tx, order, step, doer, words, now)
    said = f"{words}。{text}" if text else words
    thread.say(tx, order.order_id, doer, said, [], now)
    others = [side for side in TWO_SIDES if side is not doer.party]
    tell(tx, noted, others, step, words)
    return noted
