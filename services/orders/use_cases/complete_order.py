"""The deal is done: the resident says so, or nobody has complained for long enough."""

from datetime import datetime

from services.contracts.orders import (
    ConfirmReceipt,
    OrderCompleted,
    OrderState,
    OrderView,
    Step,
)
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.wire import Done
from services.orders import locks, queries
from services.orders.domain.moves import Act
from services.orders.domain.order import SYSTEM, Doer, Order
from services.orders.events import told
from services.orders.settings import Settings
from services.orders.standing import doer_of, party_for
from services.orders.store import Change, record
from services.orders.views import order_view


def confirm_receipt(
    db: Database, command: ConfirmReceipt, actor: Actor, now: datetime
) -> OrderView:
    """The resident has it; a repeat changes nothing more and shows the order as it stands."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            order = locks.order_for_update(tx, command.order_id)
            party = party_for(actor, order, Act.COMPLETE)
            _complete(tx, order, doer_of(actor, party, command.client), now)
            claim.answer = Done()
    return order_view(db, command.order_id, actor, now)


def complete_delivered(db: Database, now: datetime, settings: Settings) -> None:
    """Complete what was delivered long enough ago, each order in its own transaction."""
    for order_id in queries.deliveries_due(db, now, settings.sweep_batch):
        with db.transaction() as tx:
            order = locks.order_for_update(tx, order_id)
            if order.state is OrderState.DELIVERED and order.is_overdue(now):
                _complete(tx, order, SYSTEM, now)


def _complete(tx: Tx, order: Order, doer: Doer, now: datetime) -> None:
    after = order.complete(doer.party, now)
    record(tx, [Change(order, after, Step.COMPLETED, doer)], now)
    outbox.emit(tx, told(OrderCompleted, after))
