"""Proposals: who may make which, what they halt, and how they end without a change."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.contracts.amendments import AmendmentState, NoSuchAmendment, NothingAmended
from services.contracts.catalog import OffShelf, OutOfStock
from services.contracts.orders import (
    InTrouble,
    NothingToPay,
    NotOffered,
    NotYourOrder,
    OrderState,
    SlotNotOffered,
    SlotTaken,
    Trouble,
    WrongState,
)
from services.contracts.permissions import Role
from services.kernel.db import Database
from services.kernel.errors import Forbidden, Malformed
from services.kernel.ids import new_id
from services.orders import locks
from services.orders.use_cases.amendments.over import expire_proposals, withdraw_open
from tests.support.orders import NOW, SETTINGS, person, told_events
from tests.support.orders_amendments import SLOT, Amending

pytestmark = pytest.mark.database
A = AmendmentState


@pytest.fixture
def amending(database_of: Callable[[str], Database]) -> Amending:
    """An empty street."""
    return Amending(database_of("orders"))


def test_a_proposal_halts_the_order_and_is_told_to_the_household(amending: Amending) -> None:
    order = amending.order()
    proposed = amending.propose(order.order_id)
    assert (proposed.state, proposed.before_fen, proposed.after_fen) == (A.PROPOSED, 1400, 1700)
    assert proposed.deadline_at == NOW + timedelta(seconds=SETTINGS.amendment_answer_s)
    assert amending.now_is(order.order_id).trouble is Trouble.AMENDING
    view = amending.view(order.order_id)
    assert view.amendment_id == proposed.amendment_id
    assert view.timeline[-1].step == "amendment_proposed"
    assert view.timeline[-1].note == (
        "豆浆多煮了一份：豆浆×2 油条×4 → 豆浆×3 油条×4，¥14.00 → ¥17.00"
    )
    name, told = told_events(amending.db)[-1]
    assert (name, told["to"], told["what"]) == (
        "order.trouble",
        ["resident"],
        "amendment_proposed",
    )
    assert told["deadline_at"]
    with pytest.raises(InTrouble):
        amending.confirm(order.order_id)


def test_each_side_sees_what_it_can_do_about_a_proposal(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    assert "amend" in amending.view(order.order_id, street.merchant).may
    assert "amend" not in amending.view(order.order_id).may
    proposed = amending.propose(order.order_id)
    assert proposed.may == ["withdraw_amendment"]
    assert amending.see(proposed).may == ["answer_amendment"]
    assert "answer_amendment" in amending.view(order.order_id).may
    assert "withdraw_amendment" in amending.view(order.order_id, street.merchant).may
    assert "amend" not in amending.view(order.order_id, street.merchant).may
    assert amending.see(proposed, street.mediator).may == []


def test_only_the_store_proposes(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    for other in (street.resident, street.mediator):
        with pytest.raises(Forbidden):
            amending.propose(order.order_id, actor=other)
    for stranger in (street.stranger, street.other_merchant):
        with pytest.raises(NotYourOrder):
            amending.propose(order.order_id, actor=stranger)


def test_strangers_see_no_amendments(amending: Amending) -> None:
    proposed = amending.propose(amending.order().order_id)
    with pytest.raises(NotYourOrder):
        amending.see(proposed, amending.street.stranger)


def test_an_unpaid_order_and_a_card_are_not_amended(amending: Amending) -> None:
    unpaid = amending.unpaid().orders[0].order_id
    with pytest.raises(WrongState):
        amending.propose(unpaid)
    card = amending.order({amending.street.plan.sku_id: 1})
    with pytest.raises(WrongState):
        amending.propose(card.order_id, {amending.street.plan.sku_id: 2})


def test_an_order_is_amended_until_it_leaves_the_store(amending: Amending) -> None:
    order_id = amending.order().order_id
    for step in (lambda _: None, amending.confirm, amending.mark_ready):
        step(order_id)
        amending.withdraw(amending.propose(order_id))
    assert amending.now_is(order_id).state is OrderState.READY


def test_only_one_amendment_is_open_at_a_time(amending: Amending) -> None:
    order_id = amending.order().order_id
    amending.propose(order_id)
    with pytest.raises(InTrouble):
        amending.propose(order_id)


def test_a_repeat_of_a_proposal_is_the_same_proposal(amending: Amending) -> None:
    order_id, request_id = amending.order().order_id, new_id()
    first = amending.propose(order_id, request_id=request_id)
    assert amending.propose(order_id, request_id=request_id) == first


def test_a_proposal_that_changes_nothing_is_refused(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    same = {street.soy.sku_id: 2, street.stick.sku_id: 4}
    for wanted in (same, {}):
        with pytest.raises(NothingAmended):
            amending.propose(order.order_id, wanted)
    assert amending.now_is(order.order_id).trouble is Trouble.NONE


def test_new_goods_must_be_this_stores_and_for_sale(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    unknown = new_id()
    street.shelf[unknown] = street.wash
    for sku_id in (street.wash.sku_id, street.plan.sku_id, street.haircut.sku_id, unknown):
        with pytest.raises(NotOffered):
            amending.propose(order.order_id, {street.soy.sku_id: 2, sku_id: 1})
    amending.services.off_shelf.add(street.egg.sku_id)
    with pytest.raises(OffShelf):
        amending.propose(order.order_id, {street.egg.sku_id: 1})


def test_more_than_the_shelf_has_is_refused_at_once(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    amending.services.stock[street.soy.sku_id] = 1
    with pytest.raises(OutOfStock):
        amending.propose(order.order_id, {street.soy.sku_id: 4})
    assert amending.propose(order.order_id, {street.soy.sku_id: 3}).state is A.PROPOSED


def test_what_costs_nothing_and_what_is_said_twice_is_refused(amending: Amending) -> None:
    order, soy = amending.order(), amending.street.soy.sku_id
    with pytest.raises(NothingToPay):
        amending.propose(order.order_id, {soy: (2, 0)})
    with pytest.raises(Malformed):
        amending.propose(order.order_id, lines=amending.lines({soy: 1}) * 2)


def test_a_line_that_stays_keeps_its_promotion(amending: Amending) -> None:
    soy, stick = amending.street.soy.sku_id, amending.street.stick.sku_id
    amending.promotion(stick, -200)
    order = amending.order()
    assert order.agreed_fen == 1200
    proposed = amending.propose(order.order_id, {soy: 1, stick: 4})
    assert [line.amount_fen for line in proposed.after] == [300, 600]
    assert proposed.after[1].adjustments == proposed.before[1].adjustments
    amending.withdraw(proposed)
    changed = amending.propose(order.order_id, {soy: 2, stick: 5})
    assert [line.amount_fen for line in changed.after] == [600, 1000]
    assert changed.after[1].adjustments == []


def test_times_must_fit_the_order(amending: Amending) -> None:
    order = amending.order()
    with pytest.raises(Malformed):
        amending.propose(order.order_id, deliver_after=NOW - timedelta(hours=1))
    with pytest.raises(Malformed):
        amending.propose(order.order_id, slot_from=SLOT)
    haircut = amending.haircut()
    with pytest.raises(Malformed):
        amending.propose(haircut.order_id, deliver_after=SLOT)
    with pytest.raises(SlotNotOffered):
        amending.propose(haircut.order_id, slot_from=SLOT + timedelta(minutes=7))
    with pytest.raises(NothingAmended):
        amending.propose(haircut.order_id, slot_from=SLOT)
    amending.haircut(SLOT + timedelta(hours=1))
    with pytest.raises(SlotTaken):
        amending.propose(haircut.order_id, slot_from=SLOT + timedelta(hours=1))


def test_a_time_is_not_agreed_to_once_it_has_passed(amending: Amending) -> None:
    order, soon = amending.order(), NOW + timedelta(hours=1)
    proposed = amending.propose(order.order_id, deliver_after=soon)
    assert proposed.deadline_at == soon
    with pytest.raises(WrongState):
        amending.answer(proposed, now=soon)
    at_ten = NOW + timedelta(days=1, hours=-2)
    haircut = amending.haircut()
    asked_at = at_ten - timedelta(minutes=5)
    assert amending.propose(haircut.order_id, slot_from=at_ten, now=asked_at).deadline_at == at_ten


def test_a_no_leaves_the_order_as_it_was(amending: Amending) -> None:
    order = amending.order()
    refused = amending.answer(amending.propose(order.order_id), accept=False)
    assert (refused.state, refused.why_over) == (A.REFUSED, "居民不同意改单")
    after = amending.now_is(order.order_id)
    assert (after.trouble, after.agreed_fen, after.revision) == (Trouble.NONE, 1400, 0)
    assert after.deadline_at is not None
    name, told = told_events(amending.db)[-1]
    assert (name, told["to"], told["what"]) == ("order.trouble", ["merchant"], "amendment_over")
    amending.confirm(order.order_id)


def test_the_store_takes_a_proposal_back_until_it_is_answered(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    proposed = amending.propose(order.order_id)
    with pytest.raises(Forbidden):
        amending.withdraw(proposed, street.resident)
    assert amending.withdraw(proposed).state is A.WITHDRAWN
    assert amending.now_is(order.order_id).trouble is Trouble.NONE
    for late in (lambda: amending.withdraw(proposed), lambda: amending.answer(proposed)):
        with pytest.raises(WrongState):
            late()


def test_a_proposal_that_nobody_answers_lapses(amending: Amending) -> None:
    order = amending.order()
    proposed = amending.propose(order.order_id)
    late = NOW + timedelta(seconds=SETTINGS.amendment_answer_s)
    expire_proposals(amending.db, late - timedelta(seconds=1), SETTINGS)
    assert amending.see(proposed).state is A.PROPOSED
    with pytest.raises(WrongState):
        amending.answer(proposed, now=late)
    expire_proposals(amending.db, late, SETTINGS)
    assert amending.see(proposed).state is A.EXPIRED
    assert amending.now_is(order.order_id).trouble is Trouble.NONE
    assert told_events(amending.db)[-1][1]["to"] == ["resident", "merchant"]


def test_only_the_household_answers_and_nobody_their_own_proposal(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    proposed = amending.propose(order.order_id)
    with pytest.raises(Forbidden):
        amending.answer(proposed, actor=street.merchant)
    with pytest.raises(NotYourOrder):
        amending.answer(proposed, actor=street.stranger)
    amending.withdraw(proposed)
    groups = {street.household_id: Role.OWNER, street.breakfast.store_id: Role.SHOPKEEPER}
    both = person(groups)
    own = amending.propose(order.order_id, actor=both)
    assert own.may == ["withdraw_amendment"]
    with pytest.raises(Forbidden):
        amending.answer(own, actor=both)


def test_an_amendment_of_another_order_is_none(amending: Amending) -> None:
    proposed = amending.propose(amending.order().order_id)
    other = proposed.model_copy(update={"order_id": amending.order().order_id})
    with pytest.raises(NoSuchAmendment):
        amending.answer(other)


def test_a_dispute_takes_over_an_open_proposal_and_nothing_that_is_under_way(
    amending: Amending,
) -> None:
    order = amending.order()
    proposed = amending.propose(order.order_id)
    with amending.db.transaction() as tx:
        freed = withdraw_open(tx, locks.order_for_update(tx, order.order_id), NOW)
        assert freed.trouble is Trouble.NONE
    assert amending.see(proposed).state is A.WITHDRAWN
    under_way = amending.answer(amending.propose(order.order_id))
    assert under_way.state is A.AWAITING_PAYMENT, under_way
    with amending.db.transaction() as tx, pytest.raises(InTrouble):
        withdraw_open(tx, locks.order_for_update(tx, order.order_id), NOW)
