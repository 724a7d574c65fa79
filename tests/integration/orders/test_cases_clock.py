"""What the clock does to cases that rest too long, and that it does nothing a moment earlier."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.contracts.after_sales import CaseKind, CaseState, CaseView, TooLate
from services.contracts.disputes import DisputeAbout, WrongDisputeState
from services.contracts.orders import OrderState, RefundTo, Trouble
from services.contracts.settlement import RefundCompleted
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.orders.queries_disputes import find_dispute
from services.orders.queries_disputes import newest as newest_dispute
from services.orders.use_cases.cases import escalate_case
from services.orders.use_cases.note_money import note_refund
from tests.support.orders import NOW
from tests.support.orders_cases import ANSWER_BY, RETURN_BY, Cases

S, C, K = OrderState, CaseState, CaseKind
SECOND = timedelta(seconds=1)


@pytest.fixture
def cases(database_of: Callable[[str], Database]) -> Cases:
    return Cases(database_of("orders"))


def countered(cases: Cases) -> CaseView:
    return cases.offer(cases.open(cases.order_in()), 200)


def sent_back(cases: Cases) -> CaseView:
    return cases.send_back(cases.answer(cases.open(cases.order_in(), K.RETURN)))


WAITING: dict[
    str, tuple[Callable[[Cases], CaseView], datetime, tuple[CaseState, OrderState, int]]
] = {
    "silence_of_the_store_is_a_yes": (
        lambda cases: cases.open(cases.order_in(), amount_fen=300),
        ANSWER_BY,
        (C.DONE, S.DELIVERED, 300),
    ),
    "an_offer_that_nobody_takes_is_off": (countered, ANSWER_BY, (C.EXPIRED, S.DELIVERED, 0)),
    "what_is_not_sent_back_stays": (
        lambda cases: cases.exchange_until("send_back"),
        RETURN_BY,
        (C.EXPIRED, S.DELIVERED, 0),
    ),
    "what_is_on_its_way_back_has_arrived": (sent_back, RETURN_BY, (C.DONE, S.COMPLETED, 1400)),
    "the_new_one_is_there": (
        lambda cases: cases.send(cases.exchange_until("send")),
        RETURN_BY,
        (C.DONE, S.DELIVERED, 0),
    ),
}


@pytest.mark.parametrize("name", WAITING)
def test_when_the_time_is_over(cases: Cases, name: str) -> None:
    begin, due, expected = WAITING[name]
    case = begin(cases)
    before = cases.see(case)
    assert before.deadline_at == due
    assert cases.pass_time(due - SECOND) == 0
    assert cases.see(case) == before
    assert cases.pass_time(due) == 1
    after, order = cases.see(case), cases.order(case.order_id)
    assert (after.state, order.state, after.refunded_fen) == expected
    assert order.trouble is Trouble.NONE
    assert cases.services.given_fen(case.order_id) == after.refunded_fen
    assert (after.deadline_at, after.waits_for, after.may) == (None, None, [])
    assert cases.pass_time(due) == 0


def test_an_exchange_that_expires_leaves_the_new_one_on_the_shelf(cases: Cases) -> None:
    cases.exchange_until("send_back")
    cases.pass_time(RETURN_BY)
    assert cases.services.replacements() == set()


def test_silence_is_a_yes_to_an_exchange_too(cases: Cases) -> None:
    case = cases.open(cases.order_in(), K.EXCHANGE)
    cases.pass_time(ANSWER_BY)
    assert cases.see(case).state is C.AWAITING_RETURN
    assert cases.walk.view(case.order_id).timeline[-1].note == "商家超时未处理，视为同意"
    assert len(cases.services.replacements()) == 1


def test_silence_calls_off_what_was_asked_to_be_called_off(cases: Cases) -> None:
    case = cases.open(cases.order_in(S.PREPARING), K.CANCEL)
    cases.pass_time(ANSWER_BY)
    assert (cases.see(case).state, cases.order(case.order_id).state) == (C.DONE, S.CANCELLED)


def about(cases: Cases, order_id: str) -> tuple[DisputeAbout, str]:
    with cases.db.reading() as tx:
        dispute_id = newest_dispute(tx, order_id)
        dispute = find_dispute(tx, dispute_id) if dispute_id else None
    assert dispute is not None
    return dispute.about, dispute.opened_by


def test_a_store_that_keeps_the_old_one_and_sends_nothing_answers_to_the_property(
    cases: Cases,
) -> None:
    case = cases.exchange_until("send")
    cases.pass_time(RETURN_BY)
    assert cases.see(case).state is C.ESCALATED
    assert about(cases, case.order_id) == (DisputeAbout.AFTER_SALE, "system")
    assert cases.services.frozen == {case.order_id}
    assert cases.services.replacements() == set()


def test_a_yes_that_could_not_be_carried_out_is_not_said_again_by_the_clock(cases: Cases) -> None:
    case = cases.open(cases.order_in())
    cases.services.by_hand[case.order_id] = 1000
    cases.answer(case)
    cases.pass_time(ANSWER_BY)
    assert cases.see(case).state is C.ESCALATED
    assert about(cases, case.order_id) == (DisputeAbout.AFTER_SALE, "system")


def cashier_gave_back(cases: Cases, order_id: str, amount_fen: int) -> None:
    event = RefundCompleted(
        aggregate_id=new_id(),
        order_id=order_id,
        payment_id=new_id(),
        household_id=cases.street.household_id,
        payer_account_id=cases.resident.account_id,
        amount_fen=amount_fen,
        to=RefundTo.CHANNEL,
    )
    with cases.db.transaction() as tx:
        note_refund(tx, event, NOW)


def test_what_can_not_be_paid_back_any_more_is_for_the_property(cases: Cases) -> None:
    case = sent_back(cases)
    cashier_gave_back(cases, case.order_id, 1000)
    cases.pass_time(RETURN_BY)
    assert cases.see(case).state is C.ESCALATED


def test_a_case_that_not_even_the_property_can_take_is_over(
    cases: Cases, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any) -> str:
        raise WrongDisputeState("it was decided before")

    monkeypatch.setattr(escalate_case, "begin_dispute", refuse)
    case = sent_back(cases)
    cashier_gave_back(cases, case.order_id, 1000)
    cases.pass_time(RETURN_BY)
    assert cases.see(case).state is C.EXPIRED
    assert cases.order(case.order_id).trouble is Trouble.NONE


def test_a_no_becomes_final(cases: Cases) -> None:
    case = cases.reject(cases.open(cases.order_in()))
    with pytest.raises(TooLate):
        cases.escalate(case, now=ANSWER_BY)
    assert cases.see(case, now=ANSWER_BY).may == []
    cases.pass_time(ANSWER_BY)
    with pytest.raises(TooLate):
        cases.escalate(case, now=NOW)
    assert (cases.see(case).state, cases.see(case).deadline_at) == (C.REJECTED, None)
    assert cases.order(case.order_id).trouble is Trouble.NONE
