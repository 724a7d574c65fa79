"""No page and no answer of the gateway shows an order to somebody for whom its service has none."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from gateway.api.operations import Operation
from gateway.api.tables import TABLES
from services.contracts.orders import NotYourOrder
from services.contracts.permissions import Role
from services.kernel.errors import Forbidden, LinliError
from tests.gateway.people import KEY, browser, send
from tests.support.gateway import SESSION, World
from tests.support.gateway_doors import (
    EVERY_ROLE,
    LISTS,
    NAMES,
    OPEN,
    PAGES,
    ROLES,
    STAFF,
    Refusing,
    address,
    example,
    open_world,
)

SECRETS = ("#0317", "3号楼2单元501", "油条", "张师傅", "张**", "13.00", "14.00")
"""What the world knows of the order: its number, address, goods, courier, resident and sums."""
BEARER = {"Authorization": f"Bearer {SESSION}", "Idempotency-Key": KEY}
REFUSALS = [(NotYourOrder(), 404), (Forbidden(), 403)]
IN_SERVICES = {"orders", "settlement", "delivery"}
OPERATIONS = [
    one
    for table in TABLES.values()
    for one in table
    if one.rpc.service in IN_SERVICES and not one.public
]
PUBLIC = {
    "/items/<item_id>/taken-slots",
    "/stores/<store_id>/reviews",
    "/store-scores",
}
BY_HAND = {"/api/v1/payments/<payment_id>/pay", "/api/v1/orders/<order_id>/delivery-photo"}
"""API views that are more than one call."""


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith("/static")]


def writes(app: Flask, path: str) -> list[bool]:
    """Whether the address is read, written, or both."""
    methods = {m for rule in rules(app) if rule.rule == path for m in rule.methods or ()}
    return [method == "POST" for method in ("GET", "POST") if method in methods]


def visit(client: FlaskClient, path: str, *, write: bool) -> Any:
    door = PAGES[path]
    there = address(path, door.act)
    return send(client, there, **door.form) if write else client.get(there)


def asked(world: World) -> list[str]:
    """What was asked of services that know deals and money."""
    names = [one.name for one in world.services.asked]
    return [name for name in names if name.partition(".")[0] in IN_SERVICES]


def test_every_page_that_names_somebodys_order_is_in_the_table(made_app: Flask) -> None:
    named = {rule.rule for rule in rules(made_app) if NAMES & rule.arguments}
    api = {one for one in named if one.startswith("/api/")}
    assert named - api == PAGES.keys() | OPEN.keys()
    one_call = {f"/api/v1{one.rule}" for table in TABLES.values() for one in table}
    assert api - one_call == BY_HAND


def test_what_anybody_may_ask_is_written_down() -> None:
    public = {one.rule for table in TABLES.values() for one in table if one.public}
    assert {one for one in public if "review" in one or "score" in one or "slot" in one} == PUBLIC
    ours = [one for table in TABLES.values() for one in table if one.rpc.service in IN_SERVICES]
    assert {one.rule for one in ours if one.public} == PUBLIC


def test_no_other_page_asks_about_orders(made_app: Flask, tmp_path: Path) -> None:
    """A new page that shows orders belongs into one of the tables above."""
    known = PAGES.keys() | OPEN.keys() | LISTS
    found = set()
    pages = [r for r in rules(made_app) if "GET" in (r.methods or ()) and r.rule not in known]
    for role in (Role.OWNER, Role.SHOPKEEPER, Role.MANAGER):
        world = open_world(made_app, tmp_path)
        client = browser(world, role)
        for rule in pages:
            if rule.rule.startswith("/api/") or rule.rule in ("/metrics", "/readyz"):
                continue
            world.services.asked.clear()
            client.get(address(rule.rule))
            if any(name.startswith("orders.") for name in asked(world)):
                found.add(rule.rule)
    assert found == set()


def test_who_is_not_signed_in_is_shown_the_way_in(made_app: Flask, tmp_path: Path) -> None:
    world = open_world(made_app, tmp_path)
    client = world.client()
    for path in PAGES:
        for write in writes(made_app, path):
            answer = visit(client, path, write=write)
            assert answer.status_code in (303, 401), path
            assert no_secret(answer), path
    assert asked(world) == []


@pytest.mark.parametrize("role", ROLES)
def test_a_page_is_not_even_asked_for_by_other_roles(
    made_app: Flask, tmp_path: Path, role: Role
) -> None:
    world = open_world(made_app, tmp_path)
    client = browser(world, role)
    for path in (path for path, door in PAGES.items() if role not in door.opens_to):
        for write in writes(made_app, path):
            answer = visit(client, path, write=write)
            assert answer.status_code in (303, 403), path
            assert no_secret(answer), path
    assert asked(world) == []


@pytest.mark.parametrize(("error", "status"), REFUSALS, ids=lambda value: str(value))
@pytest.mark.parametrize("role", [Role.OWNER, Role.SHOPKEEPER, Role.CASHIER])
def test_a_service_that_says_no_is_believed(
    made_app: Flask, tmp_path: Path, role: Role, error: LinliError, status: int
) -> None:
    """Whatever the other services would tell of the same order."""
    world = open_world(made_app, tmp_path)
    client, answers = browser(world, role), world.services.answers
    for path, door in PAGES.items():
        if role not in door.opens_to:
            continue
        world.services.answers = Refusing(answers, {door.decides}, error)
        for write in writes(made_app, path):
            answer = visit(client, path, write=write)
            assert answer.status_code == status, (path, write, answer.status_code)
            assert no_secret(answer), (path, write)


@pytest.mark.parametrize("role", [Role.OWNER, Role.SHOPKEEPER, Role.MANAGER])
def test_those_whom_the_service_knows_are_let_in(
    made_app: Flask, tmp_path: Path, role: Role
) -> None:
    world = open_world(made_app, tmp_path)
    client, let_in = browser(world, role), 0
    for path, door in PAGES.items():
        if role in door.opens_to and writes(made_app, path)[0] is False:
            answer = visit(client, path, write=False)
            assert answer.status_code not in (401, 403), path
            let_in += answer.status_code == 200 and not no_secret(answer)
    assert let_in >= 10


def no_secret(answer: Any) -> bool:
    """Nothing of the order is in the answer."""
    return not [one for one in SECRETS if one.encode() in answer.data]


def tell(client: FlaskClient, operation: Operation, headers: dict[str, str]) -> Any:
    """Ask it as a program does, with all that it must be told."""
    wish = example(operation.rpc.question.model_json_schema())
    rest = {k: x for k, x in wish.items() if k not in (*operation.in_path, "request_id")}
    path = address(f"/api/v1{operation.rule}")
    told: dict[str, Any] = {"query_string": rest} if operation.method == "GET" else {"json": rest}
    return client.open(path, method=operation.method, headers=headers, **told)


def test_the_api_says_nothing_to_who_is_not_signed_in(made_app: Flask, tmp_path: Path) -> None:
    world = open_world(made_app, tmp_path)
    client = world.client()
    for operation in OPERATIONS:
        answer = tell(client, operation, {"Idempotency-Key": KEY})
        assert answer.status_code == 401, operation.rule
        assert no_secret(answer), operation.rule
    assert asked(world) == []


@pytest.mark.parametrize(("error", "status"), REFUSALS, ids=lambda value: str(value))
def test_the_api_passes_each_no_on_and_nothing_else(
    made_app: Flask, tmp_path: Path, error: LinliError, status: int
) -> None:
    world = open_world(made_app, tmp_path)
    client = world.client()
    world.services.answers = Refusing(world.services.answers, IN_SERVICES, error)
    for operation in OPERATIONS:
        world.services.asked.clear()
        answer = tell(client, operation, BEARER)
        assert asked(world) == [f"{operation.rpc.service}.{operation.rpc.method}"], answer.json
        assert answer.status_code == status, operation.rule
        assert set(answer.json) == {"code", "message", "request_id", "fields"}
        assert answer.json["fields"] == {}


@pytest.mark.parametrize(("error", "status"), REFUSALS, ids=lambda value: str(value))
def test_what_the_api_does_by_hand_passes_it_on_too(
    made_app: Flask, tmp_path: Path, error: LinliError, status: int
) -> None:
    world = open_world(made_app, tmp_path)
    client = world.client()
    world.services.answers = Refusing(world.services.answers, IN_SERVICES, error)
    pay, photo = sorted(BY_HAND, reverse=True)
    answers = [
        client.post(address(pay), json={}, headers=BEARER),
        client.get(address(photo), headers=BEARER),
    ]
    assert [answer.status_code for answer in answers] == [status, status]
    assert all(map(no_secret, answers))


def test_the_tables_name_roles_that_there_are() -> None:
    assert {role for door in PAGES.values() for role in door.opens_to} == EVERY_ROLE
    assert STAFF < EVERY_ROLE
