"""After-sales, quarrels, words and reviews: what is pressed is what orders is asked for."""

import io
from typing import Any

import pytest

from services.contracts.after_sales import MoreThanPaid, WrongCaseState
from services.contracts.orders import NotThatMany, OrderState, Party
from services.contracts.permissions import Role
from services.kernel.errors import DeadlineExceeded
from tests.gateway.people import KEY, browser, key_in, send
from tests.support.gateway import DROP, ORDER, SKU, STORE, World, order
from tests.support.gateway import page as listed
from tests.support.gateway_deals import (
    CASE,
    DISPUTE,
    answer_with,
    asked,
    case,
    dispute,
    message,
    photo,
)

pytestmark = pytest.mark.usefixtures("deals")
NEW_CASE = f"/h5/orders/{ORDER}/after-sales"


def kept_in(page: str) -> str:
    """The token of the photo that a refused form has kept."""
    return page.split('name="kept_photo" value="')[1].split('"')[0]


def test_a_part_is_asked_back_with_photos(world: World) -> None:
    answer = send(
        browser(world),
        NEW_CASE,
        kind="return",
        reason="有破损或变质",
        reason_more="杯子漏了",
        amount="1.50",
        refund_to="fund",
        photos=[photo(), photo("b.jpg", 90)],
        **{f"n.{SKU}": "1"},
    )
    assert answer.location == f"/h5/cases/{CASE}"
    wish = asked(world, "open_case")
    assert (wish.kind, wish.amount_fen, wish.refund_to) == ("return", 150, "fund")
    assert wish.reason == "有破损或变质；杯子漏了"
    assert [(line.sku_id, line.quantity) for line in wish.lines] == [(SKU, 1)]
    assert len(wish.photos) == 2


def test_all_pieces_and_no_amount_mean_everything(world: World) -> None:
    send(browser(world), NEW_CASE, kind="refund", reason="少了东西", **{f"n.{SKU}": "2"})
    wish = asked(world, "open_case")
    assert (wish.lines, wish.amount_fen) == ([], None)


def test_no_piece_at_all_is_said(world: World) -> None:
    fields = {f"n.{SKU}": "0"}
    answer = send(browser(world), NEW_CASE, kind="refund", reason="少了东西", **fields)
    assert answer.status_code == 422
    assert "请选是哪几件" in answer.text


@pytest.mark.parametrize(
    ("state", "changed", "kinds"),
    [
        (OrderState.PREPARING, {}, {"cancel"}),
        (OrderState.DELIVERED, {}, {"refund", "return", "exchange"}),
        (OrderState.COMPLETED, {"fulfilment": "at_home"}, {"refund"}),
    ],
)
def test_only_the_kinds_that_fit_are_offered(
    world: World, state: OrderState, changed: dict[str, Any], kinds: set[str]
) -> None:
    answer_with(world, "order", order(state, **changed))
    page = browser(world).get(NEW_CASE).text
    every = ("cancel", "refund", "return", "exchange")
    assert {kind for kind in every if f'name="kind" value="{kind}"' in page} == kinds


def test_more_pieces_than_there_are_is_said_beside_them(world: World) -> None:
    answer_with(world, "open_case", NotThatMany(fields={SKU: "1"}))
    fields = {"kind": "return", "reason": "少了东西", f"n.{SKU}": "2"}
    answer = send(browser(world), NEW_CASE, **fields)
    assert answer.status_code == 422
    assert "最多 1 件" in answer.text


def test_photos_of_a_refused_form_need_not_be_chosen_again(world: World) -> None:
    answer_with(world, "open_case", MoreThanPaid(fields={"left_fen": "1400"}))
    fields = {"kind": "refund", "reason": "少了东西", "amount": "99", f"n.{SKU}": "2"}
    client = browser(world)
    refused = send(client, NEW_CASE, photos=photo(), **fields)
    assert refused.status_code == 422
    assert "最多 ¥14.00" in refused.text
    token = kept_in(refused.text)
    answer_with(world, "open_case", case())
    assert send(client, NEW_CASE, kept_photo=token, **fields).status_code == 303
    first, second = world.services.questions("orders.open_case")
    assert first.photos == second.photos
    assert len(second.photos) == 1


def test_nobody_keeps_a_photo_that_was_not_sent_by_this_session(world: World) -> None:
    fields = {"kind": "refund", "reason": "少了东西", f"n.{SKU}": "2"}
    send(browser(world), NEW_CASE, kept_photo=f"delivery/x|{'a' * 64}|{'b' * 64}", **fields)
    assert asked(world, "open_case").photos == []


@pytest.mark.parametrize(
    ("photos", "words"),
    [
        ([photo(f"{n}.jpg", 80 + n) for n in range(7)], "最多 6 张"),
        ([(io.BytesIO(b"no picture"), "a.txt")], "不是能打开的照片"),
    ],
)
def test_too_many_photos_or_none_that_opens_is_said(
    world: World, photos: list[Any], words: str
) -> None:
    fields = {"kind": "refund", "reason": "少了东西", f"n.{SKU}": "2"}
    answer = send(browser(world), NEW_CASE, photos=photos, **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert world.services.questions("orders.open_case") == []


@pytest.mark.parametrize(
    ("role", "act", "call", "fields", "sent"),
    [
        (Role.OWNER, "accept-offer", "accept_offer", {}, {}),
        (Role.OWNER, "withdraw", "withdraw_case", {}, {}),
        (Role.OWNER, "send-back", "send_back", {"text": "放柜台了"}, {"text": "放柜台了"}),
        (Role.OWNER, "confirm-replacement", "confirm_replacement", {}, {}),
        (Role.SHOPKEEPER, "answer", "answer_case", {"answer": "agree"}, {"offer_fen": None}),
        (
            Role.SHOPKEEPER,
            "answer",
            "answer_case",
            {"answer": "counter", "offer": "1.5", "text": "一半"},
            {"offer_fen": 150, "text": "一半"},
        ),
        (Role.SHOPKEEPER, "take-back", "take_back", {"restock": "1"}, {"restock": True}),
        (
            Role.SHOPKEEPER,
            "send-replacement",
            "send_replacement",
            {"courier_id": DROP},
            {"courier_id": DROP},
        ),
        (Role.SHOPKEEPER, "send-replacement", "send_replacement", {}, {"courier_id": None}),
    ],
)
def test_each_button_of_a_case_is_one_wish(
    world: World,
    role: Role,
    act: str,
    call: str,
    fields: dict[str, str],
    sent: dict[str, object],
) -> None:
    answer = send(browser(world, role), f"/h5/cases/{CASE}/{act}", **fields)
    assert answer.location == f"/h5/cases/{CASE}"
    wish = asked(world, call)
    assert (wish.request_id, wish.order_id, wish.case_id) == (KEY, ORDER, CASE)
    assert {name: getattr(wish, name) for name in sent} == sent


def test_a_no_without_a_reason_is_sent_back(world: World) -> None:
    answer_with(world, "case", case("requested", "answer_case"))
    answer = send(browser(world, Role.SHOPKEEPER), f"/h5/cases/{CASE}/answer", answer="reject")
    assert answer.status_code == 422
    assert "请写明原因" in answer.text
    assert world.services.questions("orders.answer_case") == []


def test_calling_the_property_on_a_case_leads_to_the_quarrel(world: World) -> None:
    answer = send(browser(world), f"/h5/cases/{CASE}/escalate", story="不肯退")
    assert answer.location == f"/h5/disputes/{DISPUTE}"
    assert asked(world, "escalate_case").text == "不肯退"


def test_a_case_that_moved_on_meanwhile_is_explained(world: World) -> None:
    answer_with(world, "withdraw_case", WrongCaseState(fields={"state": "done"}))
    answer = send(browser(world), f"/h5/cases/{CASE}/withdraw")
    assert answer.status_code == 409
    assert "状态刚刚变了" in answer.text


def test_the_store_sees_its_own_words_on_a_case(world: World) -> None:
    answer_with(world, "order", order(OrderState.DELIVERED, sides=[Party.MERCHANT]))
    page = browser(world, Role.SHOPKEEPER).get(f"/h5/cases/{CASE}").text
    assert "当您同意" in page
    assert f"/h5/merchant/orders/{ORDER}" in page


def test_a_quarrel_is_opened_with_the_second_tap(world: World) -> None:
    client = browser(world)
    assert f'href="/h5/orders/{ORDER}/dispute"' in client.get(f"/h5/orders/{ORDER}").text
    assert 'name="about" value="damaged"' in client.get(f"/h5/orders/{ORDER}/dispute").text
    answer = send(client, f"/h5/orders/{ORDER}/dispute", about="damaged")
    assert answer.location == f"/h5/disputes/{DISPUTE}"
    wish = asked(world, "open_dispute")
    assert (wish.about, wish.text, wish.wanted_fen, wish.photos) == ("damaged", "", None, [])


@pytest.mark.parametrize("wanted", ["-1", "很多", "1.234"])
def test_a_wanted_sum_that_is_none_is_said(world: World, wanted: str) -> None:
    answer = send(browser(world), f"/h5/orders/{ORDER}/dispute", about="late", wanted=wanted)
    assert answer.status_code == 422
    assert "请填金额" in answer.text


@pytest.mark.parametrize(
    ("act", "call", "fields", "sent"),
    [
        ("propose", "propose_split", {"share": "0"}, {"to_resident_fen": 0}),
        ("propose", "propose_split", {"share": "6", "why": "一半"}, {"text": "一半"}),
        ("accept", "accept_split", {"to_resident_fen": "600"}, {"to_resident_fen": 600}),
        ("call", "call_mediator", {}, {}),
        ("withdraw", "withdraw_dispute", {}, {}),
        ("accept-ruling", "accept_ruling", {}, {}),
        ("appeal", "appeal_ruling", {"grounds": "油条也泡了"}, {"text": "油条也泡了"}),
    ],
)
def test_each_button_of_a_quarrel_is_one_wish(
    world: World, act: str, call: str, fields: dict[str, str], sent: dict[str, object]
) -> None:
    answer = send(browser(world), f"/h5/disputes/{DISPUTE}/{act}", **fields)
    assert answer.location == f"/h5/disputes/{DISPUTE}"
    wish = asked(world, call)
    assert (wish.request_id, wish.order_id, wish.dispute_id) == (KEY, ORDER, DISPUTE)
    assert {name: getattr(wish, name) for name in sent} == sent


def test_a_split_of_more_than_is_frozen_is_refused_and_stays_typed(world: World) -> None:
    answer_with(world, "dispute", dispute("negotiating", "propose_split"))
    answer = send(browser(world), f"/h5/disputes/{DISPUTE}/propose", share="14.01", why="全要")
    assert answer.status_code == 422
    assert 'value="14.01"' in answer.text
    assert "不能超过冻结的钱" in answer.text
    assert world.services.questions("orders.propose_split") == []


def test_while_nobody_knows_the_same_press_stays_the_same_wish(world: World) -> None:
    answer_with(world, "dispute", dispute("negotiating", "call_mediator"))
    answer_with(world, "call_mediator", DeadlineExceeded())
    answer = send(browser(world), f"/h5/disputes/{DISPUTE}/call")
    assert answer.status_code == 504
    assert key_in(answer.text) == KEY


def test_a_ruling_is_shown_with_its_reason_and_its_split(world: World) -> None:
    ruling = {
        "to_resident_fen": 600,
        "to_merchant_fen": 800,
        "refund_to": "channel",
        "reason": "豆浆全退",
        "by": "孙调解员",
        "at": message().at,
    }
    may = ("accept_ruling", "appeal_ruling")
    answer_with(world, "dispute", dispute("ruled", *may, ruling=ruling))
    page = browser(world).get(f"/h5/disputes/{DISPUTE}").text
    for words in ("退 ¥6.00，付 ¥8.00", "豆浆全退", "接受裁定", "请经理复核"):
        assert words in page


def test_a_word_goes_to_the_other_side_and_nothing_does_not(world: World) -> None:
    client, path = browser(world), f"/h5/orders/{ORDER}/talk"
    assert send(client, path, text="少放糖", photos=photo()).status_code == 303
    wish = asked(world, "say")
    assert (wish.text, len(wish.photos)) == ("少放糖", 1)
    assert send(client, path, text="  ").status_code == 422


def test_what_is_typed_is_text_and_nothing_else(world: World) -> None:
    answer_with(world, "thread", lambda _: listed(message("<script>alert(1)</script>")))
    page = browser(world).get(f"/h5/orders/{ORDER}/talk").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page


def test_a_review_is_written_once(world: World) -> None:
    answer_with(world, "order", order(OrderState.COMPLETED, "review"))
    client, path = browser(world), f"/h5/orders/{ORDER}/review"
    assert send(client, path, text="好").status_code == 422
    answer = send(client, path, stars="4", text="很浓", anonymous="1", photos=photo())
    assert answer.location == path
    wish = asked(world, "write_review")
    assert (wish.stars, wish.text, wish.anonymous, len(wish.photos)) == (4, "很浓", True, 1)


def test_the_reviews_of_a_store_are_narrowed_by_stars(world: World) -> None:
    page = browser(world).get(f"/h5/stores/{STORE}/reviews?stars=4").text
    assert asked(world, "reviews").stars == 4
    assert "很浓" in page


@pytest.mark.parametrize("path", [f"/h5/cases/{CASE}/steal", f"/h5/disputes/{DISPUTE}/rule"])
def test_no_other_button_is_there(world: World, path: str) -> None:
    assert send(browser(world), path).status_code == 404
