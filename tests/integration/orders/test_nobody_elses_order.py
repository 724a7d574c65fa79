"""No role can see or move another's order: every question to orders, asked by everybody.

Each row of the table says whom a question about this household's deals is answered. Everybody else
is refused as if the order did not exist, or is shown what there would be without it; and nothing
changes.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, NamedTuple
from unittest import mock

import pytest
from sqlalchemy import select

from services.kernel import clock
from services.kernel.db import Database
from services.kernel.errors import LinliError
from services.kernel.ids import new_id
from services.kernel.wire import Command, Query
from services.orders.service import OrdersService
from services.orders.tables import OrderRow
from tests.support.deal_life.fate import StandingClock
from tests.support.front_door import FrontDoor
from tests.support.orders import NOW, SETTINGS
from tests.support.orders_questions import (
    BESIDE,
    NONE,
    ROWS,
    SEEING,
    Row,
)
from tests.support.orders_strangers import HOME, SAID, Deals
from tests.support.servers import empty_all_tables
from tests.support.snapshot import Snapshot

pytestmark = pytest.mark.database
REFUSED = {"not_found", "forbidden", "unauthenticated"}
TWINS = frozenset({"owner", "tenant", "shopkeeper"})
"""Another of the same side stands for them where each try has to be undone."""
IDS = (
    *BESIDE,
    *("order_id", "saga_id", "household_id", "store_id", "merchant_id", "community_id", "item_id"),
)


class Street:
    """The deals behind the service's own doors, and what they were before anybody asked."""

    def __init__(self, db: Database) -> None:
        empty_all_tables(db)
        self.deals = deals = Deals(db)
        files = deals.quarrel.files
        self.door = FrontDoor(
            OrdersService, NOW, db=db, services=deals.services, settings=SETTINGS, files=files
        )
        self.kept = Snapshot(db)
        deals.services.calls.clear()
        self._around = self._facts_around()
        self.ids, self.private = self._ids(db), self._private()

    def outcome(self, row: Row, who: str, question: Query) -> "Outcome":
        """What this person is told."""
        try:
            answer = self.door.ask(row.rpc, question, self.deals.people[who])
        except LinliError as error:
            return Outcome(error.kind, error.code, "")
        return Outcome("", "", answer.model_dump_json())

    def undo(self) -> None:
        """Everything is as it was."""
        if self.kept.restore():
            for name, value in self._around.items():
                setattr(self.deals.services, name, deepcopy(value))
        self.deals.services.calls.clear()

    def _facts_around(self) -> dict[str, Any]:
        facts = vars(self.deals.services)
        return {k: deepcopy(x) for k, x in facts.items() if isinstance(x, dict | set | list)}

    def _ids(self, db: Database) -> list[str]:
        mine = OrderRow.household_id == self.deals.street.household_id
        with db.reading() as tx:
            rows = tx.all(select(OrderRow.order_id, OrderRow.payment_id).where(mine))
        return [one for row in rows for one in row]

    def _private(self) -> list[str]:
        deals, street = self.deals, self.deals.street
        one_order = deals.quarrel.view(deals.waiting)
        accounts = [deals.people[who].account_id for who in HOME]  # type: ignore[union-attr]
        return [
            *(street.household_id, street.home_id, street.resident.name, deals.code, SAID),
            *(one_order.address, *accounts),
        ]


class Outcome(NamedTuple):
    """An error's kind and code, or the answer."""

    kind: str
    code: str
    told: str


@pytest.fixture(scope="module")
def street(migrated: Callable[[str], str]) -> Iterator[Street]:
    """One for all rows: whatever an allowed act changes is undone."""
    standing = StandingClock()
    standing.time = NOW
    db = Database(migrated("orders"), pool_size=5)
    with mock.patch.object(clock, "datetime", standing):
        yield Street(db)
    db.dispose()


@pytest.fixture(autouse=True)
def undone(street: Street) -> Iterator[None]:
    """No test finds what another has changed."""
    yield
    street.undo()


def of_nothing(question: Query) -> Query:
    """The same question about things that do not exist."""
    fresh = {name: new_id() for name in IDS if getattr(question, name, None)}
    if getattr(question, "store_ids", None):
        fresh["store_ids"] = [new_id()]  # type: ignore[assignment]
    return question.model_copy(update=fresh)


def name_of(row: Row) -> str:
    return row.rpc


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_a_stranger_is_refused_as_if_there_were_no_such_order(street: Street, row: Row) -> None:
    for who in sorted(row.refused):
        question = row.ask(street.deals)
        got = street.outcome(row, who, question)
        assert got.kind in REFUSED, f"{who}: {got}"
        nothing = street.outcome(row, who, of_nothing(question))
        assert got == nothing or who in SEEING, f"{who}: {got} {nothing}"
    assert street.kept.changed() == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.blank], ids=name_of)
def test_whoever_may_look_elsewhere_finds_nothing_here(street: Street, row: Row) -> None:
    for who in sorted(row.blank):
        question = row.ask(street.deals)
        got = street.outcome(row, who, question)
        assert got.kind == "", f"{who}: {got}"
        assert got == street.outcome(row, who, of_nothing(question)), who
        assert [one for one in (*street.ids, *street.private) if one in got.told] == [], who
    assert street.kept.changed() == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.open_to], ids=name_of)
def test_what_is_open_tells_nothing_of_the_household(street: Street, row: Row) -> None:
    for who in sorted(row.open_to):
        got = street.outcome(row, who, row.ask(street.deals))
        assert got.kind == "", f"{who}: {got}"
        assert got != street.outcome(row, who, of_nothing(row.ask(street.deals))) or (
            street.ids[0] in got.told or row.rpc == "precedents"
        )
        assert [one for one in street.private if one in got.told] == [], who


@pytest.mark.parametrize("row", [row for row in ROWS if row.may], ids=name_of)
def test_those_who_have_a_part_in_it_are_let_in(street: Street, row: Row) -> None:
    """Or else the table would be true of a service that refuses everybody."""
    granted = 0
    question = row.ask(street.deals)
    for who in sorted(row.may - (TWINS if isinstance(question, Command) else NONE)):
        question = row.ask(street.deals)
        got = street.outcome(row, who, question)
        assert got.kind not in REFUSED, f"{who}: {got}"
        if not got.kind:
            nothing = street.outcome(row, who, of_nothing(question))
            assert got.told != nothing.told or any(one in got.told for one in street.ids), who
            granted += 1
        elif isinstance(question, Command):
            assert got.kind == "conflict", f"{who}: {got}"
        street.undo()
    assert granted
    assert street.kept.changed() == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.is_beside], ids=name_of)
def test_ones_own_order_is_no_way_to_what_is_open_on_anothers(street: Street, row: Row) -> None:
    question = row.ask(street.deals)
    through = question.model_copy(update={"order_id": street.deals.neighbours})
    for who in ("other owner", "other shopkeeper", "other hand"):
        assert street.outcome(row, who, through).kind in REFUSED, who
    assert street.kept.changed() == []


def test_no_question_is_left_out(street: Street) -> None:
    assert {row.rpc for row in ROWS} == set(street.door.entries)
