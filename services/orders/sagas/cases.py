"""The machine work of a case's money: refund → restock → close → give back the rest.

A refund that was refused puts the case before the store again.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.contracts.after_sales import MoreThanPaid
from services.contracts.catalog import OffShelf, OutOfStock, ReserveLine, ReturnPieces
from services.contracts.orders import Party, RefundTo
from services.contracts.orders import Step as Told
from services.contracts.settlement import OrderMoneyView, RefundOrder
from services.kernel.db import Tx
from services.kernel.errors import Refused
from services.kernel.ids import derived_id
from services.kernel.wire import Done
from services.orders import ending, locks
from services.orders.cases_store import BOTH, Held, case_seconds, close, hold, keep_case, tell
from services.orders.domain.case import Case, CaseAct, case_timed
from services.orders.domain.claim import left_of, paid_of, parts_of
from services.orders.domain.doer import SYSTEM, Doer
from services.orders.domain.moves import OPEN
from services.orders.domain.order import Order
from services.orders.domain.saga import Saga
from services.orders.domain.wording import shortened
from services.orders.domain.wording_cases import NOT_CARRIED_OUT, OUT_OF_STOCK, refunded_note
from services.orders.queries_cases import gone
from services.orders.sagas.engine import At, Step, Steps, begin
from services.orders.sagas.rest import GIVE_BACK_REST, rest_of

log = logging.getLogger(__name__)
_SOLD_OUT = frozenset({OutOfStock.code, OffShelf.code})


def begin_refund(
    tx: Tx,
    deal: Sequence[Order],
    case: Case,
    amount_fen: int,
    by: Doer,
    now: datetime,
) -> str:
    """`deal`: the order with its supplements; MoreThanPaid when less is left."""
    parts = parts_of(deal, amount_fen, gone(tx, deal[0]))
    here_fen = sum(fen for _, fen in parts)
    if here_fen < amount_fen:
        raise MoreThanPaid("more than is left", fields={"left_fen": str(here_fen)})
    facts = {
        "case_id": case.case_id,
        "parts": parts,
        "to": case.refund_to,
        "reason": shortened(case.reason),
        "by": by.name,
        "restock": case.lines if case.restock else [],
    }
    return begin(tx, REFUND, case.order_id, subject_of(case), facts, now)


def subject_of(case: Case) -> str:
    """A case that failed once is tried again under another name."""
    return derived_id("try", case.case_id, str(case.tries)) if case.tries else case.case_id


def _refund(at: At, saga: Saga) -> list[dict[str, Any]]:
    """What went back of each order. When a later part is refused, what went before stands."""
    back: list[dict[str, Any]] = []
    for order_id, amount_fen in saga.facts["parts"]:
        try:
            money = at.services.settlement.refund_order(
                _part(saga, order_id, amount_fen), answer=OrderMoneyView, deadline_ms=3000
            )
        except Refused:
            if not back:
                raise
            log.warning("of case %s only %s went back", saga.facts["case_id"], back)
            break
        whole = money.refundable_fen == 0
        back.append({"order_id": order_id, "amount_fen": amount_fen, "whole": whole})
    return back


def _part(saga: Saga, order_id: str, amount_fen: int) -> RefundOrder:
    return RefundOrder(
        request_id=f"{saga.saga_id}.{order_id}",
        order_id=order_id,
        amount_fen=amount_fen,
        to=RefundTo(saga.facts["to"]),
        reason=saga.facts["reason"],
        by_name=saga.facts["by"],
    )


def _keep_back(_tx: Tx, _at: At, _saga: Saga, back: list[dict[str, Any]]) -> Mapping[str, Any]:
    return {"back": back}


def _restock(at: At, saga: Saga) -> None:
    """A SKU that the catalog does not know any more stays with the store, and hinders nothing."""
    if not saga.facts["restock"]:
        return
    command = ReturnPieces(
        request_id=f"{saga.saga_id}.return",
        return_id=derived_id("return", saga.facts["case_id"]),
        lines=lines_of(saga.facts["restock"]),
    )
    try:
        at.services.catalog.return_pieces(command, answer=Done, deadline_ms=2500)
    except Refused as refused:
        log.warning("pieces of case %s are not for sale: %s", saga.facts["case_id"], refused)


def lines_of(lines: Sequence[Mapping[str, Any]]) -> list[ReserveLine]:
    return [ReserveLine.model_validate(line) for line in lines]


def _close_refund(tx: Tx, at: At, saga: Saga, _answer: Any) -> Mapping[str, Any] | None:
    held = hold(tx, saga.order_id, saga.facts["case_id"])
    refunded_fen = sum(part["amount_fen"] for part in saga.facts["back"])
    done = held.case.after(
        CaseAct.FINISH,
        Party.SYSTEM,
        refunded_fen=refunded_fen,
        back={part["order_id"]: part["amount_fen"] for part in saga.facts["back"]},
        closed_at=at.now,
    )
    keep_case(tx, held.case, done)
    given_back = _given_back(tx, held.order, saga.facts["back"])
    words = refunded_note(refunded_fen)
    if held.order.state in OPEN and all(given_back.values()):
        told = tell(tx, Held(held.order, done), Told.CASE_CLOSED, SYSTEM, words, BOTH, at.now)
        why = shortened(done.reason)
        ended = ending.end_deal(tx, told, SYSTEM, why, at.now, given_back)
        return rest_of(tx, held.order, ended, given_back)
    close(tx, Held(held.order, done), SYSTEM, words, at.now, at.settings)
    return None


def _given_back(tx: Tx, order: Order, back: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    """Of the order and its supplements: whether all of its money has gone back."""
    whole = {part["order_id"]: bool(part["whole"]) for part in back}
    deal = paid_of(locks.deal_for_update(tx, order.order_id))
    before = gone(tx, order)
    return {one.order_id: whole.get(one.order_id, left_of(one, before) == 0) for one in deal}


def before_the_store(tx: Tx, at: At, saga: Saga, _answer: Any) -> None:
    """What was agreed cannot be done: the store must answer otherwise. A case that people have
    ended meanwhile stays ended."""
    held = hold(tx, saga.order_id, saga.facts["case_id"])
    if not held.case.is_working:
        return
    sold_out = saga.facts.get("refusal", {}).get("code") in _SOLD_OUT
    words = OUT_OF_STOCK if sold_out else NOT_CARRIED_OUT
    failed = held.case.after(
        CaseAct.FAIL,
        Party.SYSTEM,
        answered_at=None,
        answer_text=words,
        tries=held.case.tries + 1,
        saga_id=None,
    )
    failed = case_timed(failed, at.now, case_seconds(at.settings))
    keep_case(tx, held.case, failed)
    tell(tx, Held(held.order, failed), Told.CASE_ANSWERED, SYSTEM, words, BOTH, at.now)


RESTOCK = Step("restock", _restock)
REFUND = Steps(
    "case_refund",
    (
        Step("refund", _refund, _keep_back),
        RESTOCK,
        Step("close", commit=_close_refund),
        GIVE_BACK_REST,
    ),
    turned_back=before_the_store,
)
