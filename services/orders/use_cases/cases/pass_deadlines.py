"""What the clock does to cases that rest too long; each in its own transaction."""

import logging
from dataclasses import replace
from datetime import datetime

from services.kernel.db import Database, Tx
from services.kernel.errors import Refused
from services.kernel.rpc_client import Services
from services.orders.cases_store import Held, hold, keep_case
from services.orders.domain.case import Case, CasePassing
from services.orders.domain.doer import SYSTEM
from services.orders.domain.wording_cases import NOT_DONE, NOT_SENT
from services.orders.queries_cases import cases_due
from services.orders.sagas.engine import At, drive
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings
from services.orders.use_cases.cases.acting import drive_case
from services.orders.use_cases.cases.answer_case import agree
from services.orders.use_cases.cases.end_case import expire
from services.orders.use_cases.cases.escalate_case import call_property
from services.orders.use_cases.cases.replace_goods import has_it
from services.orders.use_cases.cases.return_goods import have_it
from services.orders.use_cases.disputes.begin import freeze_saga_id

log = logging.getLogger(__name__)
_INSTEAD = (CasePassing.MEDIATE, CasePassing.EXPIRE)
"""Where what should come is refused: nothing is left to be paid back, or a ruling was before."""


def pass_case_deadlines(db: Database, services: Services, now: datetime, settings: Settings) -> int:
    """Move on what has rested too long; how many were overdue."""
    overdue = cases_due(db, now, settings.sweep_batch)
    for case_id, order_id in overdue:
        saga_id = _pass(db, order_id, case_id, now, settings)
        if saga_id:
            drive(db, KINDS, At(services, settings, now), saga_id)
        drive_case(db, services, case_id, now, settings)
    return len(overdue)


def _pass(
    db: Database, order_id: str, case_id: str, now: datetime, settings: Settings
) -> str | None:
    """None, or the saga of the dispute that was begun."""
    for instead in (None, *_INSTEAD):
        try:
            with db.transaction() as tx:
                held = hold(tx, order_id, case_id)
                limit = held.case.limit
                if limit is None or not held.case.is_overdue(now):
                    return None  # a rival was faster
                return _do(tx, held, instead or limit.then, now, settings)
        except Refused as refused:
            log.warning("case %s could not go on by itself: %s", case_id, refused.message)
    return None


def _do(tx: Tx, held: Held, then: CasePassing, now: datetime, settings: Settings) -> str | None:
    if then is CasePassing.AGREE:
        agree(tx, held, SYSTEM, "", now, settings)
    elif then is CasePassing.TAKE_BACK:
        have_it(tx, held, SYSTEM, now, restock=False)
    elif then is CasePassing.CONFIRM:
        has_it(tx, held, SYSTEM, now, settings)
    elif then is CasePassing.EXPIRE:
        expire(tx, held, now, settings)
    elif then is CasePassing.MEDIATE:
        words = _words(held.case)
        return freeze_saga_id(call_property(tx, held, SYSTEM, words, now))
    else:
        keep_case(tx, held.case, replace(held.case, deadline_at=None))
    return None


def _words(case: Case) -> str:
    return NOT_SENT if case.taken_back_at and not case.tries else NOT_DONE
