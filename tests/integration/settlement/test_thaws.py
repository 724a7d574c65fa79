"""A quarrel that is taken back leaves the money where it would be without it; and freezes that meet
completions, cards and cash at the door.
"""

from datetime import timedelta

import pytest

from services.contracts.permissions import Role
from services.contracts.settlement import (
    AlreadyResolved,
    DeskMethod,
    EscrowState,
    FreezeOrder,
    NotYourOrderMoney,
    PaymentView,
    TakeDeposit,
    ThawOrder,
)
from services.kernel.ids import new_id
from services.settlement import holds
from services.settlement.domain import accounts
from services.settlement.domain.holds import Hold
from services.settlement.use_cases import desk, dispute
from services.settlement.use_cases.settle_due import settle_due
from tests.support.settlement import NOW, Books
from tests.support.settlement_cards import CardShop
from tests.support.settlement_orders import (
    cash_order,
    freeze,
    hand_in,
    household_fen,
    is_brought,
    merchant_fen,
    money_of,
    order_of,
    paid_in_parts,
    rule,
    thaw,
    together,
)
from tests.support.withdrawals import staff

pytestmark = pytest.mark.database

CASHIER = staff(Role.CASHIER)


def deposit(books: Books, payment: PaymentView, amount_fen: int) -> None:
    """The merchant's, at the desk."""
    command = TakeDeposit(
        request_id=new_id(),
        merchant_id=payment.allocations[0].merchant_id,
        amount_fen=amount_fen,
        method=DeskMethod.CASH,
    )
    desk.take_deposit(books.db, command, CASHIER, NOW)


def spend(books: Books, payment: PaymentView, amount_fen: int) -> None:
    """So much of the merchant's fund is set aside for something else."""
    with books.db.transaction() as tx:
        source = accounts.merchant_fund(payment.allocations[0].merchant_id)
        holds.place(tx, Hold(new_id(), source, amount_fen, "test"), NOW)


def deposit_fen(books: Books, payment: PaymentView) -> int:
    return books.balance(accounts.merchant_deposit(payment.allocations[0].merchant_id))


def test_before_the_order_is_done_it_is_held_again(books: Books) -> None:
    payment = paid_in_parts(books, 400, 1000)
    freeze(books, payment)
    view = thaw(books, payment)
    assert (view.state, view.held_fen) == (EscrowState.HELD, 1000)
    books.complete(payment)
    assert merchant_fen(books, payment) == 1000
    books.assert_proved()


def test_an_order_that_was_done_meanwhile_is_settled_at_once(books: Books) -> None:
    payment = books.paid(1000)
    freeze(books, payment)
    books.complete(payment)
    assert thaw(books, payment).state is EscrowState.RELEASED
    assert merchant_fen(books, payment) == 1000
    books.assert_proved()


def test_a_settled_order_is_settled_again_and_may_be_withdrawn_when_it_might_have_been(
    books: Books,
) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    before = money_of(books, payment).withdrawable_at
    books.now = NOW + timedelta(hours=30)
    freeze(books, payment)
    assert merchant_fen(books, payment) == 0
    assert thaw(books, payment).withdrawable_at == before
    assert merchant_fen(books, payment) == 1000
    books.assert_proved()


def test_what_the_freeze_took_of_the_deposit_is_deposit_again(books: Books) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    spend(books, payment, 700)
    deposit(books, payment, 200)
    view = freeze(books, payment)
    assert (view.taken_back_fen, view.owed_fen) == (500, 500)
    thaw(books, payment)
    receivable = accounts.merchant_receivable(payment.allocations[0].merchant_id)
    assert books.balance(receivable) == 0
    assert (deposit_fen(books, payment), merchant_fen(books, payment)) == (200, 300)
    books.assert_proved()


def test_a_ruling_in_part_fills_the_deposit_before_the_fund(books: Books) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    spend(books, payment, 1000)
    deposit(books, payment, 2000)
    freeze(books, payment)
    rule(books, payment, 900)
    assert (deposit_fen(books, payment), merchant_fen(books, payment)) == (1100, 0)
    books.assert_proved()


def test_a_thawed_order_may_be_frozen_again_and_ruled_on(books: Books) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    for _ in range(3):
        freeze(books, payment)
        thaw(books, payment)
    freeze(books, payment)
    rule(books, payment, 400)
    assert (household_fen(books, payment), merchant_fen(books, payment)) == (400, 600)
    books.assert_proved()


def test_after_a_thaw_the_two_ends_of_an_order_still_exclude_each_other(books: Books) -> None:
    payment = books.paid(1000)
    freeze(books, payment)
    thaw(books, payment)
    books.complete(payment)
    for end in (books.complete, books.cancel):
        with pytest.raises(AlreadyResolved):
            end(payment)


def test_only_what_is_frozen_is_thawed_and_the_same_request_thaws_once(books: Books) -> None:
    payment = books.paid(1000)
    with pytest.raises(AlreadyResolved) as refusal:
        thaw(books, payment)
    assert refusal.value.fields == {"state": EscrowState.HELD}
    freeze(books, payment)
    command = ThawOrder(request_id=new_id(), order_id=order_of(payment), reason="说清楚了")
    first = dispute.thaw_order(books.db, command, books.terms)
    freeze(books, payment)
    assert dispute.thaw_order(books.db, command, books.terms) == first
    assert money_of(books, payment).state is EscrowState.FROZEN


def test_the_same_request_freezes_once_and_another_one_hears_that_it_is_frozen(
    books: Books,
) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    command = FreezeOrder(request_id=new_id(), order_id=order_of(payment), reason="送错了")
    first = dispute.freeze_order(books.db, command, books.now)
    assert dispute.freeze_order(books.db, command, books.now) == first
    with pytest.raises(AlreadyResolved) as refusal:
        freeze(books, payment)
    assert refusal.value.fields == {"state": EscrowState.FROZEN}


def test_an_order_that_nobody_has_paid_has_no_money_to_act_on(books: Books) -> None:
    payment = books.open(1000)
    for act in (freeze, thaw):
        with pytest.raises(NotYourOrderMoney):
            act(books, payment)
    with pytest.raises(NotYourOrderMoney):
        rule(books, payment, 0)


def test_the_statement_says_who_had_it_taken_back(books: Books) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    freeze(books, payment)
    steps = money_of(books, payment).steps
    assert {step.by for step in steps if step.reason == "taken_back"} == {"李调解"}


def test_a_sold_card_is_frozen_and_thawed_onto_itself(books: Books) -> None:
    shop = CardShop(books)
    card = shop.sold()
    shop.freeze(card)
    thaw(books, card)
    seen = shop.seen(card)
    assert (seen.money_fen, seen.gift_fen) == (30_000, 3000)
    books.assert_proved()


# at once with others


def test_of_a_freeze_and_a_completion_at_once_the_money_is_frozen_either_way(
    books: Books,
) -> None:
    for _ in range(20):
        payment = books.paid(1000)
        together(
            lambda p=payment: freeze(books, p),
            lambda p=payment: books.complete(p),
        )
        assert money_of(books, payment).state is EscrowState.FROZEN
        assert merchant_fen(books, payment) == 0
        thaw(books, payment)
        assert merchant_fen(books, payment) == 1000
    books.assert_proved()


def test_of_a_thaw_and_a_completion_at_once_the_merchant_has_the_money_once(books: Books) -> None:
    for _ in range(20):
        payment = books.paid(1000)
        freeze(books, payment)
        together(lambda p=payment: thaw(books, p), lambda p=payment: books.complete(p))
        assert merchant_fen(books, payment) == 1000
    books.assert_proved()


# cash at the door


def test_a_thawed_order_waits_for_its_cash(books: Books) -> None:
    payment = cash_order(books)
    freeze(books, payment)
    books.complete(payment)
    is_brought(books, payment, new_id())
    assert thaw(books, payment).state is EscrowState.HELD
    hand_in(books, payment, 1500)
    assert merchant_fen(books, payment) == 1500
    assert settle_due(books.db, books.terms) == 0
    books.assert_proved()
