"""Random lives of a dispute through the real use cases: money, order and record always agree."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.contracts.disputes import DisputeState, DisputeView
from services.contracts.orders import OrderState, RecordQuery, Trouble
from services.contracts.settlement import EscrowState
from services.kernel.db import Database
from services.kernel.errors import Refused, Unavailable
from services.orders.domain.dispute_moves import OPEN
from services.orders.record_view import see_record
from services.orders.sagas.engine import At, sweep
from services.orders.sagas.kinds import KINDS
from tests.support.orders import NOW, SETTINGS
from tests.support.orders_disputes import Quarrel

pytestmark = pytest.mark.database
D, E = DisputeState, EscrowState
AMOUNT, ACTS = 1400, 22
AWAY = ("settlement_freeze_order", "settlement_thaw_order", "settlement_rule_order")
HELD_IN = {
    D.FREEZING: {E.HELD, E.FROZEN},
    D.THAWING: {E.FROZEN, E.HELD},
    D.EXECUTING: {E.FROZEN, E.RELEASED, E.REFUNDED},
    D.WITHDRAWN: {E.HELD},
    D.CLOSED: {E.RELEASED, E.REFUNDED},
}
"""Where the money may be; frozen in all other states."""


def acts(quarrel: Quarrel, dice: random.Random, view: DisputeView) -> list[Callable[[], Any]]:
    """All that anybody might try."""
    two = dice.choice([quarrel.street.resident, quarrel.street.merchant])
    staff = dice.choice([quarrel.mediator, quarrel.other_mediator, quarrel.manager])
    fen = dice.choice([0, 1, 700, AMOUNT, AMOUNT + 1])
    return [
        lambda: quarrel.propose(view, fen, two),
        lambda: quarrel.accept(view, quarrel.kept(view).proposal_fen or 0, two),
        lambda: quarrel.call(view, two),
        lambda: quarrel.withdraw(view, two),
        lambda: quarrel.take(view, staff),
        lambda: quarrel.ask(view, None, staff),
        lambda: quarrel.rule(view, fen, staff),
        lambda: quarrel.pass_on(view, staff),
        lambda: quarrel.content(view, two),
        lambda: quarrel.appeal(view, two),
        lambda: quarrel.decide(view, fen, dice.choice([staff, quarrel.manager])),
        lambda: quarrel.clock(NOW + timedelta(days=dice.choice([0, 3]))),
        lambda: quarrel.open(view.order_id, two),
    ]


def check(quarrel: Quarrel, view: DisputeView) -> None:
    """What holds after every act."""
    kept, escrow = quarrel.kept(view), quarrel.services.escrow(view.order_id)
    assert escrow.state in HELD_IN.get(kept.state, {E.FROZEN})
    order = quarrel.order(view.order_id)
    newest = quarrel.view(view.order_id).dispute_id == view.dispute_id
    if newest:
        assert (order.trouble is Trouble.DISPUTED) is (kept.state in OPEN)
    if kept.state is D.CLOSED:
        split = (escrow.to_resident_fen, escrow.to_merchant_fen)
        assert split == (kept.outcome_fen, AMOUNT - (kept.outcome_fen or 0))
        assert order.state in (OrderState.COMPLETED, OrderState.CANCELLED)


@pytest.fixture
def quarrel(database_of: Callable[[str], Database]) -> Quarrel:
    """A street on an empty database."""
    return Quarrel(database_of("orders"))


@pytest.mark.parametrize("seed", range(4))
def test_any_life_keeps_money_order_and_record_together(quarrel: Quarrel, seed: int) -> None:
    dice = random.Random(seed)
    state = dice.choice([OrderState.PREPARING, OrderState.DELIVERED, OrderState.COMPLETED])
    view = quarrel.open(quarrel.order_in(state))
    for number in range(ACTS):
        name = dice.choice([*AWAY, *[""] * 9])
        quarrel.services.faults = {name: Unavailable()} if name else {}
        try:
            answer = dice.choice(acts(quarrel, dice, view))()
        except Refused:
            answer = None
        if isinstance(answer, DisputeView):
            view = answer
        quarrel.services.faults = {}
        if dice.random() < 0.3:
            later = NOW + timedelta(hours=number + 1)
            sweep(quarrel.db, KINDS, At(quarrel.services, SETTINGS, later), 10)
        check(quarrel, view)
    query = RecordQuery(order_id=view.order_id)
    assert see_record(quarrel.db, query, quarrel.mediator, NOW, SETTINGS).whole
