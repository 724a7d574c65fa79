"""The mediator's pages: the queue, the case file, what each form posts, refusals in words."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.console.case_file import ELSEWHEN, ORDINARY, OVERSTAYED, coming_of
from services.contracts import disputes
from services.contracts.permissions import Role
from services.kernel.errors import DeadlineExceeded, Forbidden, Unavailable
from tests.gateway.people import KEY, browser, send
from tests.support.gateway import COMMUNITY, MERCHANT, World
from tests.support.gateway_mediation import (
    DISPUTE,
    NEXT,
    ORDER_ID,
    SAGA,
    STORE,
    asked,
    staff_of,
    with_mediation,
)
from tests.unit.ui import samples_mediation as m
from tests.unit.ui.samples import NOW, an_id

FILE = f"/console/disputes/{DISPUTE}"
PATHS = [
    "/console/disputes",
    "/console/disputes?state=all&mine=1",
    FILE,
    "/console/precedents?text=洒&about=damaged",
    "/console/disputes/merchants?days=30",
    "/console/reviews",
    f"/console/reviews?store_id={STORE}&stars=2&hidden=1",
    "/console/sagas",
    "/console/sagas?all=1",
    "/console/orders",
    f"/console/orders/{ORDER_ID}",
]


@pytest.fixture
def desk(world: World) -> World:
    """A quarrel, and services that answer all that the pages ask about it."""
    return with_mediation(world)


def mediator(desk: World) -> FlaskClient:
    return browser(desk, Role.MEDIATOR)


@pytest.mark.parametrize("path", PATHS)
def test_each_page_is_drawn_for_staff(desk: World, path: str) -> None:
    page = browser(desk, Role.MANAGER).get(path)
    assert page.status_code == 200, page.text
    assert "</html>" in page.text
    assert "<script>" not in page.text


def test_the_pages_are_shut_to_all_others(desk: World) -> None:
    client = browser(desk, Role.SHOPKEEPER)
    assert {client.get(path).status_code for path in PATHS} == {403}


MENUS = [
    (Role.MEDIATOR, {"disputes", "reviews", "orders"}),
    (Role.MANAGER, {"disputes", "reviews", "orders", "sagas"}),
    (Role.CASHIER, {"orders"}),
    (Role.CLERK, set()),
]


@pytest.mark.parametrize(("role", "offered"), MENUS)
def test_the_menu_offers_what_the_role_may_open(desk: World, role: Role, offered: set[str]) -> None:
    page = browser(desk, role).get("/console/").text
    menu = page[page.index("<nav") : page.index("</nav>")]
    found = {
        name
        for name in ("disputes", "reviews", "sagas", "orders")
        if f'href="/console/{name}"' in menu
    }
    assert found == offered


def test_a_mediator_begins_with_what_waits_and_reads_on_with_the_filters(desk: World) -> None:
    page = mediator(desk).get("/console/disputes?mine=1").text
    query = asked(desk, "orders.disputes")
    assert [state.value for state in query.states] == ["waiting", "mediating", "appealed"]
    assert (query.mine, query.community_id) == (True, COMMUNITY)
    assert f"mine=1&amp;after={NEXT}" in page
    assert "第 3 天" in page


def test_filters_of_the_queue_reach_the_service(desk: World) -> None:
    mediator(desk).get(f"/console/disputes?state=appealed&merchant_id={MERCHANT}&after=z")
    query = asked(desk, "orders.disputes")
    assert (query.states, query.merchant_id, query.after) == (["appealed"], MERCHANT, "z")
    mediator(desk).get("/console/disputes?state=nonsense&merchant_id=x")
    query = asked(desk, "orders.disputes")
    assert (len(query.states), query.merchant_id) == (3, None)


def test_who_looks_after_several_communities_chooses_one_or_sees_all(desk: World) -> None:
    other = an_id("other community")
    client = mediator(desk)
    staff_of(desk, COMMUNITY, other)
    assert "翠湖苑" in client.get("/console/disputes").text
    assert asked(desk, "orders.disputes").community_id is None
    client.get(f"/console/disputes?community={COMMUNITY}")
    assert asked(desk, "orders.disputes").community_id == COMMUNITY
    client.get(f"/console/disputes?community={an_id('not theirs')}")
    assert asked(desk, "orders.disputes").community_id is None


def test_a_dispute_is_taken_from_the_queue_by_one_press(desk: World) -> None:
    assert f'action="/console/disputes/{m.QUEUE[0].dispute_id}/take"' in (
        mediator(desk).get("/console/disputes").text
    )
    answer = send(mediator(desk), f"{FILE}/take", order_id=ORDER_ID)
    assert (answer.status_code, answer.location) == (303, FILE)


def test_the_case_file_shows_all_five_sides_from_one_question_each(desk: World) -> None:
    page = mediator(desk).get(FILE).text
    for anchor in ("timeline", "talk", "photos", "gate", "money"):
        assert f'id="{anchor}"' in page
    for words in ("记录完整：8 条", "袋子没破", "赵门岗", "未见异常", "在小区里 3 分钟", "收回了"):
        assert words in page
    assert page.count("goods-0.webp?until=") == 2  # among the photos and in the thread
    for name in ("orders.case_file", "delivery.order_visits", "settlement.order_money"):
        assert len(desk.services.questions(name)) == 1
    assert asked(desk, "delivery.order_visits").order_ids == [ORDER_ID]


@pytest.mark.parametrize(
    ("name", "said"), [("delivery.order_visits", "门岗"), ("settlement.order_money", "资金")]
)
def test_a_silent_service_is_named_and_the_rest_is_shown(desk: World, name: str, said: str) -> None:
    desk.services.answers[name] = Unavailable()
    page = mediator(desk).get(FILE)
    assert page.status_code == 200
    assert f"这几部分暂时没有回答：{said}" in page.text
    assert "袋子没破" in page.text
    assert 'name="amount"' in page.text


def test_a_record_that_was_rewritten_stands_out(desk: World) -> None:
    desk.services.answers["orders.case_file"] = m.case_file("mediating", broken_at=5)
    page = mediator(desk).get(FILE).text
    assert "从第 5 条起对不上" in page
    assert page.count('class="chain_broken"') == 4


FORMS: list[tuple[str, dict[str, str], str, dict[str, Any]]] = [
    ("take", {}, "take_dispute", {}),
    ("ask", {"to": "", "text": "几点到的"}, "ask_party", {"to": None, "text": "几点到的"}),
    ("ask", {"to": "merchant", "text": "几点到的"}, "ask_party", {"to": "merchant"}),
    (
        "rule",
        {"amount": "6", "refund_to": "fund", "reason": "杯盖松了", "precedent": "豆浆洒了"},
        "rule_dispute",
        {
            "to_resident_fen": 600,
            "refund_to": "fund",
            "reason": "杯盖松了",
            "precedent": "豆浆洒了",
        },
    ),
    ("pass", {"reason": "我认识店主"}, "pass_to_manager", {"reason": "我认识店主"}),
    (
        "decide",
        {"amount": "0", "refund_to": "channel", "reason": "商家有理"},
        "decide_appeal",
        {"to_resident_fen": 0, "precedent": ""},
    ),
]


@pytest.mark.parametrize(("act", "fields", "name", "wish"), FORMS)
def test_each_form_posts_its_command_with_the_key_of_the_form(
    desk: World, act: str, fields: dict[str, str], name: str, wish: dict[str, Any]
) -> None:
    answer = send(browser(desk, Role.MANAGER), f"{FILE}/{act}", order_id=ORDER_ID, **fields)
    assert (answer.status_code, answer.location) == (303, FILE)
    question = asked(desk, f"orders.{name}")
    assert (question.request_id, question.dispute_id, question.order_id) == (KEY, DISPUTE, ORDER_ID)
    assert question.client.kind == "browser"
    assert {key: getattr(question, key) for key in wish} == wish


REFUSED: list[tuple[str, dict[str, str], str, Exception, int, str]] = [
    ("take", {}, "take_dispute", disputes.NotYourDispute(), 409, "role="),
    (
        "rule",
        {"amount": "6", "refund_to": "channel", "reason": "杯盖松了"},
        "rule_dispute",
        disputes.AnotherMustDecide(),
        409,
        "杯盖松了",
    ),
    ("pass", {"reason": "我认识店主"}, "pass_to_manager", Forbidden(), 403, "我认识店主"),
    ("ask", {"text": "几点到的"}, "ask_party", DeadlineExceeded(), 504, f'value="{KEY}"'),
]


@pytest.mark.parametrize(("act", "fields", "name", "error", "status", "words"), REFUSED)
def test_a_refusal_is_said_on_the_case_file_and_what_was_typed_stays(
    desk: World,
    act: str,
    fields: dict[str, str],
    name: str,
    error: Exception,
    status: int,
    words: str,
) -> None:
    desk.services.answers[f"orders.{name}"] = error
    answer = send(mediator(desk), f"{FILE}/{act}", order_id=ORDER_ID, **fields)
    assert answer.status_code == status
    assert words in answer.text
    assert "袋子没破" in answer.text


def test_an_amount_that_is_none_is_asked_for_again_and_nothing_is_ruled(desk: World) -> None:
    fields = {"amount": "一半", "refund_to": "channel", "reason": "各退一步"}
    answer = send(mediator(desk), f"{FILE}/rule", order_id=ORDER_ID, **fields)
    assert answer.status_code == 422
    assert "请写金额" in answer.text
    assert 'value="一半"' in answer.text
    assert desk.services.questions("orders.rule_dispute") == []


def test_only_what_the_service_allows_is_offered(desk: World) -> None:
    forms = {"waiting": ["take"], "appealed": ["ask", "decide"], "closed": []}
    for state, offered in forms.items():
        desk.services.answers["orders.case_file"] = m.case_file(state)
        page = browser(desk, Role.MANAGER).get(FILE).text
        acts = [act for act in ("take", "ask", "rule", "pass", "decide") if f"{FILE}/{act}" in page]
        assert acts == offered, state


def test_an_act_that_there_is_not_is_no_page(desk: World) -> None:
    assert send(mediator(desk), f"{FILE}/burn", order_id=ORDER_ID).status_code == 404
    assert send(mediator(desk), f"/console/reviews/{ORDER_ID}/burn").status_code == 404


def test_what_the_gate_saw_is_said_as_it_speaks() -> None:
    seen = m.order_visit()
    assert coming_of(seen, ORDER_ID).look is ORDINARY
    assert coming_of(m.order_visit(overstayed=True), ORDER_ID).look is OVERSTAYED
    late = seen.drop.model_copy(update={"delivered_at": NOW + timedelta(hours=1)})
    elsewhen = coming_of(seen.model_copy(update={"drop": late}), ORDER_ID)
    assert elsewhen.look is ELSEWHEN
    assert not elsewhen.for_case
    assert coming_of(seen, m.CASE).for_case
    words = [one.word for one in coming_of(seen, ORDER_ID).moments]
    assert words == ["进", "送到门口", "出"]
    assert coming_of(m.order_visit(state="inside", left_at=None), ORDER_ID).look is None


def test_precedents_and_statistics_are_asked_for_as_the_address_says(desk: World) -> None:
    client = mediator(desk)
    page = client.get("/console/precedents?text=洒&about=damaged").text
    query = asked(desk, "orders.precedents")
    assert (query.text, query.about) == ("洒", "damaged")
    assert "碗没有封口" in page
    page = client.get("/console/disputes/merchants?days=30").text
    assert asked(desk, "orders.merchants_stats").days == 30
    assert f"/console/disputes?merchant_id={m.stats().merchant_id}&amp;state=all" in page


def test_a_review_is_hidden_with_a_reason_and_shown_again(desk: World) -> None:
    path = f"/console/reviews/{ORDER_ID}"
    for act, hidden in (("hide", True), ("show", False)):
        answer = send(mediator(desk), f"{path}/{act}?store_id={STORE}", reason="写了门牌号")
        assert (answer.status_code, answer.location) == (303, f"/console/reviews?store_id={STORE}")
        question = asked(desk, "orders.hide_review")
        assert (question.order_id, question.hidden) == (ORDER_ID, hidden)


def test_a_review_is_not_hidden_without_a_reason(desk: World) -> None:
    refused = m.REVIEWS[0].order_id
    answer = send(mediator(desk), f"/console/reviews/{refused}/hide?store_id={STORE}", reason="")
    assert answer.status_code == 422
    assert "太短了" in answer.text
    assert answer.text.count(" open>") == 1
    assert desk.services.questions("orders.hide_review") == []


def test_the_stores_are_listed_before_one_is_chosen_even_without_scores(desk: World) -> None:
    desk.services.answers["orders.store_scores"] = Unavailable()
    page = mediator(desk).get("/console/reviews")
    assert page.status_code == 200
    assert "老陈早餐" in page.text


def test_a_manager_pushes_work_that_hangs(desk: World) -> None:
    client = browser(desk, Role.MANAGER)
    page = client.get("/console/sagas").text
    assert "reserve_replacement" in page
    assert "换货" in page
    assert asked(desk, "orders.sagas").stuck is True
    answer = send(client, f"/console/sagas/{SAGA}/retry?all=1")
    assert (answer.status_code, answer.location) == (303, "/console/sagas?all=1")
    assert asked(desk, "orders.retry_saga").saga_id == SAGA
