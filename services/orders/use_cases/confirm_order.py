"""The store's own steps: 接单, 备好."""

from datetime import datetime

from services.contracts.orders import (
    ConfirmOrder,
    MarkReady,
    OrderConfirmed,
    OrderView,
    Step,
)
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.wire import Done
from services.orders import locks
from services.orders.domain.moves import Act
from services.orders.events import told
from services.orders.standing import doer_of, party_for
from services.orders.store import Change, record
from services.orders.views import order_view


def confirm_order(db: Database, command: ConfirmOrder, actor: Actor, now: datetime) -> OrderView:
    """The store takes the order; a repeat changes nothing more and shows it as it stands."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            doer = doer_of(actor, party_for(actor, order, Act.CONFIRM), command.client)
            after = order.confirm(doer.name, now)
            record(tx, [Change(order, after, Step.CONFIRMED, doer)], now)
            outbox.emit(tx, told(OrderConfirmed, after))
            claim.answer = Done()
    return order_view(db, command.order_id, actor, now)


def mark_ready(db: Database, command: MarkReady, actor: Actor, now: datetime) -> OrderView:
    """Packed; a repeat changes nothing more and shows the order as it stands."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            doer = doer_of(actor, party_for(actor, order, Act.MARK_READY), command.client)
            record(tx, [Change(order, order.mark_ready(now), Step.READY, doer)], now)
            claim.answer = Done()
    return order_view(db, command.order_id, actor, now)
