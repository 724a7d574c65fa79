"""What orders has given back, as the two agreed: any way of paying, before and after settlement,
and beside the events that end the order.
"""

import contextlib

import pytest

from services.contracts.cards import NoSuchCard
from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    Allocation,
    AlreadyResolved,
    CashState,
    EscrowState,
    NotYourOrderMoney,
    PaymentQuery,
    PaymentState,
    PaymentView,
    PayWay,
    RefundOrder,
    RefundState,
    TooMuch,
    WayNotOpen,
)
from services.kernel import requests
from services.kernel.errors import InvariantBroken
from services.kernel.ids import new_id
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.refund_order import refund_order
from services.settlement.use_cases.see_payment import see_payment
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.settlement import NOW, Books, member_of, open_command
from tests.support.settlement_cards import CardShop, card_of
from tests.support.settlement_orders import (
    agreed,
    cash_order,
    freeze,
    give_back,
    hand_in,
    household_fen,
    is_brought,
    merchant_fen,
    paid_in_parts,
    together,
    with_fund,
)

pytestmark = pytest.mark.database


def paid_back(books: Books) -> list[int]:
    """What the channel has been asked to give back."""
    run_refunds(books.db, books.channels, 12, books.now)
    return sorted(refund.amount_fen for refund in books.channel.refunds.values())


def test_a_part_before_completion_leaves_the_rest_for_the_merchant(books: Books) -> None:
    payment = books.paid(1000)
    view = give_back(books, payment, 300)
    assert (view.state, view.held_fen, view.refundable_fen) == (EscrowState.HELD, 700, 700)
    assert [step.by for step in view.steps if step.reason == "refund_begun"] == ["王小明"]
    books.complete(payment)
    assert merchant_fen(books, payment) == 700
    assert paid_back(books) == [300]
    books.assert_proved()


def test_a_part_after_settlement_comes_from_the_merchant(books: Books) -> None:
    payment = books.paid(1000)
    books.complete(payment)
    assert give_back(books, payment, 300).state is EscrowState.RELEASED
    assert merchant_fen(books, payment) == 700
    assert paid_back(books) == [300]
    books.assert_proved()


def test_the_same_request_gives_back_once_and_a_claim_of_another_is_refused(books: Books) -> None:
    payment = books.paid(1000)
    command = agreed(payment, 400)
    first = refund_order(books.db, command, books.now)
    assert refund_order(books.db, command, books.now) == first
    with pytest.raises(requests.RequestConflict):
        refund_order(books.db, command.model_copy(update={"amount_fen": 500}), books.now)
    assert paid_back(books) == [400]


def test_more_than_is_left_is_refused_with_what_is_left(books: Books) -> None:
    payment = books.paid(1000)
    give_back(books, payment, 900)
    for amount_fen in (101, 1000):
        with pytest.raises(TooMuch) as refusal:
            give_back(books, payment, amount_fen)
        assert refusal.value.fields == {"left_fen": "100"}
    with pytest.raises(NotYourOrderMoney):
        give_back(books, books.open(1000), 1)


def test_a_quarrel_is_ended_by_a_ruling_not_by_a_refund(books: Books) -> None:
    payment = books.paid(1000)
    freeze(books, payment)
    with pytest.raises(AlreadyResolved) as refusal:
        give_back(books, payment, 100)
    assert refusal.value.fields == {"state": EscrowState.FROZEN}


# the events that end the order


def test_an_order_of_which_all_went_back_may_complete_or_be_cancelled(books: Books) -> None:
    for end in (books.complete, books.cancel):
        payment = books.paid(1000)
        give_back(books, payment, 400)
        assert give_back(books, payment, 600, RefundTo.FUND).state is EscrowState.REFUNDED
        end(payment, given_back=True)
        assert (household_fen(books, payment), merchant_fen(books, payment)) == (600, 0)
    books.assert_proved()


def test_a_completion_that_was_told_before_all_went_back_moves_nothing(books: Books) -> None:
    payment = books.paid(1000)
    give_back(books, payment, 1000, RefundTo.FUND)
    books.complete(payment)
    assert (household_fen(books, payment), merchant_fen(books, payment)) == (1000, 0)
    books.assert_proved()


def test_who_says_that_all_went_back_must_be_right(books: Books) -> None:
    for end in (books.complete, books.cancel):
        payment = books.paid(1000)
        give_back(books, payment, 999)
        with pytest.raises(InvariantBroken):
            end(payment, given_back=True)


def test_a_completion_after_a_cancellation_still_needs_a_person(books: Books) -> None:
    payment = books.paid(1000)
    give_back(books, payment, 400)
    books.cancel(payment)
    with pytest.raises(AlreadyResolved):
        books.complete(payment)


def test_a_cancellation_gives_back_what_is_left(books: Books) -> None:
    payment = paid_in_parts(books, 1000, 1500)
    give_back(books, payment, 700)
    assert household_fen(books, payment) == 200
    books.cancel(payment)
    assert household_fen(books, payment) == 1000
    assert paid_back(books) == [500]
    books.assert_proved()


@pytest.mark.parametrize("ends_as", [RefundState.DONE, RefundState.FAILED])
def test_a_completion_does_not_wait_for_a_refund_under_way(
    books: Books, ends_as: RefundState
) -> None:
    payment = books.paid(1000)
    books.channel.refund_state = RefundState.PROCESSING
    give_back(books, payment, 300)
    assert paid_back(books) == [300]
    books.complete(payment)
    assert merchant_fen(books, payment) == 700
    (refund_id,) = books.channel.refunds
    if ends_as is RefundState.DONE:
        books.channel.ends_refund(refund_id)
        books.notify(refund_id, refund=True)
    books.assert_proved()


def test_of_a_refund_and_a_completion_at_once_both_are_right(books: Books) -> None:
    for turn in range(20):
        payment = books.paid(1000)
        amount_fen = 1000 if turn % 2 else 400
        command = agreed(payment, amount_fen, RefundTo.FUND)
        together(
            lambda c=command: refund_order(books.db, c, books.now),
            lambda p=payment: books.complete(p),
        )
        assert household_fen(books, payment) == amount_fen
        assert merchant_fen(books, payment) == 1000 - amount_fen
    books.assert_proved()


def test_of_a_refund_and_a_cancellation_at_once_not_a_fen_goes_back_twice(books: Books) -> None:
    for _ in range(20):
        payment = books.paid(1000)
        command = agreed(payment, 400, RefundTo.FUND)

        def give_or_hear(command: RefundOrder = command) -> None:
            with contextlib.suppress(TooMuch):
                refund_order(books.db, command, books.now)

        together(give_or_hear, lambda p=payment: books.cancel(p, to=RefundTo.FUND))
        assert household_fen(books, payment) == 1000
    books.assert_proved()


# cash at the door, cards


def test_less_is_due_at_the_door_of_a_cheaper_order(books: Books) -> None:
    payment, courier = cash_order(books), new_id()
    view = give_back(books, payment, 500)
    assert (view.cash, view.held_fen) == (CashState.DUE, 1000)
    is_brought(books, payment, courier)
    books.complete(payment)
    hand_in(books, payment, 1000)
    assert merchant_fen(books, payment) == 1000
    assert books.channel.refunds == {}
    books.assert_proved()


def test_nothing_is_due_at_the_door_of_an_order_that_costs_nothing_any_more(books: Books) -> None:
    payment = cash_order(books)
    view = give_back(books, payment, 1500, RefundTo.FUND)
    assert (view.cash, view.state) == (CashState.VOID, EscrowState.REFUNDED)
    assert household_fen(books, payment) == 0
    books.complete(payment, given_back=True)
    books.assert_proved()


def test_cash_that_is_with_the_courier_is_given_back_over_the_desk(books: Books) -> None:
    payment, courier = cash_order(books), new_id()
    is_brought(books, payment, courier)
    (refund,) = give_back(books, payment, 500).refunds
    assert (refund.state, refund.channel) == (RefundState.PENDING, "desk")
    hand_in(books, payment, 1500)
    books.complete(payment)
    assert merchant_fen(books, payment) == 1000
    books.assert_proved()


@pytest.mark.parametrize("settled", [False, True])
def test_what_a_card_paid_goes_back_onto_it(books: Books, settled: bool) -> None:
    shop = CardShop(books)
    card = shop.sold()
    order = shop.spent(card, 1100)
    if settled:
        books.complete(order)
    view = give_back(books, order, 550)
    assert [refund.to for refund in view.refunds] == [RefundTo.CARD]
    assert shop.seen(card).money_fen == 30_000 - 500
    books.assert_proved()


# the difference of an amended order, as an order of its own


def supplement(books: Books, of: PaymentView, amount_fen: int, **more: object) -> PaymentView:
    parts = [
        Allocation(
            order_id=new_id(), merchant_id=of.allocations[0].merchant_id, amount_fen=amount_fen
        )
    ]
    command = open_command(household_id=of.household_id, allocations=parts, **more)
    return open_payment(books.db, command, NOW)


def test_a_difference_is_paid_from_the_fund_and_follows_its_own_order(books: Books) -> None:
    payment = with_fund(books, 200, 1000)
    more = supplement(books, payment, 150)
    assert books.pay(more, way=PayWay.BALANCE).state is PaymentState.PAID
    give_back(books, more, 50, RefundTo.FUND)
    books.complete(more)
    assert (household_fen(books, more), merchant_fen(books, more)) == (100, 100)
    books.assert_proved()


def test_a_card_pays_the_difference_of_its_own_shops_order(books: Books) -> None:
    shop = CardShop(books)
    card = shop.sold()
    order = shop.spent(card, 1100)
    more = supplement(books, order, 110)
    assert books.pay(more, card_id=card_of(card)).state is PaymentState.PAID
    books.cancel(more)
    assert shop.seen(card).money_fen == 29_000
    elsewhere = supplement(books, books.paid(1000), 110)
    with pytest.raises(NoSuchCard):
        books.pay(elsewhere, card_id=card_of(card))


def test_nothing_is_paid_at_a_door_to_which_nobody_comes(books: Books) -> None:
    more = supplement(books, books.paid(1000), 150, cash_at_door=False)
    with pytest.raises(WayNotOpen) as refusal:
        books.pay(more, way=PayWay.ON_DELIVERY)
    assert refusal.value.fields == {"way": PayWay.ON_DELIVERY}
    query = PaymentQuery(payment_id=more.payment_id)
    member = member_of(more.household_id)
    seen = see_payment(books.db, books.channels, query, member, NOW)
    assert PayWay.WECHAT_JSAPI in seen.ways
    assert PayWay.ON_DELIVERY not in seen.ways
