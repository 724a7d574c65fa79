"""A person says that a day is right: the channel's fees of it are booked, and nothing touches it
any more.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, case, func, select, update

from services.contracts.reconciliation import (
    CloseDay,
    DayOver,
    DayState,
    DifferenceAction,
    DifferenceKind,
    NoSuchDay,
    ReconciliationDay,
)
from services.contracts.settlement import Channel
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.settlement import ledger, locks
from services.settlement.domain.days import bounds
from services.settlement.domain.postings import Till
from services.settlement.reconciliation import bookings
from services.settlement.reconciliation_queries import seen_day
from services.settlement.tables import ChannelOrderRow
from services.settlement.tables_reconciliation import (
    BillLineRow,
    DifferenceRow,
    ReconciliationDayRow,
)

_order_of_line = (ChannelOrderRow.channel == bindparam("at_channel")) & (
    ChannelOrderRow.out_trade_no == BillLineRow.out_trade_no
)
_OWN = func.coalesce(ChannelOrderRow.sub_merchant, "") == ""
"""A shop that receives itself pays its fees itself."""
_FEES = (
    select(func.coalesce(func.sum(BillLineRow.fee_fen), 0))
    .outerjoin(ChannelOrderRow, _order_of_line)
    .where(BillLineRow.day_id == bindparam("this_day"), _OWN)
)
_NOT_TODAY = case(
    (DifferenceRow.resolved == DifferenceAction.BOOK_FEE, DifferenceRow.their_fen),
    else_=DifferenceRow.their_fen - DifferenceRow.our_fen,
)
"""Booked by itself when it was mended; or the excess, which the channel still owes us."""
_FEES_APART = (
    select(func.coalesce(func.sum(_NOT_TODAY), 0))
    .join(
        BillLineRow,
        (BillLineRow.day_id == DifferenceRow.day_id)
        & (BillLineRow.reference == DifferenceRow.reference),
    )
    .outerjoin(ChannelOrderRow, _order_of_line)
    .where(
        DifferenceRow.day_id == bindparam("this_day"),
        DifferenceRow.kind == DifferenceKind.FEE,
        _OWN,
    )
)
_CLOSE = (
    update(ReconciliationDayRow)
    .where(ReconciliationDayRow.day_id == bindparam("this_day"))
    .values(
        state=DayState.CLOSED,
        fee_booked_fen=bindparam("booked_fen"),
        closed_by_account_id=bindparam("account"),
        closed_by=bindparam("person"),
        closed_at=bindparam("at"),
    )
)


def close_day(db: Database, command: CloseDay, actor: Actor, now: datetime) -> ReconciliationDay:
    """Close it for good; DayOver while something is open, before it has ended, or a second time."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, ReconciliationDay, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            row = locks.reconciliation_day_for_update(tx, command.day_id)
            if row is None:
                raise NoSuchDay()
            if now < bounds(row.day)[1]:
                raise DayOver("the day has not ended", fields={"state": row.state})
            if row.state != DayState.READY or row.open_count:
                raise DayOver(f"the day is {row.state}", fields={"state": row.state})
            closed = {
                "this_day": row.day_id,
                "booked_fen": _book_fees(tx, row, actor, now),
                "account": actor.account_id,
                "person": actor.name[:200],
                "at": now,
            }
            tx.execute(_CLOSE, closed)
            claim.answer = seen_day(tx, row.day_id)
        return claim.answer


def _book_fees(tx: Tx, row: Row[Any], actor: Actor, now: datetime) -> int:
    """All fees of the day in one transfer; how much."""
    asked = {"this_day": row.day_id, "at_channel": row.channel}
    fee_fen = int(tx.scalar(_FEES, asked)) - int(tx.scalar(_FEES_APART, asked))
    if fee_fen:
        till = Till(Channel(row.channel), row.merchant_number)
        transfer = bookings.channel_fee(till, row.day_id, fee_fen, f"{row.day}", actor.name)
        ledger.post(tx, [transfer], now)
    return fee_fen
