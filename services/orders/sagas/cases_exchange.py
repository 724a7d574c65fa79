"""The machine work of an exchange: the new pieces are set aside before the old ones come back.

case_exchange: reserve → commit → await_old (the store has it) → restock → await_new (it is there)
case_send:     assign (a courier brings the replacement)

An exchange that was refused puts the case before the store again; a refused courier leaves the
replacement with the store.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from services.contracts.after_sales import CaseKind, CaseState
from services.contracts.catalog import (
    CommitReservation,
    ReleaseReservation,
    Reserve,
    ReservedView,
)
from services.contracts.delivery import AssignDrop, AssignedView
from services.contracts.orders import Party
from services.contracts.orders import Step as Told
from services.kernel.db import Tx
from services.kernel.ids import derived_id
from services.kernel.wire import Done
from services.orders.cases_store import BOTH, Held, case_seconds, hold, keep_case, tell
from services.orders.domain.case import Case, case_timed
from services.orders.domain.doer import Doer
from services.orders.domain.saga import Saga
from services.orders.domain.wording_cases import AGREED, REPLACEMENT_REMARK, sent_note
from services.orders.sagas.cases import RESTOCK, before_the_store, lines_of, subject_of
from services.orders.sagas.engine import At, Step, Steps, begin, resume, turn_back

HOLD_FOR = timedelta(hours=1)
"""Until the very next step makes the replacement the resident's."""


def begin_exchange(tx: Tx, case: Case, by: Doer, text: str, now: datetime) -> str:
    """The replacement is set aside before anything comes back."""
    facts = {
        "case_id": case.case_id,
        "lines": case.replacement,
        "by": asdict(by),
        "text": text,
        "restock": [],
    }
    return begin(tx, EXCHANGE, case.order_id, subject_of(case), facts, now)


def begin_sending(
    tx: Tx, held: Held, courier_id: str, by: Doer, request_id: str, now: datetime
) -> str:
    """A courier is to bring the replacement; a case has one drop for ever, named after it."""
    drop = _drop_of(held, courier_id).model_dump(mode="json")
    facts = {"case_id": held.case.case_id, "drop": drop, "by": asdict(by)}
    subject = derived_id("sending", held.case.case_id, request_id)
    return begin(tx, SEND, held.case.order_id, subject, facts, now)


def stop_exchange(tx: Tx, case: Case, why: str, now: datetime) -> None:
    """End an exchange that waits: undone, but a replacement that has left the store stays the
    resident's."""
    if not case.saga_id:
        return
    if case.sent_at:
        resume(tx, case.saga_id, now)
    else:
        turn_back(tx, case.saga_id, why, now)


def _drop_of(held: Held, courier_id: str) -> AssignDrop:
    order, case = held
    return AssignDrop(
        request_id=f"drop.{case.case_id}",
        drop_id=derived_id("drop", case.case_id),
        order_id=case.case_id,
        order_number=order.number,
        courier_id=courier_id,
        store_id=order.store_id,
        store_name=order.store_name,
        household_id=order.household_id,
        home_id=order.home_id,
        community_id=order.community_id,
        address=order.address,
        summary=case.replacement_words or order.summary,
        remark=REPLACEMENT_REMARK,
    )


def _reservation(saga: Saga) -> str:
    return derived_id("replacement", saga.saga_id)


def _reserve(at: At, saga: Saga) -> None:
    command = Reserve(
        request_id=f"{saga.saga_id}.reserve",
        reservation_id=_reservation(saga),
        lines=lines_of(saga.facts["lines"]),
        hold_until=at.now + HOLD_FOR,
    )
    at.services.catalog.reserve(command, answer=ReservedView, deadline_ms=2500)


def _release(at: At, saga: Saga) -> None:
    command = ReleaseReservation(
        request_id=f"{saga.saga_id}.release", reservation_id=_reservation(saga)
    )
    at.services.catalog.release_reservation(command, answer=Done, deadline_ms=2500)


def _commit(at: At, saga: Saga) -> None:
    command = CommitReservation(
        request_id=f"{saga.saga_id}.commit",
        reservation_id=_reservation(saga),
        sku_ids=[line["sku_id"] for line in saga.facts["lines"]],
    )
    at.services.catalog.commit_reservation(command, answer=Done, deadline_ms=2500)


def _await_old(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    """It is set aside: only now is the store's yes told, and the resident's time begins."""
    held = hold(tx, saga.order_id, saga.facts["case_id"])
    waiting = case_timed(held.case, at.now, case_seconds(at.settings))
    keep_case(tx, held.case, waiting)
    words = saga.facts["text"] or AGREED[CaseKind.EXCHANGE]
    by = _doer(saga.facts["by"])
    to = BOTH if by.party is Party.SYSTEM else (Party.RESIDENT,)
    tell(tx, Held(held.order, waiting), Told.CASE_ANSWERED, by, words, to, at.now)


def _await_new(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    held = hold(tx, saga.order_id, saga.facts["case_id"])
    keep_case(tx, held.case, case_timed(held.case, at.now, case_seconds(at.settings)))


def _doer(kept: Mapping[str, Any]) -> Doer:
    return Doer(**{**kept, "party": Party(kept["party"])})


def _assign(at: At, saga: Saga) -> AssignedView:
    drop = AssignDrop.model_validate(saga.facts["drop"])
    answer: AssignedView = at.services.delivery.assign_drop(
        drop, answer=AssignedView, deadline_ms=2500
    )
    return answer


def _sent(tx: Tx, at: At, saga: Saga, assigned: AssignedView) -> None:
    held = hold(tx, saga.order_id, saga.facts["case_id"])
    sent = replace(
        held.case,
        courier_name=assigned.courier_name,
        sent_at=held.case.sent_at or at.now,
        sending_id=None,
    )
    if held.case.is_working and held.case.state is CaseState.REPLACING:
        sent = case_timed(sent, at.now, case_seconds(at.settings))
    keep_case(tx, held.case, sent)
    words = sent_note(assigned.courier_name)
    by = _doer(saga.facts["by"])
    tell(tx, Held(held.order, sent), Told.CASE_REPLACED, by, words, [Party.RESIDENT], at.now)


def _not_sent(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    held = hold(tx, saga.order_id, saga.facts["case_id"])
    kept = replace(held.case, sending_id=None)
    if held.case.is_working and held.case.state is CaseState.REPLACING:
        kept = case_timed(kept, at.now, case_seconds(at.settings))
    keep_case(tx, held.case, kept)


EXCHANGE = Steps(
    "case_exchange",
    (
        Step("reserve", _reserve, undo_call=_release),
        Step("commit", _commit),
        Step("await_old", commit=_await_old, waits=True),
        RESTOCK,
        Step("await_new", commit=_await_new, waits=True),
    ),
    turned_back=before_the_store,
)
SEND = Steps("case_send", (Step("assign", _assign, _sent),), turned_back=_not_sent)
