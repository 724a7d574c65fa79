"""kill -9 at each step of amendments, after-sales and disputes: every saga ends, the books hold."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.demo.clients import Staff
from deploy.demo.connection import demo_id
from tests.support.servers import wait_until
from tests.system.deal import Deal
from tests.system.life import Life, insist
from tests.system.test_kill_at_every_step import DEALS, killed

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("audited")]
Arm = Callable[[str], Path]


@pytest.fixture
def deal(life: Life) -> Deal:
    """The two."""
    return Deal(life)


@pytest.fixture
def dying(arm: Arm) -> Callable[[str], list[Path]]:
    """Arm each failpoint of DEALS that begins so; their marks."""
    return lambda beginning: [arm(name) for name in DEALS if name.startswith(beginning)]


def all_killed(marks: list[Path]) -> None:
    assert marks
    for mark in marks:
        killed(mark)


def test_a_cheaper_order_ends_amended_and_refunded_though_processes_die_at_each_step(
    deal: Deal, dying: Callable[[str], list[Path]]
) -> None:
    order_id = deal.paid()
    marks = dying("orders.amend.") + dying("order.trouble.")
    deal.amended(order_id, 2)
    done = deal.amendment_is(order_id, "done")
    all_killed(marks)
    back_fen = done["before_fen"] - done["after_fen"]

    def refunded() -> bool:
        order = deal.life.get(deal.resident, f"/orders/{order_id}")
        return bool(order["refunded_fen"] == back_fen and order["trouble"] == "none")

    wait_until(refunded, 60, "the difference is back")


def test_a_dearer_order_waits_for_the_difference_though_processes_die_at_each_step(
    deal: Deal, arm: Arm, dying: Callable[[str], list[Path]]
) -> None:
    order_id = deal.paid()
    marks = [mark for mark in dying("orders.amend_dearer.") if not mark.name.endswith(".undo")]
    deal.amended(order_id, 4, extra_fen=10)
    waiting = deal.amendment_is(order_id, "awaiting_payment")
    payment = {"payment_id": waiting["payment_id"]}
    wait_until(lambda: _opened(deal, payment["payment_id"]), 60, "the payment is open")
    deal.life.pay(deal.resident, payment["payment_id"])
    deal.amendment_is(order_id, "done")
    all_killed(marks)
    _walk_on(deal, order_id)


def test_a_difference_that_nobody_pays_leaves_the_order_as_it_was_though_processes_die(
    deal: Deal, arm: Arm
) -> None:
    order_id = deal.paid()
    marks = [arm(name) for name in DEALS if name.endswith(".undo")]
    deal.amended(order_id, 4, extra_fen=10)
    waiting = deal.amendment_is(order_id, "awaiting_payment")
    small = f"/orders/{waiting['supplement_id']}"
    deal.life.post(deal.resident, f"{small}/cancel", {"reason": "不补了"})
    deal.amendment_is(order_id, "failed")
    all_killed(marks)
    order = deal.life.get(deal.resident, f"/orders/{order_id}")
    assert (order["trouble"], order["lines"][0]["quantity"]) == ("none", 3)


def test_after_sales_end_though_processes_die_at_each_step(
    deal: Deal, dying: Callable[[str], list[Path]]
) -> None:
    order_id = deal.delivered()
    marks = dying("orders.case_")
    path = deal.case(order_id, kind="exchange")
    deal.life.post(deal.keeper, f"{path}/answer", {"answer": "agree"})
    deal.case_is(path, "awaiting_return")
    deal.life.post(deal.resident, f"{path}/send-back", {"text": "放门口了"})
    deal.life.post(deal.keeper, f"{path}/take-back", {"restock": True})
    deal.case_is(path, "replacing")
    deal.life.post(deal.keeper, f"{path}/send-replacement", deal.courier())
    deal.life.bring(deal.life.person(deal.life.shop.couriers[0].key), path.rsplit("/", 1)[-1])
    deal.life.post(deal.resident, f"{path}/confirm-replacement")
    deal.case_is(path, "done")
    path = deal.case(order_id, kind="return")
    deal.life.post(deal.keeper, f"{path}/answer", {"answer": "agree"})
    deal.life.post(deal.resident, f"{path}/send-back", {"text": "还是不对"})
    deal.life.post(deal.keeper, f"{path}/take-back", {"restock": True})
    deal.case_is(path, "done")
    all_killed(marks)

    def whole() -> bool:
        order = deal.life.get(deal.resident, f"/orders/{order_id}")
        return bool(order["refunded_at"] and order["state"] == "completed")

    wait_until(whole, 60, "all of it is back and the order is done")


def test_a_quarrel_ends_with_its_ruling_though_processes_die_at_each_step(
    deal: Deal, dying: Callable[[str], list[Path]]
) -> None:
    order_id = deal.delivered()
    marks = dying("orders.dispute_")
    path = deal.dispute(order_id)
    deal.dispute_is(path, "negotiating")
    deal.life.post(deal.resident, f"{path}/withdraw")
    deal.dispute_is(path, "withdrawn")
    path = deal.dispute(order_id)
    deal.dispute_is(path, "negotiating")
    deal.life.post(deal.resident, f"{path}/call-mediator", {"text": "请物业看看"})
    mediator: Staff = deal.life.staff("tiaojie")
    deal.life.post(mediator, f"{path}/take")
    ruling = {"to_resident_fen": 100, "reason": "双方各有责任"}
    deal.life.post(mediator, f"{path}/rule", ruling)
    for side in (deal.resident, deal.keeper):
        deal.life.post(side, f"{path}/accept-ruling")
    deal.dispute_is(path, "closed")
    all_killed(marks)
    deal.life.reaches(deal.resident, order_id, "completed")
    insist(lambda: deal.life.settled(deal.resident, order_id))


def test_what_is_fetched_and_reminded_of_is_told_once_though_processes_die(
    deal: Deal, arm: Arm
) -> None:
    marks = [arm("order.ready.before_commit"), arm("order.reminder.before_commit")]
    body = {
        "household_id": demo_id(deal.life.town.households[0].key),
        "lines": [{"sku_id": demo_id(deal.life.shop.goods[0].key, "0"), "quantity": 1}],
        "handovers": [{"store_id": deal.life.store_id, "fulfilment": "pickup"}],
    }
    placed = deal.life.post(deal.resident, "/orders", body)
    order_id = placed["orders"][0]["order_id"]
    deal.life.pay(deal.resident, placed["payment_id"])
    deal.life.reaches(deal.resident, order_id, "awaiting_confirmation")
    for step in ("confirm", "ready"):
        deal.life.post(deal.keeper, f"/orders/{order_id}/{step}")
    past = "UPDATE sales_order SET remind_at = '2020-01-01' WHERE order_id = "
    deal.life.change("orders", f"{past}'{order_id}'")
    code = deal.life.get(deal.resident, f"/orders/{order_id}")["pickup_code"]
    all_killed(marks)
    deal.life.post(deal.keeper, f"/orders/{order_id}/hand-over", {"code": code})
    deal.life.settled(deal.resident, order_id)


def _opened(deal: Deal, payment_id: str) -> bool:
    return bool(deal.life.get(deal.resident, f"/payments/{payment_id}"))


def _walk_on(deal: Deal, order_id: str) -> None:
    """To the end, with its supplement: the audit behind the test proves both."""
    for step in ("confirm", "ready"):
        deal.life.post(deal.keeper, f"/orders/{order_id}/{step}")
    deal.life.post(deal.keeper, f"/orders/{order_id}/dispatch", deal.courier())
    deal.life.bring(deal.life.person(deal.life.shop.couriers[0].key), order_id)
    deal.life.reaches(deal.resident, order_id, "delivered")
    deal.life.post(deal.resident, f"/orders/{order_id}/confirm-receipt")
    deal.life.settled(deal.resident, order_id)
    for small in deal.life.get(deal.resident, f"/orders/{order_id}")["supplements"]:
        deal.life.settled(deal.resident, small)
