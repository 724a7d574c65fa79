"""Nobody but the two sides and staff in reach sees a case, and each side does only its own."""

from collections.abc import Callable
from typing import Any

import pytest

from services.contracts.after_sales import CaseKind, CasesQuery, CaseState, NoSuchCase
from services.contracts.orders import NotYourOrder
from services.contracts.permissions import Role
from services.kernel.db import Database
from services.kernel.errors import Forbidden, Malformed
from services.kernel.ids import new_id
from services.orders.thread import words
from services.orders.use_cases.cases.show_cases import see_cases
from tests.support.orders import COMMUNITY, NOW, person
from tests.support.orders_cases import ANSWER_BY, Cases

C, K = CaseState, CaseKind
VERBS = ("answer", "accept", "withdraw", "send_back", "take_back", "send", "confirm", "escalate")
RESIDENTS = ("accept", "withdraw", "send_back", "confirm")
STORES = ("answer", "take_back", "send")


@pytest.fixture
def cases(database_of: Callable[[str], Database]) -> Cases:
    return Cases(database_of("orders"))


def call(cases: Cases, verb: str, case: Any, actor: Any) -> Any:
    return getattr(cases, verb)(case, actor=actor)


def test_strangers_do_not_even_learn_that_there_is_a_case(cases: Cases) -> None:
    case = cases.open(cases.order_in())
    elsewhere = person({}, roles=(Role.MEDIATOR,), communities=(new_id(),))
    for stranger in (cases.street.stranger, cases.street.other_merchant, elsewhere):
        with pytest.raises(NoSuchCase):
            cases.see(case, stranger)
        for verb in VERBS:
            with pytest.raises(NoSuchCase):
                call(cases, verb, case, stranger)
    for stranger in (cases.street.stranger, cases.merchant):
        with pytest.raises(NotYourOrder):
            cases.open(case.order_id, actor=stranger)
    assert cases.see(case).state is C.REQUESTED


def test_a_case_of_another_order_is_not_found(cases: Cases) -> None:
    case, other = cases.open(cases.order_in()), cases.order_in()
    with pytest.raises(NoSuchCase):
        cases.withdraw(case.model_copy(update={"order_id": other}))


def test_each_side_does_only_its_own(cases: Cases) -> None:
    case = cases.open(cases.order_in())
    for verb in RESIDENTS:
        with pytest.raises(Forbidden):
            call(cases, verb, case, cases.merchant)
    for verb in STORES:
        with pytest.raises(Forbidden):
            call(cases, verb, case, cases.resident)
    no_rights = cases.resident.model_copy(update={"permissions": frozenset()})
    with pytest.raises(Forbidden):
        cases.escalate(case, no_rights)
    assert cases.see(case, no_rights).may == []


def test_nobody_answers_a_claim_of_ones_own(cases: Cases) -> None:
    street = cases.street
    groups = {street.household_id: Role.OWNER, street.breakfast.store_id: Role.SHOPKEEPER}
    both = person(groups, name="老陈")
    case = cases.open(cases.order_in(), actor=both)
    assert case.may == ["withdraw_case", "escalate_case"]
    with pytest.raises(Forbidden):
        cases.answer(case, actor=both)
    assert cases.answer(case).state is C.DONE


def test_staff_in_reach_look_and_do_nothing(cases: Cases) -> None:
    case = cases.open(cases.order_in())
    view = cases.see(case, cases.street.mediator)
    assert (view.case_id, view.may) == (case.case_id, [])
    with pytest.raises(NoSuchCase):
        cases.answer(case, actor=cases.street.mediator)


def listed(cases: Cases, actor: Any, **fields: Any) -> list[str]:
    page = see_cases(cases.db, CasesQuery(**fields), actor, NOW)
    return [case.case_id for case in page.items]


def test_lists_show_ones_own_newest_first(cases: Cases) -> None:
    first = cases.answer(cases.open(cases.order_in(), amount_fen=100))
    second = cases.open(cases.order_in(), reason="味道不对")
    street, mediator = cases.street, cases.street.mediator
    both, household = [second.case_id, first.case_id], street.household_id
    store_id = street.breakfast.store_id
    assert listed(cases, cases.resident, household_id=household) == both
    assert listed(cases, cases.merchant, store_id=store_id) == both
    assert listed(cases, cases.merchant, store_id=store_id, states=[C.DONE]) == both[1:]
    assert listed(cases, cases.merchant, order_id=first.order_id) == both[1:]
    assert listed(cases, mediator, community_id=COMMUNITY) == both
    assert listed(cases, mediator, text=f"#{second.number}")[:1] == both[:1]
    assert listed(cases, mediator, text=first.order_id) == both[1:]
    assert listed(cases, mediator, text="味道") == both[:1]
    assert listed(cases, mediator, text="烫到手") == []
    assert listed(cases, cases.resident, household_id=household, limit=1) == both[:1]
    page = CasesQuery(household_id=household, limit=1, after=second.case_id)
    seen = see_cases(cases.db, page, cases.resident, NOW)
    assert ([case.case_id for case in seen.items], seen.next_after) == (both[1:], None)


def test_lists_of_others_are_refused_or_empty(cases: Cases) -> None:
    case = cases.open(cases.order_in())
    stranger, street = cases.street.stranger, cases.street
    asked: tuple[dict[str, Any], ...] = (
        {"household_id": street.household_id},
        {"store_id": street.breakfast.store_id},
        {},
    )
    for fields in asked:
        with pytest.raises(NotYourOrder):
            listed(cases, stranger, **fields)
    assert listed(cases, stranger, order_id=case.order_id) == []
    elsewhere = person({}, roles=(Role.MEDIATOR,), communities=(new_id(),))
    assert listed(cases, elsewhere, community_id=COMMUNITY) == []
    with pytest.raises(Malformed):
        listed(cases, cases.resident, household_id=street.household_id, after="x")


def test_the_thread_holds_what_was_said(cases: Cases) -> None:
    case = cases.reject(cases.open(cases.order_in(), photos=[cases.walk.photo()]))
    with cases.db.reading() as tx:
        said = words(tx, case.order_id, None, 10)
    assert [(word.party, word.text, len(word.photos)) for word in said] == [
        ("resident", "洒了一半", 1),
        ("merchant", "包装完好", 0),
    ]
    assert cases.see(case).deadline_at == ANSWER_BY
