"""The pages: drawn for their people, written once, nothing typed is lost."""

import pytest

from services.contracts.catalog import OutOfStock
from services.contracts.delivery import PassRefused, VisitState, VisitsView
from services.contracts.identity import NotCertified
from services.contracts.orders import OrderState, OtherAddressNeedsRemark, WrongState
from services.contracts.permissions import Role
from services.kernel.errors import DeadlineExceeded
from services.kernel.files import PUBLIC
from tests.gateway.people import KEY, browser, key_in, send
from tests.support.gateway import (
    ACTOR_TOKEN,
    DROP,
    GATE,
    HOUSEHOLD,
    ORDER,
    PAYMENT,
    SESSION,
    SKU,
    STORE,
    VISIT,
    World,
    jpeg,
    order,
    visit,
)

PAGES = [
    (Role.OWNER, "/h5/"),
    (Role.OWNER, "/h5/stores"),
    (Role.OWNER, "/h5/stores?text=豆浆&kind=food"),
    (Role.OWNER, f"/h5/stores/{STORE}?category=早餐"),
    (Role.OWNER, f"/h5/checkout?q.{SKU}=2"),
    (Role.OWNER, "/h5/checkout"),
    (Role.OWNER, f"/h5/pay/{PAYMENT}"),
    (Role.OWNER, f"/h5/pay/{PAYMENT}/result"),
    (Role.OWNER, "/h5/orders?tab=doing"),
    (Role.OWNER, f"/h5/orders/{ORDER}"),
    (Role.OWNER, f"/h5/orders/{ORDER}/cancel"),
    (Role.OWNER, "/h5/me"),
    (Role.COURIER, "/h5/not-certified"),
    (Role.SHOPKEEPER, f"/h5/merchant/?store_id={STORE}&tab=preparing"),
    (Role.SHOPKEEPER, f"/h5/merchant/orders/{ORDER}"),
    (Role.SHOPKEEPER, f"/h5/merchant/orders/{ORDER}/cancel"),
    (Role.SHOPKEEPER, "/h5/merchant/goods"),
    (Role.COURIER, "/h5/courier/"),
    (Role.COURIER, f"/h5/courier/drops/{DROP}"),
    (Role.COURIER, "/h5/courier/pass"),
    (Role.GUARD, "/gate/"),
    (Role.GUARD, "/gate/inside?state=expected"),
    (Role.GUARD, f"/gate/visits/{VISIT}"),
    (Role.GUARD, f"/screens/{GATE}"),
    (Role.MANAGER, "/console/"),
    (Role.MANAGER, "/console/orders?state=ready&text=0317"),
    (Role.MANAGER, f"/console/orders/{ORDER}"),
    (Role.MANAGER, "/console/merchants"),
    (Role.MANAGER, "/console/visits?state=inside"),
    (Role.MANAGER, "/console/audit"),
    (Role.MANAGER, "/console/dead"),
]


@pytest.mark.parametrize(("role", "path"), PAGES, ids=[path for _, path in PAGES])
def test_each_page_is_drawn_for_its_people(world: World, role: Role, path: str) -> None:
    answer = browser(world, role).get(path)
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/html"
    assert "</html>" in answer.text
    assert "<script>" not in answer.text
    assert all(one.actor_token in {"", ACTOR_TOKEN} for one in world.services.asked)


@pytest.mark.parametrize(
    ("role", "target"),
    [
        (Role.SHOPKEEPER, "/h5/merchant/"),
        (Role.COURIER, "/h5/courier/"),
        (Role.GUARD, "/gate/"),
        (Role.CASHIER, "/console/"),
    ],
)
def test_people_without_a_home_go_to_their_work(world: World, role: Role, target: str) -> None:
    assert browser(world, role).get("/h5/").location == target


def test_an_order_of_two_things_becomes_a_payment(world: World) -> None:
    fields = {f"q.{SKU}": "2", "remark": "少糖", "other_address": ""}
    answer = send(browser(world), "/h5/orders", **fields)
    assert (answer.status_code, answer.location) == (303, f"/h5/pay/{PAYMENT}")
    [wish] = world.services.questions("orders.place_orders")
    assert (wish.request_id, wish.household_id, wish.remark) == (KEY, HOUSEHOLD, "少糖")
    assert [(line.sku_id, line.quantity) for line in wish.lines] == [(SKU, 2)]
    assert wish.client.page == "/h5/orders"


def test_pressing_twice_is_one_wish(world: World) -> None:
    client = browser(world)
    for _ in range(2):
        send(client, "/h5/orders", **{f"q.{SKU}": "2"})
    first, second = world.services.questions("orders.place_orders")
    assert first == second


def test_each_drawing_of_a_form_is_another_wish(world: World) -> None:
    client = browser(world)
    keys = {key_in(client.get(f"/h5/orders/{ORDER}/cancel").text) for _ in range(3)}
    assert len(keys) == 3


def test_what_was_typed_stays_after_a_refusal(world: World) -> None:
    world.services.answers["orders.place_orders"] = OutOfStock(fields={SKU: "3"})
    fields = {f"q.{SKU}": "5", "remark": "放门口谢谢", "other_address": "门卫室"}
    answer = send(browser(world), "/h5/orders", **fields)
    assert answer.status_code == 409
    for text in ("放门口谢谢", "门卫室", "只剩 3 份", f'name="q.{SKU}" value="5"'):
        assert text in answer.text
    assert key_in(answer.text) != KEY


def test_a_refused_field_is_marked_in_words(world: World) -> None:
    error = OtherAddressNeedsRemark(fields={"remark": "请写明原因"})
    world.services.answers["orders.place_orders"] = error
    answer = send(browser(world), "/h5/orders", **{f"q.{SKU}": "5", "other_address": "门卫室"})
    assert answer.status_code == 422
    assert "请写明原因" in answer.text


def test_while_the_truth_is_unknown_the_same_press_stays_the_same_wish(world: World) -> None:
    world.services.answers["orders.place_orders"] = DeadlineExceeded()
    answer = send(browser(world), "/h5/orders", **{f"q.{SKU}": "5", "remark": "少糖"})
    assert answer.status_code == 504
    assert key_in(answer.text) == KEY
    assert "可能已经办成" in answer.text
    assert "失败" not in answer.text
    assert "少糖" in answer.text


@pytest.mark.parametrize("count", ["x", "-1", "1000", "9" * 50, "１"])
def test_a_count_that_is_none_is_refused(world: World, count: str) -> None:
    answer = browser(world).get("/h5/checkout", query_string={f"q.{SKU}": count})
    assert answer.status_code == 400


def test_an_uncertified_household_is_told_what_to_do(world: World) -> None:
    world.services.answers["orders.household_orders"] = NotCertified()
    answer = browser(world).get("/h5/orders")
    assert (answer.status_code, answer.location) == (303, "/h5/not-certified")


def test_receipt_is_confirmed_once_and_the_page_shows_the_new_state(world: World) -> None:
    done = order(OrderState.COMPLETED)
    world.services.answers["orders.confirm_receipt"] = done
    answer = send(browser(world), f"/h5/orders/{ORDER}/confirm-receipt")
    assert (answer.status_code, answer.location) == (303, f"/h5/orders/{ORDER}")
    assert world.services.questions("orders.confirm_receipt")[0].request_id == KEY


def test_a_state_that_has_changed_meanwhile_is_explained(world: World) -> None:
    world.services.answers["orders.confirm_receipt"] = WrongState(fields={"state": "cancelled"})
    answer = send(browser(world), f"/h5/orders/{ORDER}/confirm-receipt")
    assert answer.status_code == 409
    assert "状态刚刚变了" in answer.text


def test_cancelling_says_why_and_where_the_money_goes(world: World) -> None:
    world.services.answers["orders.cancel_order"] = order(OrderState.CANCELLED)
    answer = send(
        browser(world),
        f"/h5/orders/{ORDER}/cancel",
        reason="等太久了",
        reason_more="下次再买",
        refund_to="fund",
    )
    assert answer.status_code == 303
    [wish] = world.services.questions("orders.cancel_order")
    assert (wish.reason, wish.refund_to) == ("等太久了；下次再买", "fund")


def test_cancelling_without_a_reason_draws_the_form_again(world: World) -> None:
    answer = send(browser(world), f"/h5/orders/{ORDER}/cancel", reason_more="x")
    assert answer.status_code == 422
    assert world.services.questions("orders.cancel_order") == []


@pytest.mark.parametrize(
    ("act", "call", "fields"),
    [
        ("confirm", "orders.confirm_order", {}),
        ("ready", "orders.mark_ready", {}),
        ("dispatch", "orders.dispatch_order", {"courier_id": DROP}),
        ("cancel", "orders.cancel_order", {"reason": "卖完了"}),
    ],
)
def test_the_merchant_moves_an_order_on(
    world: World, act: str, call: str, fields: dict[str, str]
) -> None:
    world.services.answers[call] = order(OrderState.PREPARING)
    client = browser(world, Role.SHOPKEEPER)
    answer = send(client, f"/h5/merchant/orders/{ORDER}/{act}", **fields)
    assert answer.status_code == 303
    assert world.services.questions(call)[0].request_id == KEY


def test_a_stranger_has_no_desk(world: World) -> None:
    assert browser(world, Role.COURIER).get("/h5/merchant/").status_code == 403


def test_the_desk_works_while_settlement_is_silent(world: World) -> None:
    del world.services.answers["settlement.fund"]
    assert browser(world, Role.SHOPKEEPER).get("/h5/merchant/").status_code == 200


@pytest.mark.parametrize(("typed", "stock"), [("7", 7), ("", None), ("0", 0)])
def test_stock_is_counted(world: World, typed: str, stock: int | None) -> None:
    client = browser(world, Role.SHOPKEEPER)
    answer = send(client, f"/h5/merchant/goods/{SKU}/stock", stock=typed)
    assert answer.status_code == 303
    assert world.services.questions("catalog.set_stock")[0].stock == stock


def test_a_stock_that_is_no_number_is_said(world: World) -> None:
    client = browser(world, Role.SHOPKEEPER)
    assert send(client, f"/h5/merchant/goods/{SKU}/stock", stock="很多").status_code == 422
    assert world.services.questions("catalog.set_stock") == []


def test_a_parcel_is_delivered_with_a_photo(world: World) -> None:
    import io

    world.services.answers["delivery.deliver_drop"] = visit(VisitState.INSIDE).drops[0]
    client = browser(world, Role.COURIER)
    path = f"/h5/courier/drops/{DROP}"
    for _ in range(2):
        answer = send(client, path, photo=(io.BytesIO(jpeg()), "door.jpg"))
        assert answer.status_code == 303
    first, second = world.services.questions("delivery.deliver_drop")
    assert first == second
    assert first.photo_key.startswith("upload/")


def test_a_parcel_without_a_photo_asks_for_one(world: World) -> None:
    answer = send(browser(world, Role.COURIER), f"/h5/courier/drops/{DROP}")
    assert answer.status_code == 422
    assert "请拍一张" in answer.text


def test_somebody_elses_parcel_is_not_there(world: World) -> None:
    answer = browser(world, Role.COURIER).get(f"/h5/courier/drops/{ORDER}")
    assert answer.status_code == 404


@pytest.mark.parametrize("state", [VisitState.EXPIRED, VisitState.LEFT])
def test_what_was_not_brought_in_time_gets_a_pass_of_a_new_visit(
    world: World, state: VisitState
) -> None:
    over = visit(state)
    renewed = visit(VisitState.EXPECTED).model_copy(update={"visit_id": DROP})
    first_then = iter([[over], [over], [renewed, over]])
    world.services.answers["delivery.my_visits"] = lambda _: VisitsView(visits=next(first_then))
    shown = world.services.answers["delivery.pass_for"].model_copy(update={"visit_id": DROP})
    world.services.answers["delivery.pass_for"] = shown
    client = browser(world, Role.COURIER)
    assert "新的通行证" in client.get("/h5/courier/").text
    page = client.get(f"/h5/courier/pass?visit_id={VISIT}").text
    assert "123 456" in page
    assert "待进入" in page


def test_after_a_guards_refusal_there_is_no_pass(world: World) -> None:
    world.services.answers["delivery.my_visits"] = VisitsView(visits=[visit(VisitState.REFUSED)])
    client = browser(world, Role.COURIER)
    assert "新的通行证" not in client.get("/h5/courier/").text
    assert "现在没有通行证" in client.get("/h5/courier/pass").text


def test_the_guard_checks_a_pass_and_lets_in(world: World) -> None:
    client = browser(world, Role.GUARD)
    answer = send(client, "/gate/check", code="123 456")
    assert answer.location == f"/gate/visits/{VISIT}"
    assert world.services.questions("delivery.check_pass")[0].code == "123456"
    world.services.answers["delivery.admit_visit"] = visit(VisitState.INSIDE)
    assert send(client, f"/gate/visits/{VISIT}/admit").status_code == 303
    assert world.services.questions("delivery.admit_visit")[0].gate_id == GATE


def test_the_guards_camera_reads_the_address_of_a_pass(world: World) -> None:
    client = browser(world, Role.GUARD)
    scanned = "http://127.0.0.1:8080/gate/pass?code=" + "t" * 40
    send(client, "/gate/check", code=scanned)
    client.get(scanned.removeprefix("http://127.0.0.1:8080"))
    codes = {one.code for one in world.services.questions("delivery.check_pass")}
    assert codes == {"t" * 40}


def test_a_refused_pass_is_explained_beside_the_field(world: World) -> None:
    world.services.answers["delivery.check_pass"] = PassRefused(fields={"why": "expired"})
    answer = send(browser(world, Role.GUARD), "/gate/check", code="123456")
    assert answer.status_code == 422
    assert "过期" in answer.text


def test_before_a_gate_is_chosen_nobody_is_let_in(world: World) -> None:
    client = browser(world, Role.GUARD)
    client.delete_cookie("linli_gate")
    assert send(client, f"/gate/visits/{VISIT}/admit").status_code == 409
    assert world.services.questions("delivery.admit_visit") == []


def test_the_overview_names_who_is_silent_and_shows_the_rest(world: World) -> None:
    page = browser(world, Role.MANAGER).get("/console/").text
    assert "账务" in page
    assert "翠湖苑" in page


def test_residents_have_no_desk_of_the_staff(world: World) -> None:
    for path in ("/console/", "/console/orders", f"/console/orders/{ORDER}", "/console/audit"):
        assert browser(world).get(path).status_code == 403


def test_a_desk_page_says_that_identity_is_away(world: World) -> None:
    world.services.answers["identity.me"] = DeadlineExceeded()
    answer = world.client(signed_in=True).get("/console/")
    assert answer.status_code == 504
    assert "还在处理" in answer.text


@pytest.mark.parametrize("act", ["replay", "discard"])
def test_a_dead_letter_is_handled_by_whoever_may(world: World, act: str) -> None:
    client = browser(world, Role.MANAGER)
    letters = world.app.extensions["linli"].dead_letters
    answer = send(client, f"/console/dead/orders/letter-1/{act}")
    assert (answer.status_code, answer.location) == (303, "/console/dead")
    assert letters.done == [(act, "orders", "letter-1")]
    assert send(client, f"/console/dead/orders/letter-2/{act}").status_code == 404
    assert send(client, f"/console/dead/orders/all/{act}").status_code == 404


def test_dead_letters_are_shut_to_the_others(world: World) -> None:
    client = browser(world, Role.CASHIER)
    assert client.get("/console/dead").status_code == 403
    assert send(client, "/console/dead/orders/letter-1/replay").status_code == 403
    assert "/console/dead" not in client.get("/console/").text


def test_everybody_may_see_a_shops_picture(world: World) -> None:
    stored = world.files.put(jpeg(600, 400), kind=PUBLIC, name="shop.jpg")
    answer = world.client().get(f"/files/{stored.key}?size=small")
    assert answer.status_code == 200
    assert len(answer.data) < len(jpeg(600, 400))
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_delivery_photo_is_shown_by_the_link_of_its_page_and_by_no_other(world: World) -> None:
    stored = world.files.put(jpeg(), kind="delivery")
    delivered = order(OrderState.DELIVERED, delivery_photo=stored.key)
    world.services.answers["orders.order"] = delivered
    client = browser(world)
    page = client.get(f"/h5/orders/{ORDER}").text
    link = page.split('src="/files/')[1].split('"')[0].replace("&amp;", "&")
    assert client.get(f"/files/{link}").status_code == 200
    assert client.get(f"/files/{stored.key}").status_code == 404
    assert world.client().get(f"/files/{link}").status_code == 404
    by_api = client.get(f"/api/v1/orders/{ORDER}/delivery-photo")
    assert by_api.data == jpeg()


@pytest.mark.parametrize("key", ["../secret", "public/../upload/x", "public/%2e%2e/x", "upload/x"])
def test_no_path_leads_out_of_the_store(world: World, key: str) -> None:
    header = {"Authorization": f"Bearer {SESSION}"}
    assert world.client().get(f"/files/{key}", headers=header).status_code == 404
