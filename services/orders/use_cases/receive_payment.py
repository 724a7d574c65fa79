"""The money for orders is here."""

from collections.abc import Sequence
from datetime import datetime

from services.contracts.orders import (
    OrderCompleted,
    OrderEvent,
    OrderPaid,
    OrderState,
    Step,
)
from services.contracts.settlement import Channel, PaymentReceived
from services.kernel import outbox
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken
from services.orders import locks
from services.orders.domain.deadlines import timed
from services.orders.domain.doer import SYSTEM
from services.orders.domain.order import Order
from services.orders.domain.wording import (
    NOTE_CARD_SOLD,
    NOTE_PAID_BY,
    NOTE_PAID_LATE,
    NOTE_PAID_WHILE_CLOSING,
)
from services.orders.events import cancelled, told
from services.orders.settings import Settings
from services.orders.store import Change, record
from services.orders.use_cases.amendments.supplements import supplement_paid


def receive_payment(tx: Tx, event: PaymentReceived, now: datetime, settings: Settings) -> None:
    """Every order of the payment is paid; InvariantBroken when the money is for anything else."""
    orders = locks.payment_orders_for_update(tx, event.aggregate_id)
    believed = {order.order_id: order.amount_fen for order in orders}
    told_to_us = {part.order_id: part.amount_fen for part in event.allocations}
    if not believed or believed != told_to_us:
        raise InvariantBroken(f"payment {event.aggregate_id} is for {told_to_us}, not {believed}")
    mark_paid(tx, orders, event.channel, event.paid_at, now, settings)


def mark_paid(
    tx: Tx,
    orders: Sequence[Order],
    channel: Channel | None,
    paid_at: datetime,
    now: datetime,
    settings: Settings,
) -> None:
    """Waiting orders go to their stores; cancelled ones ask for the money to go back; cards are
    sold; what a difference was paid for goes on.

    Closing a payment and its own event may both tell of the same money: the second is left alone.
    """
    changes = [_paid(order, channel, paid_at) for order in orders if order.paid_at is None]
    if not changes:
        return
    timely = [c._replace(after=timed(c.after, now, settings.limits)) for c in changes]
    paid = record(tx, timely, now)
    outbox.emit(tx, *map(_event, paid))
    waiting = [order for order in paid if order.state is OrderState.AWAITING_CONFIRMATION]
    _complete_cards(tx, [order for order in waiting if order.sells_card], now)
    for order in waiting:
        if order.supplement_of:
            supplement_paid(tx, order, now)


def _complete_cards(tx: Tx, cards: Sequence[Order], now: datetime) -> None:
    """A prepaid card is there at once: nobody confirms, packs or brings it."""
    changes = [
        Change(card, card.complete(SYSTEM.party, now), Step.CARD_SOLD, SYSTEM, NOTE_CARD_SOLD)
        for card in cards
    ]
    if changes:
        done = record(tx, changes, now)
        outbox.emit(tx, *(told(OrderCompleted, card) for card in done))


def _paid(order: Order, channel: Channel | None, paid_at: datetime) -> Change:
    after = order.pay(paid_at, channel or "")
    step = Step.PAY_ON_DELIVERY if channel is Channel.DELIVERY else Step.PAID
    if after.state is OrderState.CANCELLED:
        step = Step.PAID_LATE
    notes = {
        OrderState.CANCELLED: NOTE_PAID_LATE,
        OrderState.CLOSING: NOTE_PAID_WHILE_CLOSING,
    }
    note = notes.get(order.state) or (NOTE_PAID_BY.get(channel, "") if channel else "")
    return Change(order, after, step, SYSTEM, note)


def _event(order: Order) -> OrderEvent:
    if order.state is OrderState.CANCELLED:
        return cancelled(order, paid=True)
    return told(OrderPaid, order)
