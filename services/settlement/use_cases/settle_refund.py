"""Bring refunds to their end: ask the channel, ask again, believe its notices, and never twice.

A refund's id is its number at the channel, so a request that is repeated after a crash is the same
refund there. What the channel says is committed only when the refund's state allows it.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    Channel,
    ChannelRefused,
    NoticeMismatch,
    RefundFailed,
    RefundState,
)
from services.kernel import failpoints, outbox
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError
from services.settlement import ledger, locks, queries
from services.settlement.domain import postings
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.channel import ChannelRefund, PayChannel, RefundAsk
from services.settlement.domain.postings import RefundWay, Till
from services.settlement.domain.refunds import REFUND_MOVES, RefundAct, next_try_at
from services.settlement.tables import RefundRow
from services.settlement.use_cases.begin_refund import completed

log = logging.getLogger(__name__)
REFUND_BATCH = 20

_NOTE = (
    update(RefundRow)
    .where(RefundRow.refund_id == bindparam("refund"))
    .values(
        state=bindparam("new_state"),
        last_error=bindparam("error"),
        try_count=bindparam("tried"),
        next_try_at=bindparam("next_at"),
        asked_at=bindparam("asked"),
        done_at=bindparam("done"),
        version=RefundRow.version + 1,
    )
)
_COUNT_REFUSAL = (
    update(RefundRow)
    .where(RefundRow.refund_id == bindparam("refund"))
    .values(refusal_count=RefundRow.refusal_count + 1)
)
_ACTS = {
    RefundState.PROCESSING: RefundAct.ACCEPT,
    RefundState.DONE: RefundAct.SUCCEED,
    RefundState.FAILED: RefundAct.GIVE_UP,
}


def run_refunds(
    db: Database, channels: Mapping[Channel, PayChannel], try_max: int, now: datetime
) -> int:
    """Take the next step of each refund that is due; how many there were."""
    with db.reading() as tx:
        due = queries.refunds_due(tx, now, REFUND_BATCH)
    for row in due:
        _take_step(db, channels[Channel(row.channel)], row, try_max, now)
    return len(due)


def keep_refund_news(tx: Tx, channel: Channel, news: ChannelRefund, now: datetime) -> bool:
    """Commit what the channel says of a refund; False when it changes nothing.

    NoticeMismatch when we never asked for such a refund.
    """
    row = locks.refund_for_update(tx, news.out_refund_no)
    if row is None or row.channel != channel or row.amount_fen != news.amount_fen:
        raise NoticeMismatch("there is no such refund, or it is of another amount")
    following = REFUND_MOVES.get((RefundState(row.state), _ACTS[news.state]))
    if following is RefundState.DONE:
        succeed(tx, row, news, now)
    elif following is RefundState.FAILED:
        _fail(tx, row, news.note or "the channel gave up", now)
    elif following is not None or row.state == RefundState.PROCESSING:
        _wait(tx, row, RefundState.PROCESSING, "", news.asked_at or row.asked_at, now)
        return False
    return following is not None


def _take_step(
    db: Database, channel: PayChannel, row: Row[Any], try_max: int, now: datetime
) -> None:
    try:
        news = _ask(channel, row)
        failpoints.hit("settlement.refund.after_channel")
        with db.transaction() as tx:
            keep_refund_news(tx, channel.till.channel, news, now)
    except LinliError as error:
        log.warning("refund %s, try %s: %s", row.refund_id, row.try_count + 1, error.message)
        _keep_setback(db, row.refund_id, error, try_max, now)


def _ask(channel: PayChannel, row: Row[Any]) -> ChannelRefund:
    if row.state == RefundState.PROCESSING:
        return channel.query_refund(queries.refund_ref(row))
    ref = queries.refund_ref(row)
    return channel.refund(
        RefundAsk(
            out_refund_no=row.refund_id,
            trade=ref.trade,
            amount_fen=row.amount_fen,
            total_fen=row.total_fen,
            reason=row.reason,
            requested_at=row.requested_at,
        )
    )


def _keep_setback(
    db: Database, refund_id: str, error: LinliError, try_max: int, now: datetime
) -> None:
    """Try again later; a channel that refuses for good is given up, one that is away is not."""
    with db.transaction() as tx:
        row = locks.refund_for_update(tx, refund_id)
        if row is None or (RefundState(row.state), RefundAct.GIVE_UP) not in REFUND_MOVES:
            return
        refused = isinstance(error, ChannelRefused) and row.state == RefundState.PENDING
        if refused and row.refusal_count + 1 >= try_max:
            _fail(tx, row, error.message, now)
        else:
            _wait(tx, row, RefundState(row.state), error.message, row.asked_at, now)
        if refused:
            tx.execute(_COUNT_REFUSAL, {"refund": refund_id})


def _wait(
    tx: Tx, row: Row[Any], state: RefundState, error: str, asked_at: datetime | None, now: datetime
) -> None:
    tried = row.try_count + 1
    note = _note(row, state, error, asked_at, next_at=next_try_at(tried, now))
    tx.execute(_NOTE, note)


def succeed(tx: Tx, row: Row[Any], news: ChannelRefund, now: datetime) -> None:
    """The money is back: book it and tell."""
    asked_at = row.asked_at or news.asked_at or now
    done_at = news.done_at or now
    tx.execute(_NOTE, _note(row, RefundState.DONE, "", asked_at, done_at=done_at))
    ledger.post(tx, [postings.refund_paid_out(_way(row), till_of(row))], now)
    outbox.emit(tx, completed(row, row.version + 1, RefundTo(row.refund_to), row.reason))


def _fail(tx: Tx, row: Row[Any], error: str, now: datetime) -> None:
    tx.execute(_NOTE, _note(row, RefundState.FAILED, error, row.asked_at))
    outbox.emit(
        tx,
        RefundFailed(
            aggregate_id=row.refund_id,
            version=row.version + 1,
            order_id=row.order_id,
            payment_id=row.payment_id,
            household_id=row.household_id,
            amount_fen=row.amount_fen,
            reason=error,
        ),
    )


def till_of(row: Row[Any]) -> Till:
    """Where a refund is paid out."""
    return Till(Channel(row.channel), row.merchant_number, Custodian(row.custodian))


def _way(row: Row[Any]) -> RefundWay:
    return RefundWay(
        row.refund_id, row.payment_id, row.order_id, row.amount_fen, row.reason, row.asked_by
    )


def _note(
    row: Row[Any],
    state: RefundState,
    error: str,
    asked_at: datetime | None,
    *,
    next_at: datetime | None = None,
    done_at: datetime | None = None,
) -> dict[str, object]:
    return {
        "refund": row.refund_id,
        "new_state": state,
        "error": error[:200],
        "tried": row.try_count + 1,
        "next_at": next_at,
        "asked": asked_at,
        "done": done_at,
    }
