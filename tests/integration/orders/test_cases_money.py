"""Money that goes back: asked for, agreed, countered, refused; the order goes on or ends."""

from collections.abc import Callable
from typing import Any

import pytest

from services.contracts.after_sales import (
    CaseAnswer,
    CaseKind,
    CaseState,
    MoreThanPaid,
    NotForThisOrder,
    TooLate,
    WrongCaseState,
)
from services.contracts.orders import (
    HandingOver,
    InTrouble,
    NotThatMany,
    NotYourOrder,
    OrderState,
    RefundTo,
    Trouble,
)
from services.contracts.settlement import TooMuch
from services.kernel.db import Database
from services.kernel.errors import Malformed
from services.orders.use_cases.cases.escalate import escalate_open_case
from tests.support.orders import NOW, told_events, told_names
from tests.support.orders_cases import ANSWER_BY, CLAIM_BY, Cases

S, C, K = OrderState, CaseState, CaseKind


@pytest.fixture
def cases(database_of: Callable[[str], Database]) -> Cases:
    return Cases(database_of("orders"))


def test_a_resident_asks_and_the_order_waits_for_the_store(cases: Cases) -> None:
    order_id = cases.order_in()
    assert "open_case" in cases.walk.view(order_id).may
    case = cases.open(order_id, amount_fen=300, photos=[cases.walk.photo()])
    assert (case.state, case.amount_fen, case.deadline_at) == (C.REQUESTED, 300, ANSWER_BY)
    assert (case.waits_for, len(case.photos)) == ("merchant", 1)
    assert case.may == ["withdraw_case", "escalate_case"]
    assert cases.see(case, cases.merchant).may == ["answer_case"]
    view = cases.walk.view(order_id)
    assert (view.state, view.trouble, view.case_id) == (S.DELIVERED, "after_sale", case.case_id)
    assert view.timeline[-1].note == "申请退款 ¥3.00：洒了一半"
    assert not {"open_case", "confirm_receipt"} & set(view.may)
    name, data = told_events(cases.db)[-1]
    assert (name, data["to"]) == ("order.trouble", ["merchant"])


def test_a_yes_gives_back_what_was_asked_and_the_order_goes_on(cases: Cases) -> None:
    case = cases.open(cases.order_in(), amount_fen=300, refund_to=RefundTo.FUND)
    done = cases.answer(case, text="不好意思")
    assert (done.state, done.refunded_fen, done.answer_text) == (C.DONE, 300, "不好意思")
    order = cases.order(case.order_id)
    assert (order.state, order.trouble) == (S.DELIVERED, Trouble.NONE)
    assert order.deadline_at is not None
    refund = cases.services.named("settlement_refund_order")[0]
    assert (refund.amount_fen, refund.to, refund.by_name) == (300, RefundTo.FUND, "老陈")
    assert cases.walk.steps(case.order_id)[-3:] == ["case_opened", "case_answered", "case_closed"]


def test_lines_are_priced_as_they_were_bought(cases: Cases) -> None:
    order_id = cases.order_in()
    case = cases.open(order_id, lines={cases.street.soy.sku_id: 1, cases.street.stick.sku_id: 2})
    assert case.amount_fen == 700
    with pytest.raises(InTrouble):
        cases.open(order_id)


def test_when_all_goes_back_before_completion_the_deal_ends(cases: Cases) -> None:
    case = cases.open(cases.order_in())
    assert case.amount_fen == 1400
    cases.answer(case)
    order = cases.order(case.order_id)
    assert (order.state, order.trouble) == (S.COMPLETED, Trouble.NONE)
    completed = [data for name, data in told_events(cases.db) if name == "order.completed"]
    assert [data["given_back"] for data in completed] == [True]
    with pytest.raises(MoreThanPaid):
        cases.open(case.order_id)


def test_after_completion_a_refund_changes_nothing_in_the_order(cases: Cases) -> None:
    order_id = cases.order_in(S.COMPLETED)
    before = cases.order(order_id)
    cases.answer(cases.open(order_id, now=CLAIM_BY), now=CLAIM_BY)
    after = cases.order(order_id)
    assert (after.state, after.trouble) == (S.COMPLETED, Trouble.NONE)
    assert (after.completed_at, after.deadline_at) == (before.completed_at, None)
    assert told_names(cases.db).count("order.completed") == 1


def test_what_is_left_shrinks_with_each_case(cases: Cases) -> None:
    order_id = cases.order_in()
    cases.answer(cases.open(order_id, amount_fen=1000))
    with pytest.raises(MoreThanPaid) as refused:
        cases.open(order_id, amount_fen=401)
    assert refused.value.fields == {"left_fen": "400"}
    assert cases.answer(cases.open(order_id)).refunded_fen == 400
    assert cases.services.left_fen(order_id) == 0


def test_a_deals_money_comes_from_its_supplements_first_then_from_the_order(cases: Cases) -> None:
    order_id = cases.order_in()
    small_id = cases.supplement(order_id, 600)
    case = cases.answer(cases.open(order_id, amount_fen=1500))
    assert case.refunded_fen == 1500
    given = cases.services.given_fen
    assert (given(order_id), given(small_id)) == (900, 600)
    with pytest.raises(NotYourOrder):
        cases.open(small_id)
    assert cases.order(order_id).state is S.DELIVERED
    rest = cases.answer(cases.open(order_id))
    assert (rest.refunded_fen, given(order_id), given(small_id)) == (500, 1400, 600)
    assert cases.order(order_id).state is cases.order(small_id).state is S.COMPLETED


def test_what_is_being_made_is_called_off_when_the_store_agrees(cases: Cases) -> None:
    case = cases.open(cases.order_in(S.READY), K.CANCEL, refund_to=RefundTo.FUND)
    done = cases.answer(case)
    assert (done.state, done.refunded_fen) == (C.DONE, 1400)
    order = cases.order(case.order_id)
    assert (order.state, order.refund_to, order.trouble) == (S.CANCELLED, "fund", "none")
    name, data = told_events(cases.db)[-1]
    assert (name, data["paid"], data["given_back"]) == ("order.cancelled", True, False)


def test_what_arrived_before_the_yes_is_paid_back_instead(cases: Cases) -> None:
    case = cases.open(cases.order_in(S.READY), K.CANCEL)
    cases.walk.deliver(case.order_id)  # the dispatch had been cut off after delivery had the drop
    done = cases.answer(case)
    assert (done.state, done.refunded_fen) == (C.DONE, 1400)
    assert cases.order(case.order_id).state is S.COMPLETED


def test_nobody_may_be_asked_for_what_one_can_do_alone(cases: Cases) -> None:
    order_id = cases.order_in(S.AWAITING_CONFIRMATION)
    with pytest.raises(NotForThisOrder) as refused:
        cases.open(order_id, K.CANCEL)
    assert refused.value.fields["why"] == "cancel_alone"
    assert "open_case" not in cases.walk.view(order_id).may


def test_a_courier_who_is_being_asked_comes_first(cases: Cases) -> None:
    order_id = cases.order_in(S.READY)
    refusals = []

    def meanwhile() -> None:
        try:
            cases.open(order_id, K.CANCEL)
        except HandingOver as refused:
            refusals.append(refused)

    cases.services.before["delivery_assign_drop"] = meanwhile
    cases.walk.dispatch(order_id)
    assert len(refusals) == 1
    assert cases.order(order_id).state is S.OUT_FOR_DELIVERY


@pytest.mark.parametrize("state", [S.AWAITING_PAYMENT, S.CANCELLED, S.OUT_FOR_DELIVERY])
def test_nothing_may_be_asked_of_an_order_that_is_off_or_on_its_way(
    cases: Cases, state: OrderState
) -> None:
    order_id = cases.order_in(state)
    for kind in K:
        with pytest.raises(NotForThisOrder):
            cases.open(order_id, kind)


def test_a_service_is_paid_back_and_neither_returned_nor_exchanged(cases: Cases) -> None:
    order_id = cases.walk.service_in(S.IN_SERVICE)
    for kind in (K.RETURN, K.EXCHANGE, K.CANCEL):
        with pytest.raises(NotForThisOrder):
            cases.open(order_id, kind)
    merchant = cases.merchant
    case = cases.answer(cases.open(order_id, amount_fen=2000), actor=merchant)
    assert (case.state, cases.order(order_id).state) == (C.DONE, S.IN_SERVICE)


def test_a_card_is_only_paid_back(cases: Cases) -> None:
    placed = cases.walk.place({cases.street.plan.sku_id: 1})
    cases.walk.pay(placed)
    order_id = placed.orders[0].order_id
    for kind in (K.RETURN, K.EXCHANGE):
        with pytest.raises(NotForThisOrder):
            cases.open(order_id, kind)
    assert cases.answer(cases.open(order_id)).refunded_fen == 30_000


def test_of_what_is_partly_fetched_only_that_part_comes_back(cases: Cases) -> None:
    order_id = cases.walk.to_fetch_in(S.READY)
    soy = cases.street.soy.sku_id
    cases.walk.hand_over(order_id, cases.walk.code_of(order_id), lines={soy: 1})
    with pytest.raises(NotThatMany) as refused:
        cases.open(order_id, K.RETURN, lines={soy: 2})
    assert refused.value.fields == {soy: "1"}
    case = cases.open(order_id, K.RETURN)
    assert [(line.sku_id, line.quantity) for line in case.lines] == [(soy, 1)]
    assert case.amount_fen == 300
    assert cases.withdraw(case).state is C.WITHDRAWN


def test_after_its_time_nothing_may_be_asked_any_more(cases: Cases) -> None:
    order_id = cases.order_in(S.COMPLETED)
    late = CLAIM_BY.replace(microsecond=1)
    with pytest.raises(TooLate) as refused:
        cases.open(order_id, now=late)
    assert refused.value.fields == {"until": CLAIM_BY.isoformat()}
    assert "open_case" not in cases.walk.view(order_id, now=late).may


def test_a_no_calms_the_order_and_stands(cases: Cases) -> None:
    case = cases.reject(cases.open(cases.order_in()))
    assert (case.state, case.why_over) == (C.REJECTED, "不同意：包装完好")
    assert (case.may, cases.see(case).may) == ([], ["escalate_case"])
    order = cases.order(case.order_id)
    assert (order.trouble, order.state) == (Trouble.NONE, S.DELIVERED)
    with pytest.raises(WrongCaseState):
        cases.answer(case)
    assert cases.services.named("settlement_refund_order") == []


def test_another_sum_is_offered_and_taken(cases: Cases) -> None:
    case = cases.offer(cases.open(cases.order_in()), 200)
    assert (case.state, case.offered_fen, case.waits_for) == (C.COUNTERED, 200, "resident")
    assert cases.see(case).may == ["accept_offer", "withdraw_case", "escalate_case"]
    case = cases.offer(case, 500)
    done = cases.accept(case)
    assert (done.state, done.refunded_fen) == (C.DONE, 500)
    assert cases.services.given_fen(case.order_id) == 500
    assert cases.order(case.order_id).state is S.DELIVERED


def test_more_than_is_left_can_be_neither_asked_nor_offered(cases: Cases) -> None:
    order_id = cases.order_in()
    with pytest.raises(MoreThanPaid):
        cases.open(order_id, amount_fen=1401)
    case = cases.open(order_id, amount_fen=100)
    with pytest.raises(MoreThanPaid):
        cases.offer(case, 1401)


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        (CaseAnswer.REJECT, {}),
        (CaseAnswer.COUNTER, {"offer_fen": 100}),
        (CaseAnswer.COUNTER, {"text": "少退一些"}),
    ],
)
def test_a_no_or_an_offer_needs_words(
    cases: Cases, answer: CaseAnswer, fields: dict[str, Any]
) -> None:
    case = cases.open(cases.order_in())
    with pytest.raises(Malformed):
        cases.answer(case, answer, **fields)


def test_what_settlement_refuses_is_before_the_store_again(cases: Cases) -> None:
    """A cashier had given it back by hand, and orders had not heard of it yet."""
    case = cases.open(cases.order_in())
    cases.services.by_hand[case.order_id] = 1000
    again = cases.answer(case)
    assert (again.state, again.answer_text) == (C.REQUESTED, "没能办成，请商家另行处理")
    assert cases.see(case, cases.merchant).may == ["answer_case"]
    done = cases.accept(cases.offer(case, 400))
    assert (done.state, done.refunded_fen) == (C.DONE, 400)


def test_a_part_that_is_refused_leaves_what_went_back_before(cases: Cases) -> None:
    order_id = cases.order_in()
    small_id = cases.supplement(order_id, 600)
    cases.services.by_hand[order_id] = 1400
    done = cases.answer(cases.open(order_id, amount_fen=1500))
    assert (done.state, done.refunded_fen) == (C.DONE, 600)
    assert cases.services.given_fen(small_id) == 600


def test_a_dispute_takes_an_open_case_over_but_not_one_at_work(cases: Cases) -> None:
    case = cases.open(cases.order_in())
    cases.services.faults["settlement_refund_order"] = TooMuch()

    def meanwhile() -> None:
        with pytest.raises(WrongCaseState), cases.db.transaction() as tx:
            escalate_open_case(tx, cases.order(case.order_id), NOW)

    cases.services.before["settlement_refund_order"] = meanwhile
    assert cases.answer(case).state is C.REQUESTED
    with cases.db.transaction() as tx:
        escalate_open_case(tx, cases.order(case.order_id), NOW)
    assert cases.see(case).state is C.ESCALATED
