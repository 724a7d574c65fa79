"""Book what a channel has received, once, whoever told us: a notice, a query or a closing.

In time, it is held for the orders. Too late, or through a second channel order of the same
payment, nobody may keep it, and it goes back by itself.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, insert, update

from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    Allocation,
    Channel,
    EscrowState,
    NoticeMismatch,
    PaymentReceived,
    PaymentState,
)
from services.kernel import outbox
from services.kernel.db import Tx
from services.kernel.ids import derived_id
from services.settlement import ledger, locks
from services.settlement.domain import postings
from services.settlement.domain.channel import Trade
from services.settlement.domain.payments import PAYMENT_MOVES, ChannelOrderState, PaymentAct
from services.settlement.domain.postings import Source, Till
from services.settlement.tables import ChannelOrderRow, EscrowRow, PaymentRow
from services.settlement.use_cases.begin_refund import RefundWish, insert_refund

_MARK_PAID = (
    update(ChannelOrderRow)
    .where(
        ChannelOrderRow.channel == bindparam("at_channel"),
        ChannelOrderRow.out_trade_no == bindparam("number"),
    )
    .values(
        state=ChannelOrderState.PAID,
        transaction_id=bindparam("transaction"),
        paid_at=bindparam("at"),
        next_poll_at=None,
    )
)
_MARK_BOTH_PAID = (
    update(PaymentRow)
    .where(
        PaymentRow.payment_id == ChannelOrderRow.payment_id,
        ChannelOrderRow.channel == bindparam("at_channel"),
        ChannelOrderRow.out_trade_no == bindparam("number"),
    )
    .values(
        {
            PaymentRow.state: PaymentState.PAID,
            PaymentRow.channel: ChannelOrderRow.channel,
            PaymentRow.out_trade_no: ChannelOrderRow.out_trade_no,
            PaymentRow.paid_at: bindparam("at"),
            ChannelOrderRow.state: ChannelOrderState.PAID,
            ChannelOrderRow.transaction_id: bindparam("transaction"),
            ChannelOrderRow.paid_at: bindparam("at"),
            ChannelOrderRow.next_poll_at: None,
        }
    )
)
_INSERT_ESCROW = insert(EscrowRow)


class Booking(StrEnum):
    """What became of the money."""

    HELD = "held"
    KNOWN = "known"
    """Booked before; nothing has changed."""
    PAID_LATE = "paid_late"
    PAID_TWICE = "paid_twice"


def book_trade(tx: Tx, channel: Channel, trade: Trade, now: datetime) -> Booking:
    """Book a paid trade; NoticeMismatch when it is not what was asked for."""
    rows = locks.channel_order_for_update(tx, channel, trade.out_trade_no)
    if not rows:
        raise NoticeMismatch("there is no such channel order")
    asked = rows[0]
    _compare(asked, trade)
    if asked.channel_order_state == ChannelOrderState.PAID:
        return Booking.KNOWN
    paid_at = trade.paid_at or now
    if (asked.state, PaymentAct.RECEIVE) in PAYMENT_MOVES:
        _hold(tx, rows, trade, paid_at, now)
        return Booking.HELD
    twice = asked.state == PaymentState.PAID
    booking = Booking.PAID_TWICE if twice else Booking.PAID_LATE
    _give_back(tx, asked, trade, booking, paid_at, now)
    return booking


def _compare(asked: Row[Any], trade: Trade) -> None:
    pairs = {
        "merchant": (asked.merchant_number, trade.merchant_number),
        "app": (asked.app_id, trade.app_id),
        "amount": (asked.amount_fen, trade.amount_fen),
        "currency": ("CNY", trade.currency),
    }
    wrong = {name: f"{told}, not {ours}" for name, (ours, told) in pairs.items() if ours != told}
    if wrong:
        raise NoticeMismatch(f"other {', '.join(wrong)}", fields=wrong)


def _source(asked: Row[Any]) -> Source:
    till = Till(Channel(asked.channel), asked.merchant_number)
    return Source(till, asked.out_trade_no, asked.payment_id)


def _mark(asked: Row[Any], trade: Trade, paid_at: datetime) -> dict[str, object]:
    return {
        "at_channel": asked.channel,
        "number": asked.out_trade_no,
        "transaction": trade.transaction_id,
        "at": paid_at,
    }


def _hold(tx: Tx, rows: Sequence[Row[Any]], trade: Trade, paid_at: datetime, now: datetime) -> None:
    asked = rows[0]
    parts = [
        Allocation(order_id=row.order_id, merchant_id=row.merchant_id, amount_fen=row.allocated_fen)
        for row in rows
    ]
    tx.execute(_MARK_BOTH_PAID, _mark(asked, trade, paid_at))
    tx.execute(_INSERT_ESCROW, [_escrow_row(asked, part, now) for part in parts])
    ledger.post(tx, postings.receipts(_source(asked), parts), now)
    outbox.emit(
        tx,
        PaymentReceived(
            aggregate_id=asked.payment_id,
            version=1,
            household_id=asked.household_id,
            channel=Channel(asked.channel),
            amount_fen=trade.amount_fen,
            allocations=parts,
            paid_at=paid_at,
        ),
    )


def _escrow_row(asked: Row[Any], part: Allocation, now: datetime) -> dict[str, object]:
    return {
        "order_id": part.order_id,
        "payment_id": asked.payment_id,
        "merchant_id": part.merchant_id,
        "household_id": asked.household_id,
        "amount_fen": part.amount_fen,
        "state": EscrowState.HELD,
        "held_at": now,
    }


def _give_back(
    tx: Tx, asked: Row[Any], trade: Trade, booking: Booking, paid_at: datetime, now: datetime
) -> None:
    source = _source(asked)
    wish = RefundWish(
        refund_id=derived_id("refund", source.till.channel, source.out_trade_no),
        source=source,
        order_id=None,
        household_id=asked.household_id,
        payer_account_id=asked.payer_account_id,
        amount_fen=trade.amount_fen,
        total_fen=trade.amount_fen,
        to=RefundTo.CHANNEL,
        reason=booking,
    )
    tx.execute(_MARK_PAID, _mark(asked, trade, paid_at))
    insert_refund(tx, wish, now)
    ledger.post(
        tx,
        [
            postings.unclaimed_receipt(source, trade.amount_fen, booking),
            postings.refund_begun(wish.way, source.till),
        ],
        now,
    )
