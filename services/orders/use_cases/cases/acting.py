"""What each verb on a case begins and ends with."""

from collections.abc import Callable
from datetime import datetime

from services.contracts.after_sales import CaseCommand, CaseView, NoSuchCase
from services.contracts.orders import Party
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Forbidden
from services.kernel.rpc_client import Services
from services.kernel.wire import Done
from services.orders.cases_store import Held, hold
from services.orders.domain.case import Case
from services.orders.domain.doer import Doer
from services.orders.queries_cases import find_case
from services.orders.sagas.engine import At, drive
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings
from services.orders.standing import doer_of
from services.orders.use_cases.cases.show_cases import case_view, sides_of

Verb = Callable[[Tx, Held, Doer], None]


def on_case(
    db: Database,
    services: Services,
    command: CaseCommand,
    actor: Actor,
    side: Party,
    now: datetime,
    settings: Settings,
    verb: Verb,
) -> CaseView:
    """Do it once, in the name of that side, then let the machine go on as far as it can.

    A repeat does nothing more than that, and shows the case as it stands.
    """
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            held = hold(tx, command.order_id, command.case_id)
            need_side(actor, held.case, side)
            verb(tx, held, doer_of(actor, side, command.client))
            claim.answer = Done()
    drive_case(db, services, command.case_id, now, settings)
    return case_view(db, command.case_id, actor, now)


def need_side(actor: Actor, case: Case, side: Party) -> None:
    """NoSuchCase to strangers, Forbidden to the other side, and to a store's own people who answer
    what they themselves ask for as neighbours."""
    sides = sides_of(actor, case)
    if not sides:
        raise NoSuchCase
    if side not in sides:
        raise Forbidden(f"not the {side}'s side")
    if side is Party.MERCHANT and actor.account_id == case.opened_by_id:
        raise Forbidden("nobody answers a claim of one's own")


def drive_case(
    db: Database, services: Services, case_id: str, now: datetime, settings: Settings
) -> None:
    """Go on with what is under way for the case, if anything."""
    with db.reading() as tx:
        case = find_case(tx, case_id)
    if case is None:
        return
    for saga_id in filter(None, (case.saga_id, case.sending_id)):
        drive(db, KINDS, At(services, settings, now), saga_id)
