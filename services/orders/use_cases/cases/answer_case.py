"""The store answers: yes, no, or another sum; and the resident takes the other sum."""

from dataclasses import replace
from datetime import datetime

from services.contracts.after_sales import (
    AcceptOffer,
    AnswerCase,
    CaseAnswer,
    CaseKind,
    CaseView,
    MoreThanPaid,
)
from services.contracts.orders import Party, Step
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Malformed
from services.kernel.rpc_client import Services
from services.orders import ending, locks, queries_cases, thread
from services.orders.cases_store import BOTH, Held, case_seconds, close, keep_case, tell
from services.orders.domain.case import Case, CaseAct, case_timed
from services.orders.domain.claim import left_of_deal
from services.orders.domain.doer import SYSTEM, Doer
from services.orders.domain.moves import Act, can
from services.orders.domain.order import Order
from services.orders.domain.wording import shortened
from services.orders.domain.wording_cases import (
    AGREED,
    AGREED_AT_ONCE,
    AGREED_BY_SILENCE,
    OFFER_ACCEPTED,
    offer_note,
    rejected_note,
    with_text,
)
from services.orders.sagas.cases import begin_refund
from services.orders.sagas.cases_exchange import begin_exchange
from services.orders.settings import Settings
from services.orders.use_cases.cases.acting import on_case


def answer_case(
    db: Database,
    services: Services,
    command: AnswerCase,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> CaseView:
    """A no and an offer need words; MoreThanPaid when more is offered than is left.

    A yes that cannot be carried out (nothing in stock, nothing left) leaves the case before the
    store, which sees why.
    """
    _check_words(command)

    def answer(tx: Tx, held: Held, doer: Doer) -> None:
        if command.text:
            thread.say(tx, held.order.order_id, doer, command.text, [], now)
        if command.answer is CaseAnswer.AGREE:
            agree(tx, held, doer, command.text, now, settings)
        elif command.answer is CaseAnswer.REJECT:
            _reject(tx, held, doer, command.text, now, settings)
        else:
            _counter(tx, held, doer, command, now, settings)

    return on_case(db, services, command, actor, Party.MERCHANT, now, settings, answer)


def accept_offer(
    db: Database,
    services: Services,
    command: AcceptOffer,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> CaseView:
    """The store's other sum goes back, and the resident keeps what came."""

    def accept(tx: Tx, held: Held, doer: Doer) -> None:
        accepted = held.case.after(CaseAct.ACCEPT, Party.RESIDENT)
        _pay_back(tx, held, accepted, accepted.offered_fen or 0, doer, OFFER_ACCEPTED, now)

    return on_case(db, services, command, actor, Party.RESIDENT, now, settings, accept)


def agree(tx: Tx, held: Held, doer: Doer, text: str, now: datetime, settings: Settings) -> None:
    """The store's yes, or (doer is the system) its silence."""
    case = held.case
    answered = {"answered_at": now, "answered_by": doer.name, "answer_text": text}
    words = with_text(AGREED[case.kind], text) if doer is not SYSTEM else AGREED_BY_SILENCE
    if case.kind is CaseKind.CANCEL and _to_be_called_off(held.order):
        agreed = case.after(CaseAct.AGREE, doer.party, **answered, closed_at=now)
        _call_off(tx, held, agreed, doer, words, now, settings)
    elif case.kind is CaseKind.CANCEL or case.agreeing is CaseAct.PAY_BACK:
        agreed = case.after(CaseAct.PAY_BACK, doer.party, **answered)
        words = with_text(AGREED_AT_ONCE, text) if doer is not SYSTEM else words
        _pay_back(tx, held, agreed, case.amount_fen, doer, words, now)
    else:
        agreed = case.after(CaseAct.AGREE, doer.party, **answered)
        _carry_out(tx, held, agreed, doer, words, now, settings)


def _carry_out(
    tx: Tx, held: Held, agreed: Case, doer: Doer, words: str, now: datetime, settings: Settings
) -> None:
    if agreed.kind is CaseKind.REFUND:
        _pay_back(tx, held, agreed, agreed.amount_fen, doer, words, now)
    elif agreed.kind is CaseKind.RETURN:
        waiting = case_timed(agreed, now, case_seconds(settings))
        keep_case(tx, held.case, waiting)
        tell(tx, Held(held.order, waiting), Step.CASE_ANSWERED, doer, words, _to(doer), now)
    else:
        saga_id = begin_exchange(tx, agreed, doer, words, now)
        keep_case(tx, held.case, replace(agreed, saga_id=saga_id))


def _call_off(
    tx: Tx, held: Held, agreed: Case, doer: Doer, words: str, now: datetime, settings: Settings
) -> None:
    """What was agreed cancels in the system's name: all of the money goes back."""
    deal = locks.deal_for_update(tx, held.order.order_id)
    left_fen = left_of_deal(deal, queries_cases.gone(tx, held.order))
    keep_case(tx, held.case, replace(agreed, refunded_fen=left_fen))
    told = tell(tx, Held(held.order, agreed), Step.CASE_ANSWERED, doer, words, BOTH, now)
    calm = ending.calm(tx, told, now, settings.limits)
    ending.cancel_paid(tx, calm, SYSTEM, shortened(agreed.reason), agreed.refund_to, now)


def _pay_back(
    tx: Tx, held: Held, agreed: Case, amount_fen: int, doer: Doer, words: str, now: datetime
) -> None:
    deal = locks.deal_for_update(tx, held.order.order_id)
    saga_id = begin_refund(tx, deal, agreed, amount_fen, doer, now)
    keep_case(tx, held.case, replace(agreed, saga_id=saga_id))
    tell(tx, Held(held.order, agreed), Step.CASE_ANSWERED, doer, words, _to(doer), now)


def _reject(tx: Tx, held: Held, doer: Doer, text: str, now: datetime, settings: Settings) -> None:
    """The order goes on; the resident has some time to call the property."""
    rejected = held.case.after(
        CaseAct.REJECT,
        doer.party,
        answered_at=now,
        answered_by=doer.name,
        answer_text=text,
        closed_at=now,
        why_over=rejected_note(text),
    )
    rejected = case_timed(rejected, now, case_seconds(settings))
    keep_case(tx, held.case, rejected)
    words = rejected_note(text)
    close(tx, Held(held.order, rejected), doer, words, now, settings, Step.CASE_ANSWERED)


def _counter(
    tx: Tx, held: Held, doer: Doer, command: AnswerCase, now: datetime, settings: Settings
) -> None:
    offer_fen = command.offer_fen or 0
    deal = locks.deal_for_update(tx, held.order.order_id)
    left_fen = left_of_deal(deal, queries_cases.gone(tx, held.order))
    if offer_fen > left_fen:
        raise MoreThanPaid("more than is left", fields={"left_fen": str(left_fen)})
    offered = held.case.after(
        CaseAct.COUNTER,
        doer.party,
        answered_at=now,
        answered_by=doer.name,
        answer_text=command.text,
        offered_fen=offer_fen,
    )
    offered = case_timed(offered, now, case_seconds(settings))
    keep_case(tx, held.case, offered)
    words = offer_note(offer_fen, command.text)
    tell(tx, Held(held.order, offered), Step.CASE_ANSWERED, doer, words, [Party.RESIDENT], now)


def _check_words(command: AnswerCase) -> None:
    faults = {}
    if command.answer is not CaseAnswer.AGREE and len(command.text) < 2:
        faults["text"] = "say why"
    if command.answer is CaseAnswer.COUNTER and command.offer_fen is None:
        faults["offer_fen"] = "say how much"
    if faults:
        raise Malformed(fields=faults)


def _to_be_called_off(order: Order) -> bool:
    """The courier may have taken it meanwhile."""
    return can(order.state, Act.CANCEL, Party.SYSTEM) and not order.is_handed_over


def _to(doer: Doer) -> tuple[Party, ...]:
    """Who must hear it: the other side; both, when the clock has spoken."""
    if doer.party is Party.SYSTEM:
        return BOTH
    return (Party.MERCHANT,) if doer.party is Party.RESIDENT else (Party.RESIDENT,)
