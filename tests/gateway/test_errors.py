"""The table from an error to an answer, and that everything has words."""

import importlib
import pkgutil

import pytest

import services.contracts
from gateway import texts
from gateway.errors import STATUS_BY_KIND, status_of
from services.kernel import errors as kernel
from services.kernel.errors import LinliError
from tests.support.gateway import ORDER, World

TABLE = [
    (kernel.Malformed(), 400),
    (kernel.NotSignedIn(), 401),
    (kernel.Forbidden(), 403),
    (kernel.NotFound(), 404),
    (kernel.Conflict(), 409),
    (kernel.Refused(), 422),
    (kernel.TooMany(), 429),
    (kernel.InvariantBroken(), 500),
    (kernel.Unavailable(), 503),
    (kernel.DeadlineExceeded(), 504),
]


def every_error() -> list[type[LinliError]]:
    """All error classes that can reach the edge."""
    for module in pkgutil.iter_modules(services.contracts.__path__):
        if module.name != "broker_users":
            importlib.import_module(f"services.contracts.{module.name}")
    importlib.import_module("gateway.app")
    found, waiting = [], [LinliError]
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if cls.__module__.startswith(("services.contracts", "services.kernel", "gateway")):
            found.append(cls)
    return found


@pytest.mark.parametrize(("error", "status"), TABLE, ids=lambda value: str(value))
def test_each_kind_has_its_status(error: LinliError, status: int) -> None:
    assert status_of(error) == status


def test_no_kind_is_left_out() -> None:
    assert {cls.kind for cls in every_error()} == set(STATUS_BY_KIND)


def test_every_code_has_words() -> None:
    general = {"error"}
    missing = {cls.code for cls in every_error()} - set(texts.TEXTS) - general
    assert missing == set()


def test_a_code_that_came_later_gets_the_words_of_its_kind() -> None:
    assert texts.text_of("later.code", "unavailable") is texts.TEXTS["request.unavailable"]
    assert texts.text_of("later.code", "conflict").title


@pytest.mark.parametrize("error", [error for error, _ in TABLE], ids=lambda error: error.kind)
def test_people_get_a_page_in_words_and_programs_get_json(world: World, error: LinliError) -> None:
    world.services.answers["orders.order"] = error
    client = world.client(signed_in=True)
    page = client.get(f"/h5/orders/{ORDER}")
    assert page.status_code == status_of(error)
    assert page.mimetype == "text/html"
    answer = client.get(f"/api/v1/orders/{ORDER}")
    assert answer.status_code == status_of(error)
    assert answer.json is not None
    assert set(answer.json) == {"code", "message", "request_id", "fields"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/api/v1/nothing", 404, "request.no_such_page"), ("/api/v1/me", 405, "request.wrong_method")],
)
def test_flasks_own_refusals_speak_the_same_language(
    world: World, path: str, status: int, code: str
) -> None:
    client = world.client()
    answer = client.delete(path) if status == 405 else client.get(path)
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["code"] == code


def test_english_is_spoken_when_asked(world: World) -> None:
    client = world.client(signed_in=True)
    chinese = client.get("/api/v1/nothing").json
    english = client.get("/api/v1/nothing?lang=en").json
    assert chinese is not None
    assert english is not None
    assert english["code"] == chinese["code"]
    assert english["message"].isascii()
    assert not chinese["message"].isascii()
    assert client.get("/api/v1/me?lang=en").status_code == 200


def test_a_slow_answer_is_told_when_to_ask_again(world: World) -> None:
    world.services.answers["orders.order"] = kernel.Unavailable()
    answer = world.client(signed_in=True).get(f"/h5/orders/{ORDER}")
    assert answer.headers["Retry-After"]
    assert f"/h5/orders/{ORDER}" in answer.text
