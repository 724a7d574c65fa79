"""The two cannot agree: the property shall decide, and a dispute takes over."""

from datetime import datetime

from services.contracts.after_sales import CaseState, EscalateCase, NoSuchCase, TooLate
from services.contracts.disputes import DisputeAbout, DisputeView
from services.contracts.orders import Party
from services.contracts.permissions import Permission
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Forbidden
from services.kernel.ids import Id
from services.kernel.rpc_client import Services
from services.kernel.wire import View
from services.orders.cases_store import Held, hold
from services.orders.domain.case import Case
from services.orders.domain.doer import Doer
from services.orders.queries_disputes import dispute_view
from services.orders.settings import Settings
from services.orders.standing import doer_of
from services.orders.use_cases.cases.acting import drive_case
from services.orders.use_cases.cases.escalate import hand_on
from services.orders.use_cases.cases.show_cases import sides_of
from services.orders.use_cases.disputes.begin import begin_dispute
from services.orders.use_cases.disputes.open_dispute import freeze

_NEEDS = {
    Party.RESIDENT: Permission.ORDER_AFTER_SALES,
    Party.MERCHANT: Permission.STORE_ORDER_HANDLE,
}


class Escalated(View):
    """What a repeat is answered with."""

    dispute_id: Id


def escalate_case(
    db: Database,
    services: Services,
    command: EscalateCase,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> DisputeView:
    """The resident's, as long as the case is open and for a while after a no; the store's while
    something is on its way back to it. TooLate once a no has become final."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Escalated, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            held = hold(tx, command.order_id, command.case_id)
            doer = doer_of(actor, _side(actor, held.case), command.client)
            _need_time(held.case, now)
            dispute_id = call_property(tx, held, doer, command.text, now)
            claim.answer = Escalated(dispute_id=dispute_id)
        dispute_id = claim.answer.dispute_id
    drive_case(db, services, command.case_id, now, settings)
    freeze(db, services, dispute_id, now, settings)
    return dispute_view(db, dispute_id, actor, now)


def call_property(tx: Tx, held: Held, doer: Doer, text: str, now: datetime) -> str:
    """Begin the dispute over a case, in the name of one side or of the clock; its id."""
    case = held.case
    hand_on(tx, held, doer.party, now)
    return begin_dispute(
        tx,
        held.order,
        doer.party,
        doer,
        DisputeAbout.AFTER_SALE,
        text or case.reason,
        case.amount_fen or None,
        case.photos,
        now,
    )


def _side(actor: Actor, case: Case) -> Party:
    sides = sides_of(actor, case)
    if not sides:
        raise NoSuchCase
    able = [side for side in sides if actor.may(_NEEDS[side])]
    if not able:
        raise Forbidden("may not call the property")
    return able[0]


def _need_time(case: Case, now: datetime) -> None:
    if case.state is not CaseState.REJECTED:
        return
    if case.deadline_at is None or case.is_overdue(now):
        until = case.deadline_at or case.closed_at or now
        raise TooLate("the no is final", fields={"until": until.isoformat()})
