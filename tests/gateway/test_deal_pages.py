"""An order's page, its changes, and the cart over several stores."""

import re
from datetime import timedelta

import pytest

from gateway.pages import network_of
from services.contracts import orders
from services.contracts.after_sales import NoSuchCase
from services.contracts.amendments import AmendmentState
from services.contracts.catalog import Fulfilment, ItemKind
from services.contracts.orders import OrderState, SlotNotOffered, SlotTaken, Trouble
from services.contracts.settlement import PaymentState
from services.kernel import clock
from services.kernel.errors import Forbidden, LinliError, Unavailable
from tests.gateway.people import KEY, WECHAT, browser, key_in, send
from tests.support.gateway import NOW, ORDER, PAYMENT, SKU, STORE, World, order, payment
from tests.support.gateway_deals import (
    AMENDMENT,
    CASE,
    CODE,
    DISPUTE,
    SERVICE_SKU,
    amendment,
    answer_with,
    asked,
    cart,
    case,
    dispute,
    service_line,
    sku_line,
)

pytestmark = pytest.mark.usefixtures("deals")
CART = {f"q.{SKU}": "2", f"q.{SERVICE_SKU}": "1"}


def next_step(page: str) -> str:
    """What stands in the one big button's place."""
    return page.split('<div id="next"')[1]


def more(page: str) -> str:
    """What is behind 「更多」."""
    return page.split('id="more"')[1].split("</details>")[0]


@pytest.mark.parametrize(
    "path",
    [
        f"/h5/orders/{ORDER}",
        f"/h5/orders/{ORDER}/after-sales",
        f"/h5/orders/{ORDER}/dispute",
        f"/h5/orders/{ORDER}/talk?about=change",
        f"/h5/orders/{ORDER}/review",
        f"/h5/cases/{CASE}",
        f"/h5/disputes/{DISPUTE}",
        f"/h5/stores/{STORE}/reviews?stars=4",
        "/h5/orders?tab=trouble",
    ],
)
def test_each_page_of_a_deal_is_drawn(world: World, path: str) -> None:
    answer = browser(world).get(path)
    assert answer.status_code == 200, answer.text
    assert "</html>" in answer.text


def test_the_goods_of_a_store_come_in_the_way_that_was_chosen(world: World) -> None:
    fields = {f"q.{SKU}": "2", f"way.{STORE}": "pickup"}
    assert send(browser(world), "/h5/orders", **fields).location == f"/h5/pay/{PAYMENT}"
    wish = asked(world, "place_orders")
    assert wish.handovers == [orders.StoreHandover(store_id=STORE, fulfilment=Fulfilment.PICKUP)]


def test_a_way_that_one_of_the_goods_does_not_offer_is_not_shown(world: World) -> None:
    bulky = sku_line(sku_id=SERVICE_SKU, fulfilments=[Fulfilment.DELIVERY])
    world.services.answers["catalog.skus"] = cart(sku_line(), bulky)
    page = browser(world).get("/h5/checkout", query_string=CART).text
    assert "送货上门" in page
    assert "到店自取" not in page


def test_a_service_asks_for_its_time_and_leaves_out_what_is_full(world: World) -> None:
    world.services.answers["catalog.skus"] = cart(sku_line(), service_line())
    tomorrow = (clock.now() + timedelta(days=1)).replace(hour=2, minute=0, second=0, microsecond=0)
    full = orders.TakenSlot(starts_at=tomorrow, taken=1)
    answer_with(world, "taken_slots", orders.TakenSlots(slots=[full]))
    page = browser(world).get("/h5/checkout", query_string=CART).text
    free = re.findall(rf'name="slot.{SERVICE_SKU}" value="([^"]+)"', page)
    day = tomorrow.strftime("%Y-%m-%d")
    assert f"{day}T09:00:00+08:00" in free
    assert f"{day}T10:00:00+08:00" not in free
    assert {moment[11:13] for moment in free} == {f"{hour:02d}" for hour in range(8, 20)}


def test_an_appointment_is_ordered_with_its_time(world: World) -> None:
    world.services.answers["catalog.skus"] = cart(sku_line(), service_line())
    fields = {**CART, f"slot.{SERVICE_SKU}": "2026-03-02T10:00:00+08:00"}
    send(browser(world), "/h5/orders", **fields)
    [booked] = asked(world, "place_orders").appointments
    assert (booked.sku_id, booked.fulfilment) == (SERVICE_SKU, Fulfilment.AT_HOME)
    assert booked.starts_at.isoformat() == "2026-03-02T10:00:00+08:00"


def test_without_a_time_nothing_is_ordered_and_the_goods_stay(world: World) -> None:
    world.services.answers["catalog.skus"] = cart(sku_line(), service_line())
    answer = send(browser(world), "/h5/orders", **CART, remark="按门铃")
    assert answer.status_code == 422
    assert "请选一个时间" in answer.text
    assert "按门铃" in answer.text
    assert world.services.questions("orders.place_orders") == []


@pytest.mark.parametrize(
    "refusal",
    [
        SlotTaken(fields={SERVICE_SKU: "2026-03-02T02:00:00+00:00"}),
        SlotNotOffered(fields={"starts_at": "past"}),
    ],
)
def test_a_time_that_cannot_be_had_is_said_beside_its_service(
    world: World, refusal: LinliError
) -> None:
    world.services.answers["catalog.skus"] = cart(sku_line(), service_line())
    answer_with(world, "place_orders", refusal)
    fields = {**CART, f"slot.{SERVICE_SKU}": "2026-03-02T10:00:00+08:00"}
    answer = send(browser(world), "/h5/orders", **fields)
    assert answer.status_code in {409, 422}
    assert f'id="e-{SERVICE_SKU}"' in answer.text


def test_while_orders_is_silent_every_time_is_offered(world: World) -> None:
    world.services.answers["catalog.skus"] = cart(service_line())
    answer_with(world, "taken_slots", Unavailable("away"))
    page = browser(world).get(f"/h5/checkout?q.{SERVICE_SKU}=1").text
    assert f'name="slot.{SERVICE_SKU}"' in page


def test_a_card_and_goods_of_one_store_are_two_orders_and_one_payment(world: World) -> None:
    card = sku_line(sku_id=SERVICE_SKU, kind=ItemKind.CARD_PLAN, price_fen=30_000)
    world.services.answers["catalog.skus"] = cart(sku_line(), card)
    page = browser(world).get("/h5/checkout", query_string=CART).text
    assert "分成 2 个订单" in page
    assert "¥306.00" in page


def test_the_cart_goes_along_from_shop_to_shop(world: World) -> None:
    client = browser(world)
    stores = client.get(f"/h5/stores?q.{SERVICE_SKU}=3").text
    assert f"/h5/stores/{STORE}?q.{SERVICE_SKU}=3" in stores
    assert f"/h5/checkout?q.{SERVICE_SKU}=3" in stores
    shelf = client.get(f"/h5/stores/{STORE}?q.{SERVICE_SKU}=3").text
    assert f'type="hidden" name="q.{SERVICE_SKU}" value="3"' in shelf


def test_the_score_of_all_shops_of_a_page_is_one_question(world: World) -> None:
    page = browser(world).get("/h5/stores").text
    assert "4.6" in page
    assert asked(world, "store_scores").store_ids == [STORE]


def test_shops_are_shown_while_orders_is_silent(world: World) -> None:
    for method in ("store_scores", "reviews"):
        answer_with(world, method, Unavailable("away"))
    client = browser(world)
    assert client.get("/h5/stores").status_code == 200
    assert client.get(f"/h5/stores/{STORE}").status_code == 200


def test_the_pick_up_code_is_large_and_can_be_scanned(world: World) -> None:
    ready = order(OrderState.READY, fulfilment=Fulfilment.PICKUP, pickup_code=CODE, paid_at=NOW)
    answer_with(world, "order", ready)
    page = browser(world).get(f"/h5/orders/{ORDER}").text
    assert "4027 8315" in page
    assert "<svg viewBox" in page
    assert "待自提" in page
    assert "取走后付给商家" in page


def test_a_code_is_not_shown_while_something_else_is_open(world: World) -> None:
    halted = order(
        OrderState.READY,
        fulfilment=Fulfilment.PICKUP,
        pickup_code=CODE,
        trouble=Trouble.AMENDING,
    )
    answer_with(world, "order", halted)
    assert "4027 8315" not in browser(world).get(f"/h5/orders/{ORDER}").text


@pytest.mark.parametrize(
    ("changed", "step"),
    [
        ({"may": ["pay", "cancel"]}, "去付款"),
        ({"amendment_id": AMENDMENT, "trouble": Trouble.AMENDING}, "看看改了什么"),
        ({"dispute_id": DISPUTE, "trouble": Trouble.DISPUTED}, "看裁定"),
        ({"case_id": CASE, "trouble": Trouble.AFTER_SALE}, "处理售后"),
        ({"may": ["confirm_receipt"]}, "确认收货"),
        ({"may": ["cancel"], "late": True}, "取消订单"),
        ({"may": ["review"]}, "评价一下"),
    ],
)
def test_one_step_is_the_big_button(world: World, changed: dict[str, object], step: str) -> None:
    answer_with(world, "dispute", dispute("ruled", "accept_ruling"))
    answer_with(world, "case", case("countered", "accept_offer", waits_for="resident"))
    answer_with(world, "order", order(OrderState.PREPARING, **changed))
    found = next_step(browser(world).get(f"/h5/orders/{ORDER}").text)
    assert step in found
    assert found.count("next__button") == 1


@pytest.mark.parametrize("refusal", [Forbidden(), NoSuchCase()])
def test_who_may_not_see_a_case_sees_the_order_all_the_same(
    world: World, refusal: LinliError
) -> None:
    answer_with(world, "case", refusal)
    answer_with(world, "order", order(OrderState.DELIVERED, case_id=CASE))
    assert browser(world).get(f"/h5/orders/{ORDER}").status_code == 200


def test_only_what_one_may_do_is_behind_more(world: World) -> None:
    answer_with(world, "order", order(OrderState.PREPARING, "say"))
    shown = more(browser(world).get(f"/h5/orders/{ORDER}").text)
    for words, is_there in [("说话", True), ("想改单", True), ("纠纷", False), ("取消", False)]:
        assert (words in shown) is is_there, words
    assert f"/h5/orders/{ORDER}/record.pdf" in shown


def test_where_the_store_must_agree_cancelling_leads_to_asking_it(world: World) -> None:
    answer_with(world, "order", order(OrderState.PREPARING, "open_case"))
    answer = browser(world).get(f"/h5/orders/{ORDER}/cancel")
    assert answer.location == f"/h5/orders/{ORDER}/after-sales?kind=cancel"


@pytest.mark.parametrize(("accept", "yes"), [("yes", True), ("no", False)])
def test_a_change_is_answered(world: World, accept: str, yes: bool) -> None:
    if not yes:
        answer_with(world, "answer_amendment", amendment(state=AmendmentState.REFUSED))
    path = f"/h5/orders/{ORDER}/amendment"
    answer = send(browser(world), path, accept=accept, amendment_id=AMENDMENT)
    assert answer.location == (f"/h5/pay/{PAYMENT}" if yes else f"/h5/orders/{ORDER}")
    wish = asked(world, "answer_amendment")
    assert (wish.accept, wish.amendment_id, wish.request_id) == (yes, AMENDMENT, KEY)


def test_what_would_change_is_shown_with_the_difference(world: World) -> None:
    answer_with(world, "order", order(OrderState.PREPARING, amendment_id=AMENDMENT))
    page = browser(world).get(f"/h5/orders/{ORDER}/amendment").text
    for words in ("多给一杯", "×3", "要补差价 ¥3.00", "同意，去补差价"):
        assert words in page
    assert key_in(page)


def test_an_unpaid_supplement_stands_on_its_order_with_its_button(world: World) -> None:
    extra = order(OrderState.AWAITING_PAYMENT, "pay", order_id=AMENDMENT, supplement_of=ORDER)
    main = order(OrderState.PREPARING, supplements=[AMENDMENT])
    seen = {ORDER: main, AMENDMENT: extra}
    world.services.answers["orders.order"] = lambda question: seen[question.order_id]
    page = browser(world).get(f"/h5/orders/{ORDER}").text
    assert f'href="/h5/orders/{AMENDMENT}"' in page
    assert f'href="/h5/pay/{PAYMENT}">补差价' in next_step(page)


@pytest.mark.parametrize(("paid_at_once_fen", "said"), [(1400, True), (600, False)])
def test_a_payment_for_several_orders_says_its_whole_sum(
    world: World, paid_at_once_fen: int, said: bool
) -> None:
    answer_with(world, "order", order(OrderState.AWAITING_PAYMENT, "pay", amount_fen=600))
    whole = payment(PaymentState.OPEN).model_copy(update={"amount_fen": paid_at_once_fen})
    world.services.answers["settlement.payment"] = whole
    page = browser(world).get(f"/h5/orders/{ORDER}").text
    assert ("一次付清，一共 ¥14.00" in page) is said
    assert f"¥{paid_at_once_fen / 100:.2f}" in next_step(page)


def test_a_supplement_that_was_paid_counts_in_what_is_held(world: World) -> None:
    extra = order(OrderState.PREPARING, order_id=AMENDMENT, supplement_of=ORDER, amount_fen=300)
    extra = extra.model_copy(update={"paid_at": NOW})
    main = order(OrderState.PREPARING, amount_fen=600, agreed_fen=900, paid_at=NOW)
    main = main.model_copy(update={"supplements": [AMENDMENT]})
    seen = {ORDER: main, AMENDMENT: extra}
    world.services.answers["orders.order"] = lambda question: seen[question.order_id]
    page = browser(world).get(f"/h5/orders/{ORDER}").text
    assert "¥9.00 由物业保管" in page


def test_the_list_is_narrowed_to_what_is_in_trouble(world: World) -> None:
    counts = orders.StateCounts(counts={}, troubles={Trouble.DISPUTED: 2, Trouble.AMENDING: 1})
    answer_with(world, "counts", counts)
    page = browser(world).get("/h5/orders?tab=trouble").text
    assert asked(world, "household_orders").troubles == [
        Trouble.AMENDING,
        Trouble.AFTER_SALE,
        Trouble.DISPUTED,
    ]
    assert "退款/售后 3" in page


def test_the_client_is_known_by_version_and_network_and_no_finer(world: World) -> None:
    client = browser(world)
    client.environ_base |= {"HTTP_USER_AGENT": WECHAT, "REMOTE_ADDR": "203.0.113.77"}
    answer_with(world, "confirm_receipt", order(OrderState.COMPLETED))
    send(client, f"/h5/orders/{ORDER}/confirm-receipt")
    told = asked(world, "confirm_receipt").client
    assert (told.kind, told.wechat, told.network) == ("wechat", "8.0.50", "203.0.0.0/16")


@pytest.mark.parametrize(
    ("address", "network"),
    [("2001:db8:1:2::3", "2001:db8::/32"), ("127.0.0.1", "127.0.0.0/16"), ("", ""), ("x", "")],
)
def test_an_address_is_cut_to_its_network(address: str, network: str) -> None:
    assert network_of(address) == network
