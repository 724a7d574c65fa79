"""What a cashier does with refunds: pay out at the desk, ask again, or redirect to the fund."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    AlreadyResolved,
    CashState,
    Channel,
    ChannelRefused,
    PayOutRefund,
    RedirectRefund,
    RefundState,
    RefundView,
    RetryRefund,
    WayNotOpen,
)
from services.kernel import outbox, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import NotFound
from services.settlement import ledger, locks, money_queries, queries
from services.settlement.domain import postings
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.channel import ChannelRefund, PayChannel
from services.settlement.domain.postings import RefundWay
from services.settlement.tables import RefundRow
from services.settlement.use_cases.begin_refund import completed
from services.settlement.use_cases.reach import reaches_payment
from services.settlement.use_cases.settle_refund import keep_refund_news, succeed, till_of

log = logging.getLogger(__name__)
_AGAIN = (
    update(RefundRow)
    .where(RefundRow.refund_id == bindparam("refund"))
    .values(state=RefundState.PENDING, refusal_count=0, next_try_at=bindparam("at"))
)
_REDIRECT = (
    update(RefundRow)
    .where(RefundRow.refund_id == bindparam("refund"))
    .values(
        state=RefundState.DONE,
        refund_to=RefundTo.FUND,
        done_at=bindparam("at"),
        reason=bindparam("why"),
        asked_by=bindparam("by"),
        version=RefundRow.version + 1,
    )
)


def retry_refund(db: Database, command: RetryRefund, actor: Actor, now: datetime) -> RefundView:
    """Ask the channel again; the same number is the same refund over there."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, RefundView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            _failed(tx, command.refund_id, actor)
            tx.execute(_AGAIN, {"refund": command.refund_id, "at": now})
            claim.answer = _view(tx, command.refund_id)
        return claim.answer


def redirect_refund(
    db: Database,
    channels: Mapping[Channel, PayChannel],
    command: RedirectRefund,
    actor: Actor,
    now: datetime,
) -> RefundView:
    """To the household's fund, once the channel has said that it did not pay it out after all."""
    _ask_once_more(db, channels, command.refund_id, actor, now)
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, RefundView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            row = _failed(tx, command.refund_id, actor)
            done = {"at": now, "why": command.reason, "by": actor.name[:80]}
            tx.execute(_REDIRECT, {"refund": row.refund_id, **done})
            way = RefundWay(
                row.refund_id,
                row.payment_id,
                row.order_id,
                row.amount_fen,
                command.reason,
                actor.name,
            )
            transfer = postings.refund_redirected(way, till_of(row), row.household_id)
            ledger.post(tx, [transfer], now)
            told = completed(row, row.version + 1, RefundTo.FUND, command.reason)
            outbox.emit(tx, told)
            claim.answer = _view(tx, command.refund_id)
        return claim.answer


def pay_out_refund(db: Database, command: PayOutRefund, actor: Actor, now: datetime) -> RefundView:
    """The cashier has given it back by hand; only refunds of the desk wait for that."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, RefundView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            row = locks.refund_for_update(tx, command.refund_id)
            if row is None or row.channel != Channel.DESK:
                raise NotFound("no such refund waits at the desk")
            if not reaches_payment(tx, actor, row.payment_id):
                raise NotFound("no such refund waits at the desk")
            if row.state != RefundState.PENDING:
                raise AlreadyResolved(f"it is {row.state}", fields={"state": row.state})
            _refuse_before_hand_in(tx, row)
            news = ChannelRefund(row.refund_id, RefundState.DONE, row.amount_fen, done_at=now)
            succeed(tx, row, news, now)
            claim.answer = _view(tx, command.refund_id)
        return claim.answer


def _refuse_before_hand_in(tx: Tx, row: Row[Any]) -> None:
    """Cash that the courier still has cannot be given back at the desk."""
    # Collected after it was called off: no order's refund, and known by the order's number.
    cash = locks.cash_for_update(tx, row.order_id or row.out_trade_no)
    if cash is not None and cash.state == CashState.COLLECTED:
        raise AlreadyResolved("the courier has the cash", fields={"state": cash.state})


def _ask_once_more(
    db: Database,
    channels: Mapping[Channel, PayChannel],
    refund_id: str,
    actor: Actor,
    now: datetime,
) -> None:
    """A refund that the channel pays after all must not be paid a second time; nothing is asked for
    staff out of reach.

    WayNotOpen where the shop itself received: the property has nothing to put on a fund.
    """
    with db.reading() as tx:
        row = queries.refund_with_trade(tx, refund_id)
        if row is None or not reaches_payment(tx, actor, row.payment_id):
            return
    if row.state != RefundState.FAILED or row.channel == Channel.DESK:
        return
    if row.custodian == Custodian.CHANNEL:
        raise WayNotOpen("the shop itself received it", fields={"way": "fund"})
    channel = channels[Channel(row.channel)]
    try:
        news = channel.query_refund(queries.refund_ref(row))
    except ChannelRefused as refusal:
        log.warning("refund %s is unknown to its channel: %s", refund_id, refusal.message)
        return
    if news.state is RefundState.DONE:
        with db.transaction() as tx:
            keep_refund_news(tx, channel.till.channel, news, now)
    elif news.state is not RefundState.FAILED:
        raise AlreadyResolved("the channel is paying it out", fields={"state": news.state})


def _failed(tx: Tx, refund_id: str, actor: Actor) -> Row[Any]:
    row = locks.refund_for_update(tx, refund_id)
    if row is None or not reaches_payment(tx, actor, row.payment_id):
        raise NotFound("there is no such refund")
    if row.state != RefundState.FAILED:
        raise AlreadyResolved(f"the refund is {row.state}", fields={"state": row.state})
    return row


def _view(tx: Tx, refund_id: str) -> RefundView:
    row = locks.refund_for_update(tx, refund_id)
    if row is None:
        raise NotFound("there is no such refund")
    return money_queries.refund_view(row)
