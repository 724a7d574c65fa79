"""Two processes resolve the same escrow at once, 200 times: one wins, the other hears of it."""

import multiprocessing
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select

from services.contracts.orders import RefundTo
from services.contracts.settlement import EscrowState, OwnerKind
from services.kernel.db import Database
from services.settlement.tables import EscrowRow
from tests.support.rival_process import STROKE_S, WON, Contested, resolve_all
from tests.support.settlement import Books

pytestmark = pytest.mark.database

PAYMENTS, ORDERS = 10, 20
LOST = {
    EscrowState.RELEASED: "settlement.already_resolved released",
    EscrowState.REFUNDED: "settlement.already_resolved refunded",
}


def raced(db: Database, orders: list[Contested]) -> tuple[list[str], list[str]]:
    """What the releasing process and the refunding process were answered, order by order."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    queues: list[Any] = [context.Queue(), context.Queue()]
    rivals = [
        context.Process(target=resolve_all, args=(db.url, side == 0, orders, barrier, queue))
        for side, queue in enumerate(queues)
    ]
    for rival in rivals:
        rival.start()
    try:
        released, refunded = (queue.get(timeout=STROKE_S) for queue in queues)
    finally:
        for rival in rivals:
            rival.join(10)
            rival.kill()
    return released, refunded


def test_of_200_releases_and_refunds_at_once_in_two_processes_one_wins_each_time(
    db: Database, books: Books
) -> None:
    payments = [books.paid(*[1000 + order for order in range(ORDERS)]) for _ in range(PAYMENTS)]
    orders = [
        Contested(payment, index, RefundTo.FUND if index % 2 else RefundTo.CHANNEL)
        for payment in payments
        for index in range(ORDERS)
    ]
    released, refunded = raced(db, orders)
    with db.reading() as tx:
        ends = {row.order_id: row.state for row in tx.all(select(EscrowRow.__table__))}
    for order, release, refund in zip(orders, released, refunded, strict=True):
        state = EscrowState(ends[order.payment.allocations[order.index].order_id])
        winners = {EscrowState.RELEASED: (release, refund), EscrowState.REFUNDED: (refund, release)}
        assert winners[state] == (WON, LOST[state])
    assert Counter(released)[WON] + Counter(refunded)[WON] == PAYMENTS * ORDERS
    assert_the_money_is_where_it_was_won(books, orders, released)
    books.assert_proved()


def assert_the_money_is_where_it_was_won(
    books: Books, orders: list[Contested], released: list[str]
) -> None:
    """To the fen: with its merchant, on the household's fund, or under way to the channel."""
    for order, answer in zip(orders, released, strict=True):
        part = order.payment.allocations[order.index]
        won = part.amount_fen if answer == WON else 0
        assert books.fund_of(OwnerKind.MERCHANT, part.merchant_id) == won
    for payment in {order.payment.payment_id: order.payment for order in orders}.values():
        due_fen = sum(
            payment.allocations[order.index].amount_fen
            for order, answer in zip(orders, released, strict=True)
            if order.payment is payment and answer != WON and order.to is RefundTo.FUND
        )
        assert books.fund_of(OwnerKind.HOUSEHOLD, payment.household_id) == due_fen
