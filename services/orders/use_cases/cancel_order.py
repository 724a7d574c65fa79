"""Call an order off, as somebody wishes or as the shelf demands."""

from datetime import datetime, timedelta

from services.contracts.catalog import StockShort
from services.contracts.orders import (
    CancelOrder,
    InTrouble,
    NotYourOrder,
    OrderState,
    OrderView,
    Party,
    RefundTo,
    Step,
    Trouble,
)
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.rpc_client import Services
from services.kernel.wire import Done
from services.orders import ending, locks, queries
from services.orders.domain.doer import SYSTEM
from services.orders.domain.moves import Act
from services.orders.domain.order import Order
from services.orders.domain.wording import REASON_STOCK_SHORT, WORD_STOCK_SHORT
from services.orders.events import trouble
from services.orders.settings import Settings
from services.orders.standing import doer_of, parties_of, party_for
from services.orders.store import Change, record
from services.orders.use_cases.amendments.over import withdraw_open
from services.orders.use_cases.close_payment import begin_closing, try_to_close
from services.orders.views import order_view


def cancel_order(
    db: Database,
    services: Services,
    command: CancelOrder,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> OrderView:
    """Before payment: the whole payment is given up, and the order may still show as closing when
    the pay channel is slow to agree. After it: cancelled, and the money is asked back.

    A repeat changes nothing more and shows the order as it stands.
    """
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Done, by=actor.account_id) as claim,
    ):
        orders = _orders_of_same_payment(tx, command.order_id)
        order = next(order for order in orders if order.order_id == command.order_id)
        parties_of(actor, order)
        if claim.answer is None:
            _cancel(tx, order, orders, command, actor, now, settings)
            claim.answer = Done()
    if order.state in (OrderState.AWAITING_PAYMENT, OrderState.CLOSING):
        try_to_close(db, services, order.payment_id, order.household_id, now, settings)
    return order_view(db, command.order_id, actor, now, settings)


def cancel_short_order(tx: Tx, event: StockShort, now: datetime) -> None:
    """Paid, but its pieces are sold: off, and the money goes back.

    A store that has handed it to a courier evidently had the pieces; that is noted and stands, and
    so it is while people are about it already: then the store is told. A change that was only
    proposed is withdrawn.
    """
    order = _unproposed(tx, locks.order_for_update(tx, event.aggregate_id), now)
    if order.allows(Act.CANCEL, Party.SYSTEM) and order.paid_at:
        ending.cancel_paid(
            tx, order, SYSTEM, REASON_STOCK_SHORT, RefundTo.CHANNEL, now, Step.STOCK_SHORT
        )
    else:
        noted = record(tx, [Change(order, order.noted(), Step.STOCK_SHORT, SYSTEM)], now)[0]
        if noted.trouble is not Trouble.NONE and not noted.is_handed_over:
            told = trouble(noted, [Party.MERCHANT], Step.STOCK_SHORT, WORD_STOCK_SHORT)
            outbox.emit(tx, told)


def _unproposed(tx: Tx, order: Order, now: datetime) -> Order:
    try:
        amending = order.trouble is Trouble.AMENDING
        return withdraw_open(tx, order, now, REASON_STOCK_SHORT) if amending else order
    except InTrouble:  # agreed to: the shelf will refuse it
        return order


def _orders_of_same_payment(tx: Tx, order_id: str) -> list[Order]:
    # Locked together in id order: locking the one first and then the others could deadlock with a
    # payment that comes in.
    found = queries.find_order(tx, order_id)
    if found is None:
        raise NotYourOrder
    return locks.payment_orders_for_update(tx, found.payment_id)


def _cancel(
    tx: Tx,
    order: Order,
    orders: list[Order],
    command: CancelOrder,
    actor: Actor,
    now: datetime,
    settings: Settings,
) -> None:
    if order.state is OrderState.AWAITING_PAYMENT:
        party = party_for(actor, order, Act.CLOSE)
        doer = doer_of(actor, party, command.client)
        retry_at = now + timedelta(seconds=settings.close_retry_s)
        begin_closing(tx, orders, doer, command.reason, now, retry_at)
        return
    party = party_for(actor, order, Act.CANCEL, Act.CANCEL_LATE)
    # Where a household's money goes is not for the store to choose.
    refund_to = RefundTo.CHANNEL if party is Party.MERCHANT else command.refund_to
    doer = doer_of(actor, party, command.client)
    ending.cancel_paid(tx, order, doer, command.reason, refund_to, now)
