"""Amendments as values: the table of their life, the arithmetic of lines, what goes back from
where."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from services.contracts.amendments import AmendedLine, AmendmentState
from services.contracts.catalog import Fulfilment, OutOfStock, SkuLine
from services.contracts.orders import (
    HandingOver,
    InTrouble,
    NotYourOrder,
    OrderLineView,
    OrderState,
    Party,
    Trouble,
    WrongState,
)
from services.contracts.settlement import TooMuch
from services.kernel.ids import new_id
from services.orders.domain.amended_lines import amended, more_pieces
from services.orders.domain.amendment import (
    AMENDABLE,
    AMENDMENT_MOVES,
    Amendment,
    AmendmentAct,
    amendable,
    applied,
    check_amendable,
    parts_back,
)
from services.orders.domain.order import Order
from services.orders.domain.wording_amendments import change_words, proposal_note, why_failed

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
S, A = AmendmentState, AmendmentAct
SOY, STICK, EGG, STORE, ITEM = (new_id() for _ in range(5))
OVER = {S.DONE, S.REFUSED, S.WITHDRAWN, S.EXPIRED, S.FAILED}


def order_with(**fields: Any) -> Order:
    order_id = new_id()
    values: dict[str, Any] = {
        "order_id": order_id,
        "number": "031700",
        "state": OrderState.PREPARING,
        "version": 3,
        "payment_id": new_id(),
        "reservation_id": new_id(),
        "household_id": new_id(),
        "merchant_id": new_id(),
        "store_id": STORE,
        "store_name": "老陈早餐",
        "store_phone": "",
        "community_id": new_id(),
        "home_id": new_id(),
        "building_id": new_id(),
        "contact_name": "张伟",
        "address": "翠湖苑",
        "other_address": False,
        "remark": "",
        "deliver_after": None,
        "placed_by": new_id(),
        "placed_by_name": "张伟",
        "client": "",
        "placed_at": NOW,
        "amount_fen": 1400,
        "agreed_fen": 1400,
        "summary": "豆浆×2 油条×4",
        "picture": "",
        "sku_ids": [SOY, STICK],
        "paid_at": NOW,
    }
    return Order(**{**values, **fields})


def line(sku_id: str, name: str, quantity: int, price_fen: int) -> OrderLineView:
    return OrderLineView(
        sku_id=sku_id,
        item_id=ITEM,
        item_name=name,
        quantity=quantity,
        price_fen=price_fen,
        amount_fen=quantity * price_fen,
    )


BEFORE = [line(SOY, "豆浆", 2, 300), line(STICK, "油条", 4, 200)]


def wish(sku_id: str, quantity: int, price_fen: int) -> AmendedLine:
    return AmendedLine(sku_id=sku_id, quantity=quantity, price_fen=price_fen)


def on_shelf(sku_id: str, **fields: Any) -> SkuLine:
    values = {
        "sku_id": sku_id,
        "item_id": ITEM,
        "store_id": STORE,
        "item_name": "茶叶蛋",
        "sku_name": "",
        "price_fen": 150,
        "stock": None,
        "on_shelf": True,
        **fields,
    }
    return SkuLine(**values)


def amendment_with(after: list[OrderLineView], **fields: Any) -> Amendment:
    values: dict[str, Any] = {
        "amendment_id": new_id(),
        "order_id": new_id(),
        "state": S.PROPOSED,
        "note": "今天没有油条",
        "proposed_at": NOW,
        "proposed_by": "老陈",
        "proposed_by_id": new_id(),
        "deadline_at": NOW + timedelta(hours=2),
        "before": [x.model_dump(mode="json") for x in BEFORE],
        "after": [x.model_dump(mode="json") for x in after],
        "before_fen": sum(x.amount_fen for x in BEFORE),
        "after_fen": sum(x.amount_fen for x in after),
        "given_back": {},
    }
    return Amendment(**{**values, **fields})


def test_an_amendment_that_is_over_stays_as_it_is() -> None:
    for state, act in product(OVER, A):
        assert (state, act) not in AMENDMENT_MOVES


def test_every_open_state_leads_to_an_end_and_no_act_is_for_everybody() -> None:
    for state in set(S) - OVER:
        ends = {move.to for (start, _), move in AMENDMENT_MOVES.items() if start is state}
        assert ends & OVER
    assert all(len(move.by) < len(Party) for move in AMENDMENT_MOVES.values())


@pytest.mark.parametrize(
    ("act", "party", "allowed"),
    [
        (A.ACCEPT, Party.RESIDENT, True),
        (A.ACCEPT, Party.MERCHANT, False),
        (A.WITHDRAW, Party.MERCHANT, True),
        (A.WITHDRAW, Party.RESIDENT, False),
        (A.EXPIRE, Party.MERCHANT, False),
        (A.FINISH, Party.SYSTEM, False),
    ],
)
def test_who_may_do_what_with_a_proposal(act: AmendmentAct, party: Party, allowed: bool) -> None:
    proposed = amendment_with(BEFORE)
    assert proposed.may(act, party) is allowed
    if not allowed:
        with pytest.raises(WrongState) as refused:
            proposed.moved(act, party)
        assert refused.value.fields["state"] == "proposed"


def test_an_ended_amendment_has_no_deadline_and_says_why() -> None:
    over = amendment_with(BEFORE).over(A.EXPIRE, Party.SYSTEM, "没有答复", NOW)
    assert (over.state, over.deadline_at, over.over_at) == (S.EXPIRED, None, NOW)
    assert over.why_over == "没有答复"


@pytest.mark.parametrize("state", list(OrderState))
def test_an_order_is_amendable_between_its_payment_and_its_handing_over(state: OrderState) -> None:
    order = order_with(state=state)
    assert amendable(order) is (state in AMENDABLE)
    if state not in AMENDABLE:
        with pytest.raises(WrongState):
            check_amendable(order)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"trouble": Trouble.AFTER_SALE}, InTrouble),
        ({"sells_card": True}, WrongState),
        ({"picked_at": NOW}, WrongState),
        ({"supplement_of": new_id()}, NotYourOrder),
        ({"asked_courier_id": new_id()}, HandingOver),
    ],
)
def test_what_stands_in_the_way_of_an_amendment(fields: dict[str, Any], error: type) -> None:
    order = order_with(**fields)
    assert not amendable(order)
    with pytest.raises(error):
        check_amendable(order)


def test_only_the_difference_is_wanted_from_the_shelf() -> None:
    before = {SOY: 2, STICK: 4}
    assert more_pieces(before, {SOY: 5, STICK: 1, EGG: 2}) == {SOY: 3, EGG: 2}
    assert more_pieces(before, {SOY: 1}) == {}


def test_a_line_gets_its_new_price_and_a_new_one_its_name() -> None:
    shelf = {EGG: on_shelf(EGG)}
    after = amended(order_with(), BEFORE, [wish(SOY, 2, 250), wish(EGG, 3, 100)], shelf)
    assert [(x.item_name, x.quantity, x.amount_fen) for x in after] == [
        ("豆浆", 2, 500),
        ("茶叶蛋", 3, 300),
    ]


def test_stock_is_measured_against_the_difference() -> None:
    shelf = {SOY: on_shelf(SOY, stock=1)}
    assert amended(order_with(), BEFORE, [wish(SOY, 3, 300)], shelf)[0].quantity == 3
    with pytest.raises(OutOfStock) as short:
        amended(order_with(), BEFORE, [wish(SOY, 4, 300)], shelf)
    assert short.value.fields == {SOY: "1"}


def test_an_applied_amendment_changes_what_it_says_and_nothing_else() -> None:
    order = order_with()
    cheaper = amendment_with([line(SOY, "豆浆", 1, 300)])
    after = applied(order, cheaper, "R" * 26)
    assert (after.agreed_fen, after.amount_fen, after.revision) == (300, 1400, 1)
    assert (after.sku_ids, after.summary) == ([SOY], "豆浆×1")
    assert after.reservation_id == "R" * 26
    later = amendment_with(BEFORE, deliver_after=NOW + timedelta(hours=1))
    moved = applied(order, later, "R" * 26)
    assert moved == replace(order, deliver_after=later.deliver_after, version=order.version + 1)


def test_money_goes_back_from_the_youngest_supplement_first() -> None:
    main = order_with(order_id="1" * 26, amount_fen=1400)
    first = order_with(order_id="2" * 26, amount_fen=300, supplement_of=main.order_id)
    second = order_with(order_id="3" * 26, amount_fen=500, supplement_of=main.order_id)
    deal = [main, first, second]
    assert parts_back(600, deal, {}) == {second.order_id: 500, first.order_id: 100}
    given = {second.order_id: 500, first.order_id: 100}
    assert parts_back(400, deal, given) == {first.order_id: 200, main.order_id: 200}
    arrived = [main, first, replace(second, refunded_fen=500)]
    assert parts_back(100, arrived, {}) == {first.order_id: 100}


def test_a_supplement_that_was_never_paid_gives_nothing_back() -> None:
    main = order_with(order_id="1" * 26)
    off = order_with(order_id="2" * 26, amount_fen=300, paid_at=None, cancelled_at=NOW)
    assert parts_back(100, [main, off], {}) == {main.order_id: 100}


def test_a_change_is_told_in_one_line() -> None:
    order = order_with()
    change = amendment_with(
        [line(SOY, "豆浆", 3, 300), line(STICK, "油条", 4, 200)],
        deliver_after=NOW + timedelta(hours=1),
    )
    assert proposal_note(order, change) == (
        "今天没有油条：豆浆×2 油条×4 → 豆浆×3 油条×4，¥14.00 → ¥17.00，时间改为 3月1日 13:00"
    )
    appointment = order_with(
        fulfilment=Fulfilment.IN_STORE, slot_from=NOW, slot_until=NOW + timedelta(hours=1)
    )
    other = amendment_with(BEFORE, slot_from=NOW + timedelta(days=1))
    assert change_words(appointment, other) == "预约改为 3月2日 12:00"


def test_why_a_change_failed_is_said_to_people() -> None:
    refusal = {"refusal": OutOfStock().to_wire()}
    assert why_failed(refusal, "catalog.out_of_stock: …") == "要加的商品刚卖完，订单照旧"
    assert why_failed({"refusal": TooMuch().to_wire()}, "…") == "没有改成，订单照旧"
    assert why_failed({}, "差价没有支付，订单照旧") == "差价没有支付，订单照旧"
