"""How a deal ends: done, off, or stopped where it stands; its supplements end with it.

Each function runs in the caller's transaction, with the order's row locked.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.contracts.orders import (
    OrderCompleted,
    OrderState,
    Party,
    RefundTo,
    Step,
    Trouble,
)
from services.kernel import outbox
from services.kernel.db import Tx
from services.orders import appointments, locks
from services.orders.domain.deadlines import resumed
from services.orders.domain.doer import SYSTEM, Doer
from services.orders.domain.moves import OPEN
from services.orders.domain.order import Order
from services.orders.events import cancelled, told
from services.orders.store import Change, keep, record

CLOSABLE = (OrderState.AWAITING_PAYMENT, OrderState.CLOSING)


def calm(
    tx: Tx, order: Order, now: datetime, limits: Mapping[str, int], *, anew: bool = False
) -> Order:
    """Nothing is open beside the course any more, and the state's time goes on.

    With what was left of it, so that nobody stalls by opening and letting be; `anew` where
    something else is agreed now. Not on the timeline: what was open has said there how it ended.
    """
    calmed = replace(order, trouble=Trouble.NONE, time_left_s=None)
    if calmed.state in OPEN:
        left_s = None if anew else order.time_left_s
        calmed = resumed(replace(calmed, time_left_s=left_s), now, limits)
    keep(tx, order, calmed)
    return calmed


def complete(tx: Tx, order: Order, after: Order, step: Step, doer: Doer, now: datetime) -> Order:
    """`after` is `order` completed: told to settlement, and its supplements complete with it."""
    done = record(tx, [Change(order, after, step, doer)], now)[0]
    outbox.emit(tx, told(OrderCompleted, done))
    for paid in _supplements(tx, order):
        _end_one(tx, paid, doer, now, given_back=False)
    return done


def cancel_paid(
    tx: Tx,
    order: Order,
    doer: Doer,
    reason: str,
    refund_to: RefundTo,
    now: datetime,
    step: Step = Step.CANCELLED,
) -> Order:
    """Off after it was paid: all that is left of its money goes back, and its pieces too."""
    off = _cancel_one(tx, order, doer, reason, refund_to, now, step)
    for paid in _supplements(tx, order):
        _cancel_one(tx, paid, SYSTEM, reason, refund_to, now, step)
    return off


def end_deal(
    tx: Tx, order: Order, doer: Doer, reason: str, now: datetime, given_back: Mapping[str, bool]
) -> Order:
    """Stop the deal where it stands, after its money was split or given back.

    Off, when nothing was handed over and nothing is left of all its money: the pieces are for sale
    again. Else done. `given_back` says of the order and each supplement whether all of its money
    has gone back.
    """
    quiet = replace(order, trouble=Trouble.NONE)
    keep(tx, order, quiet)
    supplements = _supplements(tx, quiet)
    whole = {one.order_id: given_back.get(one.order_id, False) for one in (quiet, *supplements)}
    is_open = quiet.state in OPEN
    if is_open and all(whole.values()) and not quiet.is_handed_over:
        off, *_ = [_call_off(tx, one, reason, now) for one in (quiet, *supplements)]
        return off
    ended = quiet
    if is_open:
        ended = _end_one(tx, quiet, doer, now, given_back=whole[quiet.order_id])
    for paid in supplements:
        _end_one(tx, paid, SYSTEM, now, given_back=whole[paid.order_id])
    return ended


def _call_off(tx: Tx, order: Order, reason: str, now: datetime) -> Order:
    to, step = RefundTo.CHANNEL, Step.CANCELLED
    return _cancel_one(tx, order, SYSTEM, reason, to, now, step, given_back=True)


def _supplements(tx: Tx, order: Order) -> list[Order]:
    """The paid ones that are still open; an unpaid one is given up by the amendment's saga."""
    if order.supplement_of or not order.revision:
        return []
    deal = locks.deal_for_update(tx, order.order_id)
    return [s for s in deal[1:] if s.state in OPEN and s.state not in CLOSABLE]


def _end_one(tx: Tx, order: Order, doer: Doer, now: datetime, *, given_back: bool) -> Order:
    quiet = replace(order, trouble=Trouble.NONE)
    keep(tx, order, quiet)
    done = record(tx, [Change(quiet, quiet.end(now), Step.COMPLETED, doer)], now)[0]
    if order.started_at is None:  # its hour is for others again
        appointments.free(tx, order)
    outbox.emit(tx, told(OrderCompleted, done, given_back=given_back))
    return done


def _cancel_one(
    tx: Tx,
    order: Order,
    doer: Doer,
    reason: str,
    refund_to: RefundTo,
    now: datetime,
    step: Step,
    *,
    given_back: bool = False,
) -> Order:
    # What was agreed or ruled cancels in the system's name: the table lets it do so anywhere.
    party = Party.SYSTEM if order.supplement_of else doer.party
    after = order.cancel(party, reason, refund_to, now)
    off = record(tx, [Change(order, after, step, doer, reason)], now)[0]
    appointments.free(tx, order)
    outbox.emit(tx, cancelled(off, paid=True, given_back=given_back))
    return off
