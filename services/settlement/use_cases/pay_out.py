"""Bring WeChat withdrawals to their end: ask for the transfer, wait for the payee, ask again.

A withdrawal's id is the transfer's number at the channel, so a request that is repeated after a
crash is the same transfer. What became of it is asked for as long as it takes, never guessed.
"""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.settlement import ChannelRefused, NoticeMismatch
from services.contracts.withdrawals import PayoutWay, WithdrawalState
from services.kernel import failpoints
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken, LinliError
from services.settlement import holds, ledger, locks, withdrawal_queries
from services.settlement.domain.payouts import (
    CONFIRM_WITHIN,
    FINAL,
    Payout,
    PayoutAsk,
    PayoutChannel,
    PayoutState,
)
from services.settlement.domain.withdrawals import (
    BACK,
    EXPIRED_WORDS,
    REFUSED_WORDS,
    UNDER_WAY,
    WAITING,
    WithdrawalAct,
    fail_words,
    moved,
    next_try_at,
)
from services.settlement.use_cases.end_withdrawal import Ending, change, end

log = logging.getLogger(__name__)
PAYOUT_BATCH = 20
REMARK = "资金账户提现"
_ACTS = {
    PayoutState.PROCESSING: WithdrawalAct.ACCEPT,
    PayoutState.AWAITING_PAYEE: WithdrawalAct.AWAIT,
    PayoutState.DONE: WithdrawalAct.SUCCEED,
    PayoutState.FAILED: WithdrawalAct.FAIL,
    PayoutState.CANCELLED: WithdrawalAct.CALL_OFF,
}


def run_payouts(
    db: Database, payouts: PayoutChannel | None, refusal_max: int, now: datetime
) -> int:
    """Take the next step of each WeChat withdrawal that is due; how many there were."""
    if payouts is None:
        return 0
    with db.reading() as tx:
        due = withdrawal_queries.payouts_due(tx, now, PAYOUT_BATCH)
    for row in due:
        pay_out(db, payouts, row, refusal_max, now)
    return len(due)


def pay_out(
    db: Database, payouts: PayoutChannel, row: Row[Any], refusal_max: int, now: datetime
) -> None:
    """The next step of one: commit the intent, call the channel, commit what it says."""
    try:
        if row.state == WithdrawalState.TO_PAY:
            begun = _begin(db, row.withdrawal_id, now)
            if begun is None:  # taken back in the meantime
                return
            row = begun
        failpoints.hit("settlement.payout.after_intent")
        news = _ask(payouts, row)
        failpoints.hit("settlement.payout.after_channel")
        with db.transaction() as tx:
            keep_payout_news(tx, news, now)
    except LinliError as error:
        level = logging.ERROR if isinstance(error, InvariantBroken) else logging.WARNING
        log.log(level, "payout %s, try %s: %s", row.withdrawal_id, row.try_count + 1, error.message)
        _keep_setback(db, row.withdrawal_id, error, refusal_max, now)


def keep_payout_news(tx: Tx, news: Payout, now: datetime) -> bool:
    """Commit what the channel says of a transfer; False when it changes nothing.

    NoticeMismatch when we never asked for such a transfer; InvariantBroken when it contradicts
    what was booked.
    """
    row = locks.withdrawal_for_update(tx, news.out_bill_no)
    if row is None or row.way != PayoutWay.WECHAT or row.state in WAITING:
        raise NoticeMismatch("no such transfer was asked for")
    if news.amount_fen not in (None, row.amount_fen):
        raise NoticeMismatch("the transfer is of another amount")
    if row.state not in UNDER_WAY:
        _compare(row, news)
        return False
    if news.state is PayoutState.UNKNOWN:
        raise InvariantBroken("the channel does not know a transfer that it took")
    state = moved(WithdrawalState(row.state), _act(news))
    if news.state in FINAL:
        end(tx, [_ending(row, state, news)], now)
    else:
        _wait(tx, row, state, news, now)
    return bool(state != row.state)


def _begin(db: Database, withdrawal_id: str, now: datetime) -> Row[Any] | None:
    """The money leaves the fund's side for good before anybody is asked to send it."""
    with db.transaction() as tx:
        row = locks.withdrawal_for_update(tx, withdrawal_id)
        if row is None or row.state != WithdrawalState.TO_PAY:
            return None
        state = moved(WithdrawalState.TO_PAY, WithdrawalAct.BEGIN)
        rest = holds.resolve(tx, row.hold_id, row.amount_fen, now)
        ledger.post(tx, [*rest, withdrawal_queries.outflow(row).begun()], now)
        change(tx, row, state, begun_at=now, next_try_at=next_try_at(0, now))
    return row


def _ask(payouts: PayoutChannel, row: Row[Any]) -> Payout:
    if row.cancel_asked_at is not None and row.accepted_at is not None:
        return _take_back(payouts, row.withdrawal_id)
    # Only the first answer and its repeats carry what the payee's phone needs.
    lacks_package = row.state == WithdrawalState.AWAITING_PAYEE and not row.confirm_package
    if row.accepted_at is not None and not lacks_package:
        return payouts.query(row.withdrawal_id)
    try:
        return payouts.transfer(
            PayoutAsk(
                out_bill_no=row.withdrawal_id,
                openid=row.openid,
                amount_fen=row.amount_fen,
                remark=REMARK,
                payee_name=row.holder,
            )
        )
    except ChannelRefused:
        # An earlier try of which we heard nothing may have come through.
        known = payouts.query(row.withdrawal_id)
        if known.state is PayoutState.UNKNOWN:
            raise
        return known


def _take_back(payouts: PayoutChannel, withdrawal_id: str) -> Payout:
    try:
        return payouts.cancel(withdrawal_id)
    except ChannelRefused:  # too late: how did it end?
        return payouts.query(withdrawal_id)


def _act(news: Payout) -> WithdrawalAct:
    return WithdrawalAct.EXPIRE if news.expired else _ACTS[news.state]


def _ending(row: Row[Any], state: WithdrawalState, news: Payout) -> Ending:
    words = {
        WithdrawalState.FAILED: fail_words(news.fail_reason),
        WithdrawalState.EXPIRED: EXPIRED_WORDS,
    }
    return Ending(row, state, words.get(state, ""), news.fail_reason, news.updated_at)


def _wait(tx: Tx, row: Row[Any], state: WithdrawalState, news: Payout, now: datetime) -> None:
    tried = 0 if state != row.state else row.try_count + 1
    expires_at = row.expires_at
    if state is WithdrawalState.AWAITING_PAYEE and expires_at is None:
        expires_at = now + CONFIRM_WITHIN
    change(
        tx,
        row,
        state,
        note=row.note if row.cancel_asked_at else "",
        accepted_at=row.accepted_at or now,
        expires_at=expires_at,
        confirm_package=news.package_info or row.confirm_package,
        channel_number=news.transfer_bill_no or row.channel_number,
        last_error="",
        try_count=tried,
        next_try_at=next_try_at(tried, now, expires_at),
    )


def _compare(row: Row[Any], news: Payout) -> None:
    paid, was_paid = news.state is PayoutState.DONE, row.state == WithdrawalState.DONE
    if news.state in FINAL and paid != was_paid:
        raise InvariantBroken(
            f"withdrawal {row.withdrawal_id} is {row.state}, and the channel says {news.state}"
        )


def _keep_setback(
    db: Database, withdrawal_id: str, error: LinliError, refusal_max: int, now: datetime
) -> None:
    """Try again later; a channel that refuses for good is given up, one that is away is not."""
    with db.transaction() as tx:
        row = locks.withdrawal_for_update(tx, withdrawal_id)
        if row is None or row.state in BACK or row.state == WithdrawalState.DONE:
            return
        state = WithdrawalState(row.state)
        refused = isinstance(error, ChannelRefused) and row.accepted_at is None
        refusals = row.refusal_count + refused
        if refused and refusals >= refusal_max and state in UNDER_WAY:
            failed = moved(state, WithdrawalAct.FAIL)
            end(tx, [Ending(row, failed, REFUSED_WORDS, error.message)], now)
            return
        change(
            tx,
            row,
            state,
            note=row.note,
            last_error=error.message[:200],
            refusal_count=refusals,
            try_count=row.try_count + 1,
            next_try_at=next_try_at(row.try_count, now, row.expires_at),
        )
