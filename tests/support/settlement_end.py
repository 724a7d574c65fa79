"""How a life of money has ended: nothing under way, and a digest of every row that matters."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from services.contracts.settlement import EscrowState, PaymentState, RefundState
from services.kernel.db import Database, Tx
from services.kernel.schema import OUTBOX
from services.settlement.audit.books import trial_balance
from services.settlement.domain import accounts
from services.settlement.domain.channel import TradeState
from services.settlement.domain.payments import LIVE
from services.settlement.tables import (
    AccountRow,
    ChannelOrderRow,
    EscrowRow,
    NoticeRow,
    PaymentRow,
    RefundRow,
    TransferRow,
)
from tests.support.settlement import Books

_ENDS = (
    (AccountRow, ("kind", "owner", "balance_fen")),
    (TransferRow, ("transfer_id", "kind", "reference", "at")),
    (PaymentRow, ("payment_id", "state", "amount_fen", "out_trade_no", "paid_at")),
    (ChannelOrderRow, ("out_trade_no", "state", "poll_count")),
    (EscrowRow, ("order_id", "state", "amount_fen", "resolved_at")),
    (RefundRow, ("refund_id", "state", "amount_fen", "try_count", "done_at")),
    (NoticeRow, ("subject", "outcome", "received_at")),
)
_UNDER_WAY = {
    "payments": (PaymentRow, (PaymentState.OPEN, PaymentState.CLOSING)),
    "channel orders": (ChannelOrderRow, LIVE),
    "refunds": (RefundRow, (RefundState.PENDING, RefundState.PROCESSING)),
}
_TOLD = {
    "payment.received": (PaymentRow, PaymentState.PAID),
    "escrow.released": (EscrowRow, EscrowState.RELEASED),
    "refund.completed": (RefundRow, RefundState.DONE),
}


@dataclass(frozen=True)
class Ending:
    """How a life ended: figures for people, and a digest of every row that matters."""

    trial_balance: dict[str, int]
    rows: dict[str, int]
    digest: str


def held_fen(books: Books) -> int:
    """What the ledger says of the money at the channel."""
    till = books.channel.till
    return -books.balance(accounts.clearing(till.channel, till.merchant_number))


def assert_nothing_under_way(books: Books) -> None:
    """Every state is final, here and at the channel, and each end was told once."""
    trades, refunds = books.channel.trades.values(), books.channel.refunds.values()
    came_in = sum(trade.amount_fen for trade in trades if trade.state is TradeState.PAID)
    assert held_fen(books) == came_in - sum(refund.amount_fen for refund in refunds)
    assert TradeState.UNPAID not in {trade.state for trade in trades}, "still to be paid"
    with books.db.reading() as tx:
        for what, (table, states) in _UNDER_WAY.items():
            assert _count(tx, table, *states) == 0, f"{what} are under way"
        for name, (table, state) in _TOLD.items():
            told = tx.scalar(select(func.count()).where(OUTBOX.c.name == name))
            assert told == _count(tx, table, state), f"{name} was told {told} times"


def ending(db: Database) -> Ending:
    """The same for the same rows."""
    digest, rows = hashlib.sha256(), {}
    with db.reading() as tx:
        for table, names in _ENDS:
            columns = [getattr(table, name) for name in names]
            found = tx.all(select(*columns).order_by(*columns))
            digest.update(repr([tuple(row) for row in found]).encode())
            rows[str(table.__tablename__)] = len(found)
        return Ending(trial_balance(tx), rows, digest.hexdigest())


def _count(tx: Tx, table: Any, *states: str) -> int:
    return int(tx.scalar(select(func.count()).select_from(table).where(table.state.in_(states))))
