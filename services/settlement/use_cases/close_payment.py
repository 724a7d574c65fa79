"""Take no more money for a payment: a saga of three steps that may be repeated from any of them.

1. CLOSING is committed: no new channel order is made from here on.
2. Each live channel order is closed at its channel; one that turns out to be paid is booked.
3. CLOSED is committed, unless the money came first: then the payment is PAID.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, update
from sqlalchemy.exc import IntegrityError

from services.contracts.settlement import (
    Channel,
    ClosePayment,
    NoSuchPayment,
    PaymentState,
    PaymentView,
)
from services.kernel import failpoints
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.errors import InvariantBroken, LinliError
from services.settlement import locks, queries
from services.settlement.domain.channel import PayChannel
from services.settlement.domain.payments import (
    LIVE,
    PAYMENT_MOVES,
    ChannelOrderState,
    PaymentAct,
    Purpose,
    payment_sources,
)
from services.settlement.tables import ChannelOrderRow, PaymentRow
from services.settlement.use_cases import cover_payment, receive_fee
from services.settlement.use_cases.ask_channel import ask_channel

log = logging.getLogger(__name__)
CLOSE_BATCH = 50

_TOMBSTONE = insert(PaymentRow)
_MOVE = (
    update(PaymentRow)
    .where(PaymentRow.payment_id == bindparam("payment"))
    .values(state=bindparam("to_state"), closed_at=bindparam("at"))
)
_CLOSE = _MOVE.where(PaymentRow.state.in_(payment_sources(PaymentAct.CLOSE)))
_CLOSE_CHANNEL_ORDERS = (
    update(ChannelOrderRow)
    .where(ChannelOrderRow.payment_id == bindparam("payment"), ChannelOrderRow.state.in_(LIVE))
    .values(state=ChannelOrderState.CLOSED, next_poll_at=None)
)


def close_payment(
    db: Database, channels: Mapping[Channel, PayChannel], command: ClosePayment, now: datetime
) -> PaymentView:
    """The payment, CLOSED, or PAID when the money came first. Unavailable: ask again."""
    over, live = _begin(db, command, now)
    if over is not None:
        return over
    for row in live:
        ask_channel(db, channels[Channel(row.channel)], row, now, close=True)
    failpoints.hit("settlement.close.after_channel")
    return _finish(db, command.payment_id, now)


def close_stragglers(
    db: Database, channels: Mapping[Channel, PayChannel], past: datetime, now: datetime
) -> int:
    """Close payments whose time was over at `past` and that nobody has closed; how many."""
    with db.reading() as tx:
        late = queries.payments_to_close(tx, past, CLOSE_BATCH)
    for row in late:
        command = ClosePayment(
            request_id=f"straggler-{row.payment_id}",
            payment_id=row.payment_id,
            household_id=row.household_id,
        )
        try:
            close_payment(db, channels, command, now)
        except LinliError as error:
            log.warning("payment %s does not close: %s", row.payment_id, error.message)
    return len(late)


def _begin(
    db: Database, command: ClosePayment, now: datetime
) -> tuple[PaymentView | None, list[Row[Any]]]:
    """Commit CLOSING; the payment if it is over already, or the channel orders to be closed."""
    with db.transaction() as tx:
        payment = locks.payment_for_update(tx, command.payment_id)
        if payment is None:
            _bury(tx, command, now)
            payment = locks.payment_for_update(tx, command.payment_id)
        if payment is None or payment.household_id != command.household_id:
            raise NoSuchPayment()
        following = PAYMENT_MOVES.get((PaymentState(payment.state), PaymentAct.BEGIN_CLOSING))
        if following is None:
            parts = queries.allocations(tx, payment.payment_id)
            return queries.payment_view(payment, parts), []
        tx.execute(_MOVE, {"payment": payment.payment_id, "to_state": following, "at": None})
        return None, queries.live_channel_orders(tx, payment.payment_id)


def _bury(tx: Tx, command: ClosePayment, now: datetime) -> None:
    """Close a payment that was never opened; a rival who opens it this moment comes first."""
    row = {
        "payment_id": command.payment_id,
        "household_id": command.household_id,
        "subject": "",
        "amount_fen": 0,
        "state": PaymentState.CLOSED,
        "pay_before": now,
        "opened_at": now,
        "closed_at": now,
    }
    try:
        tx.execute(_TOMBSTONE, row)
    except IntegrityError as error:
        if not is_duplicate(error):
            raise


def _finish(db: Database, payment_id: str, now: datetime) -> PaymentView:
    with db.transaction() as tx:
        tx.execute(_CLOSE_CHANNEL_ORDERS, {"payment": payment_id})
        row = locks.payment_for_update(tx, payment_id)
        if row is None:
            raise InvariantBroken(f"payment {payment_id} has gone")
        closed = {"payment": payment_id, "to_state": PaymentState.CLOSED, "at": now}
        if tx.execute(_CLOSE, closed).rowcount:
            cover_payment.give_back(tx, row, now)
            if row.purpose == Purpose.FEE:
                receive_fee.dropped(tx, payment_id, now)
        row = queries.payment_row(tx, payment_id) or row
        return queries.payment_view(row, queries.allocations(tx, payment_id))
