"""A service at its appointed time: it begins, it is done."""

from datetime import datetime, timedelta

from services.contracts.orders import (
    FinishService,
    OrderDelivered,
    OrderView,
    StartService,
    Step,
)
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.files import FileStore
from services.kernel.wire import Done
from services.orders import locks, queries
from services.orders.domain.deadlines import timed, with_deadline
from services.orders.domain.moves import Act
from services.orders.domain.wording import WORD_SERVICE_PHOTOS
from services.orders.events import told
from services.orders.settings import Settings
from services.orders.standing import doer_of, parties_of, party_for
from services.orders.store import Change, record
from services.orders.thread import claim_photos, say
from services.orders.views import order_view


def start_service(
    db: Database, command: StartService, actor: Actor, now: datetime, settings: Settings
) -> OrderView:
    """At the door, or the resident has come; a repeat changes nothing more."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            doer = doer_of(actor, party_for(actor, order, Act.START), command.client)
            after = timed(order.start_service(now), now, settings.limits)
            record(tx, [Change(order, after, Step.SERVICE_STARTED, doer)], now)
            claim.answer = Done()
    return order_view(db, command.order_id, actor, now, settings)


def finish_service(
    db: Database,
    files: FileStore,
    command: FinishService,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> OrderView:
    """Done: the resident confirms, or time does. Photos of the work go into the thread."""
    with db.reading() as tx:
        parties_of(actor, queries.need_order(tx, command.order_id))  # before its photos are taken
    photos = claim_photos(files, command.photos)
    completes_at = now + timedelta(seconds=settings.auto_complete_after_s)
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            doer = doer_of(actor, party_for(actor, order, Act.FINISH), command.client)
            after = with_deadline(order.finish_service(now, completes_at), completes_at, now)
            after = record(tx, [Change(order, after, Step.SERVICE_FINISHED, doer)], now)[0]
            if photos:
                say(tx, order.order_id, doer, WORD_SERVICE_PHOTOS, photos, now)
            outbox.emit(tx, told(OrderDelivered, after, completes_at=completes_at))
            claim.answer = Done()
    return order_view(db, command.order_id, actor, now, settings)
