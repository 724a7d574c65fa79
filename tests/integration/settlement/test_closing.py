"""Closing a payment: at the channel first, racing with money that comes."""

from datetime import timedelta

import pytest

from services.contracts.settlement import (
    ClosePayment,
    NoSuchPayment,
    PaymentOver,
    PaymentQuery,
    PaymentState,
    PaymentView,
)
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement.domain import accounts
from services.settlement.domain.channel import TradeState
from services.settlement.tables import EscrowRow
from services.settlement.use_cases.ask_channel import poll_payments
from services.settlement.use_cases.close_payment import close_payment, close_stragglers
from services.settlement.use_cases.see_payment import see_payment
from tests.support.settlement import (
    NOW,
    OPENID,
    Books,
    cashier,
)

pytestmark = pytest.mark.database


def close(books: Books, payment: PaymentView) -> PaymentView:
    command = ClosePayment(
        request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
    )
    return close_payment(books.db, books.channels, command, NOW)


def see(books: Books, payment: PaymentView, *, refresh: bool = False) -> PaymentView:
    query = PaymentQuery(payment_id=payment.payment_id, refresh=refresh)
    return see_payment(books.db, books.channels, query, cashier(), NOW)


# closing


def test_closing_closes_at_the_channel_first(books: Books) -> None:
    payment = books.open()
    number = books.number_of(books.pay(payment))
    assert close(books, payment).state is PaymentState.CLOSED
    assert books.channel.trades[number].state is TradeState.CLOSED
    assert close(books, payment).state is PaymentState.CLOSED
    with pytest.raises(PaymentOver):
        books.pay(payment)


def test_closing_waits_for_a_channel_that_is_away_and_is_done_when_asked_again(
    books: Books,
) -> None:
    payment = books.open()
    books.pay(payment)
    books.channel.away = True
    with pytest.raises(Unavailable):
        close(books, payment)
    assert see(books, payment).state is PaymentState.CLOSING
    with pytest.raises(PaymentOver):
        books.pay(payment)
    books.channel.away = False
    assert close(books, payment).state is PaymentState.CLOSED


def test_closing_what_is_paid_over_there_books_it_and_answers_paid(books: Books) -> None:
    payment = books.open()
    books.pays(payment)
    closed = close(books, payment)
    assert closed.state is PaymentState.PAID
    assert books.count(EscrowRow) == 1
    books.assert_proved()


def test_a_notice_in_the_middle_of_closing_wins(books: Books) -> None:
    payment = books.open()
    number = books.pays(payment)
    books.channel.before_answer = lambda call: books.notify(number)
    assert close(books, payment).state is PaymentState.PAID
    assert books.balance(accounts.escrow(payment.allocations[0].order_id)) == 1500
    books.assert_proved()


def test_closing_a_paid_payment_leaves_its_other_channel_orders_to_the_poll(books: Books) -> None:
    payment = books.open()
    other = books.number_of(books.pay(payment, "oHkLxt-another"))
    books.notify(books.pays(payment, OPENID))
    assert close(books, payment).state is PaymentState.PAID
    poll_payments(books.db, books.channels, NOW + timedelta(seconds=10))
    assert books.channel.trades[other].state is TradeState.CLOSED


def test_closing_another_households_payment_is_refused(books: Books) -> None:
    payment = books.open()
    with pytest.raises(NoSuchPayment):
        close(books, payment.model_copy(update={"household_id": new_id()}))


def test_stragglers_are_closed_without_being_told_to(books: Books) -> None:
    payment = books.open()
    books.pay(payment)
    later = NOW + timedelta(hours=1)
    assert close_stragglers(books.db, books.channels, NOW, later) == 0
    assert close_stragglers(books.db, books.channels, later, later) == 1
    assert see(books, payment).state is PaymentState.CLOSED
