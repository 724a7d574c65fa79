"""No role sees or moves the bringing of another's order: each question by a visit, drop or order.

Whoever has no part in it hears what there is to hear of an id that nobody has; nothing changes.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from unittest import mock

import pytest

from services.contracts import delivery as d
from services.contracts.permissions import Role
from services.delivery.service import DeliveryService, Extras
from services.delivery.use_cases import drops
from services.kernel import clock
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import LinliError
from services.kernel.ids import new_id
from services.kernel.wire import Query
from tests.support.deal_life.fate import StandingClock
from tests.support.delivery import (
    COMMUNITY,
    EAST,
    NOW,
    OTHER_COMMUNITY,
    SETTINGS,
    STORE,
    FakeServices,
    assignment,
    files_in,
    registered,
)
from tests.support.front_door import FrontDoor, of_nothing
from tests.support.orders import person
from tests.support.servers import empty_all_tables
from tests.support.snapshot import Snapshot

pytestmark = pytest.mark.database
R = Role
REFUSED = {"not_found", "forbidden", "unauthenticated"}
NAMED = {"visit_id", "drop_id", "order_ids"}
STAFF = (R.GUARD, R.CLERK, R.BUILDING_MANAGER, R.CASHIER, R.ACCOUNTANT, R.MEDIATOR, R.MANAGER)
BRINGS = frozenset({"its courier"})
AT_GATE = frozenset({"guard", "manager"})
LOGS = AT_GATE | {"mediator"}


class Row(NamedTuple):
    """A question, whom it is answered, and who hears that there is nothing."""

    rpc: str
    ask: Callable[["Errand"], Query]
    may: frozenset[str]
    blank: frozenset[str] = frozenset()


def act(kind: type[Any], /, **fields: Any) -> Any:
    return kind(request_id=new_id(), **fields)


def at_gate(kind: type[Any], **fields: Any) -> Callable[["Errand"], Query]:
    return lambda e: act(kind, visit_id=e.visit_id, gate_id=EAST.gate_id, **fields)  # type: ignore[no-any-return]


ROWS = (
    Row("pass_for", lambda e: d.PassQuery(visit_id=e.visit_id), BRINGS),
    Row("deliver_drop", lambda e: act(d.DeliverDrop, drop_id=e.drop_id), BRINGS),
    Row("visit", lambda e: d.VisitQuery(visit_id=e.visit_id), LOGS),
    Row("admit_visit", at_gate(d.AdmitVisit), AT_GATE),
    Row("refuse_visit", at_gate(d.RefuseVisit, reason="没有登记"), AT_GATE),
    Row("leave_visit", at_gate(d.LeaveVisit), AT_GATE),
    Row(
        "order_visits",
        lambda e: d.OrderVisitsQuery(order_ids=[e.order_id]),
        LOGS,
        frozenset(f"{who} elsewhere" for who in LOGS),
    ),
)


class Errand:
    """One order on its way with its courier."""

    def __init__(self, db: Database, folder: Any) -> None:
        empty_all_tables(db)
        files = files_in(folder)
        courier, its_courier = registered(db, files)
        command = assignment(courier.courier_id)
        assigned = drops.assign_drop(db, command, NOW, SETTINGS)
        self.order_id, self.visit_id = command.order_id, assigned.visit_id
        self.drop_id = command.drop_id
        _, another = registered(db, files)
        self.people = people(its_courier, another)
        self.door = FrontDoor(
            DeliveryService,
            NOW,
            db=db,
            files=files,
            settings=SETTINGS,
            services=FakeServices(),
            extras=Extras(SETTINGS, db),
        )
        self.kept = Snapshot(db)

    def outcome(self, row: Row, who: str, question: Query) -> tuple[str, str]:
        """The kind of the error and its code; or nothing, and the answer."""
        try:
            answer = self.door.ask(row.rpc, question, self.people[who])
        except LinliError as error:
            return error.kind, error.code
        return "", answer.model_dump_json()


def people(its_courier: Actor, another: Actor) -> dict[str, Actor | None]:
    """Everybody; the store that sent it and its household ask orders, not delivery."""
    everybody: dict[str, Actor | None] = {
        "nobody": None,
        "its courier": its_courier,
        "another courier": another,
        "resident": person({new_id(): R.OWNER}, communities=(COMMUNITY,)),
        "shopkeeper": person({STORE: R.SHOPKEEPER}, communities=(COMMUNITY,)),
    }
    for role in STAFF:
        everybody[role] = person({}, roles=(role,), communities=(COMMUNITY,))
        away = person({}, roles=(role,), communities=(OTHER_COMMUNITY,))
        everybody[f"{role} elsewhere"] = away
    return everybody


@pytest.fixture(scope="module")
def errand(
    migrated: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Errand]:
    standing = StandingClock()
    standing.time = NOW
    db = Database(migrated("delivery"), pool_size=5)
    with mock.patch.object(clock, "datetime", standing):
        yield Errand(db, tmp_path_factory.mktemp("files"))
    db.dispose()


@pytest.fixture(autouse=True)
def undone(errand: Errand) -> Iterator[None]:
    """No test finds what another has changed."""
    yield
    errand.kept.restore()


def name_of(row: Row) -> str:
    return row.rpc


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_stranger_is_refused_as_if_nobody_brought_anything(errand: Errand, row: Row) -> None:
    for who in sorted(errand.people.keys() - row.may - row.blank):
        question = row.ask(errand)
        got = errand.outcome(row, who, question)
        assert got[0] in REFUSED, f"{who}: {got}"
        nothing = errand.outcome(row, who, of_nothing(question, NAMED))
        assert got == nothing, f"{who}: {got} {nothing}"
    assert errand.kept.changed() == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.blank], ids=name_of)
def test_staff_of_another_community_find_nothing(errand: Errand, row: Row) -> None:
    for who in sorted(row.blank):
        assert errand.outcome(row, who, row.ask(errand)) == ("", '{"visits":[]}'), who


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_those_who_have_a_part_in_it_are_let_in(errand: Errand, row: Row) -> None:
    for who in sorted(row.may):
        kind, told = errand.outcome(row, who, row.ask(errand))
        assert kind not in REFUSED, f"{who}: {told}"
        errand.kept.restore()


def test_no_question_by_a_visit_a_drop_or_an_order_is_left_out(errand: Errand) -> None:
    named = {
        name
        for name, entry in errand.door.entries.items()
        if NAMED & set(entry.command_type.model_fields) and not entry.callers
    }
    assert named == {row.rpc for row in ROWS}
