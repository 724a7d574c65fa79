"""What the clock does to orders that rest too long, and the reminders before; each in its own
transaction."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from services.contracts.disputes import DisputeAbout
from services.contracts.orders import OrderReminder, OrderState, Party, RefundTo, Step, Trouble
from services.kernel import outbox
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError
from services.kernel.rpc_client import Services
from services.orders import ending, locks, queries
from services.orders.domain.deadlines import Passing, limit_of, timed
from services.orders.domain.doer import SYSTEM
from services.orders.domain.moves import OPEN, Act
from services.orders.domain.order import Order
from services.orders.domain.wording import REASON_OF_TIME, WORD_OVERDUE
from services.orders.events import told
from services.orders.sagas.engine import At, drive
from services.orders.sagas.kinds import KINDS
from services.orders.settings import Settings
from services.orders.store import Change, keep, record
from services.orders.use_cases.disputes.begin import begin_dispute, freeze_saga_id

log = logging.getLogger(__name__)
CLOCKED = tuple(
    state for state in OPEN if state not in (OrderState.AWAITING_PAYMENT, OrderState.CLOSING)
)
"""Unpaid orders go together with their payment: see `close_payment`."""


def pass_deadlines(db: Database, services: Services, now: datetime, settings: Settings) -> int:
    """Move on what has rested too long; how many were overdue.

    One that cannot be moved is looked at again later: it must not stand before the others.
    """
    overdue = queries.orders_due(db, CLOCKED, now, settings.sweep_batch)
    for order_id in overdue:
        try:
            with db.transaction() as tx:
                saga_id = _pass(tx, order_id, now, settings)
        except LinliError:
            log.exception("order %s stays overdue", order_id)
            _look_again(db, order_id, now, settings)
            continue
        if saga_id:
            drive(db, KINDS, At(services, settings, now), saga_id)
    return len(overdue)


def remind(db: Database, now: datetime, settings: Settings) -> int:
    """Tell whoever must act that the time is nearly over; once for each deadline."""
    due = queries.orders_to_remind(db, now, settings.sweep_batch)
    for order_id in due:
        with db.transaction() as tx:
            _remind(tx, locks.order_for_update(tx, order_id), now)
    return len(due)


def _pass(tx: Tx, order_id: str, now: datetime, settings: Settings) -> str | None:
    """None, or the saga to be driven after the commit."""
    order = locks.order_for_update(tx, order_id)
    limit = limit_of(order)
    if not order.is_overdue(now) or limit is None or order.state not in CLOCKED:
        return None
    if order.trouble is not Trouble.NONE:  # what is open has a clock of its own
        keep(tx, order, timed(order, now, settings.limits))
    elif limit.then is Passing.LATE:
        late = timed(order.fall_late(), now, settings.limits)
        record(tx, [Change(order, late, Step.OVERDUE, SYSTEM)], now)
    elif limit.then is Passing.COMPLETE:
        done = order.complete(Party.SYSTEM, now)
        ending.complete(tx, order, done, Step.COMPLETED, SYSTEM, now)
    elif limit.then is Passing.CANCEL and order.allows(Act.CANCEL, Party.SYSTEM):
        reason = REASON_OF_TIME[order.state]
        ending.cancel_paid(tx, order, SYSTEM, reason, RefundTo.CHANNEL, now)
    else:
        return _call_mediator(tx, order, now)
    return None


def _look_again(db: Database, order_id: str, now: datetime, settings: Settings) -> None:
    retry_at = now + timedelta(seconds=settings.close_retry_s)
    with db.transaction() as tx:
        order = locks.order_for_update(tx, order_id)
        if order.is_overdue(now):
            keep(tx, order, order.put_off(retry_at))


def _call_mediator(tx: Tx, order: Order, now: datetime) -> str:
    waiting = replace(order, deadline_at=None, remind_at=None)
    keep(tx, order, waiting)
    dispute_id = begin_dispute(
        tx,
        waiting,
        Party.SYSTEM,
        SYSTEM,
        DisputeAbout.NOT_RECEIVED,
        WORD_OVERDUE,
        None,
        [],
        now,
    )
    return freeze_saga_id(dispute_id)


def _remind(tx: Tx, order: Order, now: datetime) -> None:
    limit = limit_of(order)
    if order.remind_at is None or order.remind_at > now:
        return
    keep(tx, order, replace(order, remind_at=None))
    if limit is None or order.deadline_at is None or order.trouble is not Trouble.NONE:
        return
    quiet = replace(order, remind_at=None)
    after = record(tx, [Change(quiet, quiet.noted(), Step.REMINDED, SYSTEM)], now)[0]
    outbox.emit(
        tx,
        told(OrderReminder, after, to=limit.by, act=limit.act, deadline_at=order.deadline_at),
    )
