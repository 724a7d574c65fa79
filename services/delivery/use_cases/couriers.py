"""Who may bring something."""

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.dialects.mysql import insert as upsert
from sqlalchemy.exc import IntegrityError

from services.contracts.delivery import (
    CouriersQuery,
    CouriersView,
    CourierView,
    RegisterCourier,
)
from services.contracts.identity import AccountBrief, CourierCheckQuery, MarkCourier
from services.contracts.permissions import Permission
from services.delivery import locks, queries
from services.delivery.domain import duty
from services.delivery.domain.courier import masked_phone
from services.delivery.settings import Settings
from services.delivery.tables import CourierCommunityRow, CourierRow, CourierStoreRow
from services.kernel import failpoints, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.errors import Conflict, LinliError
from services.kernel.files import FileStore
from services.kernel.ids import derived_id
from services.kernel.wire import Done

log = logging.getLogger(__name__)


def register_courier(
    db: Database,
    services: Any,
    files: FileStore,
    command: RegisterCourier,
    actor: Actor,
    now: datetime,
) -> CourierView:
    """A courier of these stores (or the property's). An account that is a courier already gains the
    new stores and communities and keeps its id, which the answer names."""
    duty.need_to_register(actor, command.store_ids, command.community_ids)
    services.identity.account_brief(
        CourierCheckQuery(account_id=command.account_id), answer=AccountBrief, deadline_ms=1500
    )
    photo = ""
    if command.photo_key:
        photo = files.claim(command.photo_key, command.photo_sha256, "delivery")
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, CourierView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            courier_id = _put_courier(tx, command, photo, actor, now)
            _add_stores_and_communities(tx, courier_id, command)
            claim.answer = queries.courier_view(tx, courier_id)
        return claim.answer


def _put_courier(tx: Tx, command: RegisterCourier, photo: str, actor: Actor, now: datetime) -> str:
    known = locks.courier_of_account_for_update(tx, command.account_id)
    if known is not None:
        # Name and photo are the first registrar's: a second shop does not repaint a courier.
        tx.execute(
            update(CourierRow)
            .where(CourierRow.courier_id == known.courier_id)
            .values(
                of_property=known.of_property or not command.store_ids,
                photo=known.photo or photo,
            )
        )
        return str(known.courier_id)
    try:
        tx.execute(insert(CourierRow), _new_courier(command, photo, actor, now))
    except IntegrityError as error:
        if not is_duplicate(error):
            raise
        raise Conflict(
            "the courier's id is another's, or the account was just registered"
        ) from None
    return command.courier_id


def _new_courier(
    command: RegisterCourier, photo: str, actor: Actor, now: datetime
) -> dict[str, object]:
    return {
        "courier_id": command.courier_id,
        "account_id": command.account_id,
        "of_property": not command.store_ids,
        "name": command.name,
        "phone_masked": masked_phone(command.phone),
        "photo": photo,
        "registered_by": actor.account_id,
        "registered_at": now,
        "told_at": None,
        "tell_after": now,
    }


def _add_stores_and_communities(tx: Tx, courier_id: str, command: RegisterCourier) -> None:
    if command.store_ids:
        stores = [{"courier_id": courier_id, "store_id": store} for store in command.store_ids]
        add = upsert(CourierStoreRow)
        tx.execute(add.on_duplicate_key_update(store_id=add.inserted.store_id), stores)
    places = [{"courier_id": courier_id, "community_id": place} for place in command.community_ids]
    add = upsert(CourierCommunityRow)
    tx.execute(add.on_duplicate_key_update(community_id=add.inserted.community_id), places)


def couriers(db: Database, query: CouriersQuery, actor: Actor) -> CouriersView:
    """The couriers that a store of the actor's can send."""
    duty.need_store(actor, query.store_id, Permission.STORE_ORDER_HANDLE)
    with db.reading() as tx:
        return CouriersView(couriers=queries.couriers_for_store(tx, query.store_id))


def tell_identity_of_couriers(
    db: Database, services: Any, now: datetime, settings: Settings
) -> int:
    """Give accounts their courier's role; what fails stays in the row and is tried again.

    Run right after a registration and by a sweep; how many were told comes back.
    """
    with db.reading() as tx:
        untold = queries.untold_couriers(tx, now, settings.sweep_batch)
    return sum(_tell(db, services, row, now, settings.tell_retry_s) for row in untold)


def _tell(db: Database, services: Any, row: Any, now: datetime, retry_s: int) -> bool:
    failpoints.hit("delivery.mark_courier.before_call")
    command = MarkCourier(
        request_id=derived_id("delivery.mark_courier", row.courier_id), account_id=row.account_id
    )
    try:
        services.identity.mark_courier(command, answer=Done, deadline_ms=1500)
    except LinliError as error:
        log.warning("identity was not told of courier %s: %s", row.courier_id, error.code)
        outcome: dict[str, object] = {"tell_after": now + timedelta(seconds=retry_s)}
    else:
        outcome = {"told_at": now}
    with db.transaction() as tx:
        tx.execute(
            update(CourierRow).where(CourierRow.courier_id == row.courier_id).values(**outcome)
        )
    return "told_at" in outcome
