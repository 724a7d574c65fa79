"""A process dies at each step of a dispute's machine work: another one ends it, once."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from services.contracts.disputes import DisputeBrief, DisputeState
from services.contracts.orders import OrderState, Party, Trouble
from services.contracts.settlement import EscrowState
from services.kernel import failpoints
from services.kernel.db import Database
from services.kernel.failpoints import FailpointError
from services.orders import locks
from services.orders.domain.doer import SYSTEM
from services.orders.sagas.engine import At, sweep
from services.orders.sagas.kinds import KINDS
from services.orders.use_cases.disputes.begin import begin_dispute
from tests.support.orders import NOW, SETTINGS
from tests.support.orders_disputes import AFTER_APPEAL, Quarrel

pytestmark = pytest.mark.database
D, S = DisputeState, OrderState
LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def quarrel(database_of: Callable[[str], Database]) -> Quarrel:
    """A street on an empty database."""
    return Quarrel(database_of("orders"))


def recover(quarrel: Quarrel) -> None:
    """Another process comes up, and the sweep runs."""
    failpoints.arm("")
    sweep(quarrel.db, KINDS, At(quarrel.services, SETTINGS, LATER), 10)


def only_dispute(quarrel: Quarrel, order_id: str) -> DisputeBrief:
    """The order's dispute, found by its order."""
    dispute_id = quarrel.view(order_id).dispute_id
    assert dispute_id is not None
    return DisputeBrief.model_construct(dispute_id=dispute_id, order_id=order_id)


def test_dying_behind_the_freeze_leaves_a_dispute_with_its_money_frozen(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.DELIVERED)
    failpoints.arm("orders.dispute_freeze.freeze=error")
    with pytest.raises(FailpointError):
        quarrel.open(order_id)
    view = quarrel.see(only_dispute(quarrel, order_id))
    assert view.state is D.FREEZING
    recover(quarrel)
    view = quarrel.see(view)
    assert (view.state, view.frozen_fen) == (D.NEGOTIATING, 1400)


def test_dying_behind_the_thaw_leaves_a_calm_order(quarrel: Quarrel) -> None:
    view = quarrel.opened()
    failpoints.arm("orders.dispute_thaw.thaw=error")
    with pytest.raises(FailpointError):
        quarrel.withdraw(view)
    assert quarrel.see(view).state is D.THAWING
    recover(quarrel)
    assert quarrel.see(view).state is D.WITHDRAWN
    assert quarrel.view(view.order_id).trouble is Trouble.NONE


@pytest.mark.parametrize("step", ["rule", "end"])
def test_dying_while_a_split_is_carried_out_moves_the_money_once(
    quarrel: Quarrel, step: str
) -> None:
    view = quarrel.opened(S.DELIVERED)
    quarrel.propose(view, 300)
    failpoints.arm(f"orders.dispute_rule.{step}=error")
    with pytest.raises(FailpointError):
        quarrel.accept(view, 300)
    assert quarrel.see(view).state is D.EXECUTING
    recover(quarrel)
    done = quarrel.see(view)
    assert (done.state, done.outcome_fen) == (D.CLOSED, 300)
    escrow = quarrel.services.escrow(view.order_id)
    assert (escrow.to_resident_fen, escrow.to_merchant_fen) == (300, 1100)
    assert quarrel.steps(view.order_id)[-2:] == ["dispute_closed", "completed"]
    assert quarrel.steps(view.order_id).count("dispute_closed") == 1


def test_dying_when_the_time_to_appeal_has_passed(quarrel: Quarrel) -> None:
    ruled = quarrel.ruled(400, S.DELIVERED)
    failpoints.arm("orders.dispute_rule.rule=error")
    with pytest.raises(FailpointError):
        quarrel.clock(NOW + timedelta(seconds=AFTER_APPEAL))
    failpoints.arm("")
    late = NOW + timedelta(seconds=AFTER_APPEAL, minutes=1)
    sweep(quarrel.db, KINDS, At(quarrel.services, SETTINGS, late), 10)
    assert quarrel.see(ruled).state is D.CLOSED


def test_a_repeat_after_a_crash_goes_on_where_it_was_cut_off(quarrel: Quarrel) -> None:
    order_id, request_id = quarrel.order_in(S.PREPARING), "the-same-request"
    failpoints.arm("orders.dispute_freeze.freeze=error")
    with pytest.raises(FailpointError):
        quarrel.open(order_id, request_id=request_id)
    failpoints.arm("")
    assert quarrel.open(order_id, request_id=request_id).state is D.NEGOTIATING


def test_the_clock_calls_a_mediator_for_what_nobody_can_tell_from_afar(quarrel: Quarrel) -> None:
    order_id = quarrel.order_in(S.OUT_FOR_DELIVERY)
    with quarrel.db.transaction() as tx:
        order = locks.order_for_update(tx, order_id)
        text, about = "已超时仍未送达", "not_received"
        begin_dispute(tx, order, Party.SYSTEM, SYSTEM, about, text, None, [], NOW)
    recover(quarrel)
    view = quarrel.see(only_dispute(quarrel, order_id), quarrel.mediator)
    assert (view.state, view.opened_by, view.deadline_at) == (D.WAITING, Party.SYSTEM, None)
    assert view.may == ["take_dispute"]
    assert "withdraw_dispute" not in quarrel.see(view).may
    assert quarrel.services.escrow(order_id).state is EscrowState.FROZEN
