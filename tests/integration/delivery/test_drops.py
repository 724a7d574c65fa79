"""Assigning, delivering and withdrawing drops."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import func, select

from services.contracts.delivery import (
    AssignDrop,
    DeliverDrop,
    MyVisitsQuery,
    NoSuchCourier,
    NotYourDrop,
    WrongVisitState,
)
from services.contracts.permissions import Role
from services.delivery import locks
from services.delivery.service import DeliveryService
from services.delivery.tables import DropRow, OrderMarkRow, VisitRow
from services.delivery.use_cases import drops, visits
from services.delivery.use_cases.visits import join_or_open_visit
from services.kernel.db import Database
from services.kernel.entrypoints import rerun_on_conflict
from services.kernel.errors import Conflict
from services.kernel.files import FileStore
from services.kernel.ids import new_id
from services.kernel.requests import RequestConflict
from tests.support.delivery import (
    COMMUNITY,
    NOW,
    OTHER_COMMUNITY,
    OTHER_STORE,
    SETTINGS,
    actor,
    after,
    assignment,
    cancelled,
    courier_actor,
    drop_state,
    registered,
    told,
)


def count(db: Database, row: type) -> int:
    with db.reading() as tx:
        return int(tx.scalar(select(func.count()).select_from(row)))


def withdraw(db: Database, order_id: str) -> None:
    with db.transaction() as tx:
        drops.withdraw_drop(tx, order_id, NOW)


def test_drops_of_one_courier_join_the_visit_that_is_expected(
    db: Database, files: FileStore
) -> None:
    courier, _ = registered(db, files)
    first = drops.assign_drop(db, assignment(courier.courier_id), NOW, SETTINGS)
    second = drops.assign_drop(db, assignment(courier.courier_id), after(600), SETTINGS)

    assert first.visit_id == second.visit_id
    assert first.courier_name == "张师傅"
    with db.reading() as tx:
        assert tx.scalar(select(VisitRow.expected_until)) == after(600 + 3600)


def test_drops_for_two_communities_make_two_visits(db: Database, files: FileStore) -> None:
    courier, _ = registered(db, files, community_ids=[COMMUNITY, OTHER_COMMUNITY])
    here = drops.assign_drop(db, assignment(courier.courier_id), NOW, SETTINGS)
    there = drops.assign_drop(
        db, assignment(courier.courier_id, community_id=OTHER_COMMUNITY), NOW, SETTINGS
    )
    assert here.visit_id != there.visit_id


def test_the_same_drop_assigned_again_gives_the_first_answer(
    db: Database, files: FileStore
) -> None:
    courier, _ = registered(db, files)
    command = assignment(courier.courier_id)
    first = drops.assign_drop(db, command, NOW, SETTINGS)
    again = drops.assign_drop(
        db, command.model_copy(update={"request_id": new_id()}), after(5), SETTINGS
    )
    assert again == first
    assert count(db, DropRow) == 1


def test_the_same_drop_for_another_courier_or_order_is_a_conflict(
    db: Database, files: FileStore
) -> None:
    courier, _ = registered(db, files)
    other, _ = registered(db, files)
    command = assignment(courier.courier_id)
    drops.assign_drop(db, command, NOW, SETTINGS)
    for change in (
        {"courier_id": other.courier_id},
        {"order_id": new_id()},
        {"drop_id": new_id()},
    ):
        with pytest.raises(Conflict):
            drops.assign_drop(db, command.model_copy(update=change), NOW, SETTINGS)


def test_a_courier_brings_only_for_own_stores_and_communities(
    db: Database, files: FileStore
) -> None:
    courier, _ = registered(db, files)
    for wrong in (
        assignment(courier.courier_id, store_id=OTHER_STORE),
        assignment(courier.courier_id, community_id=OTHER_COMMUNITY),
        assignment(new_id()),
    ):
        with pytest.raises(NoSuchCourier):
            drops.assign_drop(db, wrong, NOW, SETTINGS)
    assert count(db, OrderMarkRow) == 0


def test_an_order_refused_for_one_courier_can_go_to_another(db: Database, files: FileStore) -> None:
    courier, _ = registered(db, files)
    command = assignment(new_id())
    with pytest.raises(NoSuchCourier):
        drops.assign_drop(db, command, NOW, SETTINGS)
    right = command.model_copy(update={"courier_id": courier.courier_id})
    assert drops.assign_drop(db, right, NOW, SETTINGS).drop_id == command.drop_id


def test_the_propertys_courier_brings_for_every_store(db: Database, files: FileStore) -> None:
    courier, _ = registered(db, files, store_ids=[])
    drops.assign_drop(db, assignment(courier.courier_id, store_id=OTHER_STORE), NOW, SETTINGS)


def test_an_assignment_waits_for_another_of_the_same_courier_and_joins_its_visit(
    db: Database, files: FileStore
) -> None:
    courier, _ = registered(db, files)
    command = assignment(courier.courier_id)
    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as tx:
            locks.courier_for_update(tx, courier.courier_id)
            rival = pool.submit(drops.assign_drop, db, command, NOW, SETTINGS)
            time.sleep(0.3)
            assert not rival.done()
            first = join_or_open_visit(tx, courier.courier_id, COMMUNITY, NOW, 3600)
        assert rival.result().visit_id == first


def test_many_assignments_at_the_same_moment_join_one_visit(db: Database, files: FileStore) -> None:
    courier, _ = registered(db, files)
    commands = [assignment(courier.courier_id) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(
            lambda command: rerun_on_conflict(
                "assign", lambda: drops.assign_drop(db, command, NOW, SETTINGS)
            ),
            commands,
        )
        assert len({answer.visit_id for answer in answers}) == 1


def test_a_drop_is_delivered_by_its_courier_with_a_photo_and_told_once(
    db: Database, files: FileStore
) -> None:
    courier, person = registered(db, files)
    drop = drops.assign_drop(db, assignment(courier.courier_id), NOW, SETTINGS)
    photo = files.put(b"a parcel at a door")
    command = DeliverDrop(
        request_id=new_id(),
        drop_id=drop.drop_id,
        photo_key=photo.key,
        photo_sha256=photo.sha256,
    )

    first = drops.deliver_drop(db, files, command, person, after(60))
    again = drops.deliver_drop(db, files, command, person, after(90))

    assert again == first
    assert first.delivered_at == after(60)
    assert told(db) == ["drop.delivered"]
    with pytest.raises(RequestConflict):
        drops.deliver_drop(
            db, files, command.model_copy(update={"photo_key": ""}), person, after(90)
        )
    with pytest.raises(WrongVisitState) as refused:
        drops.deliver_drop(
            db, files, DeliverDrop(request_id=new_id(), drop_id=drop.drop_id), person, after(90)
        )
    assert refused.value.fields == {"state": "delivered"}


def test_another_couriers_drop_is_not_found(db: Database, files: FileStore) -> None:
    courier, _ = registered(db, files)
    _, stranger = registered(db, files)
    drop = drops.assign_drop(db, assignment(courier.courier_id), NOW, SETTINGS)
    for person in (stranger, courier_actor(new_id())):
        with pytest.raises(NotYourDrop):
            drops.deliver_drop(
                db, files, DeliverDrop(request_id=new_id(), drop_id=drop.drop_id), person, NOW
            )
    assert drop_state(db, drop.drop_id) == "assigned"


def test_a_courier_sees_own_visits_and_others_see_none(db: Database, files: FileStore) -> None:
    courier, person = registered(db, files)
    _, stranger = registered(db, files)
    drop = drops.assign_drop(db, assignment(courier.courier_id), NOW, SETTINGS)

    mine = drops.my_visits(db, MyVisitsQuery(), person, NOW, SETTINGS).visits

    assert [[d.drop_id for d in visit.drops] for visit in mine] == [[drop.drop_id]]
    assert drops.my_visits(db, MyVisitsQuery(), stranger, NOW, SETTINGS).visits == []
    resident = actor(Role.OWNER, groups={new_id(): Role.OWNER})
    assert drops.my_visits(db, MyVisitsQuery(), resident, NOW, SETTINGS).visits == []


def test_a_withdrawn_drop_cannot_be_delivered_and_its_empty_visit_is_called_off(
    db: Database, files: FileStore
) -> None:
    courier, person = registered(db, files)
    first, second = assignment(courier.courier_id), assignment(courier.courier_id)
    visit_id = drops.assign_drop(db, first, NOW, SETTINGS).visit_id
    drops.assign_drop(db, second, NOW, SETTINGS)

    withdraw(db, first.order_id)
    assert drop_state(db, first.drop_id) == "withdrawn"
    with pytest.raises(WrongVisitState):
        drops.deliver_drop(
            db, files, DeliverDrop(request_id=new_id(), drop_id=first.drop_id), person, NOW
        )
    with db.reading() as tx:
        assert tx.scalar(select(VisitRow.state)) == "expected"

    withdraw(db, second.order_id)
    with db.reading() as tx:
        row = tx.first(select(VisitRow.state, VisitRow.digits).where(VisitRow.visit_id == visit_id))
    assert row == ("expired", None)


def test_a_withdrawal_that_overtakes_its_assignment_wins(db: Database, files: FileStore) -> None:
    courier, _ = registered(db, files)
    command = assignment(courier.courier_id)
    withdraw(db, command.order_id)

    with pytest.raises(WrongVisitState) as refused:
        drops.assign_drop(db, command, NOW, SETTINGS)

    assert refused.value.fields == {"state": "withdrawn"}
    assert count(db, DropRow) == 0


def test_a_withdrawal_and_an_assignment_at_the_same_moment_leave_nothing_to_bring(
    db: Database, files: FileStore
) -> None:
    courier, _ = registered(db, files)

    def assign(command: AssignDrop) -> None:
        with suppress(WrongVisitState):
            rerun_on_conflict("a", lambda: drops.assign_drop(db, command, NOW, SETTINGS))

    commands = [assignment(courier.courier_id) for _ in range(10)]
    with ThreadPoolExecutor(4) as pool:
        for command in commands:
            both = [
                pool.submit(assign, command),
                pool.submit(rerun_on_conflict, "w", lambda c=command: withdraw(db, c.order_id)),
            ]
            for future in both:
                future.result()
    with db.reading() as tx:
        assert set(tx.connection.scalars(select(DropRow.state))) <= {"withdrawn"}


def test_a_withdrawal_twice_changes_nothing_more(db: Database, files: FileStore) -> None:
    courier, _ = registered(db, files)
    command = assignment(courier.courier_id)
    drops.assign_drop(db, command, NOW, SETTINGS)
    withdraw(db, command.order_id)
    withdraw(db, command.order_id)
    assert drop_state(db, command.drop_id) == "withdrawn"


def test_what_is_at_the_door_is_not_withdrawn(db: Database, files: FileStore) -> None:
    courier, person = registered(db, files)
    command = assignment(courier.courier_id)
    drops.assign_drop(db, command, NOW, SETTINGS)
    delivered = DeliverDrop(request_id=new_id(), drop_id=command.drop_id)
    drops.deliver_drop(db, files, delivered, person, NOW)

    withdraw(db, command.order_id)

    assert drop_state(db, command.drop_id) == "delivered"


def test_only_a_paid_orders_cancellation_is_remembered(db: Database) -> None:
    service = DeliveryService()
    with db.transaction() as tx:
        service.on_order_cancelled(cancelled(new_id()).model_copy(update={"paid": False}), tx)
    assert count(db, OrderMarkRow) == 0
    with db.transaction() as tx:
        service.on_order_cancelled(cancelled(new_id()), tx)
    assert count(db, OrderMarkRow) == 1


def test_withdrawals_without_a_drop_are_forgotten_after_a_while(
    db: Database, files: FileStore
) -> None:
    courier, _ = registered(db, files)
    brought = assignment(courier.courier_id)
    drops.assign_drop(db, brought, NOW, SETTINGS)
    withdraw(db, brought.order_id)
    withdraw(db, new_id())

    assert drops.forget_withdrawals(db, after(86_400 * 29), SETTINGS) == 0
    assert drops.forget_withdrawals(db, after(86_400 * 31), SETTINGS) == 1
    assert count(db, OrderMarkRow) == 1


def test_expired_visits_lapse_and_their_drops_can_still_be_delivered(
    db: Database, files: FileStore
) -> None:
    courier, person = registered(db, files)
    drop = drops.assign_drop(db, assignment(courier.courier_id), NOW, SETTINGS)
    assert visits.expire_visits(db, after(3600), SETTINGS) == 0
    assert visits.expire_visits(db, after(3601), SETTINGS) == 1

    drops.deliver_drop(
        db, files, DeliverDrop(request_id=new_id(), drop_id=drop.drop_id), person, after(3700)
    )
    assert drop_state(db, drop.drop_id) == "delivered"
