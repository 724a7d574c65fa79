"""A mediator takes a dispute, asks, and rules; or leaves it to a manager."""

from datetime import datetime

from services.contracts.disputes import (
    AnotherMustDecide,
    AskParty,
    DisputeCommand,
    DisputeState,
    DisputeView,
    PassToManager,
    RuleDispute,
    TakeDispute,
)
from services.contracts.orders import Party, Step
from services.contracts.permissions import Permission
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.wire import Done
from services.orders import thread
from services.orders.domain.dispute import Dispute
from services.orders.domain.dispute_moves import TWO_SIDES, DisputeAct
from services.orders.domain.split import Person, Split, is_unpaid
from services.orders.domain.wording_disputes import TAKEN, passed_on_words, ruled_words
from services.orders.queries_disputes import dispute_view, is_own
from services.orders.sagas.disputes import limit_for
from services.orders.settings import Settings
from services.orders.standing import doer_of
from services.orders.use_cases.disputes.rows import Held, hold, note, tell, write


def take_dispute(db: Database, command: TakeDispute, actor: Actor, now: datetime) -> DisputeView:
    """From now on it is the actor's; NotYourDispute when another mediator has it."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold_for_staff(tx, command, actor)
        if claim.answer is None:
            manages = actor.may(Permission.ORDER_APPEAL)
            after = dispute.take(person_of(actor), manages=manages)
            write(tx, dispute, after)
            if after.mediator_id != dispute.mediator_id:
                doer = doer_of(actor, Party.STAFF, command.client)
                noted = note(tx, order, Step.DISPUTE_TAKEN, doer, TAKEN, now)
                tell(tx, noted, TWO_SIDES, Step.DISPUTE_TAKEN, TAKEN)
            claim.answer = Done()
    return dispute_view(db, command.dispute_id, actor, now)


def ask_party(db: Database, command: AskParty, actor: Actor, now: datetime) -> DisputeView:
    """A question in the thread; it is open until that side says something."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold_for_staff(tx, command, actor)
        if claim.answer is None:
            _need_asker(actor, dispute)
            write(tx, dispute, dispute.ask(command.to))
            doer = doer_of(actor, Party.STAFF, command.client)
            thread.say(tx, order.order_id, doer, command.text, [], now, asked=command.to)
            to = TWO_SIDES if command.to is None else (command.to,)
            tell(tx, order, to, Step.SAID, command.text)
            claim.answer = Done()
    return dispute_view(db, command.dispute_id, actor, now)


def rule_dispute(
    db: Database, command: RuleDispute, actor: Actor, now: datetime, settings: Settings
) -> DisputeView:
    """So much to the resident, the rest to the store; either may appeal until the deadline."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold_for_staff(tx, command, actor)
        if claim.answer is None:
            split = Split(command.to_resident_fen, command.refund_to, command.reason)
            limit = limit_for(DisputeState.RULED, settings)
            after = dispute.rule(split, person_of(actor), command.precedent, limit, now)
            dispute.need_money(split.to_resident_fen, unpaid=is_unpaid(order))
            write(tx, dispute, after)
            words = ruled_words(split.to_resident_fen, dispute.frozen_fen, split.reason)
            doer = doer_of(actor, Party.STAFF, command.client)
            noted = note(tx, order, Step.DISPUTE_RULED, doer, words, now)
            tell(tx, noted, TWO_SIDES, Step.DISPUTE_RULED, words, after.deadline_at)
            claim.answer = Done()
    return dispute_view(db, command.dispute_id, actor, now)


def pass_to_manager(
    db: Database, command: PassToManager, actor: Actor, now: datetime
) -> DisputeView:
    """The mediator leaves it to a manager."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold_for_staff(tx, command, actor)
        if claim.answer is None:
            write(tx, dispute, dispute.pass_on(actor.account_id))
            words = passed_on_words(command.reason)
            doer = doer_of(actor, Party.STAFF, command.client)
            noted = note(tx, order, Step.DISPUTE_APPEALED, doer, words, now)
            tell(tx, noted, TWO_SIDES, Step.DISPUTE_APPEALED, words)
            claim.answer = Done()
    return dispute_view(db, command.dispute_id, actor, now)


def hold_for_staff(tx: Tx, command: DisputeCommand, actor: Actor) -> Held:
    """The dispute for a member of staff; AnotherMustDecide in a quarrel of one's own."""
    held = hold(tx, command, actor)
    if is_own(actor, held.dispute) or actor.account_id == held.order.placed_by:
        raise AnotherMustDecide
    return held


def person_of(actor: Actor) -> Person:
    """The actor as the dispute keeps them."""
    return Person(actor.account_id, actor.name)


def _need_asker(actor: Actor, dispute: Dispute) -> None:
    """Whoever has it asks; after an appeal, a manager."""
    dispute.need(DisputeAct.ASK, Party.STAFF)
    if dispute.state is DisputeState.APPEALED:
        actor.need(Permission.ORDER_APPEAL)
    else:
        dispute.need_mediator(actor.account_id)
