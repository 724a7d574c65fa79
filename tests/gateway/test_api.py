"""The JSON API: what it wants, what it hands on, what it answers."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.backends import FRONTS, every_rpc
from services.contracts.catalog import OutOfStock
from services.contracts.orders import NotYourOrder, PlaceOrders, WrongState
from services.contracts.settlement import (
    AuditView,
    JsapiParams,
    PaymentState,
    PayOffer,
    PayView,
    PayWay,
    Proof,
)
from services.kernel.errors import LinliError, Unavailable
from services.kernel.wire import Command
from tests.gateway.test_signing_in import begin, come_back
from tests.support.gateway import (
    ACTOR_TOKEN,
    HOUSEHOLD,
    NOW,
    ORDER,
    PAYMENT,
    SESSION,
    SKU,
    STORE,
    World,
    jpeg,
    page,
)

BEARER = {"Authorization": f"Bearer {SESSION}"}
KEY = {"Idempotency-Key": "wish-0001"}
PLACE = {"household_id": HOUSEHOLD, "lines": [{"sku_id": SKU, "quantity": 2}]}


def program(world: World) -> FlaskClient:
    """A program without cookies."""
    return world.app.test_client()


def test_an_order_is_placed_in_the_name_of_the_session(world: World) -> None:
    answer = program(world).post("/api/v1/orders", json=PLACE, headers=BEARER | KEY)
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["payment_id"] == PAYMENT
    [asked] = [one for one in world.services.asked if one.name == "orders.place_orders"]
    assert asked.actor_token == ACTOR_TOKEN
    assert isinstance(asked.question, PlaceOrders)
    assert asked.question.request_id == "wish-0001"


def test_a_call_costs_one_question_once_the_session_is_known(world: World) -> None:
    client = program(world)
    client.get(f"/api/v1/orders/{ORDER}", headers=BEARER)
    world.services.asked.clear()
    client.get(f"/api/v1/orders/{ORDER}", headers=BEARER)
    assert [one.name for one in world.services.asked] == ["orders.order"]


def test_a_write_without_an_idempotency_key_is_refused(world: World) -> None:
    answer = program(world).post("/api/v1/orders", json=PLACE, headers=BEARER)
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["code"] == "request.idempotency_key_missing"
    assert world.services.questions("orders.place_orders") == []


@pytest.mark.parametrize("key", ["short", "x" * 65, "with blank in it", "中文中文中文中文"])
def test_a_key_that_is_no_request_id_is_refused(world: World, key: str) -> None:
    headers = BEARER | {"Idempotency-Key": key.encode().decode("latin-1")}
    answer = program(world).post("/api/v1/orders", json=PLACE, headers=headers)
    assert answer.status_code == 400
    assert answer.json is not None
    assert "request_id" in answer.json["fields"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"household_id": HOUSEHOLD, "lines": []}, "lines"),
        ({**PLACE, "lines": [{"sku_id": SKU, "quantity": 0}]}, "lines.0.quantity"),
        ({**PLACE, "lines": [{"sku_id": SKU, "quantity": 1.5}]}, "lines.0.quantity"),
        ({**PLACE, "household_id": "x"}, "household_id"),
        ({**PLACE, "gift": True}, "gift"),
        ({**PLACE, "request_id": "wish-0002"}, "request_id"),
        ({**PLACE, "remark": "长" * 201}, "remark"),
    ],
)
def test_a_wrong_field_is_named_in_words(world: World, body: dict[str, Any], field: str) -> None:
    answer = program(world).post("/api/v1/orders", json=body, headers=BEARER | KEY)
    assert answer.status_code == 400
    assert answer.json is not None
    assert field in answer.json["fields"]
    assert answer.json["code"] == "request.malformed"
    assert world.services.questions("orders.place_orders") == []


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"\xff", b"1"])
def test_what_is_no_json_object_is_refused(world: World, raw: bytes) -> None:
    answer = program(world).post("/api/v1/orders", data=raw, headers=BEARER | KEY)
    assert answer.status_code == 400


def test_a_body_over_a_megabyte_is_refused(world: World) -> None:
    answer = program(world).post(
        "/api/v1/orders", data=b"x" * (1024 * 1024 + 1), headers=BEARER | KEY
    )
    assert answer.status_code == 413
    assert answer.json is not None
    assert answer.json["code"] == "request.body_too_large"


def test_a_refusal_carries_code_words_id_and_fields(world: World) -> None:
    world.services.answers["orders.place_orders"] = OutOfStock(fields={SKU: "3"})
    answer = program(world).post("/api/v1/orders", json=PLACE, headers=BEARER | KEY)
    assert answer.status_code == 409
    assert answer.json == {
        "code": "catalog.out_of_stock",
        "message": "有的商品刚刚卖完，或者不够了。",
        "request_id": answer.headers["X-Request-Id"],
        "fields": {SKU: "3"},
    }


@pytest.mark.parametrize(
    ("error", "status"), [(NotYourOrder(), 404), (WrongState(), 409), (Unavailable(), 503)]
)
def test_errors_of_services_become_their_status(
    world: World, error: LinliError, status: int
) -> None:
    world.services.answers["orders.order"] = error
    answer = program(world).get(f"/api/v1/orders/{ORDER}", headers=BEARER)
    assert answer.status_code == status


def test_a_list_is_asked_for_with_states_and_paging(world: World) -> None:
    address = f"/api/v1/stores/{STORE}/orders?states=preparing&states=ready&limit=5&after=x"
    assert program(world).get(address, headers=BEARER).status_code == 200
    [question] = world.services.questions("orders.store_orders")
    assert [state.value for state in question.states] == ["preparing", "ready"]
    assert (question.limit, question.after) == (5, "x")


def test_a_page_larger_than_the_limit_is_refused(world: World) -> None:
    address = f"/api/v1/stores/{STORE}/orders?limit=101"
    assert program(world).get(address, headers=BEARER).status_code == 400


def test_shops_are_public_and_asked_for_in_nobodys_name(world: World) -> None:
    answer = program(world).get(f"/api/v1/stores/{STORE}")
    assert answer.status_code == 200
    assert world.services.asked[-1].actor_token == ""


def test_no_answer_is_left_in_a_cache(world: World) -> None:
    answer = program(world).get(f"/api/v1/orders/{ORDER}", headers=BEARER)
    assert answer.headers["Cache-Control"] == "no-store"


def test_paying_takes_the_openid_of_the_body_or_of_the_cookie(world: World) -> None:
    world.services.answers["settlement.pay"] = offered()
    client = program(world)
    path = f"/api/v1/payments/{PAYMENT}/pay"
    answer = client.post(path, json={"openid": "openid-2"}, headers=BEARER | KEY)
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["offer"]["jsapi"]["package"] == "prepay_id=1"
    come_back(client, begin(client))
    token = client.get("/api/v1/csrf-token").json
    assert token is not None
    client.post(path, json={}, headers=KEY | {"X-CSRF-Token": token["csrf_token"]})
    by_program, by_phone = world.services.questions("settlement.pay")
    assert (by_program.openid, by_phone.openid) == ("openid-2", "openid-1")


@pytest.mark.parametrize("field", ["client_ip", "return_url", "payment_id", "request_id"])
def test_paying_takes_from_nobody_what_the_gateway_knows_itself(world: World, field: str) -> None:
    world.services.answers["settlement.pay"] = offered()
    path = f"/api/v1/payments/{PAYMENT}/pay"
    answer = program(world).post(path, json={field: "192.0.2.1"}, headers=BEARER | KEY)
    assert answer.status_code == 400
    assert program(world).post(path, json={}, headers=BEARER | KEY).status_code == 200
    [wish] = world.services.questions("settlement.pay")
    assert wish.client_ip == "127.0.0.1"
    assert wish.return_url.endswith(f"/pay/back/{PAYMENT}")


def offered() -> PayView:
    """WeChat's sheet: what WeixinJSBridge takes."""
    jsapi = JsapiParams(
        app_id="wx1",
        time_stamp="1",
        nonce_str="n",
        package="prepay_id=1",
        sign_type="RSA",
        pay_sign="s",
    )
    return PayView(
        payment_id=PAYMENT,
        state=PaymentState.OPEN,
        amount_fen=1400,
        channel_fen=1400,
        pay_before=NOW + timedelta(minutes=15),
        offer=PayOffer(way=PayWay.WECHAT_JSAPI, jsapi=jsapi),
    )


def test_a_photo_is_stored_under_a_key_and_the_same_photo_under_the_same(world: World) -> None:
    client, keys = program(world), []
    for _ in range(2):
        answer = client.post(
            "/api/v1/photos", data={"photo": (photo_file(), "a.jpg")}, headers=BEARER | KEY
        )
        assert answer.status_code == 201
        assert answer.json is not None
        keys.append((answer.json["photo_key"], answer.json["photo_sha256"]))
    assert keys[0] == keys[1]
    assert world.files.read(keys[0][0])[:2] == b"\xff\xd8"


def photo_file() -> Any:
    """A file to upload."""
    import io

    return io.BytesIO(jpeg())


@pytest.mark.parametrize("data", [{}, {"photo": "text"}])
def test_no_photo_is_said(world: World, data: dict[str, str]) -> None:
    answer = program(world).post("/api/v1/photos", data=data, headers=BEARER | KEY)
    assert answer.status_code == 400


def test_an_order_without_a_photo_has_none_to_show(world: World) -> None:
    address = f"/api/v1/orders/{ORDER}/delivery-photo"
    assert program(world).get(address, headers=BEARER).status_code == 404


def test_the_audit_joins_what_the_ledger_and_orders_say(world: World) -> None:
    from services.contracts.orders import OrderAmount, OrderState

    amount = OrderAmount(
        order_id=ORDER,
        payment_id=PAYMENT,
        merchant_id=STORE,
        state=OrderState.COMPLETED,
        amount_fen=5,
        paid=True,
        refunded=False,
        settled=True,
    )
    proof = Proof(name="zero", statement="合计为零", holds=True, checked=1)
    differs = Proof(
        name="orders", statement="账等于订单", holds=False, checked=1, differences=["x"]
    )
    world.services.answers |= {
        "settlement.audit": AuditView(at=NOW, proved=True, proofs=[proof]),
        "orders.order_amounts": page(amount),
        "settlement.match_orders": differs,
    }
    answer = program(world).get("/api/v1/audit?with_channels=false", headers=BEARER)
    assert answer.json is not None
    assert answer.json["proved"] is False
    assert [one["name"] for one in answer.json["proofs"]] == ["zero", "orders"]


def test_the_audit_reads_every_page_of_orders(world: World) -> None:
    from services.contracts.orders import OrderAmount, OrderState
    from services.kernel.wire import Page

    amount = OrderAmount(
        order_id=ORDER,
        payment_id=PAYMENT,
        merchant_id=STORE,
        state=OrderState.CANCELLED,
        amount_fen=5,
        paid=False,
        refunded=False,
        settled=False,
    )
    holds = Proof(name="orders", statement="账等于订单", holds=True, checked=1)
    world.services.answers |= {
        "settlement.audit": AuditView(at=NOW, proved=True, proofs=[]),
        "orders.order_amounts": lambda question: Page[Any](
            items=[amount], next_after=None if question.after == "2" else "2"
        ),
        "settlement.match_orders": holds,
    }
    answer = program(world).get("/api/v1/audit", headers=BEARER)
    assert answer.json is not None
    assert answer.json["proved"] is True
    assert [(one["name"], one["checked"]) for one in answer.json["proofs"]] == [("orders", 2)]


def test_every_call_of_the_gateway_has_a_deadline_of_seconds() -> None:
    assert all(100 <= rpc.deadline_ms <= 30_000 for rpc in every_rpc())


def test_every_command_of_the_api_is_a_call_that_a_service_has() -> None:
    """Names and types of the gateway's calls are those of the services' methods."""
    import importlib
    import inspect

    for front in FRONTS:
        module = importlib.import_module(f"services.{front.service}.service")
        service = next(
            cls
            for _, cls in inspect.getmembers(module, inspect.isclass)
            if getattr(cls, "name", "") == front.service and cls.__module__ == module.__name__
        )
        for rpc in (one for one in every_rpc() if one.service == front.service):
            method = getattr(service, rpc.method, None)
            assert method is not None, f"{front.service} has no {rpc.method}"
            hints = inspect.get_annotations(method, eval_str=True)
            taken = next(hint for name, hint in hints.items() if name != "return")
            assert (taken, hints["return"]) == (rpc.question, rpc.answer), rpc.method


def test_commands_go_out_as_writes_only() -> None:
    from gateway.api.tables import TABLES

    for operation in (one for table in TABLES.values() for one in table):
        is_command = issubclass(operation.rpc.question, Command)
        assert operation.method in {"POST", "PUT", "DELETE"} or not is_command
