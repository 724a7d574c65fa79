"""Who brought an order, by which gate: what a mediator's case file asks for."""

import pytest

from services.contracts.delivery import (
    AdmitVisit,
    AssignDrop,
    DeliverDrop,
    LeaveVisit,
    OrderVisitsQuery,
    OrderVisitView,
    RefuseVisit,
)
from services.contracts.permissions import Role
from services.delivery.use_cases import drops, gate
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from services.kernel.migrations import differences
from tests.support.delivery import (
    COMMUNITY,
    EAST,
    NOW,
    OTHER_COMMUNITY,
    SETTINGS,
    actor,
    after,
    assignment,
    drop_state,
    guard,
    registered,
)
from tests.support.statements import counted_statements

pytestmark = pytest.mark.database
MEDIATOR = actor(Role.MEDIATOR, communities=(COMMUNITY,))


class Errand:
    """A courier on the way with the drops of these assignments."""

    def __init__(self, db: Database, files: FileStore, *commands: AssignDrop) -> None:
        self.db, self.files = db, files
        courier, self.person = registered(
            db, files, community_ids=sorted({command.community_id for command in commands})
        )
        for seconds, command in enumerate(commands):
            given = command.model_copy(update={"courier_id": courier.courier_id})
            self.visit_id = drops.assign_drop(db, given, after(seconds), SETTINGS).visit_id

    def enter(self) -> None:
        command = AdmitVisit(request_id=new_id(), visit_id=self.visit_id, gate_id=EAST.gate_id)
        gate.admit_visit(self.db, command, EAST, guard(), after(60), SETTINGS)

    def leave(self) -> None:
        command = LeaveVisit(request_id=new_id(), visit_id=self.visit_id, gate_id=EAST.gate_id)
        gate.leave_visit(self.db, command, EAST, guard(), after(300), SETTINGS)

    def deliver(self, drop_id: str) -> str:
        """Hand it over with a photo, whose key comes back."""
        photo = self.files.put(b"a parcel at a door")
        command = DeliverDrop(
            request_id=new_id(), drop_id=drop_id, photo_key=photo.key, photo_sha256=photo.sha256
        )
        return drops.deliver_drop(self.db, self.files, command, self.person, after(120)).photo


def asked(db: Database, *order_ids: str, by: Actor = MEDIATOR) -> list[OrderVisitView]:
    query = OrderVisitsQuery(order_ids=list(order_ids))
    return gate.order_visits(db, query, by, after(400), SETTINGS).visits


def test_an_orders_visit_comes_with_its_photo_courier_and_gate_log(
    db: Database, files: FileStore
) -> None:
    mine, neighbours = assignment(new_id()), assignment(new_id())
    errand = Errand(db, files, mine, neighbours)
    errand.enter()
    photo = errand.deliver(mine.drop_id)
    errand.leave()

    [found] = asked(db, mine.order_id)

    assert photo
    assert (found.drop.drop_id, found.drop.photo, found.drop.delivered_at) == (
        mine.drop_id,
        photo,
        after(120),
    )
    assert (found.visit.courier_name, found.visit.entered_at) == ("张师傅", after(60))
    assert [drop.drop_id for drop in found.visit.drops] == [mine.drop_id]
    assert [(entry.direction, entry.gate, entry.guard_name, entry.at) for entry in found.log] == [
        ("in", "东门", "王门岗", after(60)),
        ("out", "东门", "王门岗", after(300)),
    ]


def test_a_refusal_at_the_gate_is_in_the_log(db: Database, files: FileStore) -> None:
    command = assignment(new_id())
    errand = Errand(db, files, command)
    refusal = RefuseVisit(
        request_id=new_id(), visit_id=errand.visit_id, gate_id=EAST.gate_id, reason="照片不符"
    )
    gate.refuse_visit(db, refusal, EAST, guard(), NOW, SETTINGS)
    [found] = asked(db, command.order_id)
    assert [entry.direction for entry in found.log] == ["refused"]
    assert found.visit.refused_reason == "照片不符"


def test_an_order_and_its_replacement_each_have_a_drop_for_ever(
    db: Database, files: FileStore
) -> None:
    first = assignment(new_id())
    case_id = new_id()
    replacement = first.model_copy(
        update={"request_id": new_id(), "drop_id": new_id(), "order_id": case_id}
    )
    errand = Errand(db, files, first, replacement)
    errand.deliver(first.drop_id)
    assert [found.drop.order_id for found in asked(db, first.order_id, case_id)] == [
        case_id,
        first.order_id,
    ]
    with db.transaction() as tx:
        drops.withdraw_drop(tx, first.order_id, NOW)
    assert drop_state(db, replacement.drop_id) == "assigned"
    errand.deliver(replacement.drop_id)


def test_what_lies_in_other_communities_or_was_never_brought_does_not_appear(
    db: Database, files: FileStore
) -> None:
    here, there = assignment(new_id()), assignment(new_id(), community_id=OTHER_COMMUNITY)
    Errand(db, files, here, there)
    assert [
        found.drop.order_id for found in asked(db, here.order_id, there.order_id, new_id())
    ] == [here.order_id]
    assert asked(db, here.order_id, by=actor(Role.MEDIATOR)) == []
    assert asked(db, new_id()) == []


def test_many_orders_visits_take_three_statements(db: Database, files: FileStore) -> None:
    commands = [assignment(new_id()) for _ in range(6)]
    for command in commands:
        Errand(db, files, command).enter()
    with counted_statements() as count:
        assert len(asked(db, *(command.order_id for command in commands))) == 6
    assert count() == 3


def test_the_migrations_make_what_the_tables_say(db: Database) -> None:
    assert differences("delivery", db.url) == []
