"""What came goes back: the resident says so, then the store."""

from dataclasses import replace
from datetime import datetime

from services.contracts.after_sales import CaseKind, CaseView, SendBack, TakeBack
from services.contracts.orders import Party, Step
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken
from services.kernel.files import FileStore
from services.kernel.rpc_client import Services
from services.orders import locks, thread
from services.orders.cases_store import BOTH, Held, case_seconds, keep_case, tell
from services.orders.domain.case import Case, CaseAct, case_timed
from services.orders.domain.doer import SYSTEM, Doer
from services.orders.domain.wording_cases import (
    SENT_BACK,
    TAKEN_BACK,
    TAKEN_BACK_BY_SILENCE,
    with_text,
)
from services.orders.sagas import engine
from services.orders.sagas.cases import begin_refund
from services.orders.settings import Settings
from services.orders.use_cases.cases.acting import on_case
from services.orders.use_cases.cases.show_cases import case_view


def send_back(
    db: Database,
    services: Services,
    files: FileStore,
    command: SendBack,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> CaseView:
    """On its way, or handed over: from now on the store's time runs."""
    case_view(db, command.case_id, actor, now)  # a stranger's photos are nobody's
    photos = thread.claim_photos(files, command.photos)

    def send(tx: Tx, held: Held, doer: Doer) -> None:
        sent = held.case.after(CaseAct.SEND_BACK, Party.RESIDENT, sent_back_at=now)
        sent = case_timed(sent, now, case_seconds(settings))
        keep_case(tx, held.case, sent)
        if command.text or photos:
            thread.say(tx, held.order.order_id, doer, command.text, photos, now)
        words = with_text(SENT_BACK, command.text)
        tell(tx, Held(held.order, sent), Step.CASE_SENT_BACK, doer, words, [Party.MERCHANT], now)

    return on_case(db, services, command, actor, Party.RESIDENT, now, settings, send)


def take_back(
    db: Database,
    services: Services,
    command: TakeBack,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> CaseView:
    """The store has it again: the money goes back, or the new one is to come."""

    def take(tx: Tx, held: Held, doer: Doer) -> None:
        have_it(tx, held, doer, now, restock=command.restock)

    return on_case(db, services, command, actor, Party.MERCHANT, now, settings, take)


def have_it(tx: Tx, held: Held, doer: Doer, now: datetime, *, restock: bool) -> None:
    """The store has it, as it says or (doer is the system) by its silence."""
    taken = held.case.after(CaseAct.TAKE_BACK, doer.party, taken_back_at=now, restock=restock)
    if taken.kind is CaseKind.RETURN:
        deal = locks.deal_for_update(tx, held.order.order_id)
        saga_id = begin_refund(tx, deal, taken, taken.amount_fen, doer, now)
        taken = replace(taken, saga_id=saga_id)
    else:
        _go_on(tx, taken, now)
    keep_case(tx, held.case, taken)
    words = TAKEN_BACK if doer is not SYSTEM else TAKEN_BACK_BY_SILENCE
    to = BOTH if doer is SYSTEM else (Party.RESIDENT,)
    tell(tx, Held(held.order, taken), Step.CASE_TAKEN_BACK, doer, words, to, now)


def _go_on(tx: Tx, case: Case, now: datetime) -> None:
    facts = {"restock": case.lines if case.restock else []}
    if not case.saga_id or not engine.resume(tx, case.saga_id, now, facts):
        raise InvariantBroken(f"the exchange of case {case.case_id} waits for nothing")
