"""A process that dies at any step, repeats, rivals: each case ends once, and ends right."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.contracts.after_sales import CaseKind, CaseState, CaseView, WrongCaseState
from services.contracts.orders import OrderState, Trouble
from services.kernel import failpoints
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.failpoints import FailpointError
from services.kernel.ids import new_id
from services.kernel.requests import RequestConflict
from tests.support.orders import told_names
from tests.support.orders_cases import Cases

S, C, K = OrderState, CaseState, CaseKind


@pytest.fixture
def cases(database_of: Callable[[str], Database]) -> Cases:
    return Cases(database_of("orders"))


def die_at(place: str, act: Callable[[], CaseView]) -> None:
    failpoints.arm(f"orders.{place}=error@1")
    with pytest.raises(FailpointError):
        act()


@pytest.mark.parametrize("step", ["refund", "restock", "close"])
def test_a_return_that_died_ends_with_its_money_given_back_once(cases: Cases, step: str) -> None:
    case = cases.answer(cases.open(cases.order_in(), K.RETURN))
    die_at(f"case_refund.{step}", lambda: cases.take_back(case, restock=True))
    assert cases.see(case).state is C.REFUNDING
    assert cases.see(case).may == []
    cases.sweep()
    cases.sweep()
    assert (cases.see(case).state, cases.see(case).refunded_fen) == (C.DONE, 1400)
    assert cases.services.given_fen(case.order_id) == 1400
    assert len(cases.services.returned) == 1
    assert cases.order(case.order_id).state is S.COMPLETED
    assert told_names(cases.db).count("order.completed") == 1


@pytest.mark.parametrize("step", ["reserve", "commit", "await_old"])
def test_an_exchange_that_died_before_the_yes_was_told_goes_on(cases: Cases, step: str) -> None:
    case = cases.open(cases.order_in(), K.EXCHANGE)
    die_at(f"case_exchange.{step}", lambda: cases.answer(case))
    assert (cases.see(case).may, cases.see(case, cases.merchant).may) == ([], [])
    with pytest.raises(WrongCaseState):
        cases.send_back(case)
    cases.sweep()
    assert cases.see(case).may == ["withdraw_case", "send_back", "escalate_case"]
    assert cases.walk.steps(case.order_id).count("case_answered") == 1
    assert len(cases.services.replacements()) == 1


@pytest.mark.parametrize("step", ["restock", "await_new"])
def test_an_exchange_that_died_on_the_way_back_goes_on(cases: Cases, step: str) -> None:
    case = cases.exchange_until("take_back")
    die_at(f"case_exchange.{step}", lambda: cases.take_back(case, restock=True))
    cases.sweep()
    assert len(cases.services.returned) == 1
    assert cases.confirm(cases.send(case)).state is C.DONE


@pytest.mark.parametrize("step", ["reserve", "commit"])
def test_an_undo_that_died_leaves_nothing_set_aside(cases: Cases, step: str) -> None:
    case = cases.answer(cases.open(cases.order_in(), K.EXCHANGE))
    die_at(f"case_exchange.{step}.undo", lambda: cases.withdraw(case))
    assert cases.see(case).state is C.WITHDRAWN
    cases.sweep()
    assert cases.services.replacements() == set()
    assert cases.order(case.order_id).trouble is Trouble.NONE


def test_a_courier_who_was_asked_by_a_dying_process_has_the_drop(cases: Cases) -> None:
    case = cases.exchange_until("send")
    courier = cases.walk.courier_id
    die_at("case_send.assign", lambda: cases.send(case, courier_id=courier))
    cases.sweep()
    assert cases.see(case).courier_name == "张师傅"
    assert set(cases.services.drops) == {case.order_id, case.case_id}


def test_what_settlement_does_not_answer_is_asked_again(cases: Cases) -> None:
    case = cases.open(cases.order_in(), amount_fen=300)
    cases.services.faults["settlement_refund_order"] = Unavailable()
    assert cases.answer(case).state is C.REFUNDING
    del cases.services.faults["settlement_refund_order"]
    cases.sweep()
    assert cases.see(case).state is C.DONE
    assert cases.services.given_fen(case.order_id) == 300


def test_the_same_request_again_does_nothing_more(cases: Cases) -> None:
    order_id, opening, answering = cases.order_in(), new_id(), new_id()
    case = cases.open(order_id, amount_fen=300, request_id=opening)
    assert cases.open(order_id, amount_fen=300, request_id=opening) == case
    with pytest.raises(RequestConflict):
        cases.open(order_id, amount_fen=400, request_id=opening)
    done = cases.answer(case, request_id=answering)
    assert cases.answer(case, request_id=answering) == done
    assert cases.services.given_fen(order_id) == 300
    assert cases.walk.steps(order_id).count("case_closed") == 1


def test_the_repeat_of_a_cut_off_answer_goes_on_with_it(cases: Cases) -> None:
    case, request_id = cases.open(cases.order_in(), amount_fen=300), new_id()
    die_at("case_refund.refund", lambda: cases.answer(case, request_id=request_id))
    assert cases.answer(case, request_id=request_id).state is C.DONE


def test_a_repeated_escalation_shows_the_one_dispute(cases: Cases) -> None:
    case, request_id = cases.open(cases.order_in()), new_id()
    first = cases.escalate(case, request_id=request_id)
    assert cases.escalate(case, request_id=request_id).dispute_id == first.dispute_id


@pytest.mark.parametrize("_round", range(3))
def test_of_a_yes_and_a_withdrawal_at_once_one_wins(cases: Cases, _round: int) -> None:
    case = cases.open(cases.order_in(), amount_fen=300)
    with ThreadPoolExecutor(2) as pool:
        rivals = [pool.submit(cases.answer, case), pool.submit(cases.withdraw, case)]
    lost = [rival for rival in rivals if isinstance(rival.exception(), WrongCaseState)]
    assert len(lost) == 1
    paid_fen = cases.services.given_fen(case.order_id)
    assert (cases.see(case).state, paid_fen) in {(C.DONE, 300), (C.WITHDRAWN, 0)}
    assert cases.order(case.order_id).trouble is Trouble.NONE


def test_of_two_who_ask_at_once_one_has_a_case(cases: Cases) -> None:
    order_id = cases.order_in()
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(cases.open, order_id) for _ in range(4)]
    assert sum(one.exception() is None for one in asked) == 1
    assert cases.walk.steps(order_id).count("case_opened") == 1
