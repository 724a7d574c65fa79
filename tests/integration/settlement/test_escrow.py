"""What is held for an order, and that it resolves once."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.contracts.settlement import (
    AlreadyResolved,
    OwnerKind,
)
from services.kernel.db import Database
from services.kernel.errors import InvariantBroken
from services.kernel.schema import OUTBOX
from services.settlement.domain import accounts
from services.settlement.tables import RefundRow
from services.settlement.use_cases.resolve_escrow import refund_escrow, release_escrow
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.settlement import (
    NOW,
    Books,
    cancelled,
    completed,
)
from tests.support.statements import counted_statements

pytestmark = pytest.mark.database


def refund_rows(books: Books) -> list:
    with books.db.reading() as tx:
        return tx.all(select(RefundRow.__table__).order_by(RefundRow.requested_at))


def events(db: Database) -> list[str]:
    with db.reading() as tx:
        return [row.name for row in tx.all(select(OUTBOX.c.name).order_by(OUTBOX.c.id))]


def clearing(books: Books) -> int:
    till = books.channel.till
    return books.balance(accounts.clearing(till.channel, till.merchant_number))


def run(books: Books, seconds: int = 0, try_max: int = 3) -> int:
    return run_refunds(books.db, books.channels, try_max, NOW + timedelta(seconds=seconds))


# released


def test_a_completed_order_pays_its_merchant_the_same_moment(books: Books) -> None:
    payment = books.paid(700, 800)
    books.complete(payment)
    part = payment.allocations[0]
    assert books.fund_of(OwnerKind.MERCHANT, part.merchant_id) == 700
    assert books.balance(accounts.escrow(part.order_id)) == 0
    assert books.balance(accounts.escrow(payment.allocations[1].order_id)) == 800
    assert events(books.db) == ["payment.received", "escrow.released"]
    books.assert_proved()


def test_releasing_takes_seven_statements(books: Books) -> None:
    payment = books.paid()
    with counted_statements() as count:
        books.complete(payment)
    assert count() == 7


def test_refund_after_release_is_refused_and_moves_no_money(books: Books) -> None:
    payment = books.paid()
    books.complete(payment)
    with pytest.raises(AlreadyResolved) as refused:
        books.cancel(payment)
    assert refused.value.fields == {"state": "released"}
    assert books.count(RefundRow) == 0
    books.assert_proved()


def test_release_twice_is_refused_and_pays_once(books: Books) -> None:
    payment = books.paid()
    books.complete(payment)
    with pytest.raises(AlreadyResolved):
        books.complete(payment)
    assert books.fund_of(OwnerKind.MERCHANT, payment.allocations[0].merchant_id) == 1500


def test_completion_of_an_order_that_was_never_paid_needs_a_person(books: Books) -> None:
    with pytest.raises(InvariantBroken):
        books.complete(books.open())


def test_release_and_refund_from_two_connections_have_one_winner(books: Books) -> None:
    for _ in range(50):
        payment = books.paid(100)
        start, outcomes = threading.Barrier(2), []

        def resolve(use_case, event, terms, start=start, outcomes=outcomes) -> None:
            start.wait()
            try:
                with books.db.transaction() as tx:
                    use_case(tx, event, terms)
                outcomes.append("won")
            except AlreadyResolved:
                outcomes.append("lost")

        rivals = [
            threading.Thread(
                target=resolve, args=(release_escrow, completed(payment), books.terms)
            ),
            threading.Thread(target=resolve, args=(refund_escrow, cancelled(payment), NOW)),
        ]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()
        assert sorted(outcomes) == ["lost", "won"]
    while run(books):
        pass
    books.assert_proved()
