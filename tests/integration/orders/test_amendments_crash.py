"""Whatever dies in the middle of a change, any copy goes on; of two who act at once one wins."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.contracts.amendments import AmendmentState, AmendmentView
from services.contracts.orders import OrderState, Trouble, WrongState
from services.kernel import failpoints
from services.kernel.db import Database
from services.kernel.errors import LinliError, Unavailable
from services.kernel.failpoints import FailpointError
from services.kernel.ids import new_id
from services.orders.sagas.amend import AMEND, AMEND_DEARER
from tests.support.orders import NOW, told_names
from tests.support.orders_amendments import Amending

pytestmark = pytest.mark.database
A = AmendmentState


@pytest.fixture
def amending(database_of: Callable[[str], Database]) -> Amending:
    """An empty street."""
    return Amending(database_of("orders"))


def crash(where: str, act: Callable[[], object]) -> bool:
    """Die at `where` once, on the way of `act`; True when it came by there."""
    failpoints.arm(f"orders.{where}=error@1")
    try:
        act()
    except FailpointError:
        return True
    finally:
        failpoints.arm("")
    return False


@pytest.mark.parametrize("step", [step.name for step in AMEND.steps])
def test_a_crash_at_any_step_changes_the_order_once_and_gives_back_once(
    amending: Amending, step: str
) -> None:
    order, street = amending.order(), amending.street
    proposed = amending.propose(order.order_id, {street.soy.sku_id: 1, street.egg.sku_id: 1})
    assert crash(f"amend.{step}", lambda: amending.answer(proposed))
    amending.sweep()
    after = amending.now_is(order.order_id)
    assert (after.agreed_fen, after.revision, after.trouble) == (450, 1, Trouble.NONE)
    assert amending.services.given_fen() == {order.order_id: 950}
    assert amending.services.still_held() == {after.reservation_id}
    assert amending.see(proposed).state is A.DONE


@pytest.mark.parametrize("step", [step.name for step in AMEND_DEARER.steps])
def test_a_crash_at_any_step_of_a_dearer_change_asks_for_the_difference_once(
    amending: Amending, step: str
) -> None:
    order = amending.order()
    proposed = amending.propose(order.order_id)

    def whole_way() -> None:
        waiting = amending.answer(proposed)
        amending.pay(waiting.payment_id or "")
        amending.sweep(NOW)

    assert crash(f"amend_dearer.{step}", whole_way)
    amending.sweep()
    (small,) = amending.supplements(order.order_id)
    if small.state is OrderState.AWAITING_PAYMENT:
        amending.pay(small.payment_id)
        amending.sweep()
    after = amending.now_is(order.order_id)
    assert (after.agreed_fen, after.revision, after.trouble) == (1700, 1, Trouble.NONE)
    assert amending.services.still_held() == {after.reservation_id}
    assert amending.see(proposed).state is A.DONE
    assert len(amending.all_orders()) == 2


@pytest.mark.parametrize("step", ["open_payment", "supplement", "reserve_more"])
def test_a_crash_while_undoing_undoes_all_of_it_once(amending: Amending, step: str) -> None:
    order = amending.order()
    waiting = amending.answer(amending.propose(order.order_id))
    amending.services.faults["catalog_swap_reservation"] = WrongState()
    amending.pay(waiting.payment_id or "")
    where = f"amend_dearer.{step}.undo"
    assert crash(where, lambda: amending.sweep(NOW))
    amending.sweep()
    assert amending.see(waiting).state is A.FAILED
    assert told_names(amending.db).count("order.cancelled") == 1
    assert amending.services.still_held() == {order.reservation_id}
    assert amending.now_is(order.order_id).trouble is Trouble.NONE


def test_a_service_that_is_away_is_asked_again_until_it_answers(amending: Amending) -> None:
    order, street = amending.order(), amending.street
    amending.services.faults["settlement_refund_order"] = Unavailable()
    hanging = amending.answer(amending.propose(order.order_id, {street.soy.sku_id: 1}))
    assert hanging.state is A.ACCEPTED
    assert amending.now_is(order.order_id).trouble is Trouble.AMENDING
    del amending.services.faults["settlement_refund_order"]
    amending.sweep()
    assert amending.see(hanging).state is A.DONE
    assert amending.services.given_fen() == {order.order_id: 1100}


def test_a_refund_that_is_refused_hangs_for_staff_to_see_and_undoes_nothing(
    amending: Amending,
) -> None:
    order, street = amending.order(), amending.street
    amending.services.faults["settlement_refund_order"] = WrongState()
    hanging = amending.answer(amending.propose(order.order_id, {street.soy.sku_id: 1}))
    assert hanging.state is A.ACCEPTED
    assert amending.now_is(order.order_id).agreed_fen == 300


def test_a_repeat_of_a_yes_shows_the_amendment_as_it_stands(amending: Amending) -> None:
    order, request_id = amending.order(), new_id()
    proposed = amending.propose(order.order_id)
    first = amending.answer(proposed, request_id=request_id)
    assert amending.answer(proposed, request_id=request_id) == first
    with pytest.raises(WrongState):
        amending.answer(proposed)
    assert len(amending.supplements(order.order_id)) == 1


def test_a_repeat_of_a_yes_that_died_goes_on_with_it(amending: Amending) -> None:
    order, request_id = amending.order(), new_id()
    proposed = amending.propose(order.order_id, {amending.street.soy.sku_id: 1})

    def yes() -> AmendmentView:
        return amending.answer(proposed, request_id=request_id)

    assert crash("amend.swap", yes)
    assert yes().state is A.DONE


def test_when_a_yes_meets_a_withdrawal_exactly_one_of_them_happens(amending: Amending) -> None:
    for _ in range(3):
        order = amending.order()
        proposed = amending.propose(order.order_id, {amending.street.soy.sku_id: 1})
        with ThreadPoolExecutor(2) as both:
            acts = [
                both.submit(amending.answer, proposed),
                both.submit(amending.withdraw, proposed),
            ]
        ended = [_outcome(act.exception(), act) for act in acts]
        assert sorted(map(str, ended)) in ([str(A.DONE), "wrong"], [str(A.WITHDRAWN), "wrong"])
        assert amending.now_is(order.order_id).trouble is Trouble.NONE


def test_two_who_say_yes_at_once_have_one_change(amending: Amending) -> None:
    order = amending.order()
    proposed = amending.propose(order.order_id)
    with ThreadPoolExecutor(2) as both:
        acts = [both.submit(amending.answer, proposed) for _ in range(2)]
    assert sum(act.exception() is None for act in acts) == 1
    assert len(amending.supplements(order.order_id)) == 1


def _outcome(error: BaseException | None, act: object) -> object:
    if error is None:
        view = act.result()  # type: ignore[attr-defined]
        assert isinstance(view, AmendmentView)
        return view.state
    assert isinstance(error, LinliError)
    return "wrong"
