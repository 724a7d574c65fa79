"""The resident's word on a proposal; a yes sets the machine work going."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from services.contracts.amendments import AmendmentState, AmendmentView, AnswerAmendment
from services.contracts.orders import Party, Step, WrongState
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Forbidden
from services.kernel.rpc_client import Services
from services.kernel.wire import Done
from services.orders import appointments, locks, queries
from services.orders.domain.amended_lines import more_pieces, pieces_of
from services.orders.domain.amendment import Amendment, AmendmentAct
from services.orders.domain.doer import Doer
from services.orders.domain.order import Order
from services.orders.domain.wording_amendments import NOTE_ACCEPTED, WHY_REFUSED
from services.orders.queries_amendments import may_answer, need_amendment
from services.orders.sagas import engine
from services.orders.sagas.amend import saga_id_of, steps_of
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings
from services.orders.standing import doer_of, parties_of
from services.orders.store import Change, record
from services.orders.use_cases.amendments.over import go_on
from services.orders.use_cases.amendments.rows import keep_amendment
from services.orders.use_cases.amendments.see import amendment_view


def answer_amendment(
    db: Database,
    services: Services,
    command: AnswerAmendment,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> AmendmentView:
    """Yes changes the order, or fails and leaves it as it was; a difference to be paid waits.

    WrongState when it is answered or too late, SlotTaken when somebody else has the new time.
    """
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        parties_of(actor, queries.need_order(tx, command.order_id))
        amendment = need_amendment(tx, command.order_id, command.amendment_id)
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            # Only now is it ours: what was read before the lock may be of yesterday.
            amendment = need_amendment(tx, command.order_id, command.amendment_id)
            doer = _resident(order, amendment, actor, command, now)
            answer = _accept if command.accept else _refuse
            answer(tx, order, amendment, doer, now, settings)
            claim.answer = Done()
    if command.accept:
        engine.drive(db, KINDS, engine.At(services, settings, now), saga_id_of(amendment))
    return amendment_view(db, command.order_id, command.amendment_id, actor, now)


def _resident(
    order: Order, amendment: Amendment, actor: Actor, command: AnswerAmendment, now: datetime
) -> Doer:
    if Party.RESIDENT not in parties_of(actor, order) or not may_answer(amendment, actor):
        raise Forbidden("the household answers, and nobody their own proposal")
    if amendment.is_lapsed(now):
        raise WrongState("too late", fields={"state": AmendmentState.EXPIRED.value})
    return doer_of(actor, Party.RESIDENT, command.client)


def _refuse(
    tx: Tx, order: Order, amendment: Amendment, doer: Doer, now: datetime, settings: Settings
) -> None:
    after = amendment.over(AmendmentAct.REFUSE, doer.party, WHY_REFUSED, now)
    go_on(tx, order, amendment, after, doer, [Party.MERCHANT], now, settings)


def _accept(
    tx: Tx, order: Order, amendment: Amendment, doer: Doer, now: datetime, settings: Settings
) -> None:
    accepted = amendment.moved(AmendmentAct.ACCEPT, doer.party)
    keep_amendment(tx, amendment, accepted)
    _book(tx, order, amendment)
    change = Change(order, order.noted(), Step.AMENDMENT_ACCEPTED, doer, NOTE_ACCEPTED)
    record(tx, [change], now)
    facts = _facts(order, amendment, doer, now, settings)
    engine.begin(tx, steps_of(amendment), order.order_id, amendment.amendment_id, facts, now)


def _book(tx: Tx, order: Order, amendment: Amendment) -> None:
    """Before any money moves; the old time stays booked until the change is made."""
    if amendment.slot_from:
        line = amendment.lines_before[0]
        moved = replace(order, slot_from=amendment.slot_from, slot_until=amendment.slot_until)
        appointments.book(tx, line.item_id, line.sku_id, moved, amendment.slot_capacity)


def _facts(
    order: Order, amendment: Amendment, doer: Doer, now: datetime, settings: Settings
) -> dict[str, Any]:
    before, after = pieces_of(amendment.lines_before), pieces_of(amendment.lines_after)
    hold = timedelta(seconds=settings.unpaid_after_s + settings.hold_margin_s)
    return {
        "more": more_pieces(before, after),
        "pieces": after if before != after else {},
        "reservation_id": order.reservation_id,
        "sku_ids": order.sku_ids,
        "hold_until": (now + hold).isoformat(),
        "payer": asdict(doer),
    }
