"""Turns that leave nothing to move, or too little: answered by name, and no fen is moved."""

import pytest

from services.contracts.orders import RefundTo
from services.contracts.permissions import Role
from services.contracts.settlement import (
    EscrowState,
    FreezeOrder,
    InsufficientFunds,
    OwnerKind,
    PaymentView,
    PayWay,
    RefundOrderPart,
    RuleOrder,
)
from services.kernel.ids import new_id
from services.settlement.use_cases import dispute
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.see_money import order_money
from tests.support.settlement import Books, open_command
from tests.support.settlement_cards import CardShop
from tests.support.settlement_channel import NOW
from tests.support.withdrawals import staff

pytestmark = pytest.mark.database

CASHIER, MEDIATOR = staff(Role.CASHIER), staff(Role.MEDIATOR)
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
    dispute.refund_part(books.db, command, CASHIER, books.now)
    return order.order_id


def freeze(books: Books, order_id: str) -> None:
    command = FreezeOrder(request_id=new_id(), order_id=order_id, reason=WHY)
    assert dispute.freeze_order(books.db, command, MEDIATOR, books.now).frozen_fen == 0


def rule_for_the_merchant(books: Books, order_id: str) -> None:
    command = RuleOrder(request_id=new_id(), order_id=order_id, to_resident_fen=0, reason=WHY)
    dispute.rule_order(books.db, command, MEDIATOR, books.terms)


def state_of(books: Books, order_id: str) -> EscrowState | None:
    with books.db.reading() as tx:
        return order_money(tx, order_id).state


def test_an_order_that_went_back_whole_can_be_frozen_and_cancelled(books: Books) -> None:
    payment = books.paid(900)
    books.complete(payment)
    order_id = give_back_all(books, payment)
    freeze(books, order_id)
    books.cancel(payment, to=RefundTo.FUND)
    assert state_of(books, order_id) is EscrowState.REFUNDED
    assert books.fund_of(OwnerKind.HOUSEHOLD, payment.household_id) == 900
    books.assert_proved()


def test_a_card_sale_that_went_back_whole_can_be_frozen_and_ruled_on(books: Books) -> None:
    card = CardShop(books).sold()
    order_id = give_back_all(books, card)
    freeze(books, order_id)
    rule_for_the_merchant(books, order_id)
    assert state_of(books, order_id) is EscrowState.RELEASED
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
