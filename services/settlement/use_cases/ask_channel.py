"""Ask a channel what became of a channel order: the safety net under the notices."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, or_, update

from services.contracts.settlement import Channel, PaymentState
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError
from services.settlement import queries
from services.settlement.domain.channel import PayChannel, Trade, TradeState
from services.settlement.domain.payments import (
    LIVE,
    MADE_BY_THE_PAYER,
    ChannelOrderState,
    next_poll_at,
)
from services.settlement.tables import ChannelOrderRow
from services.settlement.use_cases.book_trade import book_trade

log = logging.getLogger(__name__)
POLL_BATCH = 50
UNKNOWN_AFTER = timedelta(minutes=1)
"""A number the channel does not know so long after we meant to use it was never used."""

_CLOSE = (
    update(ChannelOrderRow)
    .where(
        ChannelOrderRow.channel == bindparam("at_channel"),
        ChannelOrderRow.out_trade_no == bindparam("number"),
        ChannelOrderRow.state.in_(LIVE),
    )
    .values(state=ChannelOrderState.CLOSED, next_poll_at=None)
)
_FORGET = _CLOSE.where(
    ChannelOrderRow.asked_at < bindparam("asked_before"),
    or_(
        ChannelOrderRow.way.not_in(MADE_BY_THE_PAYER),
        ChannelOrderRow.pay_before < bindparam("now"),
    ),
)
_DUE_NOW = (
    update(ChannelOrderRow)
    .where(
        ChannelOrderRow.payment_id == bindparam("payment"),
        ChannelOrderRow.next_poll_at.is_not(None),
    )
    .values(next_poll_at=bindparam("at"))
)
_POSTPONE = (
    update(ChannelOrderRow)
    .where(
        ChannelOrderRow.channel == bindparam("at_channel"),
        ChannelOrderRow.out_trade_no == bindparam("number"),
        ChannelOrderRow.state.in_(LIVE),
    )
    .values(poll_count=bindparam("polled"), next_poll_at=bindparam("next_at"))
)


def poll_payments(db: Database, channels: Mapping[Channel, PayChannel], now: datetime) -> int:
    """Ask about channel orders from which nothing has been heard; how many were asked about.

    Those whose payment is over are closed at the channel, so that nobody pays twice.
    """
    with db.reading() as tx:
        due = queries.channel_orders_due(tx, now, POLL_BATCH)
    for row in due:
        channel = channels[Channel(row.channel)]
        over = row.payment_state in (PaymentState.PAID, PaymentState.CLOSED)
        _postpone(db, channel, row.out_trade_no, row.poll_count + 1, now)
        try:
            ask_channel(db, channel, row, now, close=over)
        except LinliError as error:
            log.warning("channel order %s: %s", row.out_trade_no, error.message)
    return len(due)


def ask_soon(tx: Tx, payment_id: str, now: datetime) -> None:
    """The payment is over: the next poll closes what is still open for it at its channels."""
    tx.execute(_DUE_NOW, {"payment": payment_id, "at": now})


def ask_channel(
    db: Database, channel: PayChannel, row: Row[Any], now: datetime, *, close: bool = False
) -> Trade:
    """Ask about (or close) a channel order and keep what the channel says, money included."""
    trade_ref = queries.trade_ref(row)
    trade = channel.close(trade_ref) if close else channel.query(trade_ref)
    if trade.state is not TradeState.UNPAID:
        with db.transaction() as tx:
            _keep(tx, channel, trade, now)
    return trade


def _keep(tx: Tx, channel: PayChannel, trade: Trade, now: datetime) -> None:
    key = {"at_channel": channel.till.channel, "number": trade.out_trade_no}
    if trade.state is TradeState.PAID:
        book_trade(tx, channel.till.channel, trade, now)
    elif trade.state is TradeState.CLOSED:
        tx.execute(_CLOSE, key)
    elif trade.state is TradeState.UNKNOWN:
        tx.execute(_FORGET, {**key, "asked_before": now - UNKNOWN_AFTER, "now": now})


def _postpone(
    db: Database, channel: PayChannel, out_trade_no: str, poll_count: int, now: datetime
) -> None:
    with db.transaction() as tx:
        tx.execute(
            _POSTPONE,
            {
                "at_channel": channel.till.channel,
                "number": out_trade_no,
                "polled": poll_count,
                "next_at": next_poll_at(poll_count, now),
            },
        )
