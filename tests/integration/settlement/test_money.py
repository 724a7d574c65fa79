"""What is held, released, refunded and given back, and that it happens once."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    AlreadyPosted,
    AlreadyResolved,
    EscrowState,
    FundQuery,
    InsufficientFunds,
    MoneyCountsQuery,
    NotYourFund,
    OrderMoneyQuery,
    OwnerKind,
    PaymentState,
    PaymentView,
    RefundState,
)
from services.kernel.db import Database
from services.kernel.errors import InvariantBroken, NotFound
from services.kernel.ids import new_id
from services.kernel.schema import OUTBOX
from services.settlement import ledger
from services.settlement.domain import accounts, postings
from services.settlement.domain.postings import Source
from services.settlement.tables import EscrowRow, RefundRow
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.resolve_escrow import refund_escrow, release_escrow
from services.settlement.use_cases.see_money import count_money, see_fund, see_order_money
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.settlement import (
    NOW,
    Books,
    cancelled,
    cashier,
    completed,
    counted_statements,
    member_of,
    shopkeeper_of,
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

        def resolve(use_case, event, start=start, outcomes=outcomes) -> None:
            start.wait()
            try:
                with books.db.transaction() as tx:
                    use_case(tx, event, NOW)
                outcomes.append("won")
            except AlreadyResolved:
                outcomes.append("lost")

        rivals = [
            threading.Thread(target=resolve, args=(release_escrow, completed(payment))),
            threading.Thread(target=resolve, args=(refund_escrow, cancelled(payment))),
        ]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()
        assert sorted(outcomes) == ["lost", "won"]
    while run(books):
        pass
    books.assert_proved()


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


def closing(payment: PaymentView):
    from services.contracts.settlement import ClosePayment

    return ClosePayment(
        request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
    )


# shown


def test_a_statement_pages_with_a_running_balance(books: Books) -> None:
    payment = books.paid(100, 200, 300)
    merchant_id = new_id()
    with books.db.transaction() as tx:
        tx.execute(update(EscrowRow).values(merchant_id=merchant_id))
    for index in range(3):
        books.complete(payment, index)
    shopkeeper = shopkeeper_of(merchant_id)
    query = FundQuery(owner_kind=OwnerKind.MERCHANT, owner_id=merchant_id, limit=2)
    page = see_fund(books.db, query, shopkeeper, NOW)
    assert (page.balance_fen, page.today_in_fen, page.in_escrow_fen) == (600, 600, 0)
    assert [line.balance_fen for line in page.lines] == [600, 300]
    rest = see_fund(books.db, query.model_copy(update={"after": page.next_after}), shopkeeper, NOW)
    assert [(line.amount_fen, line.balance_fen) for line in rest.lines] == [(100, 100)]
    assert rest.next_after is None


def test_a_merchant_sees_what_is_held_for_it(books: Books) -> None:
    payment = books.paid(700)
    merchant_id = payment.allocations[0].merchant_id
    query = FundQuery(owner_kind=OwnerKind.MERCHANT, owner_id=merchant_id)
    fund = see_fund(books.db, query, shopkeeper_of(merchant_id), NOW)
    assert (fund.balance_fen, fund.in_escrow_fen, fund.lines) == (0, 700, [])


def test_a_fund_is_shown_to_its_people_and_to_staff_only(books: Books) -> None:
    household_id = new_id()
    query = FundQuery(owner_kind=OwnerKind.HOUSEHOLD, owner_id=household_id)
    for actor in (member_of(household_id), cashier()):
        assert see_fund(books.db, query, actor, NOW).balance_fen == 0
    for stranger in (member_of(new_id()), shopkeeper_of(household_id)):
        with pytest.raises(NotYourFund):
            see_fund(books.db, query, stranger, NOW)


def test_the_money_of_an_order_is_a_flow(books: Books) -> None:
    payment = books.paid(700, 800)
    books.complete(payment)
    part = payment.allocations[0]
    query = OrderMoneyQuery(order_id=part.order_id)
    for actor in (member_of(payment.household_id), shopkeeper_of(part.merchant_id), cashier()):
        view = see_order_money(books.db, query, actor)
        assert view.state is EscrowState.RELEASED
        assert view.held_fen == 0
        assert [(s.from_account, s.to_account, s.amount_fen) for s in view.steps] == [
            ("clearing", "escrow", 700),
            ("escrow", "merchant_fund", 700),
        ]
    for stranger in (member_of(new_id()), shopkeeper_of(payment.allocations[1].merchant_id)):
        with pytest.raises(NotFound):
            see_order_money(books.db, query, stranger)


def test_the_figures_of_the_day_add_up(books: Books) -> None:
    MoneyCountsQuery()
    payment = books.paid(700, 800)
    books.complete(payment)
    books.cancel(payment, 1)
    books.paid(50)
    counts = count_money(books.db, NOW)
    assert (counts.escrow_fen, counts.merchant_funds_fen) == (50, 700)
    assert (counts.paid_today_fen, counts.paid_today_count) == (1550, 2)
    assert (counts.settled_today_fen, counts.refunds_pending) == (700, 1)
    assert count_money(books.db, NOW + timedelta(days=1)).paid_today_count == 0


# the ledger itself


def test_a_transfer_is_posted_once(books: Books) -> None:
    source = Source(books.channel.till, new_id(), new_id())
    transfer = postings.unclaimed_receipt(source, 100, "paid_late")
    with books.db.transaction() as tx:
        ledger.post(tx, [transfer], NOW)
    with pytest.raises(AlreadyPosted), books.db.transaction() as tx:
        ledger.post(tx, [transfer], NOW)


def test_a_guarded_account_does_not_go_below_zero(books: Books) -> None:
    with pytest.raises(InsufficientFunds), books.db.transaction() as tx:
        ledger.post(tx, [postings.release(new_id(), new_id(), new_id(), 1)], NOW)


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
