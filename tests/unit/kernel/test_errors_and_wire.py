"""Errors cross a wire and come back as themselves; commands and events are parsed."""

from typing import ClassVar

import pytest
from pydantic import ValidationError

from services.kernel import errors, ids, jsons
from services.kernel.wire import Command, Event, PageQuery, View


class Wish(Command):
    text: str = ""


class Told(Event):
    name: ClassVar[str] = "unit.told"
    source: ClassVar[str] = "unit"
    text: str


def test_a_known_error_comes_back_as_its_own_class() -> None:
    class OutOfTea(errors.Conflict):
        code = "unit.out_of_tea"

    back = errors.from_wire(OutOfTea("no tea", fields={"left": "0"}).to_wire())
    assert isinstance(back, OutOfTea)
    assert (back.code, back.message, back.fields) == ("unit.out_of_tea", "no tea", {"left": "0"})


def test_an_unknown_code_comes_back_as_its_kind() -> None:
    back = errors.from_wire({"kind": "not_found", "code": "later.version", "message": "m"})
    assert isinstance(back, errors.NotFound)
    assert back.code == "later.version"


def test_a_stock_nameko_error_comes_back_as_something_a_person_must_look_at() -> None:
    back = errors.from_wire({"exc_type": "KeyError", "value": "x"})
    assert isinstance(back, errors.InvariantBroken)


def test_two_errors_can_not_share_a_code() -> None:
    with pytest.raises(TypeError, match="taken"):
        type("Imposter", (errors.Refused,), {"code": "request.conflict", "__doc__": "x"})


def test_an_unknown_field_in_a_command_is_refused_and_in_an_event_ignored() -> None:
    with pytest.raises(ValidationError):
        Wish.model_validate({"request_id": "12345678", "price": 1})
    told = Told.model_validate({"aggregate_id": ids.new_id(), "text": "x", "newer": 1})
    assert told.text == "x"


def test_two_events_can_not_share_a_name() -> None:
    with pytest.raises(TypeError, match=r"unit\.told"):
        type("Again", (Event,), {"name": "unit.told", "source": "unit", "__annotations__": {}})


@pytest.mark.parametrize("bad", ["", "short", "with space in it", "x" * 65, "中文中文中文中文"])
def test_a_request_id_of_the_wrong_form_is_refused(bad: str) -> None:
    with pytest.raises(ValidationError):
        Wish(request_id=bad)


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_a_page_has_a_limit(limit: int) -> None:
    with pytest.raises(ValidationError):
        PageQuery(limit=limit)


def test_ids_sort_by_time_and_derived_ids_repeat() -> None:
    made = [ids.new_id() for _ in range(3)]
    assert len(set(made)) == 3
    assert ids.derived_id("a", "b") == ids.derived_id("a", "b") != ids.derived_id("ab")
    assert len(ids.derived_id("a")) == 26


def test_canonical_json_is_the_same_for_the_same_data() -> None:
    assert jsons.dumps_canonical({"b": 1, "a": 2}) == jsons.dumps_canonical({"a": 2, "b": 1})


def test_a_view_ignores_what_a_newer_sender_adds() -> None:
    class Seen(View):
        text: str

    assert Seen.model_validate({"text": "x", "more": 1}).text == "x"
