"""Hand an order to a courier: the courier is noted → delivery makes the drop → out for delivery.

An order has one drop for ever, named after it, so asking delivery again is harmless. When the
process dies in between, the sweep goes on with the courier that was noted.
"""

import logging
from datetime import datetime, timedelta

from services.contracts.delivery import AssignDrop, AssignedView
from services.contracts.orders import DispatchOrder, OrderDispatched, OrderView, Party, Step
from services.kernel import failpoints, outbox
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import LinliError, Refused
from services.kernel.ids import derived_id
from services.kernel.rpc_client import Services
from services.orders import locks, queries
from services.orders.domain.deadlines import timed
from services.orders.domain.doer import Doer
from services.orders.domain.moves import Act
from services.orders.domain.order import Order
from services.orders.events import told
from services.orders.settings import Settings
from services.orders.standing import doer_of, parties_of, party_for
from services.orders.store import Change, keep, record
from services.orders.views import order_view

log = logging.getLogger(__name__)
CUT_OFF_AFTER = timedelta(seconds=30)
"""Longer than all deadlines of a dispatch: one that took longer has died."""


def dispatch_order(
    db: Database,
    services: Services,
    command: DispatchOrder,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> OrderView:
    """With the courier; the courier who has it already may be named again, another one may not.

    Errors: HandingOver while another courier is being asked, delivery's own for a wrong courier.
    """
    order = _ask(db, command, actor, now)
    if order.asked_courier_id:
        doer = doer_of(actor, Party.MERCHANT, command.client)
        _hand_over(db, services, order, doer, now, settings)
    return order_view(db, command.order_id, actor, now, settings)


def finish_handovers(db: Database, services: Services, now: datetime, settings: Settings) -> None:
    """Go on with what was cut off between asking delivery and saying so here."""
    asked_before = now - CUT_OFF_AFTER
    for order_id in queries.handovers_cut_off(db, asked_before, settings.sweep_batch):
        with db.reading() as tx:
            order = queries.find_order(tx, order_id)
        if order is None or order.asked_courier_id is None:
            continue
        try:
            doer = Doer(Party.MERCHANT, name=order.handled_by)
            _hand_over(db, services, order, doer, now, settings)
        except LinliError as error:
            log.warning("hand-over of order %s is still open: %s", order_id, error.message)


def _ask(db: Database, command: DispatchOrder, actor: Actor, now: datetime) -> Order:
    with db.transaction() as tx:
        order = locks.order_for_update(tx, command.order_id)
        parties = parties_of(actor, order)
        done = order.dispatched_at is not None and order.courier_id == command.courier_id
        if done and Party.MERCHANT in parties:
            return order
        party_for(actor, order, Act.DISPATCH)
        asking = order.ask(command.courier_id, now)
        keep(tx, order, asking)
        return asking


def _hand_over(
    db: Database, services: Services, order: Order, doer: Doer, now: datetime, settings: Settings
) -> None:
    courier_id = order.asked_courier_id or ""
    try:
        assigned: AssignedView = services.delivery.assign_drop(
            _drop_of(order, courier_id), answer=AssignedView, deadline_ms=2500
        )
    except Refused:
        _forget(db, order.order_id, courier_id)
        raise
    failpoints.hit("orders.dispatch.after_assign")
    with db.transaction() as tx:
        current = locks.order_for_update(tx, order.order_id)
        if current.dispatched_at and current.courier_id == courier_id:
            return  # a rival with the same wish was faster
        after = current.dispatch(courier_id, assigned.courier_name, now)
        after = timed(after, now, settings.limits)
        change = Change(current, after, Step.DISPATCHED, doer, assigned.courier_name)
        after = record(tx, [change], now)[0]
        outbox.emit(tx, told(OrderDispatched, after, courier_name=assigned.courier_name))


def _forget(db: Database, order_id: str, courier_id: str) -> None:
    with db.transaction() as tx:
        order = locks.order_for_update(tx, order_id)
        if order.asked_courier_id == courier_id:
            keep(tx, order, order.ask_refused())


def _drop_of(order: Order, courier_id: str) -> AssignDrop:
    return AssignDrop(
        request_id=f"drop.{order.order_id}",
        drop_id=derived_id("drop", order.order_id),
        order_id=order.order_id,
        order_number=order.number,
        courier_id=courier_id,
        store_id=order.store_id,
        store_name=order.store_name,
        household_id=order.household_id,
        home_id=order.home_id,
        community_id=order.community_id,
        address=order.address,
        summary=order.summary,
        remark=order.remark,
    )
