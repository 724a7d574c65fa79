"""Opening a payment, paying it, and asking the channel about it; with a channel made by hand."""

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
from services.kernel.errors import Conflict, Unavailable
from services.kernel.ids import new_id
from services.settlement import queries
from services.settlement.domain import accounts
from services.settlement.domain.channel import TradeState
from services.settlement.tables import ChannelOrderRow, PaymentRow
from services.settlement.use_cases.ask_channel import poll_payments
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.see_payment import see_payment
from tests.support.settlement import (
    NOW,
    Books,
    cashier,
    member_of,
    open_command,
)
from tests.support.statements import counted_statements

pytestmark = pytest.mark.database


def close(books: Books, payment: PaymentView) -> PaymentView:
    command = ClosePayment(
        request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
    )
    return close_payment(books.db, books.channels, command, NOW)


def see(books: Books, payment: PaymentView, *, refresh: bool = False) -> PaymentView:
    query = PaymentQuery(payment_id=payment.payment_id, refresh=refresh)
    return see_payment(books.db, books.channels, query, cashier(), NOW)


# opening


def test_opening_takes_two_statements_and_a_repeat_gives_the_same_payment(books: Books) -> None:
    command = open_command(1000, 500)
    with counted_statements() as count:
        opened = open_payment(books.db, command, NOW)
    assert count() == 2
    again = open_payment(books.db, command, NOW)
    assert again.state == opened.state == PaymentState.OPEN
    assert again.amount_fen == opened.amount_fen == 1500
    assert sorted(again.allocations, key=str) == sorted(opened.allocations, key=str)


def test_the_same_payment_id_for_something_else_is_a_conflict(books: Books) -> None:
    command = open_command(1000)
    open_payment(books.db, command, NOW)
    with pytest.raises(Conflict):
        open_payment(books.db, open_command(999, payment_id=command.payment_id), NOW)


def test_an_order_belongs_to_one_payment(books: Books) -> None:
    command = open_command(1000)
    open_payment(books.db, command, NOW)
    with pytest.raises(Conflict):
        open_payment(books.db, open_command(allocations=command.allocations), NOW)
    assert books.count(PaymentRow) == 1


def test_a_payment_closed_before_it_was_opened_stays_closed(books: Books) -> None:
    command = open_command(1000)
    tomb = ClosePayment(
        request_id=new_id(), payment_id=command.payment_id, household_id=command.household_id
    )
    assert close_payment(books.db, books.channels, tomb, NOW).state is PaymentState.CLOSED
    assert open_payment(books.db, command, NOW).state is PaymentState.CLOSED
    books.assert_proved()


# paying


def test_paying_takes_three_statements_and_a_repeat_gives_the_same_prepay(books: Books) -> None:
    payment = books.open()
    with counted_statements() as count:
        first = books.pay(payment)
    assert count() == 3
    assert books.number_of(books.pay(payment)) == books.number_of(first)
    assert books.channel.calls == ["prepay"]
    assert first.amount_fen == 1500


def test_a_prepay_that_is_no_longer_valid_is_made_again_under_the_same_number(
    books: Books,
) -> None:
    command = open_command(pay_before=NOW + timedelta(hours=5))
    payment = open_payment(books.db, command, NOW)
    first = books.pay(payment)
    again = books.pay(payment, now=NOW + timedelta(hours=2))
    assert books.number_of(first) == books.number_of(again)
    assert books.channel.calls == ["prepay", "prepay"]


def test_two_members_of_a_household_get_a_prepay_each(books: Books) -> None:
    payment = books.open()
    assert books.number_of(books.pay(payment)) != books.number_of(
        books.pay(payment, "oHkLxt-another")
    )


def test_a_stranger_and_an_unknown_payment_get_the_same_answer(books: Books) -> None:
    payment = books.open()
    for wrong in (
        payment.model_copy(update={"household_id": new_id()}),
        payment.model_copy(update={"payment_id": new_id()}),
    ):
        with pytest.raises(NoSuchPayment):
            books.pay(wrong)
    assert books.channel.calls == []


def test_nothing_is_paid_after_its_time(books: Books) -> None:
    payment = books.open()
    with pytest.raises(PaymentOver):
        books.pay(payment, now=NOW + timedelta(minutes=15))


def test_a_channel_that_is_away_leaves_the_intent_and_paying_again_uses_its_number(
    books: Books,
) -> None:
    payment = books.open()
    books.channel.away = True
    with pytest.raises(Unavailable):
        books.pay(payment)
    books.channel.away = False
    books.pay(payment)
    assert books.count(ChannelOrderRow) == 1


def test_a_prepay_made_while_the_payment_closes_is_not_given_out(books: Books) -> None:
    payment = books.open()
    books.channel.before_answer = lambda call: call == "prepay" and close(books, payment)
    with pytest.raises(PaymentOver):
        books.pay(payment)
    assert [trade.state for trade in books.channel.trades.values()] == [TradeState.CLOSED]


def test_paying_what_is_paid_over_there_books_it_and_says_so(books: Books) -> None:
    payment = books.open()
    books.channel.before_answer = lambda call: (_ for _ in ()).throw(Unavailable("cut"))
    with pytest.raises(Unavailable):
        books.pay(payment)
    (number,) = books.channel.trades
    books.channel.is_paid(number)
    with pytest.raises(PaymentOver) as over:
        books.pay(payment)
    assert over.value.fields == {"state": "paid"}
    assert see(books, payment).state is PaymentState.PAID


# asking


def test_refresh_finds_the_money_whose_notice_is_lost(books: Books) -> None:
    payment = books.open(700, 800)
    books.pays(payment)
    assert see(books, payment).state is PaymentState.OPEN
    assert see(books, payment, refresh=True).state is PaymentState.PAID
    assert books.balance(accounts.escrow(payment.allocations[0].order_id)) == 700
    books.assert_proved()


def test_refresh_still_answers_when_the_channel_is_away(books: Books) -> None:
    payment = books.open()
    books.pays(payment)
    books.channel.away = True
    assert see(books, payment, refresh=True).state is PaymentState.OPEN


def test_a_payment_is_shown_to_its_household_and_to_nobody_else(books: Books) -> None:
    payment = books.open()
    query = PaymentQuery(payment_id=payment.payment_id)
    member = member_of(payment.household_id)
    assert see_payment(books.db, books.channels, query, member, NOW) == see(books, payment)
    with pytest.raises(NoSuchPayment):
        see_payment(books.db, books.channels, query, member_of(new_id()), NOW)


def test_the_poll_finds_lost_money_and_asks_less_and_less_often(books: Books) -> None:
    unpaid, paid = books.open(), books.open()
    books.pay(unpaid)
    books.pays(paid)
    assert poll_payments(books.db, books.channels, NOW) == 0
    assert poll_payments(books.db, books.channels, NOW + timedelta(seconds=10)) == 2
    assert see(books, paid).state is PaymentState.PAID
    assert poll_payments(books.db, books.channels, NOW + timedelta(seconds=20)) == 0
    assert poll_payments(books.db, books.channels, NOW + timedelta(seconds=30)) == 1
    assert poll_payments(books.db, books.channels, NOW + timedelta(seconds=69)) == 0


def test_the_poll_survives_a_channel_that_is_away(books: Books) -> None:
    payment = books.open()
    books.pays(payment)
    books.channel.away = True
    assert poll_payments(books.db, books.channels, NOW + timedelta(seconds=10)) == 1
    books.channel.away = False
    assert poll_payments(books.db, books.channels, NOW + timedelta(seconds=30)) == 1
    assert see(books, payment).state is PaymentState.PAID


def test_the_poll_forgets_a_number_that_the_channel_never_heard_of(books: Books) -> None:
    payment = books.open()
    books.channel.away = True
    with pytest.raises(Unavailable):
        books.pay(payment)
    books.channel.away = False
    poll_payments(books.db, books.channels, NOW + timedelta(seconds=70))
    with books.db.reading() as tx:
        assert queries.live_channel_orders(tx, payment.payment_id) == []


def test_after_a_forgotten_number_paying_again_takes_a_new_one(books: Books) -> None:
    payment = books.open()
    books.channel.away = True
    with pytest.raises(Unavailable):
        books.pay(payment)
    books.channel.away = False
    poll_payments(books.db, books.channels, NOW + timedelta(seconds=70))
    number = books.number_of(books.pay(payment))
    assert books.count(ChannelOrderRow) == 2
    books.channel.is_paid(number)
    books.notify(number)
    books.assert_proved()


def test_the_poll_closes_the_other_channel_orders_of_a_paid_payment(books: Books) -> None:
    payment = books.open()
    other = books.number_of(books.pay(payment, "oHkLxt-another"))
    books.notify(books.pays(payment))
    poll_payments(books.db, books.channels, NOW + timedelta(seconds=10))
    assert books.channel.trades[other].state is TradeState.CLOSED
