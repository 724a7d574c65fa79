"""Give unpaid orders up: closing → the pay channel agrees → cancelled, or paid after all.

The state `closing` is the saga's memory. Whatever dies in between, the sweep asks again; settlement
answers a second asking like the first.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from services.contracts.orders import OrderState, Step
from services.contracts.settlement import ClosePayment, PaymentState, PaymentView
from services.kernel import failpoints, outbox
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError
from services.kernel.rpc_client import Services
from services.orders import appointments, locks, queries
from services.orders.domain.doer import SYSTEM, Doer
from services.orders.domain.order import Order
from services.orders.domain.wording import REASON_UNPAID
from services.orders.events import cancelled
from services.orders.settings import Settings
from services.orders.store import Change, keep, record
from services.orders.use_cases.amendments.supplements import supplement_gone
from services.orders.use_cases.receive_payment import mark_paid

log = logging.getLogger(__name__)


def expire_unpaid(db: Database, services: Services, now: datetime, settings: Settings) -> None:
    """Give up what was not paid in time, and ask again where a channel has not agreed yet.

    Stops at the first that does not answer: the next sweep begins with the others.
    """
    for payment_id in queries.payments_due(
        db, OrderState.AWAITING_PAYMENT, now, settings.sweep_batch
    ):
        _expire(db, payment_id, now)
        failpoints.hit("orders.expire.after_closing")
    for payment_id in queries.payments_due(db, OrderState.CLOSING, now, settings.sweep_batch):
        household_id = _take_up(db, payment_id, now, settings)
        if household_id and not try_to_close(db, services, payment_id, household_id, now, settings):
            break


def begin_closing(
    tx: Tx, orders: Sequence[Order], doer: Doer, reason: str, now: datetime, retry_at: datetime
) -> None:
    """Give up all orders of a payment; from `retry_at` the sweep asks the channel."""
    changes = [
        Change(order, order.close(doer.party, reason, retry_at), Step.CLOSING, doer, reason)
        for order in orders
    ]
    record(tx, changes, now)


def try_to_close(
    db: Database,
    services: Services,
    payment_id: str,
    household_id: str,
    now: datetime,
    settings: Settings,
) -> bool:
    """Ask settlement to take no more money, and act on its answer; False when there was none."""
    close = ClosePayment(
        request_id=f"close.{payment_id}", payment_id=payment_id, household_id=household_id
    )
    try:
        payment: PaymentView = services.settlement.close_payment(
            close, answer=PaymentView, deadline_ms=8000
        )
    except LinliError as error:
        log.warning("payment %s stays closing: %s", payment_id, error.message)
        return False
    failpoints.hit("orders.expire.after_close_payment")
    _finish(db, payment, now, settings)
    return True


def _expire(db: Database, payment_id: str, now: datetime) -> None:
    with db.transaction() as tx:
        orders = locks.payment_orders_for_update(tx, payment_id)
        waiting = [order for order in orders if order.state is OrderState.AWAITING_PAYMENT]
        if waiting:  # else it was paid or cancelled since the sweep looked
            begin_closing(tx, waiting, SYSTEM, REASON_UNPAID, now, retry_at=now)


def _take_up(db: Database, payment_id: str, now: datetime, settings: Settings) -> str | None:
    """Put the next try off before this one is made: a payment that always fails must not stand in
    front of the others. None when there is nothing left to close."""
    retry_at = now + timedelta(seconds=settings.close_retry_s)
    with db.transaction() as tx:
        closing = _closing(tx, payment_id)
        for order in closing:
            keep(tx, order, order.put_off(retry_at))
    return closing[0].household_id if closing else None


def _finish(db: Database, payment: PaymentView, now: datetime, settings: Settings) -> None:
    with db.transaction() as tx:
        closing = _closing(tx, payment.payment_id)
        if payment.state is PaymentState.PAID:
            mark_paid(tx, closing, payment.channel, payment.paid_at or now, now, settings)
        elif payment.state is PaymentState.CLOSED and closing:
            _cancel(tx, closing, now)


def _closing(tx: Tx, payment_id: str) -> list[Order]:
    orders = locks.payment_orders_for_update(tx, payment_id)
    return [order for order in orders if order.state is OrderState.CLOSING]


def _cancel(tx: Tx, orders: Sequence[Order], now: datetime) -> None:
    changes = [
        Change(order, order.close_finished(now), Step.CANCELLED, SYSTEM, order.cancel_reason)
        for order in orders
    ]
    for off in record(tx, changes, now):
        appointments.free(tx, off)
        outbox.emit(tx, cancelled(off, paid=False))
        if off.supplement_of:
            supplement_gone(tx, off, now)
