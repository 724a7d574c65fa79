"""A shop proposes a change: seen with its difference first, then sent; nothing typed is lost."""

from typing import Any

import pytest

from services.contracts import catalog
from services.contracts.catalog import Fulfilment, OutOfStock
from services.contracts.orders import InTrouble, OrderState, TakenSlots
from services.contracts.permissions import Role
from services.kernel import clock
from tests.gateway.people import KEY, browser, send
from tests.support.gateway import ITEM, ORDER, SKU, STORE, World, order
from tests.support.gateway_desk import OTHER_SKU, desk_world

AMEND = f"/h5/merchant/orders/{ORDER}/amend"
LEFT_AS_IT_IS = {f"q.{SKU}": "2", f"p.{SKU}": "3.00", "note": "改一下"}


@pytest.fixture(autouse=True)
def shop(world: World) -> None:
    desk_world(world.services)
    world.services.answers["orders.order"] = order(OrderState.PREPARING, "amend")


def propose(world: World, **fields: Any) -> Any:
    return send(browser(world, Role.SHOPKEEPER), AMEND, **{**LEFT_AS_IT_IS, **fields})


def proposed(world: World) -> Any:
    [wish] = world.services.questions("orders.propose_amendment")
    return wish


def test_the_form_shows_each_line_with_its_price_and_what_could_be_added(world: World) -> None:
    html = browser(world, Role.SHOPKEEPER).get(AMEND).text
    assert f'name="q.{SKU}"' in html
    assert 'value="3.00"' in html
    assert f'<option value="{OTHER_SKU}">杂粮粥 大碗 ¥5.00</option>' in html


def test_an_order_that_cannot_be_amended_leads_back_to_itself(world: World) -> None:
    world.services.answers["orders.order"] = order(OrderState.DELIVERED)
    answer = browser(world, Role.SHOPKEEPER).get(AMEND)
    assert (answer.status_code, answer.location) == (303, f"/h5/merchant/orders/{ORDER}")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({f"q.{SKU}": "1"}, "退给居民 ¥3.00"),
        ({f"p.{SKU}": "3.50"}, "居民需补 ¥1.00"),
        ({f"q.{SKU}": "0", "new_sku.1": OTHER_SKU, "new_q.1": "1", "new_p.1": "6"}, "金额不变"),
        ({"deliver_after": "2099-01-01T09:30"}, "金额不变"),
    ],
)
def test_the_difference_is_seen_before_anything_is_sent(
    world: World, fields: dict[str, str], words: str
) -> None:
    answer = propose(world, **fields)
    assert answer.status_code == 200
    assert words in answer.text
    assert "发给居民" in answer.text
    assert world.services.questions("orders.propose_amendment") == []


def test_what_was_seen_is_sent_with_all_lines(world: World) -> None:
    fields = {f"q.{SKU}": "1", "new_sku.1": OTHER_SKU, "new_q.1": "2", "new_p.1": ""}
    answer = propose(world, sure="1", **fields)
    assert (answer.status_code, answer.location) == (303, f"/h5/merchant/orders/{ORDER}")
    wish = proposed(world)
    assert (wish.request_id, wish.order_id, wish.note) == (KEY, ORDER, "改一下")
    assert [(line.sku_id, line.quantity, line.price_fen) for line in wish.lines] == [
        (SKU, 1, 300),
        (OTHER_SKU, 2, 500),
    ]


def test_another_time_alone_leaves_goods_and_price_as_they_are(world: World) -> None:
    propose(world, sure="1", deliver_after="2099-01-01T09:30")
    wish = proposed(world)
    assert wish.lines == []
    assert wish.deliver_after.isoformat() == "2099-01-01T09:30:00+08:00"


def test_a_service_is_moved_to_a_free_appointment(world: World) -> None:
    now = clock.now()
    world.services.answers["orders.order"] = order(
        OrderState.SCHEDULED, "amend", slot_from=now, fulfilment=Fulfilment.AT_HOME
    )
    line = catalog.SkuLine(
        sku_id=SKU,
        item_id=ITEM,
        store_id=STORE,
        item_name="油烟机清洗",
        sku_name="",
        price_fen=300,
        stock=None,
        on_shelf=True,
        slot_minutes=60,
    )
    world.services.answers["catalog.skus"] = catalog.SkuLinesView(lines=[line])
    world.services.answers["orders.taken_slots"] = TakenSlots(slots=[])
    html = browser(world, Role.SHOPKEEPER).get(AMEND).text
    slot = html.split('<optgroup label="')[1].split('<option value="')[1].split('"')[0]
    propose(world, sure="1", slot_from=slot)
    wish = proposed(world)
    assert wish.slot_from.isoformat() == slot
    assert wish.deliver_after is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "还没有改什么"),
        ({f"q.{SKU}": "x"}, "0 到 999"),
        ({f"q.{SKU}": "1000"}, "0 到 999"),
        ({f"p.{SKU}": "三块"}, "请填金额"),
        ({f"p.{SKU}": "-1"}, "请填金额"),
        ({f"q.{SKU}": "0"}, "全部去掉就是取消"),
        ({f"q.{SKU}": "1", "note": " "}, "为什么改"),
        ({"new_sku.1": SKU}, "已经在订单里"),
        ({"deliver_after": "2020-01-01T09:30"}, "已经过去"),
        ({"deliver_after": "早上"}, "请选一个时间"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(
    world: World, fields: dict[str, str], words: str
) -> None:
    answer = propose(world, **{"new_p.2": "7.77", **fields})
    assert answer.status_code == 422
    assert words in answer.text
    assert "7.77" in answer.text
    assert world.services.questions("orders.propose_amendment") == []


def test_one_can_go_on_changing_after_the_preview(world: World) -> None:
    answer = propose(world, again="1", **{f"q.{SKU}": "7"})
    assert answer.status_code == 200
    assert 'value="7"' in answer.text
    assert world.services.questions("orders.propose_amendment") == []


def test_what_has_run_out_is_said_where_it_was_typed(world: World) -> None:
    fields = {SKU: "1", OTHER_SKU: "2"}
    world.services.answers["orders.propose_amendment"] = OutOfStock(fields=fields)
    added = {"new_sku.1": OTHER_SKU, "new_q.1": "5"}
    answer = propose(world, sure="1", **{f"q.{SKU}": "7", **added})
    assert answer.status_code == 409
    assert f'id="e-q.{SKU}"' in answer.text
    assert 'id="e-new_sku.1"' in answer.text
    assert "只剩 2 份" in answer.text


def test_only_what_is_handed_over_in_the_same_way_can_be_added(world: World) -> None:
    world.services.answers["orders.order"] = order(
        OrderState.PREPARING, "amend", fulfilment=Fulfilment.IN_STORE
    )
    assert OTHER_SKU not in browser(world, Role.SHOPKEEPER).get(AMEND).text


def test_a_refused_proposal_keeps_what_was_typed(world: World) -> None:
    world.services.answers["orders.propose_amendment"] = InTrouble(fields={"trouble": "amending"})
    answer = propose(world, sure="1", **{f"q.{SKU}": "7"})
    assert answer.status_code == 409
    assert 'value="7"' in answer.text
