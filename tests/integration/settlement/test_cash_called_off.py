"""Cash on delivery that is called off with the courier at the door, and what a courier hears."""

from datetime import timedelta

import pytest

from services.contracts.permissions import Role
from services.contracts.settlement import (
    AlreadyResolved,
    CashDueQuery,
    CashState,
    PayOutRefund,
    RefundsQuery,
    RefundState,
)
from services.kernel.ids import new_id
from services.settlement.domain import accounts
from services.settlement.use_cases import cash
from services.settlement.use_cases.give_back import DESK
from services.settlement.use_cases.mend_refund import pay_out_refund
from services.settlement.use_cases.see_money import see_refunds
from tests.support.settlement import Books
from tests.support.settlement_orders import (
    cash_order,
    give_back,
    hand_in,
    is_brought,
    merchant_fen,
    money_of,
    order_of,
)
from tests.support.withdrawals import staff

pytestmark = pytest.mark.database

CASHIER = staff(Role.CASHIER)
DESK_CASH = (DESK.channel, DESK.merchant_number)


def test_cash_that_was_collected_as_the_order_was_called_off_is_the_households(
    books: Books,
) -> None:
    payment, courier = cash_order(books), new_id()
    at_the_door = books.now
    books.now += timedelta(seconds=3)
    books.cancel(payment)
    is_brought(books, payment, courier, at_the_door)
    assert money_of(books, payment).cash is CashState.COLLECTED
    assert books.balance(accounts.courier_cash(courier)) == -1500
    books.assert_proved()
    (waiting,) = see_refunds(books.db, RefundsQuery(state=RefundState.PENDING), CASHIER).items
    assert (waiting.order_id, waiting.amount_fen) == (None, 1500)
    paying = PayOutRefund(request_id=new_id(), refund_id=waiting.refund_id)
    with pytest.raises(AlreadyResolved):
        pay_out_refund(books.db, paying, CASHIER, books.now)
    hand_in(books, payment, 1500)
    assert pay_out_refund(books.db, paying, CASHIER, books.now).state is RefundState.DONE
    assert books.balance(accounts.clearing(*DESK_CASH)) == 0
    books.assert_proved()


def test_of_cash_collected_as_the_order_got_cheaper_the_difference_goes_back(
    books: Books,
) -> None:
    payment, courier = cash_order(books), new_id()
    at_the_door = books.now
    books.now += timedelta(seconds=3)
    give_back(books, payment, 500)
    is_brought(books, payment, courier, at_the_door)
    books.complete(payment)
    hand_in(books, payment, 1500)
    assert merchant_fen(books, payment) == 1000
    assert -books.balance(accounts.clearing(*DESK_CASH)) == 1500
    books.assert_proved()


def test_nobody_collects_what_was_called_off_before_the_courier_came(books: Books) -> None:
    payment, courier = cash_order(books), new_id()
    books.cancel(payment)
    books.now += timedelta(seconds=3)
    is_brought(books, payment, courier)
    assert money_of(books, payment).cash is CashState.VOID
    assert books.balance(accounts.courier_cash(courier)) == 0
    books.assert_proved()


def test_a_courier_hears_how_much_is_due_and_not_who_has_it(books: Books) -> None:
    payment = cash_order(books)
    is_brought(books, payment, new_id())
    (seen,) = cash.see_due(books.db, CashDueQuery(order_ids=[order_of(payment)])).items
    assert (seen.amount_fen, seen.state) == (1500, CashState.COLLECTED)
    assert (seen.courier_id, seen.courier_name, seen.collected_at) == (None, "", None)
