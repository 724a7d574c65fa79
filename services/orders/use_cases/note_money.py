"""What settlement tells in the end: the merchant is paid, or the household has its money back."""

from datetime import datetime

from services.contracts.orders import RefundTo, Step
from services.contracts.settlement import EscrowReleased, RefundCompleted
from services.kernel.db import Tx
from services.orders import locks
from services.orders.domain.doer import SYSTEM
from services.orders.domain.wording import NOTE_CARD_KEPT, REFUNDED_TO, refund_note
from services.orders.store import Change, record


def note_settlement(tx: Tx, event: EscrowReleased, now: datetime) -> None:
    """The merchant has the order's money, or it is on the card that the order sold."""
    order = locks.order_for_update(tx, event.aggregate_id)
    step, note = (Step.CARD_KEPT, NOTE_CARD_KEPT) if order.sells_card else (Step.SETTLED, "")
    record(tx, [Change(order, order.settle(now), step, SYSTEM, note)], now)


def note_refund(tx: Tx, event: RefundCompleted, now: datetime) -> None:
    """The household has the order's money or a part of it back, or what it paid late or twice."""
    if event.order_id:
        order = locks.order_for_update(tx, event.order_id)
        note = refund_note(RefundTo(event.to), event.amount_fen, order.amount_fen)
        after = order.refund(event.amount_fen, now)
        record(tx, [Change(order, after, Step.REFUNDED, SYSTEM, note)], now)
        return
    note = REFUNDED_TO[RefundTo(event.to)]
    orders = locks.payment_orders_for_update(tx, event.payment_id)
    record(tx, [Change(o, o.noted(), Step.EXCESS_REFUNDED, SYSTEM, note) for o in orders], now)
