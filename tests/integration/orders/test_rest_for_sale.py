"""Fetched in part, and all of its money goes back: what was never fetched is for sale again."""

from collections.abc import Callable

import pytest

from services.contracts.after_sales import CaseState
from services.contracts.catalog import NoSuchItem, ReturnPieces
from services.contracts.disputes import DisputeState
from services.contracts.orders import OrderState
from services.kernel import failpoints
from services.kernel.db import Database
from services.kernel.failpoints import FailpointError
from services.kernel.ids import derived_id
from services.kernel.wire import Done
from tests.support.order_walk import Walk
from tests.support.orders_cases import Cases
from tests.support.orders_disputes import Quarrel, QuarrelServices

pytestmark = pytest.mark.database
S = OrderState
AMOUNT = 1400


class QuarrelShelf(QuarrelServices):
    """With a catalog that takes pieces back."""

    def catalog_return_pieces(self, _command: ReturnPieces) -> Done:
        return Done()


@pytest.fixture
def cases(database_of: Callable[[str], Database]) -> Cases:
    """A street on an empty database."""
    return Cases(database_of("orders"))


@pytest.fixture
def quarrel(database_of: Callable[[str], Database]) -> Quarrel:
    """A street on an empty database."""
    made = Quarrel(database_of("orders"))
    made.services = QuarrelShelf(made.street)
    return made


def fetched_in_part(walk: Walk) -> str:
    """One of two soy milks and three of four sticks are fetched."""
    order_id = walk.to_fetch_in(S.READY)
    lines = {walk.street.soy.sku_id: 1, walk.street.stick.sku_id: 3}
    walk.hand_over(order_id, walk.code_of(order_id), lines=lines)
    return order_id


def returned(walk: Walk) -> list[tuple[str, dict[str, int]]]:
    """What went back to the catalog, under which id."""
    commands = walk.services.named("catalog_return_pieces")
    return [(one.return_id, {line.sku_id: line.quantity for line in one.lines}) for one in commands]


def the_rest(walk: Walk, order_id: str) -> list[tuple[str, dict[str, int]]]:
    """What was never fetched of such an order."""
    left = {walk.street.soy.sku_id: 1, walk.street.stick.sku_id: 1}
    return [(derived_id("rest", order_id), left)]


def test_after_a_refund_of_everything_the_rest_is_for_sale_again(cases: Cases) -> None:
    order_id = fetched_in_part(cases.walk)
    done = cases.answer(cases.open(order_id))
    assert (done.state, done.refunded_fen) == (CaseState.DONE, AMOUNT)
    assert cases.walk.view(order_id).state is S.COMPLETED
    assert returned(cases.walk) == the_rest(cases.walk, order_id)


def test_dying_at_the_last_step_gives_the_rest_back_once(cases: Cases) -> None:
    order_id = fetched_in_part(cases.walk)
    case = cases.open(order_id)
    failpoints.arm("orders.case_refund.give_back_rest=error@1")
    with pytest.raises(FailpointError):
        cases.answer(case)
    cases.sweep()
    cases.sweep()
    assert returned(cases.walk) == 2 * the_rest(cases.walk, order_id)  # the catalog takes it once


def test_after_a_refund_of_a_part_the_rest_is_still_to_be_fetched(cases: Cases) -> None:
    order_id = fetched_in_part(cases.walk)
    done = cases.answer(cases.open(order_id, amount_fen=300))
    assert (done.state, done.refunded_fen) == (CaseState.DONE, 300)
    assert cases.walk.view(order_id).state is S.READY
    assert returned(cases.walk) == []


def test_what_the_catalog_does_not_know_any_more_hinders_nothing(cases: Cases) -> None:
    order_id = fetched_in_part(cases.walk)
    cases.services.faults["catalog_return_pieces"] = NoSuchItem()
    assert cases.answer(cases.open(order_id)).state is CaseState.DONE
    assert cases.walk.view(order_id).state is S.COMPLETED


def test_after_a_quarrel_that_gives_everything_back_the_rest_is_for_sale_again(
    quarrel: Quarrel,
) -> None:
    view = quarrel.open(fetched_in_part(quarrel))
    quarrel.propose(view, AMOUNT)
    assert quarrel.accept(view, AMOUNT).state is DisputeState.CLOSED
    assert quarrel.view(view.order_id).state is S.COMPLETED
    assert returned(quarrel) == the_rest(quarrel, view.order_id)


@pytest.mark.parametrize("fen", [0, 400])
def test_what_the_store_is_paid_for_stays_sold(quarrel: Quarrel, fen: int) -> None:
    view = quarrel.open(fetched_in_part(quarrel))
    quarrel.propose(view, fen)
    assert quarrel.accept(view, fen).state is DisputeState.CLOSED
    assert returned(quarrel) == []


def test_what_was_delivered_stays_sold(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.DELIVERED)
    quarrel.propose(view, AMOUNT)
    assert quarrel.accept(view, AMOUNT).state is DisputeState.CLOSED
    assert returned(quarrel) == []
