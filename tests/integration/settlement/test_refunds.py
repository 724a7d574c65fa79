"""Money that goes back: of cancelled orders, late and double, and that it goes once."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    ClosePayment,
    OwnerKind,
    PaymentState,
    PaymentView,
    RefundState,
)
from services.kernel.db import Database
from services.kernel.errors import InvariantBroken
from services.kernel.ids import new_id
from services.kernel.schema import OUTBOX
from services.settlement.domain import accounts
from services.settlement.tables import EscrowRow, RefundRow
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.settlement import (
    NOW,
    Books,
)

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


# refunded


def test_a_cancelled_order_goes_back_through_the_channel(books: Books) -> None:
    payment = books.paid(700, 800)
    books.cancel(payment)
    assert clearing(books) == -1500
    assert run(books) == 1
    (refund,) = refund_rows(books)
    assert refund.state == RefundState.PROCESSING
    assert refund.total_fen == 1500
    books.channel.ends_refund(refund.refund_id)
    assert run(books, 5) == 1
    assert refund_rows(books)[0].state == RefundState.DONE
    assert clearing(books) == -800
    assert events(books.db)[-1] == "refund.completed"
    books.assert_proved()


def test_a_refund_notice_ends_it_once(books: Books) -> None:
    payment = books.paid()
    books.cancel(payment)
    run(books)
    (refund,) = refund_rows(books)
    books.channel.ends_refund(refund.refund_id)
    assert books.notify(refund.refund_id, refund=True).duplicate is False
    assert books.notify(refund.refund_id, refund=True).duplicate is True
    assert run(books, 100) == 0
    assert events(books.db).count("refund.completed") == 1
    books.assert_proved()


def test_a_refund_to_the_fund_is_done_at_once(books: Books) -> None:
    payment = books.paid()
    books.cancel(payment, to=RefundTo.FUND)
    assert books.fund_of(OwnerKind.HOUSEHOLD, payment.household_id) == 1500
    assert events(books.db)[-1] == "refund.completed"
    assert run(books) == 0
    assert books.channel.calls == ["prepay"]
    books.assert_proved()


def test_a_refund_asked_for_again_after_a_crash_is_the_same_refund(books: Books) -> None:
    payment = books.paid()
    books.cancel(payment)

    def crash(call: str) -> None:
        raise ConnectionResetError(call)

    books.channel.before_answer = crash
    with pytest.raises(ConnectionResetError):
        run(books)
    books.channel.before_answer = lambda call: None
    assert run(books) == 1
    assert books.channel.calls.count("refund") == 2
    assert len(books.channel.refunds) == 1
    books.assert_proved()


def test_a_channel_that_is_away_is_asked_again_for_as_long_as_it_takes(books: Books) -> None:
    books.cancel(books.paid())
    books.channel.away = True
    for hour in range(6):
        assert run(books, hour * 3600) == 1
    books.channel.away = False
    books.channel.refund_state = RefundState.DONE
    assert run(books, 7 * 3600) == 1
    assert refund_rows(books)[0].state == RefundState.DONE
    books.assert_proved()


def test_a_refund_that_the_channel_refuses_is_given_up_after_so_many_tries(books: Books) -> None:
    books.cancel(books.paid())
    books.channel.refund_refusal = "NOT_ENOUGH: 基本账户余额不足"
    for hour in range(3):
        assert run(books, hour * 3600) == 1
    assert run(books, 9 * 3600) == 0
    (refund,) = refund_rows(books)
    assert refund.state == RefundState.FAILED
    assert refund.last_error == "NOT_ENOUGH: 基本账户余额不足"
    assert events(books.db)[-1] == "refund.failed"
    books.assert_proved()


def test_an_outage_does_not_count_as_a_refusal(books: Books) -> None:
    books.cancel(books.paid())
    books.channel.away = True
    for hour in range(5):
        run(books, hour * 3600)
    books.channel.away, books.channel.refund_refusal = False, "NOT_ENOUGH"
    run(books, 6 * 3600)
    books.channel.refund_refusal, books.channel.refund_state = "", RefundState.DONE
    run(books, 8 * 3600)
    assert refund_rows(books)[0].state == RefundState.DONE


def test_a_refund_that_the_channel_answers_with_nonsense_keeps_no_other_waiting(
    books: Books,
) -> None:
    first, second = books.paid(100), books.paid(200)
    books.cancel(first)
    books.cancel(second)

    def nonsense(call: str) -> None:
        if books.channel.calls.count("refund") == 1:
            raise InvariantBroken("WeChat Pay answers in an unknown form")

    books.channel.before_answer = nonsense
    assert run(books) == 2
    assert sorted(row.state for row in refund_rows(books)) == ["pending", "processing"]


def test_a_failed_refund_that_is_mended_at_the_channel_is_believed(books: Books) -> None:
    books.cancel(books.paid())
    books.channel.refund_state = RefundState.FAILED
    run(books)
    (refund,) = refund_rows(books)
    assert refund.state == RefundState.FAILED
    books.channel.ends_refund(refund.refund_id)
    books.notify(refund.refund_id, refund=True)
    assert refund_rows(books)[0].state == RefundState.DONE
    books.assert_proved()


# late and double


def test_money_that_comes_after_closing_goes_back_by_itself(books: Books) -> None:
    payment = books.open()
    number = books.number_of(books.pay(payment))
    view = close_payment(books.db, books.channels, closing(payment), NOW)
    assert view.state is PaymentState.CLOSED
    books.channel.pays_after_close = True
    books.channel.is_paid(number)
    assert books.notify(number).duplicate is False
    books.assert_proved()
    assert run(books) == 1
    (refund,) = refund_rows(books)
    assert (refund.reason, refund.order_id, refund.amount_fen) == ("paid_late", None, 1500)
    books.channel.ends_refund(refund.refund_id)
    run(books, 5)
    assert clearing(books) == 0
    assert books.count(EscrowRow) == 0
    assert events(books.db) == ["refund.completed"]
    books.assert_proved()


def test_money_that_comes_twice_goes_back_once(books: Books) -> None:
    payment = books.open()
    first, second = books.pays(payment), books.pays(payment, "oHkLxt-another")
    books.notify(first)
    books.notify(second)
    assert books.notify(second).duplicate is True
    (refund,) = refund_rows(books)
    assert (refund.reason, refund.out_trade_no) == ("paid_twice", second)
    books.channel.refund_state = RefundState.DONE
    run(books)
    assert clearing(books) == -1500
    assert events(books.db) == ["payment.received", "refund.completed"]
    books.assert_proved()


def closing(payment: PaymentView) -> ClosePayment:
    return ClosePayment(
        request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
    )
