"""kill -9 at each step of an order's life, twice: nothing lost, nothing doubled, books proved."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import failpoint_names
from tests.support.servers import wait_until
from tests.system.life import Life

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("audited")]

WALK = (
    "catalog.reserve.before_commit",
    "catalog.reserve.after_commit",
    "orders.place.after_reserve",
    "orders.place.after_context",
    "orders.place.after_quote",
    "orders.place.after_commit",
    "orders.place.after_open_payment",
    "settlement.pay.after_intent",
    "settlement.pay.after_prepay",
    "settlement.notice.after_verify",
    "relay.after_publish",
    "payment.received.before_commit",
    "order.paid.before_commit",
    "order.confirmed.before_commit",
    "orders.dispatch.after_assign",
    "order.dispatched.before_commit",
    "delivery.admit.before_commit",
    "visit.entered.before_commit",
    "drop.delivered.before_commit",
    "visit.left.before_commit",
    "order.delivered.before_commit",
    "order.completed.before_commit",
    "escrow.released.before_commit",
    "marketing.notices.before_addressing",
    "marketing.notices.after_send",
)
REFUND = (
    "order.cancelled.before_commit",
    "settlement.refund.after_channel",
    "refund.completed.before_commit",
)
CLOSE = ("orders.expire.after_close_payment", "settlement.close.after_channel")
EXPIRE = ("orders.expire.after_closing", *CLOSE)
MONEY = {
    "settlement.payout.after_intent",
    "settlement.payout.after_channel",
    "withdrawal.changed.before_commit",
    "settlement.fee.after_commit",
    "settlement.fee.after_told",
    "merchant.left.before_commit",
    "card.returned.before_commit",
    "settlement.settle.after_batch",
    "settlement.reconcile.between_batches",
}
"""Walked in test_money_at_every_step."""
DEALS = (
    "orders.amend.reserve_more",
    "orders.amend.swap",
    "orders.amend.apply",
    "orders.amend.give_back",
    "orders.amend.close",
    "orders.amend_dearer.reserve_more",
    "orders.amend_dearer.supplement",
    "orders.amend_dearer.open_payment",
    "orders.amend_dearer.swap",
    "orders.amend_dearer.apply",
    "orders.amend_dearer.close",
    "orders.amend_dearer.supplement.undo",
    "orders.amend_dearer.reserve_more.undo",
    "orders.case_exchange.reserve",
    "orders.case_exchange.commit",
    "orders.case_exchange.await_old",
    "orders.case_exchange.restock",
    "orders.case_exchange.await_new",
    "orders.case_send.assign",
    "orders.case_refund.restock",
    "orders.case_refund.refund",
    "orders.case_refund.close",
    "orders.case_refund.give_back_rest",
    "orders.dispute_freeze.freeze",
    "orders.dispute_thaw.thaw",
    "orders.dispute_rule.rule",
    "orders.dispute_rule.end",
    "orders.dispute_rule.give_back_rest",
    "order.trouble.before_commit",
    "order.ready.before_commit",
    "order.reminder.before_commit",
)
"""Walked in test_deals_at_every_step."""
ELSEWHERE = {
    "orders.amend.reserve_more.undo": "tests/integration/orders: test_amendments",
    "orders.amend.swap.undo": "tests/integration/orders: test_amendments",
    "orders.amend_dearer.swap.undo": "tests/integration/orders: test_amendments",
    "orders.case_exchange.reserve.undo": "tests/integration/orders: test_cases",
    "settlement.cards.between_batches": "tests/integration/settlement: a great many cards",
    "settlement.mend.after_channel": "tests/integration/settlement: a difference is mended twice",
    "settlement.share.after_intent": "tests/integration/settlement: test_profit_sharing",
    "settlement.share.after_channel": "tests/integration/settlement: test_profit_sharing",
    "settlement.share.after_return": "tests/integration/settlement: test_profit_sharing",
    "delivery.mark_courier.before_call": "tests/integration/delivery: a courier is registered",
    "refund.failed.before_commit": "tests/integration/settlement: the channel keeps refusing",
    "stock.short.before_commit": "tests/integration/orders: the pieces were sold to somebody else",
    "wechat.event_received.before_commit": "tests/system/test_hostile_outside: webhook events",
}


def test_every_failpoint_in_the_code_is_walked_through_here_or_named_with_its_own_test() -> None:
    assert {*WALK, *REFUND, *EXPIRE, *MONEY, *DEALS, *ELSEWHERE} == set(failpoint_names())


def killed(mark: Path) -> None:
    wait_until(mark.exists, 90, f"{mark.name} kills")


def in_threes(failpoints: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Neighbours on the road: one order dies at three steps, and is carried on three times."""
    return [failpoints[start : start + 3] for start in range(0, len(failpoints), 3)]


@pytest.mark.parametrize("failpoints", in_threes(WALK), ids="+".join)
def test_an_order_ends_settled_though_processes_die_at(
    failpoints: tuple[str, ...], life: Life, arm: Callable[[str], Path]
) -> None:
    marks = [arm(failpoint) for failpoint in failpoints]
    life.walk()
    for mark in marks:
        killed(mark)


@pytest.mark.parametrize("failpoint", REFUND)
def test_a_cancelled_order_ends_refunded_though_a_process_dies_at(
    failpoint: str, life: Life, arm: Callable[[str], Path]
) -> None:
    mark = arm(failpoint)
    life.cancelled_after_payment()
    killed(mark)


@pytest.mark.parametrize("failpoint", CLOSE)
def test_an_unpaid_order_ends_cancelled_though_a_process_dies_at(
    failpoint: str, life: Life, arm: Callable[[str], Path]
) -> None:
    mark = arm(failpoint)
    life.cancelled_before_payment()
    killed(mark)


@pytest.mark.parametrize("failpoint", EXPIRE)
def test_an_order_whose_time_is_over_ends_cancelled_though_a_process_dies_at(
    failpoint: str, life: Life, arm: Callable[[str], Path]
) -> None:
    mark = arm(failpoint)
    life.expired()
    killed(mark)


def test_an_order_ends_settled_though_processes_die_at_three_steps_twice_each(
    life: Life, arm: Callable[[str], Path]
) -> None:
    steps = (
        "orders.place.after_commit",
        "settlement.notice.after_verify",
        "order.completed.before_commit",
    )
    for _ in range(2):
        marks = [arm(step) for step in steps]
        life.walk()
        for mark in marks:
            killed(mark)
