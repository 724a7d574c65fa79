"""Orders' operations in the API: each is there, hands its wish on, and passes refusals through."""

from typing import Any

import pytest

from gateway.api.tables import TABLES
from gateway.backends import Delivery, Orders
from gateway.fronts import Rpc
from services.contracts import after_sales, disputes, orders
from services.contracts.permissions import Role
from services.kernel.errors import Forbidden, LinliError
from tests.gateway.people import KEY
from tests.support.gateway import SESSION, World
from tests.support.gateway_mediation import DISPUTE, ORDER_ID, STORE, asked, with_mediation
from tests.unit.ui import samples_mediation as m

BEARER = {"Authorization": f"Bearer {SESSION}"}
HEADERS = {**BEARER, "Idempotency-Key": KEY}
INSIDE = {"order_amounts"}
"""What only the audit asks."""


@pytest.fixture
def api(world: World) -> World:
    """Orders that answer what the tests ask."""
    return with_mediation(world)


def test_every_call_of_orders_is_an_operation() -> None:
    served = {one.rpc.method for table in TABLES.values() for one in table}
    calls = {rpc.method for rpc in vars(Orders).values() if isinstance(rpc, Rpc)}
    assert calls - served == INSIDE
    assert Delivery.order_visits.method in served


WISHES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    (
        f"/orders/{ORDER_ID}/disputes/{DISPUTE}/rule",
        {"to_resident_fen": 600, "reason": "杯盖松了"},
        "rule_dispute",
        {"order_id": ORDER_ID, "dispute_id": DISPUTE, "to_resident_fen": 600},
    ),
    (
        f"/orders/{ORDER_ID}/disputes/{DISPUTE}/take",
        {},
        "take_dispute",
        {"order_id": ORDER_ID, "dispute_id": DISPUTE},
    ),
    (
        f"/orders/{ORDER_ID}/review/hide",
        {"hidden": True, "reason": "写了门牌号"},
        "hide_review",
        {"order_id": ORDER_ID, "hidden": True},
    ),
    (f"/sagas/{m.SAGA}/retry", {}, "retry_saga", {"saga_id": m.SAGA}),
]


@pytest.mark.parametrize(("path", "body", "name", "wish"), WISHES)
def test_a_wish_is_handed_on_with_path_body_and_key(
    api: World, path: str, body: dict[str, Any], name: str, wish: dict[str, Any]
) -> None:
    answer = api.client().post(f"/api/v1{path}", json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    question = asked(api, f"orders.{name}")
    assert question.request_id == KEY
    assert {key: getattr(question, key) for key in wish} == wish


def test_questions_take_lists_and_flags_from_the_address(api: World) -> None:
    client = api.client()
    args = "states=waiting&states=mediating&mine=true&limit=5"
    answer = client.get(f"/api/v1/disputes?{args}", headers=BEARER)
    assert answer.status_code == 200, answer.text
    query = asked(api, "orders.disputes")
    assert (query.states, query.mine, query.limit) == (["waiting", "mediating"], True, 5)
    client.get(f"/api/v1/order-visits?order_ids={ORDER_ID}&order_ids={STORE}", headers=BEARER)
    assert asked(api, "delivery.order_visits").order_ids == [ORDER_ID, STORE]
    args = "placed_from=2026-11-01T00:00:00%2B08:00&troubles=disputed&late=true"
    assert client.get(f"/api/v1/orders?{args}", headers=BEARER).status_code == 200
    query = asked(api, "orders.all_orders")
    assert (query.troubles, query.late) == (["disputed"], True)


def test_a_code_is_asked_about_in_the_body_without_a_key(api: World) -> None:
    api.services.answers["orders.order_by_code"] = m.ORDER
    path = f"/api/v1/stores/{STORE}/pick-up"
    answer = api.client().post(path, json={"code": "12345678"}, headers=BEARER)
    assert answer.status_code == 200
    assert asked(api, "orders.order_by_code").code == "12345678"


REFUSALS: list[tuple[LinliError, int, str]] = [
    (Forbidden("may not"), 403, "request.forbidden"),
    (disputes.NoSuchDispute(), 404, "orders.no_such_dispute"),
    (disputes.NotYourDispute(fields={"by": "林调解"}), 409, "orders.dispute_taken"),
    (disputes.AnotherMustDecide(), 409, "orders.another_must_decide"),
    (disputes.WrongDisputeState(fields={"state": "closed"}), 409, "orders.wrong_dispute_state"),
    (after_sales.MoreThanPaid(fields={"left_fen": "1400"}), 422, "orders.more_than_paid"),
    (orders.NotYourOrder(), 404, "orders.not_yours"),
]


@pytest.mark.parametrize(("error", "status", "code"), REFUSALS)
def test_what_orders_refuses_comes_out_with_its_code_and_fields(
    api: World, error: LinliError, status: int, code: str
) -> None:
    api.services.answers["orders.rule_dispute"] = error
    path, body, _, _ = WISHES[0]
    answer = api.client().post(f"/api/v1{path}", json=body, headers=HEADERS)
    assert answer.status_code == status
    assert answer.json is not None
    assert (answer.json["code"], answer.json["fields"]) == (code, dict(error.fields))
    assert answer.json["message"]


def test_reviews_are_public_and_all_else_needs_a_session(api: World) -> None:
    client = api.client()
    assert client.get(f"/api/v1/stores/{STORE}/reviews").status_code == 200
    assert client.get(f"/api/v1/store-scores?store_ids={STORE}").status_code == 200
    shut = [
        one.rule
        for name in ("deals", "mediation", "reviews")
        for one in TABLES[name]
        if not one.public and one.method == "GET"
    ]
    for rule in shut:
        path = "/".join(ORDER_ID if part.startswith("<") else part for part in rule.split("/"))
        assert client.get(f"/api/v1{path}").status_code == 401, rule


def test_a_role_is_no_matter_of_the_gateways(api: World) -> None:
    """Whoever is signed in may ask: the right is checked by the service that answers."""
    api.services.answers["orders.case_file"] = Forbidden("may not")
    answer = api.client().get(f"/api/v1/disputes/{DISPUTE}/case-file", headers=BEARER)
    assert answer.status_code == 403
    assert Role.MEDIATOR not in api.services.answers["identity.me"].staff_roles
