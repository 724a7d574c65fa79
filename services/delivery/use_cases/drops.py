"""What is brought to one door."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, insert, update

from services.contracts.delivery import (
    AssignDrop,
    AssignedView,
    DeliverDrop,
    DropDelivered,
    DropState,
    DropView,
    MyVisitsQuery,
    NoSuchCourier,
    NotYourDrop,
    VisitState,
    VisitsView,
    WrongVisitState,
)
from services.delivery import locks, queries
from services.delivery.domain.visit import DropAct, VisitAct, drop_after
from services.delivery.settings import Settings
from services.delivery.tables import DropRow, OrderMarkRow
from services.delivery.use_cases.visits import end_visit, join_or_open_visit
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Conflict
from services.kernel.files import FileStore


def assign_drop(
    db: Database, command: AssignDrop, now: datetime, settings: Settings
) -> AssignedView:
    """Give an order to a courier. `drop_id` is the claim: the same drop gives the first answer, the
    order's withdrawal, however early it came, WrongVisitState."""
    with db.transaction() as tx:
        mark = locks.order_marked(tx, command.order_id, drop_id=command.drop_id)
        if mark.withdrawn_at is not None:
            raise WrongVisitState("the order is off", fields={"state": DropState.WITHDRAWN})
        courier = locks.courier_for_update(tx, command.courier_id)
        if courier is None:
            raise NoSuchCourier()
        known = queries.drop(tx, command.drop_id)
        if known is None and mark.drop_id == command.drop_id:
            if not queries.may_bring(tx, courier, command.store_id, command.community_id):
                raise NoSuchCourier("the courier does not bring for this store to this community")
            visit_id = join_or_open_visit(
                tx, command.courier_id, command.community_id, now, settings.visit_window_s
            )
            _insert_drop(tx, command, visit_id, now)
        elif known is not None and _is_same(known, command):
            visit_id = known.visit_id
        else:
            raise Conflict("the drop or its order was assigned otherwise before")
        return AssignedView(drop_id=command.drop_id, visit_id=visit_id, courier_name=courier.name)


def _is_same(known: Row[Any], command: AssignDrop) -> bool:
    return (known.order_id, known.courier_id, known.store_id, known.home_id) == (
        command.order_id,
        command.courier_id,
        command.store_id,
        command.home_id,
    )


def _insert_drop(tx: Tx, command: AssignDrop, visit_id: str, now: datetime) -> None:
    tx.execute(
        insert(DropRow),
        command.model_dump(exclude={"request_id"})
        | {
            "visit_id": visit_id,
            "state": DropState.ASSIGNED,
            "version": 1,
            "assigned_at": now,
            "delivered_at": None,
            "photo": "",
        },
    )


def deliver_drop(
    db: Database, files: FileStore, command: DeliverDrop, actor: Actor, now: datetime
) -> DropView:
    """Brought to the door, says the courier whose drop it is; NotYourDrop for anybody else's."""
    with db.reading() as tx:
        _own_drop(tx, queries.drop(tx, command.drop_id), actor)
    photo = ""
    if command.photo_key:
        photo = files.claim(command.photo_key, command.photo_sha256, "delivery")
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, DropView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            drop, courier = _own_drop(tx, locks.drop_for_update(tx, command.drop_id), actor)
            _mark_delivered(tx, drop, photo, now)
            outbox.emit(
                tx,
                DropDelivered(
                    aggregate_id=drop.drop_id,
                    version=drop.version + 1,
                    order_id=drop.order_id,
                    courier_id=courier.courier_id,
                    courier_name=courier.name,
                    photo=photo,
                    at=now,
                ),
            )
            delivered = queries.drop(tx, command.drop_id)
            assert delivered is not None
            claim.answer = queries.drop_view(delivered)
        return claim.answer


def _own_drop(tx: Tx, drop: Row[Any] | None, actor: Actor) -> tuple[Row[Any], Row[Any]]:
    courier = queries.courier_of_account(tx, actor.account_id)
    if drop is None or courier is None or drop.courier_id != courier.courier_id:
        raise NotYourDrop()
    return drop, courier


def _mark_delivered(tx: Tx, drop: Row[Any], photo: str, now: datetime) -> None:
    tx.execute(
        update(DropRow)
        .where(DropRow.drop_id == drop.drop_id)
        .values(
            state=drop_after(DropState(drop.state), DropAct.DELIVER),
            version=drop.version + 1,
            delivered_at=now,
            photo=photo,
        )
    )


def withdraw_drop(tx: Tx, order_id: str, now: datetime) -> None:
    """The order is off: its drop is withdrawn, and an assignment that is still on its way will be
    refused. A visit that has nothing left to bring is called off."""
    mark = locks.order_marked(tx, order_id, withdrawn_at=now)
    if mark.withdrawn_at is None:
        tx.execute(
            update(OrderMarkRow).where(OrderMarkRow.order_id == order_id).values(withdrawn_at=now)
        )
    found = queries.drop(tx, mark.drop_id) if mark.drop_id else None
    if found is None:
        return
    locks.courier_for_update(tx, found.courier_id)
    visit = locks.visit_for_update(tx, found.visit_id)
    drop = locks.drop_for_update(tx, found.drop_id)
    assert visit is not None
    assert drop is not None
    if drop.state == DropState.DELIVERED:
        return  # The parcel is at the door; what becomes of the money is not for delivery to say.
    if drop.state == DropState.ASSIGNED:
        _mark_withdrawn(tx, drop)
    if visit.state == VisitState.EXPECTED and not queries.has_drops_to_bring(tx, visit.visit_id):
        end_visit(tx, visit, VisitAct.EXPIRE)


def _mark_withdrawn(tx: Tx, drop: Row[Any]) -> None:
    tx.execute(
        update(DropRow)
        .where(DropRow.drop_id == drop.drop_id)
        .values(state=drop_after(DropState(drop.state), DropAct.WITHDRAW), version=drop.version + 1)
    )


def my_visits(
    db: Database, query: MyVisitsQuery, actor: Actor, now: datetime, settings: Settings
) -> VisitsView:
    """The asking courier's visits that are not over; none for who is no courier."""
    with db.reading() as tx:
        courier = queries.courier_of_account(tx, actor.account_id)
        if courier is None:
            return VisitsView(visits=[])
        visits = queries.visits_of_courier(tx, courier.courier_id, now, settings.overstay_after_s)
        return VisitsView(visits=visits)


def forget_withdrawals(db: Database, now: datetime, settings: Settings) -> int:
    """Drop marks of orders that went off long ago without a drop; how many comes back."""
    long_ago = now - timedelta(days=settings.withdrawals_kept_days)
    with db.transaction() as tx:
        forgotten = delete(OrderMarkRow).where(
            OrderMarkRow.withdrawn_at < long_ago, OrderMarkRow.drop_id.is_(None)
        )
        return tx.execute(forgotten.with_dialect_options(mysql_limit=settings.sweep_batch)).rowcount
