"""The ledger on the real database: what it refuses, and that summing is summing."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from services.contracts.settlement import (
    AlreadyPosted,
    InsufficientFunds,
)
from services.kernel.ids import new_id
from services.settlement import ledger
from services.settlement.domain import accounts, postings
from services.settlement.domain.escrows import Settlement
from services.settlement.domain.postings import Deal, Owed, Source
from tests.support.settlement import (
    NOW,
    Books,
)

pytestmark = pytest.mark.database


def clearing(books: Books) -> int:
    till = books.channel.till
    return books.balance(accounts.clearing(till.channel, till.merchant_number))


# the ledger itself


def test_a_transfer_is_posted_once(books: Books) -> None:
    source = Source(books.channel.till, new_id(), new_id())
    transfer = postings.unclaimed_receipt(source, 100, "paid_late")
    with books.db.transaction() as tx:
        ledger.post(tx, [transfer], NOW)
    with pytest.raises(AlreadyPosted), books.db.transaction() as tx:
        ledger.post(tx, [transfer], NOW)


def test_a_guarded_account_does_not_go_below_zero(books: Books) -> None:
    deal = Deal(new_id(), new_id(), new_id(), new_id())
    release = postings.release(deal, Settlement(1, 0, 0), Owed(), 1)
    with pytest.raises(InsufficientFunds), books.db.transaction() as tx:
        ledger.post(tx, [release], NOW)


def test_the_database_itself_refuses_a_balance_below_zero(books: Books) -> None:
    payment = books.paid(100)
    account = accounts.escrow(payment.allocations[0].order_id)
    with pytest.raises(Exception, match="account_never_below_zero"), books.db.transaction() as tx:
        tx.execute(
            text("UPDATE account SET balance_fen = -1 WHERE account_id = :id"),
            {"id": account.account_id},
        )


def test_checkpoints_change_no_sum(books: Books) -> None:
    books.paid(100)
    later = NOW + timedelta(hours=1)
    for moment in (later, later + timedelta(minutes=5)):
        with books.db.transaction() as tx:
            ledger.take_checkpoints(tx, moment)
        assert clearing(books) == -100
    books.paid(50)
    assert clearing(books) == -150
