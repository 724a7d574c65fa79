"""The document says what is served, and nothing else."""

import re
from typing import Any

import pytest

from tests.support.gateway import World


@pytest.fixture
def document(world: World) -> dict[str, Any]:
    """The OpenAPI document as a client gets it."""
    answer = world.client().get("/openapi/openapi.json")
    assert answer.status_code == 200
    assert answer.json is not None
    found: dict[str, Any] = answer.json
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """(method, path) → operation."""
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_it_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")


def test_every_route_of_the_api_is_documented(world: World, document: dict[str, Any]) -> None:
    served = {
        (method, re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule))
        for rule in world.app.url_map.iter_rules()
        if rule.rule.startswith("/api/")
        for method in rule.methods or set()
        if method not in {"HEAD", "OPTIONS"}
    }
    assert served == set(operations(document))


def test_every_write_asks_for_its_idempotency_key(document: dict[str, Any]) -> None:
    without_key = {"/api/v1/sessions/staff", "/api/v1/sessions/wechat", "/api/v1/sessions/current"}
    queries = {
        "/api/v1/communities/{community_id}/passes/check",
        "/api/v1/stores/{store_id}/pick-up",
    }
    for (method, path), operation in operations(document).items():
        headers = {p["name"] for p in operation.get("parameters", []) if p["in"] == "header"}
        if method != "GET" and path not in without_key | queries:
            assert headers == {"Idempotency-Key"}, path


def test_every_operation_has_words_an_answer_and_its_errors(document: dict[str, Any]) -> None:
    for (_, path), operation in operations(document).items():
        assert operation.get("summary"), path
        assert "4XX" in operation["responses"], path
        assert any(status.startswith("2") for status in operation["responses"]), path


def test_every_path_parameter_is_described(document: dict[str, Any]) -> None:
    for (_, path), operation in operations(document).items():
        named = set(re.findall(r"{(\w+)}", path))
        described = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert named == described, path


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    found: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                found.add(node["$ref"].removeprefix("#/components/schemas/"))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(document)
    assert found <= set(schemas)


def test_operation_ids_are_unique(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))
