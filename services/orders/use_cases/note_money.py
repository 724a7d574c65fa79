"""What settlement tells in the end: the merchant is paid, or the household has its money back."""

from datetime import datetime

from services.contracts.orders import RefundTo, Step
from services.contracts.settlement import EscrowReleased, RefundCompleted
from services.kernel.db import Tx
from services.orders import locks
from services.orders.domain.order import SYSTEM
from services.orders.domain.wording import REFUNDED_TO
from services.orders.store import Change, record


def note_settlement(tx: Tx, event: EscrowReleased, now: datetime) -> None:
    """The merchant has the order's money."""
    order = locks.order_for_update(tx, event.aggregate_id)
    record(tx, [Change(order, order.settle(now), Step.SETTLED, SYSTEM)], now)


def note_refund(tx: Tx, event: RefundCompleted, now: datetime) -> None:
    """The household has the order's money, or what it paid too late or twice, back."""
    note = REFUNDED_TO[RefundTo(event.to)]
    if event.order_id:
        order = locks.order_for_update(tx, event.order_id)
        record(tx, [Change(order, order.refund(now), Step.REFUNDED, SYSTEM, note)], now)
        return
    orders = locks.payment_orders_for_update(tx, event.payment_id)
    record(tx, [Change(o, o.noted(), Step.EXCESS_REFUNDED, SYSTEM, note) for o in orders], now)
