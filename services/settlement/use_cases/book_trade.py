"""Book what a channel has received, once, whoever told us: a notice, a query or a closing.

In time, it is held for the orders. Too late, or through a second channel order of the same
payment, nobody may keep it, and it goes back by itself.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.orders import RefundTo
from services.contracts.settlement import Channel, NoticeMismatch, PaymentState
from services.kernel.db import Tx
from services.kernel.ids import derived_id
from services.settlement import ledger, locks, queries
from services.settlement.domain import postings
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.channel import Trade
from services.settlement.domain.payments import PAYMENT_MOVES, ChannelOrderState, PaymentAct
from services.settlement.domain.postings import Source, Till
from services.settlement.tables import ChannelOrderRow, PaymentRow
from services.settlement.use_cases.begin_refund import RefundWish, insert_refund
from services.settlement.use_cases.hold_money import Arrived, hold

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


class Booking(StrEnum):
    """What became of the money."""

    HELD = "held"
    KNOWN = "known"
    """Booked before; nothing has changed."""
    PAID_LATE = "paid_late"
    PAID_TWICE = "paid_twice"
    TOO_LITTLE = "too_little"
    """Meant for a payment whose fund part has been given back meanwhile."""


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
    covered_fen = asked.fund_fen + asked.card_fen + asked.gift_fen
    if (asked.state, PaymentAct.RECEIVE) in PAYMENT_MOVES:
        if trade.amount_fen + covered_fen >= asked.payment_fen:
            _hold(tx, rows, trade, paid_at, now)
            return Booking.HELD
        booking = Booking.TOO_LITTLE
    elif asked.state == PaymentState.PAID:
        booking = Booking.PAID_TWICE
    else:
        booking = Booking.PAID_LATE
    _give_back(tx, asked, trade, booking, paid_at, now)
    return booking


def _compare(asked: Row[Any], trade: Trade) -> None:
    pairs = {
        "merchant": (asked.merchant_number, trade.merchant_number),
        "sub-merchant": (asked.sub_merchant, trade.sub_merchant),
        "app": (asked.app_id, trade.app_id),
        "amount": (asked.amount_fen, trade.amount_fen),
        "currency": ("CNY", trade.currency),
    }
    wrong = {name: f"{told}, not {ours}" for name, (ours, told) in pairs.items() if ours != told}
    if wrong:
        raise NoticeMismatch(f"other {', '.join(wrong)}", fields=wrong)


def _source(asked: Row[Any]) -> Source:
    held_there = Custodian.CHANNEL if asked.sub_merchant else Custodian.PROPERTY
    till = Till(Channel(asked.channel), asked.merchant_number, held_there)
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
    tx.execute(_MARK_BOTH_PAID, _mark(asked, trade, paid_at))
    source = _source(asked)
    hold(
        tx,
        Arrived(
            payment=asked,
            orders=[queries.allocation_of(row) for row in rows],
            amount_fen=asked.payment_fen,
            source=source,
            giver=source.till.clearing,
            channel_fen=trade.amount_fen,
            paid_at=paid_at,
        ),
        now,
    )


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
            postings.refund_begun(wish.way, source.till, source.till.unclaimed),
        ],
        now,
    )
