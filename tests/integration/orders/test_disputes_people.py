"""Who may do what in a dispute, who may not, and what happens when two do at once."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from services.contracts.disputes import (
    AnotherMustDecide,
    DisputeState,
    NoSuchDispute,
    NotYourDispute,
    WrongDisputeState,
)
from services.contracts.orders import NotYourOrder, OrderState, Party
from services.contracts.permissions import Role
from services.contracts.settlement import EscrowState
from services.kernel.db import Database
from services.kernel.errors import Forbidden, LinliError
from services.kernel.ids import new_id
from tests.support.orders import COMMUNITY, NOW, person
from tests.support.orders_disputes import Quarrel

pytestmark = pytest.mark.database
D, S = DisputeState, OrderState
AMOUNT = 1400


@pytest.fixture
def quarrel(database_of: Callable[[str], Database]) -> Quarrel:
    """A street on an empty database."""
    return Quarrel(database_of("orders"))


def refused(act: Callable[[], Any]) -> type[LinliError]:
    """The class of the error that the act ends with."""
    with pytest.raises(LinliError) as caught:
        act()
    return type(caught.value)


def at_once(*acts: Callable[[], Any]) -> list[BaseException | None]:
    """Run acts beside each other; what each raised."""
    errors: list[BaseException | None] = [None] * len(acts)

    def run(index: int) -> None:
        try:
            acts[index]()
        except LinliError as error:
            errors[index] = error

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return errors


def test_strangers_and_staff_of_other_communities_find_no_dispute(quarrel: Quarrel) -> None:
    view = quarrel.taken()
    street = quarrel.street
    elsewhere = person({}, roles=(Role.MEDIATOR, Role.MANAGER), communities=(new_id(),))
    for stranger in (street.stranger, street.other_merchant, street.courier, elsewhere):
        assert refused(lambda by=stranger: quarrel.see(view, by)) is NoSuchDispute
        for act in (quarrel.call, quarrel.withdraw, quarrel.take, quarrel.content, quarrel.appeal):
            assert refused(lambda act=act, by=stranger: act(view, by)) is NoSuchDispute
        for split in (quarrel.propose, quarrel.accept, quarrel.rule, quarrel.decide):
            assert refused(lambda act=split, by=stranger: act(view, 1, by)) is NoSuchDispute
        assert refused(lambda by=stranger: quarrel.ask(view, None, by)) is NoSuchDispute
        assert refused(lambda by=stranger: quarrel.open(view.order_id, by)) is NotYourOrder
    assert quarrel.see(view).state is D.MEDIATING


def test_a_dispute_belongs_to_its_order(quarrel: Quarrel) -> None:
    first, second = quarrel.opened(), quarrel.opened()
    mixed = first.model_copy(update={"order_id": second.order_id})
    assert refused(lambda: quarrel.call(mixed)) is NoSuchDispute


def test_staff_do_not_act_for_the_two_nor_the_two_for_staff(quarrel: Quarrel) -> None:
    view = quarrel.waiting()
    assert refused(lambda: quarrel.propose(view, 1, quarrel.mediator)) is Forbidden
    assert refused(lambda: quarrel.open(view.order_id, quarrel.mediator)) is Forbidden
    for actor in (quarrel.street.resident, quarrel.street.merchant):
        assert refused(lambda by=actor: quarrel.take(view, by)) is AnotherMustDecide
    taken = quarrel.take(view)
    assert set(taken.may) == {"ask_party", "rule_dispute", "pass_to_manager"}
    assert set(quarrel.see(view).may) == {"propose_split", "withdraw_dispute"}


def test_one_mediator_has_it_and_a_manager_may_take_it_over(quarrel: Quarrel) -> None:
    view = quarrel.taken()
    other = quarrel.other_mediator
    for act in (
        lambda: quarrel.take(view, other),
        lambda: quarrel.rule(view, 1, other),
        lambda: quarrel.pass_on(view, other),
        lambda: quarrel.ask(view, None, other),
    ):
        assert refused(act) is NotYourDispute
    assert quarrel.take(view).mediator_name == "王调解"
    assert quarrel.steps(view.order_id).count("dispute_taken") == 1
    assert quarrel.take(view, quarrel.manager).mediator_name == "主管"
    assert refused(lambda: quarrel.rule(view, 1)) is NotYourDispute


def test_nobody_rules_in_a_quarrel_of_ones_own(quarrel: Quarrel) -> None:
    view = quarrel.waiting()
    neighbour = person(
        {quarrel.street.household_id: Role.FAMILY},
        roles=(Role.MEDIATOR, Role.MANAGER),
        communities=(COMMUNITY,),
    )
    assert refused(lambda: quarrel.take(view, neighbour)) is AnotherMustDecide
    assert "take_dispute" not in quarrel.see(view, neighbour).may
    appealed = quarrel.appeal(quarrel.rule(quarrel.take(view), 1))
    assert refused(lambda: quarrel.decide(appealed, 1, neighbour)) is AnotherMustDecide


def test_who_ruled_first_does_not_decide_the_appeal(quarrel: Quarrel) -> None:
    ruled = quarrel.rule(quarrel.take(quarrel.waiting(), quarrel.manager), 1, quarrel.manager)
    appealed = quarrel.appeal(ruled)
    assert "decide_appeal" not in quarrel.see(appealed, quarrel.manager).may
    assert refused(lambda: quarrel.decide(appealed, 1)) is AnotherMustDecide
    second = person({}, roles=(Role.MANAGER,), communities=(COMMUNITY,))
    assert quarrel.decide(appealed, 1, second).state is D.CLOSED


def test_a_shopkeeper_who_lives_next_door_does_not_accept_an_offer_of_their_own(
    quarrel: Quarrel,
) -> None:
    street = quarrel.street
    both = person({street.household_id: Role.OWNER, street.breakfast.store_id: Role.SHOPKEEPER})
    view = quarrel.open(quarrel.order_in(S.PREPARING), both)
    quarrel.propose(view, AMOUNT, both)
    assert "accept_split" not in quarrel.see(view, both).may
    assert refused(lambda: quarrel.accept(view, AMOUNT, both)) is WrongDisputeState
    assert quarrel.accept(view, AMOUNT, street.merchant).state is D.CLOSED


def test_letting_it_be_and_a_yes_at_once_move_the_money_one_way(quarrel: Quarrel) -> None:
    for _ in range(3):
        view = quarrel.opened()
        quarrel.propose(view, 300)
        errors = at_once(
            lambda view=view: quarrel.withdraw(view), lambda view=view: quarrel.accept(view, 300)
        )
        assert [type(e) for e in errors if e] == [WrongDisputeState]
        state = quarrel.see(view).state
        escrow = quarrel.services.escrow(view.order_id)
        assert (state, escrow.state) in [
            (D.WITHDRAWN, EscrowState.HELD),
            (D.CLOSED, EscrowState.RELEASED),
        ]


def test_a_ruling_and_letting_it_be_at_once_do_not_both_hold(quarrel: Quarrel) -> None:
    view = quarrel.taken()
    errors = at_once(lambda: quarrel.withdraw(view), lambda: quarrel.rule(view, 300))
    assert [type(e) for e in errors if e] == [WrongDisputeState]
    assert quarrel.see(view).state in (D.WITHDRAWN, D.RULED)


def test_two_mediators_at_once_do_not_both_have_it(quarrel: Quarrel) -> None:
    view = quarrel.waiting()
    errors = at_once(lambda: quarrel.take(view), lambda: quarrel.take(view, quarrel.other_mediator))
    assert [type(e) for e in errors if e] == [NotYourDispute]


def test_two_who_open_at_once_open_one(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.PREPARING)
    street = quarrel.street
    errors = at_once(
        lambda: quarrel.open(order_id, street.resident),
        lambda: quarrel.open(order_id, street.merchant),
    )
    assert [getattr(e, "code", "") for e in errors if e] == ["orders.in_trouble"]
    assert quarrel.steps(order_id).count("dispute_opened") == 1


def test_a_repeat_changes_nothing_more_and_shows_it_as_it_stands(quarrel: Quarrel) -> None:
    view, request_id = quarrel.opened(), new_id()
    quarrel.propose(view, 300, request_id=request_id)
    quarrel.propose(view, 300, request_id=request_id)
    assert quarrel.steps(view.order_id).count("dispute_proposed") == 1
    first = quarrel.accept(view, 300, request_id=request_id)
    assert quarrel.accept(view, 300, request_id=request_id) == first
    assert len(quarrel.services.named("settlement_rule_order")) == 1


def test_two_taps_open_a_dispute_and_photos_may_come_with_it(quarrel: Quarrel) -> None:
    view = quarrel.open(quarrel.order_in(S.PREPARING), text="", photos=[quarrel.photo()])
    assert view.photos[0].startswith("orders/")
    assert (view.opened_by, view.opened_at, view.resident_name) == (Party.RESIDENT, NOW, "张**")
