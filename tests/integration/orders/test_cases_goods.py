"""Goods that go back and come anew: returns, exchanges, couriers, what is set aside meanwhile."""

from collections.abc import Callable

import pytest

from services.contracts.after_sales import CaseKind, CaseState, NotForThisOrder, WrongCaseState
from services.contracts.delivery import NoSuchCourier
from services.contracts.disputes import DisputeState
from services.contracts.orders import InTrouble, NotThatMany, OrderState, Trouble
from services.kernel.db import Database
from services.kernel.errors import Malformed, Unavailable
from services.kernel.ids import derived_id
from services.orders.queries_cases import orders_of_cases
from tests.support.orders import NOW
from tests.support.orders_cases import LATER, RETURN_BY, Cases

S, C, K = OrderState, CaseState, CaseKind


@pytest.fixture
def cases(database_of: Callable[[str], Database]) -> Cases:
    return Cases(database_of("orders"))


def test_a_return_goes_back_before_its_money_does(cases: Cases) -> None:
    soy = cases.street.soy.sku_id
    case = cases.answer(cases.open(cases.order_in(), K.RETURN, lines={soy: 2}))
    assert (case.state, case.deadline_at, case.waits_for) == (
        C.AWAITING_RETURN,
        RETURN_BY,
        "resident",
    )
    case = cases.send_back(case, text="放在店门口", photos=[cases.walk.photo()])
    assert (case.state, case.waits_for) == (C.RETURNING, "merchant")
    assert cases.see(case, cases.merchant).may == ["take_back", "escalate_case"]
    done = cases.take_back(case, restock=True)
    assert (done.state, done.refunded_fen) == (C.DONE, 600)
    returned = cases.services.named("catalog_return_pieces")
    assert [(line.sku_id, line.quantity) for line in returned[0].lines] == [(soy, 2)]
    order = cases.order(case.order_id)
    assert (order.state, order.trouble) == (S.DELIVERED, Trouble.NONE)
    with pytest.raises(NotThatMany):
        cases.open(case.order_id, K.RETURN, lines={soy: 1})


def test_what_was_opened_is_not_for_sale_again(cases: Cases) -> None:
    case = cases.answer(cases.open(cases.order_in(), K.RETURN))
    done = cases.take_back(case)  # handed over at the counter
    assert (done.state, done.refunded_fen) == (C.DONE, 1400)
    assert cases.services.named("catalog_return_pieces") == []
    assert cases.order(case.order_id).state is S.COMPLETED


def test_an_exchange_sets_the_new_one_aside_before_the_old_one_goes_back(cases: Cases) -> None:
    case = cases.answer(cases.open(cases.order_in(), K.EXCHANGE))
    assert (case.state, case.amount_fen, case.lines == case.replacement) == (
        C.AWAITING_RETURN,
        0,
        True,
    )
    assert len(cases.services.replacements()) == 1
    case = cases.take_back(cases.send_back(case), restock=True)
    assert (case.state, case.waits_for, case.may) == (C.REPLACING, "merchant", ["send_replacement"])
    assert len(cases.services.returned) == 1
    case = cases.send(case)
    assert cases.see(case).may == ["confirm_replacement", "escalate_case"]
    done = cases.confirm(case)
    assert (done.state, done.refunded_fen) == (C.DONE, 0)
    assert len(cases.services.replacements()) == 1
    order = cases.order(case.order_id)
    assert (order.state, order.trouble) == (S.DELIVERED, Trouble.NONE)
    assert cases.services.refunds == {}


def test_another_sku_of_the_same_price_may_come(cases: Cases) -> None:
    street = cases.street
    six = {street.stick.sku_id: 3}
    order_id = cases.order_in()
    case = cases.open(order_id, K.EXCHANGE, lines={street.soy.sku_id: 2}, replacement=six)
    cases.answer(case)
    reserved = cases.services.named("catalog_reserve")[-1]
    assert [(line.sku_id, line.quantity) for line in reserved.lines] == [(street.stick.sku_id, 3)]


def test_a_replacement_must_cost_the_same_and_be_of_the_store(cases: Cases) -> None:
    street, order_id = cases.street, cases.order_in()
    for sku, why in ((street.stick, "price"), (street.wash, "replacement")):
        with pytest.raises(NotForThisOrder) as refused:
            cases.open(
                order_id,
                K.EXCHANGE,
                lines={street.soy.sku_id: 1},
                replacement={sku.sku_id: 1},
            )
        assert refused.value.fields["why"] == why
    with pytest.raises(Malformed):
        cases.open(order_id, K.RETURN, replacement={street.soy.sku_id: 1})


def test_a_new_one_that_is_sold_out_leaves_the_case_with_the_store(cases: Cases) -> None:
    case = cases.open(cases.order_in(), K.EXCHANGE)
    cases.services.stock[cases.street.soy.sku_id] = 0
    again = cases.answer(case)
    assert (again.state, again.answer_text) == (C.REQUESTED, "没有库存可换，请商家另行处理")
    assert cases.services.replacements() == set()
    del cases.services.stock[cases.street.soy.sku_id]
    assert cases.answer(again).state is C.AWAITING_RETURN
    assert len(cases.services.replacements()) == 1


def test_a_courier_brings_the_new_one_with_a_drop_of_its_own(cases: Cases) -> None:
    case = cases.exchange_until("send")
    case = cases.send(case, courier_id=cases.walk.courier_id)
    assert (case.state, case.courier_name, case.waits_for) == (C.REPLACING, "张师傅", "resident")
    drop = cases.services.drops[case.case_id]
    assert (drop.drop_id, drop.remark) == (derived_id("drop", case.case_id), "换货")
    assert drop.summary == "豆浆×2 油条×4"
    with cases.db.reading() as tx:
        ids = [case.order_id, case.case_id]
        assert orders_of_cases(tx, ids) == {case.case_id: case.order_id}
    assert cases.delivered(case)
    view = cases.walk.view(case.order_id)
    assert (view.state, view.timeline[-1].note) == (S.DELIVERED, "新货已送到")
    assert cases.confirm(case).state is C.DONE


def test_a_drop_of_an_order_is_no_cases(cases: Cases) -> None:
    case = cases.open(cases.order_in())
    assert not cases.delivered(case.model_copy(update={"case_id": case.order_id}))


def test_a_wrong_courier_leaves_the_new_one_with_the_store(cases: Cases) -> None:
    case = cases.exchange_until("send")
    cases.services.faults["delivery_assign_drop"] = NoSuchCourier()
    with pytest.raises(NoSuchCourier):
        cases.send(case, courier_id=cases.walk.courier_id)
    del cases.services.faults["delivery_assign_drop"]
    assert cases.see(case, cases.merchant).may == ["send_replacement"]
    assert cases.send(case, courier_id=cases.walk.courier_id).courier_name == "张师傅"


def test_a_courier_who_is_at_the_door_before_the_answer_is_believed(cases: Cases) -> None:
    case = cases.exchange_until("send")
    cases.services.faults["delivery_assign_drop"] = Unavailable()
    case = cases.send(case, courier_id=cases.walk.courier_id)
    assert (case.state, case.may, case.deadline_at) == (C.REPLACING, [], None)
    cases.delivered(case)
    assert cases.see(case).may == ["confirm_replacement", "escalate_case"]
    del cases.services.faults["delivery_assign_drop"]
    assert cases.confirm(case).state is C.DONE
    cases.sweep(LATER)
    assert (cases.kept(case).state, cases.kept(case).sending_id) == (C.DONE, None)


def test_whoever_withdraws_an_exchange_leaves_the_new_one_on_the_shelf(cases: Cases) -> None:
    case = cases.answer(cases.open(cases.order_in(), K.EXCHANGE))
    assert cases.withdraw(case).state is C.WITHDRAWN
    assert cases.services.replacements() == set()
    order = cases.order(case.order_id)
    assert (order.state, order.trouble) == (S.DELIVERED, Trouble.NONE)


def test_a_case_that_the_property_shall_decide_becomes_a_dispute(cases: Cases) -> None:
    case = cases.answer(cases.open(cases.order_in(), K.EXCHANGE))
    dispute = cases.escalate(case, text="说好的换货一直不换")
    assert (dispute.order_id, dispute.opened_by) == (case.order_id, "resident")
    assert dispute.state is DisputeState.NEGOTIATING
    assert cases.see(case).state is C.ESCALATED
    assert cases.order(case.order_id).trouble is Trouble.DISPUTED
    assert cases.services.frozen == {case.order_id}
    assert cases.services.replacements() == set()
    with pytest.raises(WrongCaseState):
        cases.withdraw(case)


def test_a_store_may_call_the_property_over_what_comes_back(cases: Cases) -> None:
    case = cases.answer(cases.open(cases.order_in(), K.RETURN))
    with pytest.raises(WrongCaseState):
        cases.escalate(case, cases.merchant)
    cases.send_back(case)
    assert cases.escalate(case, cases.merchant).opened_by == "merchant"


def test_a_new_one_that_has_left_the_store_stays_the_residents(cases: Cases) -> None:
    case = cases.send(cases.exchange_until("send"))
    cases.escalate(case)
    assert len(cases.services.replacements()) == 1


def test_a_no_may_be_taken_to_the_property_while_nothing_else_is_open(cases: Cases) -> None:
    case = cases.reject(cases.open(cases.order_in()))
    second = cases.open(case.order_id, now=NOW)
    with pytest.raises(InTrouble):
        cases.escalate(case)
    cases.withdraw(second)
    assert cases.escalate(case).state is DisputeState.NEGOTIATING
    assert cases.see(case).state is C.ESCALATED
