"""A shop's desk: live at little cost, one order and its next step, the counter, what is said."""

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from services.contracts.catalog import Fulfilment
from services.contracts.orders import (
    CodeUsed,
    NoSuchCode,
    NotThatMany,
    OrderState,
    Trouble,
    WrongState,
)
from services.contracts.permissions import Role
from services.contracts.reviews import ReviewedAlready
from services.kernel.errors import Unavailable
from tests.gateway.people import KEY, browser, send
from tests.support.gateway import NOW, ORDER, SKU, STORE, World, order, page
from tests.support.gateway_desk import (
    CASE,
    CODE,
    DISPUTE,
    STAMP,
    case,
    desk,
    desk_world,
    fetched,
    handed_over,
    numbered,
    review,
)

PULSE = f"/h5/merchant/desk/pulse?store_id={STORE}&tab=new"
PICK_UP = f"/h5/merchant/pick-up?store_id={STORE}"
TABS_COUNTED = {"new": "2", "preparing": "1", "going": "2", "trouble": "2"}
PAGES = [
    f"/h5/merchant/?store_id={STORE}&tab=preparing",
    "/h5/merchant/?tab=going",
    "/h5/merchant/?tab=trouble",
    "/h5/merchant/?tab=no-such-tab",
    f"/h5/merchant/orders/{ORDER}",
    f"/h5/merchant/orders/{ORDER}/slip?width=80",
    f"/h5/merchant/orders?store_id={STORE}&from=2026-03-01&until=x&text=0317",
    PICK_UP,
    f"{PICK_UP}&code={CODE}",
    f"{PICK_UP}&done={ORDER}",
    "/h5/merchant/cases",
    "/h5/merchant/cases?tab=all",
    "/h5/merchant/reviews?stars=4",
]


@pytest.fixture(autouse=True)
def shop(world: World) -> None:
    desk_world(world.services)


def asked(world: World) -> list[str]:
    return [one.name for one in world.services.asked]


@pytest.mark.parametrize("path", PAGES)
def test_each_page_is_drawn_for_the_shop(world: World, path: str) -> None:
    answer = browser(world, Role.SHOPKEEPER).get(path)
    assert answer.status_code == 200, answer.text
    assert "</html>" in answer.text


@pytest.mark.parametrize("path", [PAGES[0], PULSE, PICK_UP, *PAGES[-3:]])
def test_who_works_in_no_shop_sees_none_of_it(world: World, path: str) -> None:
    assert browser(world, Role.OWNER).get(path).status_code == 403
    assert not [name for name in asked(world) if name.startswith("orders.")]


# the desk


def test_an_unchanged_desk_costs_one_question(world: World) -> None:
    client = browser(world, Role.SHOPKEEPER)
    client.get("/h5/merchant/")
    world.services.asked.clear()
    answer = client.get(f"{PULSE}&stamp={STAMP}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert asked(world) == ["orders.desk"]


def test_a_changed_desk_comes_as_its_live_part_alone_with_the_new_stamp(world: World) -> None:
    world.services.answers["orders.desk"] = desk("stamp-2")
    answer = browser(world, Role.SHOPKEEPER).get(f"{PULSE}&stamp={STAMP}")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "stamp=stamp-2" in answer.text
    assert f'data-newest="{ORDER}"' in answer.text
    assert "hx-trigger" in answer.text


def test_the_desk_counts_each_tab_and_says_new_orders_in_the_title(world: World) -> None:
    html = browser(world, Role.SHOPKEEPER).get("/h5/merchant/").text
    assert "<title>(2) 老陈早餐</title>" in html
    counts = {key: html.split(f'id="tab-{key}"')[1].split("<b>")[1][0] for key in TABS_COUNTED}
    assert counts == TABS_COUNTED


def test_who_waits_longest_stands_first(world: World) -> None:
    html = browser(world, Role.SHOPKEEPER).get("/h5/merchant/").text
    assert html.index("#0317") < html.index("#0318")


def test_a_desk_that_is_too_long_shows_the_newest_and_goes_on(world: World) -> None:
    full = numbered("#0318", "#0317")
    world.services.answers["orders.store_orders"] = full.model_copy(update={"next_after": "k"})
    html = browser(world, Role.SHOPKEEPER).get("/h5/merchant/").text
    assert html.index("#0318") < html.index("#0317")
    assert f"/h5/merchant/?store_id={STORE}&amp;tab=new&amp;after=k" in html


def test_troubles_are_late_orders_first_and_each_once(world: World) -> None:
    late = numbered("#0290", late=True)
    troubled = numbered("#0291", trouble=Trouble.DISPUTED)
    both = page(*troubled.items, *late.items)
    world.services.answers["orders.store_orders"] = lambda question: late if question.late else both
    html = browser(world, Role.SHOPKEEPER).get("/h5/merchant/?tab=trouble").text
    assert html.count("<article") == 2
    assert html.index("#0290") < html.index("#0291")
    assert "已经超时" in html
    assert "纠纷中" in html


@pytest.mark.parametrize(
    ("state", "fulfilment", "words"),
    [
        (OrderState.AWAITING_CONFIRMATION, Fulfilment.DELIVERY, "接单"),
        (OrderState.PREPARING, Fulfilment.DELIVERY, "备好了"),
        (OrderState.READY, Fulfilment.DELIVERY, "出发"),
        (OrderState.READY, Fulfilment.PICKUP, "核对取货码"),
        (OrderState.SCHEDULED, Fulfilment.AT_HOME, "开始服务"),
        (OrderState.IN_SERVICE, Fulfilment.AT_HOME, "完成服务"),
        (OrderState.DELIVERED, Fulfilment.DELIVERY, "看订单"),
    ],
)
def test_each_order_has_its_one_next_step(
    world: World, state: OrderState, fulfilment: Fulfilment, words: str
) -> None:
    shown = numbered("#0317", state=state, fulfilment=fulfilment)
    world.services.answers["orders.store_orders"] = shown
    html = browser(world, Role.SHOPKEEPER).get("/h5/merchant/?tab=going").text
    assert html.split("ticket__next")[1].split(">")[1].split("<")[0] == words


def test_another_door_stands_out_and_a_supplement_has_no_step(world: World) -> None:
    shown = numbered("#0317", other_address=True, address="门卫室")
    extra = numbered("#0319", supplement_of=ORDER)
    world.services.answers["orders.store_orders"] = page(*shown.items, *extra.items)
    html = browser(world, Role.SHOPKEEPER).get("/h5/merchant/").text
    assert "other-door" in html
    assert "随原订单一起走" in html
    assert html.count("ticket__next") == 1


def test_the_desk_works_while_settlement_is_silent(world: World) -> None:
    world.services.answers["settlement.fund"] = Unavailable()
    answer = browser(world, Role.SHOPKEEPER).get("/h5/merchant/")
    assert answer.status_code == 200
    assert "今日到账" not in answer.text


# one order


def test_an_order_shows_what_is_open_on_it(world: World) -> None:
    world.services.answers["orders.order"] = order(
        OrderState.COMPLETED,
        "answer_review",
        case_id=CASE,
        dispute_id=DISPUTE,
        trouble=Trouble.DISPUTED,
        reviewed_at=NOW,
        amendment_id=ORDER,
    )
    html = browser(world, Role.SHOPKEEPER).get(f"/h5/merchant/orders/{ORDER}").text
    for words in (f"/h5/cases/{CASE}", f"/h5/disputes/{DISPUTE}", "只剩一杯了", "撤回改单"):
        assert words in html
    assert "/h5/merchant/reviews" in html


def test_an_ordinary_order_asks_for_nothing_beside_it(world: World) -> None:
    browser(world, Role.SHOPKEEPER).get(f"/h5/merchant/orders/{ORDER}")
    assert [name for name in asked(world) if name.startswith("orders.")] == ["orders.order"]


def test_a_service_is_started_finished_and_an_amendment_taken_back(world: World) -> None:
    client = browser(world, Role.SHOPKEEPER)
    base = f"/h5/merchant/orders/{ORDER}"
    for act, method in [
        ("start", "start_service"),
        ("finish", "finish_service"),
        ("withdraw-amendment", "withdraw_amendment"),
    ]:
        answer = send(client, f"{base}/{act}", amendment_id=ORDER)
        assert (answer.status_code, answer.location) == (303, base)
        [wish] = world.services.questions(f"orders.{method}")
        assert (wish.request_id, wish.order_id) == (KEY, ORDER)


def test_a_step_that_came_too_late_shows_the_order_as_it_is(world: World) -> None:
    world.services.answers["orders.confirm_order"] = WrongState(fields={"state": "cancelled"})
    answer = send(browser(world, Role.SHOPKEEPER), f"/h5/merchant/orders/{ORDER}/confirm")
    assert answer.status_code == 409
    assert "订单的状态刚刚变了" in answer.text


def test_the_slip_never_shows_the_residents_code(world: World) -> None:
    world.services.answers["orders.order"] = fetched(pickup_code=CODE, remark="少糖")
    client = browser(world, Role.SHOPKEEPER)
    for path in ("", "/slip"):
        html = client.get(f"/h5/merchant/orders/{ORDER}{path}").text
        assert "少糖" in html
        assert CODE not in html


# the counter


@pytest.mark.parametrize(
    "typed", [CODE, "4071 8826", f"https://linli.example/h5/merchant/pick-up?code={CODE}"]
)
def test_a_code_is_read_bare_grouped_or_in_an_address(world: World, typed: str) -> None:
    answer = browser(world, Role.SHOPKEEPER).get(
        "/h5/merchant/pick-up", query_string={"store_id": STORE, "code": typed}
    )
    assert answer.status_code == 200
    [question] = world.services.questions("orders.order_by_code")
    assert (question.store_id, question.code) == (STORE, CODE)


@pytest.mark.parametrize("typed", ["1234", "123456789", "豆浆"])
def test_what_is_no_code_is_said_and_not_asked(world: World, typed: str) -> None:
    answer = browser(world, Role.SHOPKEEPER).get(f"{PICK_UP}&code={typed}")
    assert answer.status_code == 422
    assert "8 位数字" in answer.text
    assert "orders.order_by_code" not in asked(world)


def test_all_that_is_left_is_what_the_form_offers(world: World) -> None:
    world.services.answers["orders.order_by_code"] = fetched(pickups=[handed_over(1)])
    html = browser(world, Role.SHOPKEEPER).get(f"{PICK_UP}&code={CODE}").text
    assert f'name="h.{SKU}"' in html
    assert 'max="1" value="1"' in html


def test_a_part_is_handed_over_with_the_code(world: World) -> None:
    fields = {"store_id": STORE, "order_id": ORDER, "code": CODE, f"h.{SKU}": "1"}
    answer = send(browser(world, Role.SHOPKEEPER), "/h5/merchant/pick-up", **fields)
    assert answer.status_code == 303
    assert f"done={ORDER}" in answer.location
    [wish] = world.services.questions("orders.hand_over")
    assert (wish.request_id, wish.order_id, wish.code) == (KEY, ORDER, CODE)
    assert [(line.sku_id, line.quantity) for line in wish.lines] == [(SKU, 1)]


def test_nothing_is_handed_over_when_every_count_is_zero(world: World) -> None:
    world.services.answers["orders.order"] = fetched()
    fields = {"store_id": STORE, "order_id": ORDER, "code": CODE, f"h.{SKU}": "0"}
    answer = send(browser(world, Role.SHOPKEEPER), "/h5/merchant/pick-up", **fields)
    assert answer.status_code == 422
    assert "orders.hand_over" not in asked(world)


def test_more_than_is_left_is_said_at_its_line(world: World) -> None:
    world.services.answers["orders.order"] = fetched(pickups=[handed_over(1)])
    world.services.answers["orders.hand_over"] = NotThatMany(fields={SKU: "1"})
    fields = {"store_id": STORE, "order_id": ORDER, "code": CODE, f"h.{SKU}": "2"}
    answer = send(browser(world, Role.SHOPKEEPER), "/h5/merchant/pick-up", **fields)
    assert answer.status_code == 422
    assert "只剩 1 份" in answer.text


def test_a_used_code_says_when_and_by_whom(world: World) -> None:
    client = browser(world, Role.SHOPKEEPER)
    world.services.answers["orders.order_by_code"] = fetched(pickups=[handed_over(2)])
    used = client.get(f"{PICK_UP}&code={CODE}")
    world.services.answers["orders.order_by_code"] = CodeUsed(
        fields={"at": NOW.isoformat(), "by": "陈建国"}
    )
    refused = client.get(f"{PICK_UP}&code={CODE}")
    assert (used.status_code, refused.status_code) == (200, 409)
    for html in (used.text, refused.text):
        assert "这个码用过了" in html
        assert "3月1日 12:00" in html
        assert "陈建国" in html
    assert 'name="order_id"' not in used.text


def test_an_unknown_code_leaves_the_keys_ready_for_the_next(world: World) -> None:
    world.services.answers["orders.order_by_code"] = NoSuchCode()
    answer = browser(world, Role.SHOPKEEPER).get(f"{PICK_UP}&code={CODE}")
    assert answer.status_code == 404
    assert "没有这个取货码" in answer.text
    assert 'id="keys"' in answer.text


def test_an_order_in_trouble_is_not_given_out(world: World) -> None:
    world.services.answers["orders.order_by_code"] = fetched(trouble=Trouble.DISPUTED)
    html = browser(world, Role.SHOPKEEPER).get(f"{PICK_UP}&code={CODE}").text
    assert "先不要给" in html
    assert ">给了<" not in html


# what residents say, and what was


def test_open_cases_that_wait_for_the_shop_come_first(world: World) -> None:
    later = case(number="#0401", waits_for="resident")
    world.services.answers["orders.cases"] = page(later, case(number="#0402"))
    html = browser(world, Role.SHOPKEEPER).get("/h5/merchant/cases").text
    assert html.index("#0402") < html.index("#0401")
    assert "近 90 天：完成 412 单" in html
    [question] = world.services.questions("orders.cases")
    assert "done" not in question.states


def test_a_review_is_answered_once(world: World) -> None:
    client = browser(world, Role.SHOPKEEPER)
    address = f"/h5/merchant/reviews/{ORDER}"
    answer = send(client, address, store_id=STORE, text=" 谢谢 ")
    assert answer.location == f"/h5/merchant/reviews?store_id={STORE}#r-{ORDER}"
    [wish] = world.services.questions("orders.answer_review")
    assert (wish.request_id, wish.order_id, wish.text) == (KEY, ORDER, "谢谢")
    world.services.answers["orders.answer_review"] = ReviewedAlready()
    again = send(client, address, store_id=STORE, text="再说一句")
    assert again.status_code == 409
    assert "再说一句" in again.text


def test_an_answered_or_hidden_review_takes_no_answer(world: World) -> None:
    shown = page(review(answer="谢谢"), review(hidden=True, hidden_reason="有人身攻击"))
    world.services.answers["orders.reviews"] = shown
    html = browser(world, Role.SHOPKEEPER).get("/h5/merchant/reviews").text
    assert 'name="text"' not in html


def test_past_orders_are_found_by_whole_days_of_shanghai(world: World) -> None:
    path = "/h5/merchant/orders?from=2026-03-01&until=2026-03-02&kind=off&text=豆浆"
    browser(world, Role.SHOPKEEPER).get(path)
    [question] = world.services.questions("orders.store_orders")
    assert question.states == [OrderState.CANCELLED]
    assert question.placed_from.isoformat() == "2026-03-01T00:00:00+08:00"
    assert question.placed_until.isoformat() == "2026-03-03T00:00:00+08:00"
    assert question.text == "豆浆"


def test_the_file_reads_its_orders_page_by_page(world: World) -> None:
    first, second = numbered("#0301", "#0302"), numbered("#0303", remark="=1+1")

    def answer(question: Any) -> Any:
        if question.after:
            return second
        return first.model_copy(update={"next_after": "k"})

    world.services.answers["orders.store_orders"] = answer
    file = browser(world, Role.SHOPKEEPER).get(f"/h5/merchant/orders.xlsx?store_id={STORE}")
    rows = list(load_workbook(io.BytesIO(file.data)).active.values)
    assert [row[0] for row in rows[1:]] == ["#0301", "#0302", "#0303"]
    assert rows[3][6] == "=1+1"
    assert rows[1][7] == 14
    assert len(world.services.questions("orders.store_orders")) == 2
