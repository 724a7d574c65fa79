"""What delivery tells: a courier came in, went out, was at the door."""

from datetime import datetime, timedelta

from services.contracts.delivery import DropDelivered, VisitEntered, VisitEvent, VisitLeft
from services.contracts.orders import OrderDelivered, Party, Step
from services.kernel import outbox
from services.kernel.db import Tx
from services.orders import locks
from services.orders.domain.deadlines import with_deadline
from services.orders.domain.doer import Doer
from services.orders.domain.moves import Act
from services.orders.domain.order import Order
from services.orders.events import told
from services.orders.queries_cases import orders_of_cases
from services.orders.settings import Settings
from services.orders.store import Change, record
from services.orders.use_cases.cases.replace_goods import note_replacement_delivered


def note_entry(tx: Tx, event: VisitEntered) -> None:
    """The courier is inside with these orders."""
    _note_visit(tx, event, Step.ENTERED)


def note_leaving(tx: Tx, event: VisitLeft) -> None:
    """The courier is out again."""
    _note_visit(tx, event, Step.LEFT)


def deliver_order(tx: Tx, event: DropDelivered, settings: Settings) -> None:
    """At the door. An order that is over by then keeps its state and notes the courier's word; what
    was brought in the place of something else belongs to its case."""
    if note_replacement_delivered(tx, event, settings):
        return
    order = locks.order_for_update(tx, event.order_id)
    completes_at = event.at + timedelta(seconds=settings.auto_complete_after_s)
    after = _delivered(order, event, completes_at)
    if after.state is not order.state:
        after = with_deadline(after, completes_at, event.at)
    doer = Doer(Party.COURIER, name=event.courier_name)
    kept = record(tx, [Change(order, after, Step.DELIVERED, doer)], event.at)[0]
    if kept.state is not order.state:
        outbox.emit(tx, told(OrderDelivered, kept, completes_at=completes_at))


def _delivered(order: Order, event: DropDelivered, completes_at: datetime) -> Order:
    facts = (event.courier_id, event.courier_name, event.photo, event.at)
    if order.allows(Act.DELIVER, Party.COURIER):
        return order.deliver(*facts, completes_at)
    return order.found_delivered(*facts)


def _note_visit(tx: Tx, event: VisitEvent, step: Step) -> None:
    if not event.order_ids:
        return
    doer = Doer(Party.COURIER, name=event.courier_name)
    cases = orders_of_cases(tx, event.order_ids)
    brought_for = {cases.get(brought, brought) for brought in event.order_ids}
    orders = locks.orders_for_update(tx, sorted(brought_for))
    record(tx, [Change(order, order.noted(), step, doer, event.gate) for order in orders], event.at)
