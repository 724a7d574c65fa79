"""The store's own steps: 接单, 备好."""

from datetime import datetime

from services.contracts.orders import (
    ConfirmOrder,
    MarkReady,
    OrderConfirmed,
    OrderReady,
    OrderView,
    Step,
)
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.wire import Done
from services.orders import locks
from services.orders.domain.deadlines import FETCHED, timed
from services.orders.domain.moves import Act
from services.orders.events import told
from services.orders.settings import Settings
from services.orders.standing import doer_of, party_for
from services.orders.store import Change, record
from services.orders.views import order_view


def confirm_order(
    db: Database, command: ConfirmOrder, actor: Actor, now: datetime, settings: Settings
) -> OrderView:
    """The store takes the order; a repeat changes nothing more and shows it as it stands."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            doer = doer_of(actor, party_for(actor, order, order.confirming), command.client)
            after = timed(order.confirm(doer.name, now), now, settings.limits)
            step = Step.SCHEDULED if order.has_appointment else Step.CONFIRMED
            after = record(tx, [Change(order, after, step, doer)], now)[0]
            outbox.emit(tx, told(OrderConfirmed, after))
            claim.answer = Done()
    return order_view(db, command.order_id, actor, now, settings)


def mark_ready(
    db: Database, command: MarkReady, actor: Actor, now: datetime, settings: Settings
) -> OrderView:
    """Packed; a repeat changes nothing more and shows the order as it stands."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            doer = doer_of(actor, party_for(actor, order, Act.MARK_READY), command.client)
            after = timed(order.mark_ready(now), now, settings.limits)
            after = record(tx, [Change(order, after, Step.READY, doer)], now)[0]
            if after.fulfilment in FETCHED:
                outbox.emit(tx, told(OrderReady, after))
            claim.answer = Done()
    return order_view(db, command.order_id, actor, now, settings)
