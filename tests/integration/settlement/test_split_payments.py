"""Fund and channel together, cash at doors, the desk: whoever pays, each fen finds its order."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from services.contracts.delivery import DropDelivered
from services.contracts.orders import RefundTo
from services.contracts.permissions import Permission
from services.contracts.settlement import (
    AlreadyResolved,
    CashState,
    Channel,
    ClosePayment,
    DeskMethod,
    HandInCash,
    InsufficientFunds,
    OwnerKind,
    PaymentOver,
    PaymentState,
    PaymentView,
    PayOutRefund,
    PayWay,
    RefundState,
    TakeAtDesk,
    TakeDeposit,
    TooMuch,
    WayNotOpen,
)
from services.kernel.actor import Actor
from services.kernel.ids import new_id
from services.settlement import queries
from services.settlement.domain import accounts
from services.settlement.tables_desk import CustodyRow
from services.settlement.use_cases import cash, collect_cash, desk, mend_refund
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.settlement import COMMUNITY, NOW, Books, open_command

CASHIER = Actor(
    account_id=new_id(), name="周会计", permissions=frozenset(Permission), communities=(COMMUNITY,)
)


def with_fund(books: Books, fund_fen: int, *amounts_fen: int) -> PaymentView:
    """A payment of a household that has so much in its fund."""
    first = books.paid(fund_fen)
    books.cancel(first, to=RefundTo.FUND)
    command = open_command(*amounts_fen, household_id=first.household_id)
    return open_payment(books.db, command, NOW)


def household_fen(books: Books, payment: PaymentView) -> int:
    return books.fund_of(OwnerKind.HOUSEHOLD, payment.household_id)


def close(books: Books, payment: PaymentView) -> PaymentView:
    command = ClosePayment(
        request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
    )
    return close_payment(books.db, books.channels, command, books.now)


def escrow_fen(books: Books, payment: PaymentView, index: int = 0) -> int:
    return books.balance(accounts.escrow(payment.allocations[index].order_id))


def test_fund_and_channel_pay_together_and_each_order_is_held_in_full(books: Books) -> None:
    payment = with_fund(books, 1000, 900, 700)
    view = books.pay(payment, fund_fen=1000)
    assert (view.channel_fen, view.fund_fen) == (600, 1000)
    assert household_fen(books, payment) == 0
    number = books.number_of(view)
    books.channel.is_paid(number)
    books.notify(number)
    assert [escrow_fen(books, payment, index) for index in (0, 1)] == [900, 700]
    books.assert_proved()


def test_the_whole_amount_from_the_fund_is_paid_at_once(books: Books) -> None:
    payment = with_fund(books, 1000, 800)
    view = books.pay(payment, way=PayWay.BALANCE)
    assert (view.state, view.offer) == (PaymentState.PAID, None)
    assert household_fen(books, payment) == 200
    books.complete(payment)
    assert books.fund_of(OwnerKind.MERCHANT, payment.allocations[0].merchant_id) == 800
    books.assert_proved()


def test_more_than_the_fund_has_changes_nothing(books: Books) -> None:
    payment = with_fund(books, 100, 800)
    with pytest.raises(InsufficientFunds):
        books.pay(payment, way=PayWay.BALANCE)
    with pytest.raises(InsufficientFunds):
        books.pay(payment, fund_fen=101)
    assert household_fen(books, payment) == 100
    books.assert_proved()


def test_a_payment_that_closes_gives_the_fund_its_part_back(books: Books) -> None:
    payment = with_fund(books, 1000, 1500)
    books.pay(payment, fund_fen=1000)
    assert close(books, payment).state is PaymentState.CLOSED
    assert household_fen(books, payment) == 1000
    books.assert_proved()


def test_the_choice_may_change_and_the_old_channel_order_is_closed_first(books: Books) -> None:
    payment = with_fund(books, 1000, 1500)
    first = books.number_of(books.pay(payment))
    second = books.number_of(books.pay(payment, fund_fen=400))
    assert first != second
    assert books.channel.trades[first].state == "closed"
    assert books.channel.trades[second].amount_fen == 1100
    books.channel.is_paid(second)
    books.notify(second)
    assert household_fen(books, payment) == 600
    books.assert_proved()


def test_a_full_payment_that_comes_late_makes_the_fund_whole_again(books: Books) -> None:
    payment = with_fund(books, 1000, 1500)
    books.channel.pays_after_close = True
    first = books.number_of(books.pay(payment))
    books.pay(payment, fund_fen=400)
    books.channel.is_paid(first)
    books.notify(first)
    assert household_fen(books, payment) == 1000
    assert escrow_fen(books, payment) == 1500
    books.assert_proved()


def test_too_little_for_what_is_covered_now_goes_back_by_itself(books: Books) -> None:
    payment = with_fund(books, 1000, 1500)
    books.channel.pays_after_close = True
    small = books.number_of(books.pay(payment, fund_fen=1000))
    books.pay(payment)
    books.channel.is_paid(small)
    books.notify(small)
    assert escrow_fen(books, payment) == 0
    assert household_fen(books, payment) == 1000
    run_refunds(books.db, books.channels, 12, books.now)
    books.assert_proved()


def test_a_mixed_order_goes_back_the_way_it_came(books: Books) -> None:
    payment = with_fund(books, 1000, 1500)
    number = books.number_of(books.pay(payment, fund_fen=1000))
    books.channel.is_paid(number)
    books.notify(number)
    books.cancel(payment)
    run_refunds(books.db, books.channels, 12, books.now)
    assert household_fen(books, payment) == 1000
    assert [refund.amount_fen for refund in books.channel.refunds.values()] == [500]
    books.assert_proved()


def test_a_double_tap_sets_the_fund_aside_once(books: Books) -> None:
    payment = with_fund(books, 1000, 1500)
    assert books.pay(payment, fund_fen=600) == books.pay(payment, fund_fen=600)
    assert household_fen(books, payment) == 400


# cash at doors


def delivered(payment: PaymentView, courier_id: str) -> DropDelivered:
    return DropDelivered(
        aggregate_id=new_id(),
        order_id=payment.allocations[0].order_id,
        courier_id=courier_id,
        courier_name="张师傅",
        at=NOW,
    )


def collect(books: Books, payment: PaymentView, courier_id: str) -> None:
    with books.db.transaction() as tx:
        collect_cash.collect(tx, delivered(payment, courier_id), NOW)


def hand_in(books: Books, payment: PaymentView, amount_fen: int) -> None:
    command = HandInCash(
        request_id=new_id(),
        order_ids=[part.order_id for part in payment.allocations],
        amount_fen=amount_fen,
    )
    cash.hand_in(books.db, command, CASHIER, books.terms)


def cash_order(books: Books, amount_fen: int = 1500) -> PaymentView:
    payment = books.open(amount_fen)
    assert books.pay(payment, way=PayWay.ON_DELIVERY).state is PaymentState.PAID
    return payment


def merchant_fen(books: Books, payment: PaymentView) -> int:
    return books.fund_of(OwnerKind.MERCHANT, payment.allocations[0].merchant_id)


def test_collected_cash_is_the_couriers_debt_and_the_merchants_only_when_handed_in(
    books: Books,
) -> None:
    payment, courier_id = cash_order(books), new_id()
    collect(books, payment, courier_id)
    books.complete(payment)
    assert merchant_fen(books, payment) == 0
    assert books.balance(accounts.courier_cash(courier_id)) == -1500
    books.assert_proved()
    hand_in(books, payment, 1500)
    assert merchant_fen(books, payment) == 1500
    assert books.balance(accounts.courier_cash(courier_id)) == 0
    assert books.balance(accounts.clearing(Channel.DESK, DeskMethod.CASH)) == -1500
    books.assert_proved()


def test_cash_handed_in_before_completion_is_settled_by_the_completion(books: Books) -> None:
    payment = cash_order(books)
    hand_in(books, payment, 1500)
    books.complete(payment)
    assert merchant_fen(books, payment) == 1500
    with pytest.raises(AlreadyResolved):
        hand_in(books, payment, 1500)
    books.assert_proved()


def test_another_sum_than_the_due_one_is_not_taken(books: Books) -> None:
    payment = cash_order(books)
    with pytest.raises(TooMuch) as refusal:
        hand_in(books, payment, 1400)
    assert refusal.value.fields == {"left_fen": "1500"}
    books.assert_proved()


def test_an_order_called_off_before_the_door_has_nothing_to_give_back(books: Books) -> None:
    payment = cash_order(books)
    books.cancel(payment)
    with books.db.reading() as tx:
        (refund,) = queries.refunds_of(tx, payment.allocations[0].order_id)
    assert refund.state == RefundState.DONE
    assert books.balance(accounts.cash_due(payment_community(books, payment))) == 0
    collect(books, payment, new_id())
    books.assert_proved()


def payment_community(books: Books, payment: PaymentView) -> str:
    with books.db.reading() as tx:
        row = queries.payment_row(tx, payment.payment_id)
    assert row is not None
    return str(row.community_id)


def test_cash_goes_back_over_the_desk_and_not_before_it_is_there(books: Books) -> None:
    payment = cash_order(books)
    collect(books, payment, new_id())
    books.cancel(payment)
    with books.db.reading() as tx:
        (refund,) = queries.refunds_of(tx, payment.allocations[0].order_id)
    pay_out = PayOutRefund(request_id=new_id(), refund_id=refund.refund_id)
    with pytest.raises(AlreadyResolved) as refusal:
        mend_refund.pay_out_refund(books.db, pay_out, CASHIER, NOW)
    assert refusal.value.fields == {"state": CashState.COLLECTED}
    hand_in(books, payment, 1500)
    view = mend_refund.pay_out_refund(books.db, pay_out, CASHIER, NOW)
    assert view.state is RefundState.DONE
    assert mend_refund.pay_out_refund(books.db, pay_out, CASHIER, NOW) == view
    books.assert_proved()


# the desk


def take(books: Books, payment: PaymentView, method: DeskMethod = DeskMethod.POS) -> int:
    command = TakeAtDesk(
        request_id=new_id(), payment_id=payment.payment_id, method=method, reference="000123"
    )
    return desk.take_at_desk(books.db, command, CASHIER, books.now).amount_fen


def test_the_desk_takes_an_open_payment_once_and_the_channel_order_is_refused(
    books: Books,
) -> None:
    payment = books.open(1500)
    number = books.number_of(books.pay(payment))
    assert take(books, payment) == 1500
    with pytest.raises(PaymentOver):
        take(books, payment)
    books.channel.is_paid(number)
    books.notify(number)
    run_refunds(books.db, books.channels, 12, books.now)
    assert escrow_fen(books, payment) == 1500
    books.assert_proved()


def test_the_desk_takes_what_the_fund_does_not_cover(books: Books) -> None:
    payment = with_fund(books, 1000, 1500)
    books.pay(payment, fund_fen=1000)
    assert take(books, payment, DeskMethod.CASH) == 500
    books.assert_proved()


def test_a_deposit_is_taken_once_for_a_request(books: Books) -> None:
    merchant_id = new_id()
    command = TakeDeposit(
        request_id=new_id(), merchant_id=merchant_id, amount_fen=5000, method=DeskMethod.CASH
    )
    first = desk.take_deposit(books.db, command, CASHIER, NOW)
    assert desk.take_deposit(books.db, command, CASHIER, NOW) == first
    assert books.balance(accounts.merchant_deposit(merchant_id)) == 5000
    books.assert_proved()


# custody


def test_where_the_shop_itself_receives_fund_and_cash_are_not_open(books: Books) -> None:
    community_id = new_id()
    row = {"community_id": community_id, "custody": "platform", "chosen_by": "", "chosen_at": NOW}
    with books.db.transaction() as tx:
        tx.execute(insert(CustodyRow), row)
    payment = open_payment(books.db, open_command(1500, community_id=community_id), NOW)
    for wish in ({"way": PayWay.BALANCE}, {"way": PayWay.ON_DELIVERY}, {"fund_fen": 10}):
        with pytest.raises(WayNotOpen):
            books.pay(payment, **wish)
    with pytest.raises(WayNotOpen, match="one by one"):
        books.pay(payment)


def test_a_payment_past_its_time_takes_no_fund(books: Books) -> None:
    payment = with_fund(books, 1000, 800)
    with pytest.raises(PaymentOver):
        books.pay(payment, way=PayWay.BALANCE, now=NOW + timedelta(minutes=16))
    assert household_fen(books, payment) == 1000
