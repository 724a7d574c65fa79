"""A quarrel over an order that is paid at the door: before the parcel is there, nobody has paid."""

from collections.abc import Callable
from functools import partial

import pytest

from services.contracts.after_sales import NotForThisOrder
from services.contracts.disputes import DisputeState
from services.contracts.orders import OrderState
from services.contracts.settlement import Channel
from services.kernel.db import Database
from services.orders.use_cases.receive_payment import receive_payment
from tests.support.orders import NOW, SETTINGS
from tests.support.orders_disputes import Quarrel

pytestmark = pytest.mark.database
D, S = DisputeState, OrderState
AMOUNT = 1400


@pytest.fixture
def quarrel(database_of: Callable[[str], Database]) -> Quarrel:
    """A street on an empty database."""
    return Quarrel(database_of("orders"))


def to_be_paid_at_the_door(quarrel: Quarrel) -> str:
    """An order that the store packs, and whose courier shall take the money."""
    placed = quarrel.place()
    paid = quarrel.payment_received(placed).model_copy(update={"channel": Channel.DELIVERY})
    with quarrel.db.transaction() as tx:
        receive_payment(tx, paid, NOW, SETTINGS)
    order_id = placed.orders[0].order_id
    quarrel.confirm(order_id)
    return order_id


def refused(act: Callable[[], object]) -> None:
    with pytest.raises(NotForThisOrder) as error:
        act()
    assert error.value.fields == {"why": "unpaid_cash"}


def test_the_two_cannot_share_what_nobody_has_paid(quarrel: Quarrel) -> None:
    view = quarrel.open(to_be_paid_at_the_door(quarrel))
    for fen in (0, AMOUNT - 1):
        refused(partial(quarrel.propose, view, fen))
    quarrel.propose(view, AMOUNT)
    assert quarrel.accept(view, AMOUNT).state is D.CLOSED
    assert quarrel.view(view.order_id).state is S.CANCELLED


def test_a_mediator_and_a_manager_cannot_share_it_either(quarrel: Quarrel) -> None:
    view = quarrel.open(to_be_paid_at_the_door(quarrel))
    taken = quarrel.take(quarrel.call(view))
    refused(lambda: quarrel.rule(taken, 400))
    appealed = quarrel.appeal(quarrel.rule(taken, AMOUNT))
    refused(lambda: quarrel.decide(appealed, 400))
    assert quarrel.decide(appealed, AMOUNT).state is D.CLOSED


def test_once_the_parcel_is_there_its_money_is_shared_like_any_other(quarrel: Quarrel) -> None:
    order_id = to_be_paid_at_the_door(quarrel)
    quarrel.dispatch(order_id)
    view = quarrel.open(order_id)
    refused(lambda: quarrel.propose(view, 400))
    quarrel.deliver(order_id)
    quarrel.propose(view, 400)
    assert quarrel.accept(view, 400).state is D.CLOSED
    assert quarrel.view(order_id).state is S.COMPLETED


def test_what_is_paid_already_is_shared_before_the_parcel_is_there(quarrel: Quarrel) -> None:
    view = quarrel.opened(S.OUT_FOR_DELIVERY)
    quarrel.propose(view, 400)
    assert quarrel.accept(view, 400).state is D.CLOSED
