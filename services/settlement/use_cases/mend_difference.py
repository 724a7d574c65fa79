"""Do what mends a difference: ask the channel, book what it has, carry it over, or say why.

The channel is asked outside the transaction; what it says is kept by the same use cases that keep
its notices, and only then the difference is looked at again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.reconciliation import (
    DayOver,
    DayState,
    Difference,
    DifferenceAction,
    DifferenceKind,
    MendDifference,
    NoSuchDay,
    NotThisWay,
)
from services.contracts.settlement import Channel, NoticeMismatch, RefundState
from services.kernel import failpoints, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.settlement import locks, queries
from services.settlement.domain.channel import PayChannel, Trade, TradeState
from services.settlement.domain.postings import Till
from services.settlement.reconciliation import days, mending
from services.settlement.reconciliation.match import what_is_known
from services.settlement.reconciliation.mending import Mend, Outcome
from services.settlement.reconciliation_queries import actions_of, difference_row, difference_view
from services.settlement.tables_reconciliation import DifferenceRow
from services.settlement.use_cases.ask_channel import ask_channel
from services.settlement.use_cases.settle_refund import keep_refund_news

RESOLUTION_MAX = 400
_HOW: Mapping[DifferenceAction, Callable[[Mend], Outcome]] = {
    DifferenceAction.ASK_CHANNEL: mending.asked,
    DifferenceAction.BOOK_UNCLAIMED: mending.book_unclaimed,
    DifferenceAction.BOOK_FEE: mending.book_fee,
    DifferenceAction.CARRY_OVER: mending.carry_over,
    DifferenceAction.EXPLAIN: mending.explain,
}
_KEEP = (
    update(DifferenceRow)
    .where(DifferenceRow.difference_id == bindparam("this_one"))
    .values(
        resolved=bindparam("action"),
        resolution=bindparam("said"),
        gap_fen=bindparam("apart_fen"),
        booked_fen=bindparam("moved_fen"),
        resolved_by_account_id=bindparam("account"),
        resolved_by=bindparam("person"),
        resolved_at=bindparam("at"),
    )
)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the channel said of one number."""

    told_fen: int | None = None
    trade: Trade | None = None


def mend_difference(
    db: Database,
    channels: Mapping[Channel, PayChannel],
    command: MendDifference,
    actor: Actor,
    now: datetime,
) -> Difference:
    """Mend it, or note what the channel said where that mends nothing (then it stays open).

    NotThisWay for an action that does not mend this one, DayOver unless its day is open.
    """
    with db.reading() as tx:
        row, day = _found(tx, command.difference_id)
    answer = _Answer()
    if row.resolved is None and day.state == DayState.OPEN:
        _check(row, command.action)
        answer = _ask(db, channels[Channel(day.channel)], row, command.action, now)
    failpoints.hit("settlement.mend.after_channel")
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, Difference, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            claim.answer = _mend(tx, command, answer, actor, now)
        return claim.answer


def _found(tx: Tx, difference_id: str) -> tuple[Row[Any], Row[Any]]:
    row = difference_row(tx, difference_id)
    day = days.find(tx, row.day_id) if row is not None else None
    if row is None or day is None:
        raise NoSuchDay("there is no such difference")
    return row, day


def _check(row: Row[Any], action: DifferenceAction) -> None:
    actions = [] if row.resolved else actions_of(row)
    if action not in actions:
        raise NotThisWay(
            "it is mended" if row.resolved else f"{action} does not mend this",
            fields={"actions": ", ".join(actions)},
        )


def _mend(
    tx: Tx, command: MendDifference, answer: _Answer, actor: Actor, now: datetime
) -> Difference:
    row, _ = _found(tx, command.difference_id)
    day = locks.reconciliation_day_for_update(tx, row.day_id)
    assert day is not None
    if day.state != DayState.OPEN:
        raise DayOver(f"the day is {day.state}", fields={"state": day.state})
    row, _ = _found(tx, command.difference_id)
    _check(row, command.action)
    mend = Mend(
        tx=tx,
        till=Till(Channel(day.channel), day.merchant_number),
        day=day,
        difference=row,
        reason=command.reason,
        by=actor.name,
        now=now,
        told_fen=answer.told_fen,
        trade=answer.trade,
    )
    outcome = _HOW[command.action](mend)
    _keep(tx, command, outcome, actor, now)
    days.sum_up(tx, row.day_id)
    return difference_view(_found(tx, command.difference_id)[0])


def _keep(tx: Tx, command: MendDifference, outcome: Outcome, actor: Actor, now: datetime) -> None:
    words = f"{outcome.said} {command.reason}".strip()
    tx.execute(
        _KEEP,
        {
            "this_one": command.difference_id,
            "action": command.action if outcome.resolved else None,
            "said": words[:RESOLUTION_MAX],
            "apart_fen": outcome.gap_fen,
            "moved_fen": outcome.booked_fen,
            "account": actor.account_id if outcome.resolved else None,
            "person": actor.name[:200] if outcome.resolved else "",
            "at": now if outcome.resolved else None,
        },
    )


# the channel


def _ask(
    db: Database, channel: PayChannel, row: Row[Any], action: DifferenceAction, now: datetime
) -> _Answer:
    wants_amount = action is DifferenceAction.BOOK_UNCLAIMED and row.kind == DifferenceKind.AMOUNT
    if action is not DifferenceAction.ASK_CHANNEL and not wants_amount:
        return _Answer()
    if row.is_refund:
        return _ask_for_refund(db, channel, row.reference, now)
    return _ask_for_payment(db, channel, row.reference, now)


def _ask_for_payment(db: Database, channel: PayChannel, number: str, now: datetime) -> _Answer:
    with db.reading() as tx:
        ours = what_is_known(tx, channel.till, [number]).get(number)
        if ours is None or ours.payment_state is None:
            only = {"actions": str(DifferenceAction.EXPLAIN)}
            raise NotThisWay("no channel order of ours to ask for", fields=only)
        order = queries.channel_order(tx, channel.till.channel, number)
    try:
        trade = ask_channel(db, channel, order, now)
    except NoticeMismatch:
        # Not what was asked for, so nothing of it was booked: what is it, then?
        trade = channel.query(queries.trade_ref(order))
    told_fen = trade.amount_fen if trade.state is TradeState.PAID else 0
    return _Answer(told_fen, trade)


def _ask_for_refund(db: Database, channel: PayChannel, number: str, now: datetime) -> _Answer:
    with db.reading() as tx:
        refund = queries.refund_with_trade(tx, number)
    if refund is None:
        return _Answer()
    news = channel.query_refund(queries.refund_ref(refund))
    with db.transaction() as tx:
        keep_refund_news(tx, channel.till.channel, news, now)
    return _Answer(-news.amount_fen if news.state is RefundState.DONE else 0)
