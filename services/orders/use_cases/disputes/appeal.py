"""After a ruling: the two are content, or one wants a manager to look again."""

from datetime import datetime

from services.contracts.after_sales import TooLate
from services.contracts.disputes import AcceptRuling, AppealRuling, DecideAppeal, DisputeView
from services.contracts.orders import Party, Step
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.rpc_client import Services
from services.kernel.wire import Done
from services.orders.domain.dispute_moves import TWO_SIDES, DisputeAct, Ended
from services.orders.domain.split import Split, is_unpaid
from services.orders.domain.wording_disputes import (
    appealed_words,
    content_words,
    decided_words,
)
from services.orders.queries_disputes import dispute_view
from services.orders.settings import Settings
from services.orders.standing import doer_of
from services.orders.use_cases.disputes.carry_out import begin_split, drive_split
from services.orders.use_cases.disputes.mediate import hold_for_staff, person_of
from services.orders.use_cases.disputes.negotiate import side_for
from services.orders.use_cases.disputes.rows import hold, note, tell, write


def accept_ruling(
    db: Database,
    services: Services,
    command: AcceptRuling,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> DisputeView:
    """One side is content; when both are, the ruling is carried out at once."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold(tx, command, actor)
        if claim.answer is None:
            side = side_for(actor, dispute, DisputeAct.CONTENT)
            after = dispute.content(side)
            write(tx, dispute, after)
            doer = doer_of(actor, side, command.client)
            noted = note(tx, order, Step.DISPUTE_RULED, doer, content_words(side), now)
            if after.ended is Ended.RULED:
                begin_split(tx, noted, after, now)
            claim.answer = Done()
    drive_split(db, services, command.dispute_id, now, settings)
    return dispute_view(db, command.dispute_id, actor, now)


def appeal_ruling(db: Database, command: AppealRuling, actor: Actor, now: datetime) -> DisputeView:
    """A manager shall look again; TooLate after the deadline."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold(tx, command, actor)
        if claim.answer is None:
            side = side_for(actor, dispute, DisputeAct.APPEAL)
            if dispute.deadline_at is not None and dispute.is_overdue(now):
                raise TooLate(fields={"until": dispute.deadline_at.isoformat()})
            write(tx, dispute, dispute.appeal(side, command.text))
            words = appealed_words(side, command.text)
            doer = doer_of(actor, side, command.client)
            noted = note(tx, order, Step.DISPUTE_APPEALED, doer, words, now)
            others = [one for one in TWO_SIDES if one is not side]
            tell(tx, noted, others, Step.DISPUTE_APPEALED, words)
            claim.answer = Done()
    return dispute_view(db, command.dispute_id, actor, now)


def decide_appeal(
    db: Database,
    services: Services,
    command: DecideAppeal,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> DisputeView:
    """The last word, by somebody else than who ruled first; carried out at once."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        order, dispute = hold_for_staff(tx, command, actor)
        if claim.answer is None:
            split = Split(command.to_resident_fen, command.refund_to, command.reason)
            after = dispute.decide(split, person_of(actor), command.precedent, now)
            dispute.need_money(split.to_resident_fen, unpaid=is_unpaid(order))
            write(tx, dispute, after)
            words = decided_words(split.to_resident_fen, dispute.frozen_fen, split.reason)
            doer = doer_of(actor, Party.STAFF, command.client)
            noted = note(tx, order, Step.DISPUTE_RULED, doer, words, now)
            tell(tx, noted, TWO_SIDES, Step.DISPUTE_RULED, words)
            begin_split(tx, noted, after, now)
            claim.answer = Done()
    drive_split(db, services, command.dispute_id, now, settings)
    return dispute_view(db, command.dispute_id, actor, now)
