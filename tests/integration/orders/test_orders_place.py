"""Placing: what is kept, and what is asked of whom."""

from datetime import timedelta

import pytest

from services.contracts.identity import NotYourHousehold
from services.contracts.marketing import Adjustment
from services.contracts.orders import (
    ClientInfo,
    OrderState,
    OtherAddressNeedsRemark,
    Party,
)
from services.kernel.ids import new_id
from services.orders.use_cases.place_orders import place_orders
from tests.support.order_walk import Walk
from tests.support.orders import NOW, PAY_BEFORE, SETTINGS, told_names
from tests.support.statements import statements_sent

pytestmark = pytest.mark.database


def test_an_order_keeps_what_was_agreed(walk: Walk) -> None:
    placed = walk.place(
        remark="少糖",
        deliver_after=NOW + timedelta(hours=1),
        client=ClientInfo(kind="h5", page="/h5/cart", agent="MicroMessenger"),
    )
    order = walk.view(placed.orders[0].order_id)
    assert (placed.amount_fen, placed.pay_before) == (1400, PAY_BEFORE)
    assert order.state is OrderState.AWAITING_PAYMENT
    assert order.deadline_at == PAY_BEFORE
    assert order.summary == "豆浆×2 油条×4"
    assert (order.store_name, order.store_phone) == ("老陈早餐", "0571-1")
    assert (order.address, order.other_address, order.remark) == (
        "翠湖苑 3号楼2单元501",
        False,
        "少糖",
    )
    assert order.deliver_after == NOW + timedelta(hours=1)
    assert order.placed_by == "张伟"
    assert order.client == "h5 /h5/cart MicroMessenger"
    assert len(order.number) == 6
    assert [(line.item_name, line.quantity, line.amount_fen) for line in order.lines] == [
        ("豆浆", 2, 600),
        ("油条", 4, 800),
    ]
    (entry,) = order.timeline
    assert (entry.step, entry.party, entry.actor_name) == ("placed", Party.RESIDENT, "张伟")
    assert entry.client == "h5 /h5/cart MicroMessenger"


def test_each_store_gets_an_order_under_one_payment(walk: Walk) -> None:
    placed = walk.place_at_two_stores()
    assert [order.store_name for order in placed.orders] == ["老陈早餐", "丽芳洗衣"]
    assert [order.amount_fen for order in placed.orders] == [300, 2000]
    opened = walk.services.payments[placed.payment_id]
    assert [(part.order_id, part.amount_fen) for part in opened.allocations] == [
        (order.order_id, order.amount_fen) for order in placed.orders
    ]
    assert opened.payer_account_id == walk.street.resident.account_id
    assert opened.subject == "老陈早餐等2家"


def test_pieces_are_held_longer_than_one_may_pay(walk: Walk) -> None:
    walk.place()
    (reserve,) = walk.services.named("catalog_reserve")
    assert reserve.hold_until == PAY_BEFORE + timedelta(seconds=SETTINGS.hold_margin_s)


def test_one_sku_in_two_lines_is_reserved_once(walk: Walk) -> None:
    soy = walk.street.soy.sku_id
    wish = walk.street.wish()
    twice = wish.model_copy(update={"lines": [*wish.lines, wish.lines[0]]})
    placed = place_orders(walk.db, walk.services, twice, walk.street.resident, NOW, SETTINGS)
    (reserve,) = walk.services.named("catalog_reserve")
    assert [(x.sku_id, x.quantity) for x in reserve.lines if x.sku_id == soy] == [(soy, 4)]
    assert placed.amount_fen == 2000


def test_adjustments_are_kept_with_their_line(walk: Walk) -> None:
    off = Adjustment(
        sku_id=walk.street.soy.sku_id,
        promotion_id=new_id(),
        label="会员价",
        amount_fen=-100,
        funded_by="company",
    )
    walk.services.adjustments = [off]
    placed = walk.place()
    soy, stick = walk.view(placed.orders[0].order_id).lines
    assert placed.amount_fen == 1300
    assert (soy.amount_fen, stick.amount_fen) == (500, 800)
    assert [(a.label, a.amount_fen, a.funded_by) for a in soy.adjustments] == [
        ("会员价", -100, "company")
    ]
    assert stick.adjustments == []


def test_placing_takes_four_statements_and_four_calls(walk: Walk) -> None:
    before = statements_sent()
    walk.place_at_two_stores()
    assert statements_sent() - before == 4
    assert len(walk.services.calls) == 4


def test_nothing_is_told_before_it_is_paid(walk: Walk) -> None:
    walk.place()
    assert told_names(walk.db) == []


def test_another_address_needs_a_remark_and_stands_out(walk: Walk) -> None:
    with pytest.raises(OtherAddressNeedsRemark):
        walk.place(other_address="东门岗亭")
    assert walk.services.calls == []
    placed = walk.place(other_address="东门岗亭", remark="在岗亭等")
    order = walk.view(placed.orders[0].order_id)
    assert (order.address, order.other_address) == ("东门岗亭", True)


def test_another_household_is_refused_before_anything_is_set_aside(walk: Walk) -> None:
    with pytest.raises(NotYourHousehold):
        walk.place(household_id=new_id())
    assert walk.services.calls == []
