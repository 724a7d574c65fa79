"""The new one comes: by a courier or over the counter, and the resident says that it is there."""

from dataclasses import replace
from datetime import datetime

from services.contracts.after_sales import (
    CaseState,
    CaseView,
    ConfirmReplacement,
    SendReplacement,
)
from services.contracts.delivery import DropDelivered
from services.contracts.orders import Party, Step
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import from_wire
from services.kernel.rpc_client import Services
from services.orders.cases_store import Held, case_seconds, close, hold, keep_case, tell
from services.orders.domain.case import CaseAct, case_timed
from services.orders.domain.doer import SYSTEM, Doer
from services.orders.domain.wording_cases import (
    CONFIRMED,
    CONFIRMED_BY_SILENCE,
    DELIVERED,
    SENT_AT_STORE,
)
from services.orders.queries_cases import find_case
from services.orders.sagas import engine
from services.orders.sagas.cases_exchange import begin_sending
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings
from services.orders.use_cases.cases.acting import on_case


def send_replacement(
    db: Database,
    services: Services,
    command: SendReplacement,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> CaseView:
    """With a courier, who gets a drop and a pass; without one it was handed over at the store.

    Delivery's own errors for a courier who cannot have it: another one may be named then.
    """
    begun: list[str] = []

    def send(tx: Tx, held: Held, doer: Doer) -> None:
        sent = held.case.after(CaseAct.SEND, Party.MERCHANT)
        if command.courier_id:
            saga_id = begin_sending(tx, held, command.courier_id, doer, command.request_id, now)
            begun.append(saga_id)
            keep_case(tx, held.case, replace(sent, sending_id=saga_id))
            return
        sent = case_timed(replace(sent, sent_at=now), now, case_seconds(settings))
        keep_case(tx, held.case, sent)
        here = Held(held.order, sent)
        tell(tx, here, Step.CASE_REPLACED, doer, SENT_AT_STORE, [Party.RESIDENT], now)

    view = on_case(db, services, command, actor, Party.MERCHANT, now, settings, send)
    for saga_id in begun:
        _raise_refusal(db, services, saga_id, now, settings)
    return view


def _raise_refusal(
    db: Database, services: Services, saga_id: str, now: datetime, settings: Settings
) -> None:
    saga = engine.drive(db, KINDS, engine.At(services, settings, now), saga_id)
    if saga and "refusal" in saga.facts:
        raise from_wire(saga.facts["refusal"])


def confirm_replacement(
    db: Database,
    services: Services,
    command: ConfirmReplacement,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> CaseView:
    """The resident has it: the case is over and the order goes on."""

    def confirm(tx: Tx, held: Held, doer: Doer) -> None:
        has_it(tx, held, doer, now, settings)

    return on_case(db, services, command, actor, Party.RESIDENT, now, settings, confirm)


def has_it(tx: Tx, held: Held, doer: Doer, now: datetime, settings: Settings) -> None:
    """The resident has it, as they say or (doer is the system) by their silence."""
    done = held.case.after(CaseAct.CONFIRM, doer.party, closed_at=now)
    keep_case(tx, held.case, done)
    words = CONFIRMED if doer is not SYSTEM else CONFIRMED_BY_SILENCE
    close(tx, Held(held.order, done), doer, words, now, settings)
    if done.saga_id:
        engine.resume(tx, done.saga_id, now)


def note_replacement_delivered(tx: Tx, event: DropDelivered, settings: Settings) -> bool:
    """The courier was at the door with a replacement; False when the drop is not a case's.

    A case that is over by then stays so, and the order notes the courier's word.
    """
    case = find_case(tx, event.order_id)
    if case is None:
        return False
    held = hold(tx, case.order_id, case.case_id)
    if held.case.state is CaseState.REPLACING:
        brought = replace(
            held.case,
            sent_at=held.case.sent_at or event.at,
            delivered_at=event.at,
            courier_name=event.courier_name,
        )
        brought = case_timed(brought, event.at, case_seconds(settings))
        keep_case(tx, held.case, brought)
        held = Held(held.order, brought)
    doer = Doer(Party.COURIER, name=event.courier_name)
    tell(tx, held, Step.CASE_REPLACED, doer, DELIVERED, [Party.RESIDENT], event.at)
    return True
