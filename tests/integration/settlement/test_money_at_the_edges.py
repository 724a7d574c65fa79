"""Money at the edges: gifts with a discount, refunds in doubt, shops' own money, late events."""

import threading

import pytest
from sqlalchemy import insert

from services.contracts.cards import CardSpent
from services.contracts.orders import RefundTo
from services.contracts.permissions import Permission
from services.contracts.settlement import (
    Allocation,
    AlreadyResolved,
    DeskMethod,
    EscrowState,
    FreezeOrder,
    HandInCash,
    OrderMoneyView,
    OwnerKind,
    PaymentState,
    PaymentView,
    PayWay,
    RedirectRefund,
    RefundOrderPart,
    RefundState,
    RuleOrder,
    TakeAtDesk,
    WayNotOpen,
)
from services.kernel.actor import Actor
from services.kernel.ids import new_id
from services.settlement import queries
from services.settlement.domain import accounts
from services.settlement.domain.channel import ChannelRefund
from services.settlement.tables_desk import CustodyRow, SubMerchantRow
from services.settlement.use_cases import cash, desk, dispute, mend_refund
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.refund_order import refund_part
from services.settlement.use_cases.see_money import order_money
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.settlement import COMMUNITY, Books, open_command
from tests.support.settlement_cards import CardShop, card_of
from tests.support.settlement_channel import NOW

pytestmark = pytest.mark.database
STAFF = Actor(
    account_id=new_id(), name="李调解", permissions=frozenset(Permission), communities=(COMMUNITY,)
)


def give_back(
    books: Books, payment: PaymentView, amount_fen: int, to: RefundTo = RefundTo.FUND
) -> None:
    command = RefundOrderPart(
        request_id=new_id(),
        order_id=payment.allocations[0].order_id,
        amount_fen=amount_fen,
        to=to,
        reason="少了一份",
    )
    refund_part(books.db, command, STAFF, books.now)


def freeze(books: Books, payment: PaymentView) -> None:
    order_id = payment.allocations[0].order_id
    command = FreezeOrder(request_id=new_id(), order_id=order_id, reason="送错了东西")
    dispute.freeze_order(books.db, command, books.now)


def rule(books: Books, payment: PaymentView, to_resident_fen: int) -> None:
    command = RuleOrder(
        request_id=new_id(),
        order_id=payment.allocations[0].order_id,
        to_resident_fen=to_resident_fen,
        to=RefundTo.FUND,
        reason="各担一半",
    )
    dispute.rule_order(books.db, command, books.terms)


def money(books: Books, payment: PaymentView) -> OrderMoneyView:
    with books.db.reading() as tx:
        return order_money(tx, payment.allocations[0].order_id)


def merchant_fen(books: Books, payment: PaymentView) -> int:
    return books.fund_of(OwnerKind.MERCHANT, payment.allocations[0].merchant_id)


def household_fen(books: Books, payment: PaymentView) -> int:
    return books.fund_of(OwnerKind.HOUSEHOLD, payment.household_id)


# an order that is paid with a gift alone, with a discount that the property pays for


@pytest.fixture
def gift_order(books: Books) -> PaymentView:
    """Completed; its one fen of money has gone back, and 499 fen of discount are the merchant's."""
    shop = CardShop(books, price_fen=1, gift_fen=3000)
    card = shop.sold()
    goods = Allocation(
        order_id=new_id(), merchant_id=shop.merchant_id, amount_fen=3001, subsidy_fen=500
    )
    command = open_command(household_id=card.household_id, allocations=[goods])
    payment = open_payment(books.db, command, NOW)
    assert books.pay(payment, card_id=card_of(card)).state is PaymentState.PAID
    give_back(books, payment, 1)
    books.complete(payment)
    assert merchant_fen(books, payment) == 499
    return payment


def test_a_ruling_pays_the_discount_of_a_gift_once(books: Books, gift_order: PaymentView) -> None:
    freeze(books, gift_order)
    assert merchant_fen(books, gift_order) == 0
    rule(books, gift_order, 0)
    assert merchant_fen(books, gift_order) == 499
    books.assert_proved()


def test_the_discount_of_a_gift_shrinks_with_what_goes_back(
    books: Books, gift_order: PaymentView
) -> None:
    give_back(books, gift_order, 1500)
    assert merchant_fen(books, gift_order) == 249
    give_back(books, gift_order, 1500)
    assert merchant_fen(books, gift_order) == 0
    assert books.balance(accounts.PROMOTION_COST) == 0
    books.assert_proved()


# refunds that went wrong


def refused_refund(books: Books, payment: PaymentView) -> str:
    """Its order is called off, and the channel has refused for good; the refund's id."""
    books.channel.refund_refusal = "not now"
    books.cancel(payment)
    run_refunds(books.db, books.channels, 1, books.now)
    books.channel.refund_refusal = ""
    (refund,) = money(books, payment).refunds
    assert refund.state is RefundState.FAILED
    return refund.refund_id


def redirect(books: Books, refund_id: str) -> None:
    command = RedirectRefund(request_id=new_id(), refund_id=refund_id, reason="卡已注销")
    mend_refund.redirect_refund(books.db, books.channels, command, STAFF, NOW)


def test_a_refund_that_the_channel_is_still_paying_out_does_not_go_to_the_fund_too(
    books: Books,
) -> None:
    payment = books.paid(1000)
    refund_id = refused_refund(books, payment)
    books.channel.refunds[refund_id] = ChannelRefund(
        refund_id, RefundState.PROCESSING, 1000, asked_at=NOW
    )
    with pytest.raises(AlreadyResolved):
        redirect(books, refund_id)
    assert household_fen(books, payment) == 0
    books.channel.ends_refund(refund_id)
    books.notify(refund_id, refund=True)
    assert money(books, payment).refunds[0].state is RefundState.DONE
    books.assert_proved()


def test_part_refunds_of_several_orders_share_one_channel_order(books: Books) -> None:
    payment = books.paid(700, 800, 900)
    give_back(books, payment, 100, RefundTo.CHANNEL)
    books.complete(payment)
    give_back(books, payment, 200, RefundTo.CHANNEL)
    books.cancel(payment, 1)
    books.complete(payment, 2)
    while run_refunds(books.db, books.channels, 3, books.now):
        pass
    assert sorted(one.amount_fen for one in books.channel.refunds.values()) == [100, 200, 800]
    books.assert_proved()


def test_what_the_fund_got_back_is_not_shown_as_paid_by_it(books: Books) -> None:
    before = books.paid(1000)
    books.cancel(before, to=RefundTo.FUND)
    payment = open_payment(books.db, open_command(1500, household_id=before.household_id), NOW)
    books.channel.pays_after_close = True
    first = books.number_of(books.pay(payment))
    books.pay(payment, fund_fen=400)
    books.channel.is_paid(first)
    books.notify(first)
    with books.db.reading() as tx:
        row = queries.payment_row(tx, payment.payment_id)
    assert row is not None
    assert (row.state, row.fund_fen, household_fen(books, payment)) == ("paid", 0, 1000)
    books.assert_proved()


# where the shop itself receives


@pytest.fixture
def shops_own(books: Books) -> PaymentView:
    """An open payment in a community where the shop itself receives."""
    community_id, merchant_id = COMMUNITY, new_id()
    chosen = {
        "community_id": community_id,
        "custody": "platform",
        "chosen_by": "",
        "chosen_at": NOW,
    }
    number = {"merchant_id": merchant_id, "sub_mchid": "1600000099", "put_by": "", "put_at": NOW}
    with books.db.transaction() as tx:
        tx.execute(insert(CustodyRow), chosen)
        tx.execute(insert(SubMerchantRow), number)
    goods = Allocation(order_id=new_id(), merchant_id=merchant_id, amount_fen=1500)
    return open_payment(books.db, open_command(community_id=community_id, allocations=[goods]), NOW)


def test_the_desk_takes_no_money_that_the_shop_itself_receives(
    books: Books, shops_own: PaymentView
) -> None:
    command = TakeAtDesk(
        request_id=new_id(), payment_id=shops_own.payment_id, method=DeskMethod.CASH
    )
    with pytest.raises(WayNotOpen):
        desk.take_at_desk(books.db, command, STAFF, NOW)
    books.assert_proved()


def test_a_refund_out_of_the_shops_own_number_cannot_go_to_a_fund(
    books: Books, shops_own: PaymentView
) -> None:
    books.notify(books.pays(shops_own))
    refund_id = refused_refund(books, shops_own)
    with pytest.raises(WayNotOpen):
        redirect(books, refund_id)
    assert household_fen(books, shops_own) == 0
    books.assert_proved()


# events that come late


def test_a_completion_after_the_ruling_changes_nothing(books: Books) -> None:
    payment = books.paid(1000)
    freeze(books, payment)
    rule(books, payment, 400)
    books.complete(payment)
    assert (merchant_fen(books, payment), household_fen(books, payment)) == (600, 400)
    books.assert_proved()


def test_after_a_ruling_that_gave_all_back_neither_end_of_the_order_moves_money(
    books: Books,
) -> None:
    payment = books.paid(1000)
    freeze(books, payment)
    rule(books, payment, 1000)
    books.complete(payment)
    books.cancel(payment)
    assert (merchant_fen(books, payment), household_fen(books, payment)) == (0, 1000)
    books.assert_proved()


def test_a_cancellation_after_a_ruling_for_the_merchant_needs_a_person(books: Books) -> None:
    payment = books.paid(1000)
    freeze(books, payment)
    rule(books, payment, 0)
    with pytest.raises(AlreadyResolved):
        books.cancel(payment)
    assert merchant_fen(books, payment) == 1000


def test_a_cancellation_gives_back_what_is_left_of_a_frozen_order(books: Books) -> None:
    payment = books.paid(1000, 500)
    give_back(books, payment, 300)
    freeze(books, payment)
    books.cancel(payment, to=RefundTo.FUND)
    assert household_fen(books, payment) == 1000
    assert money(books, payment).state is EscrowState.REFUNDED
    books.assert_proved()


def test_a_completion_that_waited_for_the_hand_in_settles_at_once(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = books.open(1500)
    books.pay(payment, way=PayWay.ON_DELIVERY)
    order_ids = [part.order_id for part in payment.allocations]
    command = HandInCash(request_id=new_id(), order_ids=order_ids, amount_fen=1500)
    rival = threading.Thread(target=books.complete, args=(payment,))
    keep = desk.keep_receipt

    def keep_while_the_rival_waits(*args: object) -> None:
        keep(*args)  # type: ignore[arg-type]
        rival.start()
        rival.join(0.3)

    monkeypatch.setattr(cash, "keep_receipt", keep_while_the_rival_waits)
    cash.hand_in(books.db, command, STAFF, books.terms)
    rival.join()
    assert merchant_fen(books, payment) == 1500
    books.assert_proved()


# cards that were sold and used


def test_a_used_card_offers_to_refund_what_is_still_on_it(books: Books) -> None:
    shop = CardShop(books)
    card = shop.sold()
    assert money(books, card).refundable_fen == 30_000
    shop.spent(card, 11_000)
    assert money(books, card).refundable_fen == 20_000
    shop.undo(card, 5000)
    assert money(books, card).refundable_fen == 15_000


def test_the_sale_of_a_used_card_is_not_frozen_and_the_answer_says_what_is_left(
    books: Books,
) -> None:
    shop = CardShop(books)
    card = shop.sold()
    shop.spent(card, 11_000)
    with pytest.raises(CardSpent) as refusal:
        shop.freeze(card)
    assert refusal.value.fields == {"left_fen": "20000"}
    assert money(books, card).state is EscrowState.RELEASED
    books.assert_proved()
