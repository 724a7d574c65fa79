"""Registering couriers: for whom, once, with a photo, and identity told in the end."""

from datetime import datetime

import pytest
from sqlalchemy import select

from services.contracts.delivery import CouriersQuery
from services.contracts.identity import NoSuchStore
from services.contracts.permissions import Role
from services.delivery.tables import CourierRow
from services.delivery.use_cases import couriers, drops
from services.kernel.db import Database
from services.kernel.errors import Conflict, Malformed, Unavailable
from services.kernel.files import FileStore
from services.kernel.requests import RequestConflict
from tests.support.delivery import (
    COMMUNITY,
    NOW,
    OTHER_STORE,
    SETTINGS,
    STORE,
    FakeServices,
    actor,
    after,
    assignment,
    registered,
    registration,
    shopkeeper,
)


def told_at(db: Database, courier_id: str) -> datetime | None:
    with db.reading() as tx:
        found = select(CourierRow.told_at).where(CourierRow.courier_id == courier_id)
        moment: datetime | None = tx.scalar(found)
        return moment


def test_a_courier_is_registered_once_for_a_request(
    db: Database, files: FileStore, services: FakeServices
) -> None:
    command, keeper = registration(), shopkeeper()
    first = couriers.register_courier(db, services, files, command, keeper, NOW)
    again = couriers.register_courier(db, services, files, command, keeper, after(5))

    assert again == first
    assert first.phone_masked == "138****5678"


def test_the_same_request_with_another_body_is_a_conflict(
    db: Database, files: FileStore, services: FakeServices
) -> None:
    command, keeper = registration(), shopkeeper()
    couriers.register_courier(db, services, files, command, keeper, NOW)
    with pytest.raises(RequestConflict):
        couriers.register_courier(
            db, services, files, command.model_copy(update={"name": "李师傅"}), keeper, NOW
        )


def test_a_shopkeeper_cannot_register_for_anothers_store(
    db: Database, files: FileStore, services: FakeServices
) -> None:
    with pytest.raises(NoSuchStore):
        couriers.register_courier(
            db, services, files, registration(store_ids=[OTHER_STORE]), shopkeeper(), NOW
        )


def test_an_account_that_is_a_courier_gains_the_new_store_and_keeps_its_name(
    db: Database, files: FileStore, services: FakeServices
) -> None:
    first, person = registered(db, files)
    second = couriers.register_courier(
        db,
        services,
        files,
        registration(account_id=person.account_id, store_ids=[OTHER_STORE], name="别的名字"),
        shopkeeper(OTHER_STORE),
        NOW,
    )

    assert second == first
    drops.assign_drop(db, assignment(first.courier_id, store_id=STORE), NOW, SETTINGS)
    drops.assign_drop(db, assignment(first.courier_id, store_id=OTHER_STORE), NOW, SETTINGS)


def test_a_courier_id_that_is_anothers_is_a_conflict(
    db: Database, files: FileStore, services: FakeServices
) -> None:
    first, _ = registered(db, files)
    with pytest.raises(Conflict):
        couriers.register_courier(
            db, services, files, registration(courier_id=first.courier_id), shopkeeper(), NOW
        )


def test_the_photo_is_taken_over_and_an_altered_one_is_refused(
    db: Database, files: FileStore, services: FakeServices
) -> None:
    photo = files.put(b"a face")
    with pytest.raises(Malformed):
        couriers.register_courier(
            db,
            services,
            files,
            registration(photo_key=photo.key, photo_sha256="0" * 64),
            shopkeeper(),
            NOW,
        )
    view = couriers.register_courier(
        db,
        services,
        files,
        registration(photo_key=photo.key, photo_sha256=photo.sha256),
        shopkeeper(),
        NOW,
    )
    assert view.photo.startswith("delivery/")
    assert files.read(view.photo) == b"a face"


def test_a_store_sees_its_own_couriers_first_then_the_propertys_and_no_others(
    db: Database, files: FileStore
) -> None:
    property_courier, _ = registered(db, files, store_ids=[])
    own, _ = registered(db, files)
    registered(db, files, store_ids=[OTHER_STORE])
    drops.assign_drop(db, assignment(own.courier_id), NOW, SETTINGS)

    hand = actor(Role.SHOP_HAND, groups={STORE: Role.SHOP_HAND})
    seen = couriers.couriers(db, CouriersQuery(store_id=STORE), hand).couriers

    assert [courier.courier_id for courier in seen] == [
        own.courier_id,
        property_courier.courier_id,
    ]
    assert [courier.open_drops for courier in seen] == [1, 0]


def test_a_stranger_to_the_store_does_not_see_its_couriers(db: Database) -> None:
    with pytest.raises(NoSuchStore):
        couriers.couriers(db, CouriersQuery(store_id=OTHER_STORE), shopkeeper())
    with pytest.raises(NoSuchStore):
        couriers.couriers(
            db, CouriersQuery(store_id=STORE), actor(Role.CLERK, communities=(COMMUNITY,))
        )


def test_identity_is_told_of_a_courier_although_it_was_away_at_first(
    db: Database, files: FileStore, services: FakeServices
) -> None:
    view, person = registered(db, files)
    services.identity.fails_with = [Unavailable()]

    assert couriers.tell_identity_of_couriers(db, services, NOW, SETTINGS) == 0
    assert told_at(db, view.courier_id) is None
    assert couriers.tell_identity_of_couriers(db, services, after(29), SETTINGS) == 0
    assert couriers.tell_identity_of_couriers(db, services, after(30), SETTINGS) == 1

    assert [command.account_id for command in services.identity.marked] == [person.account_id]
    assert told_at(db, view.courier_id) == after(30)
    assert couriers.tell_identity_of_couriers(db, services, after(60), SETTINGS) == 0


def test_identity_is_told_under_the_same_request_id_each_time(
    db: Database, files: FileStore, services: FakeServices
) -> None:
    registered(db, files)
    couriers.tell_identity_of_couriers(db, services, NOW, SETTINGS)
    with db.transaction() as tx:  # as if the process had died before it noted the answer
        tx.execute(CourierRow.__table__.update().values(told_at=None))
    couriers.tell_identity_of_couriers(db, services, after(1), SETTINGS)

    first, second = services.identity.marked
    assert first.request_id == second.request_id
