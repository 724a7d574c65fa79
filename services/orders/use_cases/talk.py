"""The two talk about an order, from its payment on."""

from datetime import datetime

from services.contracts.orders import (
    MessageView,
    NotYourOrder,
    Party,
    Say,
    Step,
    ThreadQuery,
    WrongState,
)
from services.contracts.permissions import Permission
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import Malformed
from services.kernel.files import FileStore
from services.kernel.wire import Page
from services.orders import locks, queries, thread
from services.orders.domain.order import Order
from services.orders.domain.wording import shortened
from services.orders.events import trouble
from services.orders.standing import doer_of, parties_of
from services.orders.use_cases.disputes.answered import answered

_OTHER = {Party.RESIDENT: Party.MERCHANT, Party.MERCHANT: Party.RESIDENT}


def say(db: Database, files: FileStore, command: Say, actor: Actor, now: datetime) -> MessageView:
    """One word; the other side is told. Staff who may only look say nothing. Malformed when neither
    words nor photos are there."""
    if not command.text and not command.photos:
        raise Malformed(fields={"text": "say something"})
    with db.reading() as tx:
        _find(tx, command.order_id, actor)
    photos = thread.claim_photos(files, command.photos)
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, MessageView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            party = parties_of(actor, order)[0]
            if party is Party.STAFF:
                actor.need(Permission.ORDER_MEDIATE)
            if order.paid_at is None:
                raise WrongState("not paid yet", fields={"state": order.state.value})
            doer = doer_of(actor, party, command.client)
            claim.answer = thread.say(tx, order.order_id, doer, command.text, photos, now)
            answered(tx, order, party)
            others = [_OTHER[party]] if party in _OTHER else list(_OTHER)
            outbox.emit(tx, trouble(order, others, Step.SAID, shortened(command.text)))
        return claim.answer


def see_thread(db: Database, query: ThreadQuery, actor: Actor) -> Page[MessageView]:
    """What was said, oldest first, for those who have a part in the order."""
    with db.reading() as tx:
        _find(tx, query.order_id, actor)
        found = thread.words(tx, query.order_id, query.after, query.limit + 1)
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Page(items=shown, next_after=shown[-1].message_id if more else None)


def _find(tx: Tx, order_id: str, actor: Actor) -> Order:
    order = queries.find_order(tx, order_id)
    if order is None:
        raise NotYourOrder
    parties_of(actor, order)
    return order
