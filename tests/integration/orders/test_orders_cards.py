"""Orders that sell a prepaid card: done when paid, beside the goods that somebody brings."""

import pytest

from services.contracts.orders import OrderState, RefundTo
from services.contracts.settlement import CardSale, EscrowReleased, RefundCompleted
from services.kernel.ids import new_id
from services.orders.domain.wording import NOTE_CARD_KEPT, NOTE_CARD_SOLD
from services.orders.use_cases.note_money import note_refund, note_settlement
from tests.support.order_walk import Walk
from tests.support.orders import NOW, told_events, told_names

pytestmark = pytest.mark.database
S = OrderState


def test_a_card_in_a_cart_of_goods_becomes_an_order_of_its_own_under_the_same_payment(
    walk: Walk,
) -> None:
    street = walk.street
    placed = walk.place({street.soy.sku_id: 1, street.plan.sku_id: 1, street.stick.sku_id: 1})
    assert [(one.amount_fen, one.sells_card) for one in placed.orders] == [
        (500, False),
        (30_000, True),
    ]
    opened = walk.services.payments[placed.payment_id]
    assert [part.card for part in opened.allocations] == [
        None,
        CardSale(name="会员卡", gift_fen=3000),
    ]
    assert opened.subject == "老陈早餐"


def test_no_promotion_is_asked_for_the_price_of_a_card(walk: Walk) -> None:
    street = walk.street
    walk.place({street.plan.sku_id: 1})
    assert walk.services.named("marketing_quote") == []
    walk.place({street.plan.sku_id: 1, street.soy.sku_id: 1})
    [asked] = walk.services.named("marketing_quote")
    assert [line.sku_id for line in asked.lines] == [street.soy.sku_id]


def test_a_paid_card_is_completed_at_once_and_the_goods_wait_for_their_store(walk: Walk) -> None:
    street = walk.street
    placed = walk.place({street.soy.sku_id: 1, street.plan.sku_id: 2})
    soy, card = (one.order_id for one in placed.orders)
    walk.pay(placed)
    view = walk.view(card)
    assert (view.state, view.completed_at) == (S.COMPLETED, NOW)
    assert walk.may(card) == ["say"]
    assert [entry.step for entry in view.timeline] == ["placed", "paid", "card_sold"]
    assert view.timeline[-1].note == NOTE_CARD_SOLD
    assert walk.view(soy).state is S.AWAITING_CONFIRMATION
    assert told_names(walk.db) == ["order.completed", "order.paid", "order.paid"]
    completed = [data for name, data in told_events(walk.db) if name == "order.completed"]
    assert [(data["aggregate_id"], data["sells_card"]) for data in completed] == [(card, True)]


def test_a_card_paid_after_it_was_given_up_stays_off_and_its_money_goes_back(walk: Walk) -> None:
    placed = walk.place({walk.street.plan.sku_id: 1})
    [order] = placed.orders
    walk.cancel(order.order_id)
    walk.pay(placed)
    assert walk.view(order.order_id).state is S.CANCELLED
    assert "order.completed" not in told_names(walk.db)


def test_the_timeline_says_that_a_cards_money_stays_and_what_part_went_back(walk: Walk) -> None:
    placed = walk.place({walk.street.plan.sku_id: 1})
    [order] = placed.orders
    walk.pay(placed)
    with walk.db.transaction() as tx:
        released = EscrowReleased(
            aggregate_id=order.order_id,
            merchant_id=walk.street.breakfast.merchant_id,
            household_id=walk.street.household_id,
            amount_fen=0,
        )
        note_settlement(tx, released, NOW)
    with walk.db.transaction() as tx:
        back = RefundCompleted(
            aggregate_id=new_id(),
            order_id=order.order_id,
            payment_id=placed.payment_id,
            household_id=walk.street.household_id,
            payer_account_id=new_id(),
            amount_fen=12_050,
            to=RefundTo.FUND,
        )
        note_refund(tx, back, NOW)
    notes = [entry.note for entry in walk.view(order.order_id).timeline]
    assert notes[-2:] == [NOTE_CARD_KEPT, "¥120.50 退到家庭资金账户"]
