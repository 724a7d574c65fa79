"""Turns that leave nothing to move, or too little: answered by name, and no fen is moved."""

import pytest

from services.contracts.orders import RefundTo
from services.contracts.permissions import Role
from services.contracts.settlement import (
    AlreadyResolved,
    EscrowState,
    FreezeOrder,
    InsufficientFunds,
    OwnerKind,
    PaymentView,
    PayWay,
    RefundOrderPart,
)
from services.kernel.ids import new_id
from services.settlement.use_cases.dispute import freeze_order
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.refund_order import refund_part
from tests.support.settlement import Books, open_command
from tests.support.settlement_cards import CardShop
from tests.support.settlement_channel import NOW
from tests.support.withdrawals import staff

pytestmark = pytest.mark.database

CASHIER = staff(Role.CASHIER)
WHY = "少了一份"


def give_back_all(books: Books, payment: PaymentView) -> str:
    """Every fen of its order, after settlement; the order's id."""
    order = payment.allocations[0]
    command = RefundOrderPart(
        request_id=new_id(),
        order_id=order.order_id,
        amount_fen=order.amount_fen,
        to=RefundTo.FUND,
        reason=WHY,
    )
    refund_part(books.db, command, CASHIER, books.now)
    return order.order_id


def assert_nothing_to_freeze(books: Books, order_id: str) -> None:
    command = FreezeOrder(request_id=new_id(), order_id=order_id, reason=WHY)
    with pytest.raises(AlreadyResolved) as refusal:
        freeze_order(books.db, command, books.now)
    assert refusal.value.fields == {"state": EscrowState.REFUNDED}


def test_an_order_that_went_back_whole_is_not_frozen(books: Books) -> None:
    payment = books.paid(900)
    books.complete(payment)
    assert_nothing_to_freeze(books, give_back_all(books, payment))
    assert books.fund_of(OwnerKind.HOUSEHOLD, payment.household_id) == 900
    books.assert_proved()


def test_a_card_sale_that_went_back_whole_is_not_frozen(books: Books) -> None:
    card = CardShop(books).sold()
    assert_nothing_to_freeze(books, give_back_all(books, card))
    assert books.fund_of(OwnerKind.HOUSEHOLD, card.household_id) == 30_000
    books.assert_proved()


def test_a_part_that_was_set_aside_for_a_channels_try_does_not_pay_the_whole_by_balance(
    books: Books,
) -> None:
    first = books.paid(500)
    books.cancel(first, to=RefundTo.FUND)
    command = open_command(800, household_id=first.household_id)
    payment = open_payment(books.db, command, NOW)
    books.pay(payment, fund_fen=300)
    with pytest.raises(InsufficientFunds) as refused:
        books.pay(payment, way=PayWay.BALANCE, fund_fen=300)
    assert refused.value.fields == {"missing_fen": "500"}
    books.assert_proved()
