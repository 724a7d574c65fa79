"""Reconcile a day: fetch the channel's bill and match it against the books, both ways.

By itself each morning, and whenever somebody asks. A long bill is left to the job half-way, so
that nobody waits on a page; a bill that is not there yet is asked for again.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select

from services.contracts.reconciliation import DayOver, DayState, ReconcileDay, ReconciliationDay
from services.contracts.settlement import Channel
from services.kernel import failpoints
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError, Malformed, Unavailable
from services.settlement.domain.channel import PayChannel
from services.settlement.domain.days import BEIJING, bounds, day_of
from services.settlement.domain.postings import Till
from services.settlement.reconciliation import days
from services.settlement.reconciliation.classify import FeeRate
from services.settlement.reconciliation.days import Run, TakenOver
from services.settlement.reconciliation.fetch import stage
from services.settlement.reconciliation.match import due_on_bill
from services.settlement.reconciliation.walk import match_day
from services.settlement.reconciliation_queries import seen_day
from services.settlement.tables_reconciliation import ReconciliationDayRow

log = logging.getLogger(__name__)

BILLED = (Channel.WECHAT, Channel.ALIPAY, Channel.UNIONPAY)
"""The channels that write bills."""
RETRY_AFTER = timedelta(minutes=10)
"""Until a bill that was not there is asked for again."""
EMPTY_AFTER = timedelta(hours=24)
"""So long after its end a day without a bill, and without any money of ours, had none."""
CATCH_UP_DAYS = 31
"""Days that were missed while nothing ran are made up for so far back."""
ANSWER_WITHIN = timedelta(seconds=6)
"""What is not done by then the job does: whoever asked looks at the progress."""


@dataclass(frozen=True, slots=True)
class Terms:
    """When bills are there, and what each channel has agreed to keep for itself."""

    from_hour: int
    rates: Mapping[Channel, FeeRate]


class _TimeIsUp(Exception):
    """The rest is for the job."""


Clock = Callable[[], datetime]


def reconcile_day(
    db: Database,
    channels: Mapping[Channel, PayChannel],
    terms: Terms,
    command: ReconcileDay,
    clock: Clock,
) -> ReconciliationDay:
    """Fetch and match a day, again when it was done before; a closed one is DayOver.

    Malformed for a channel without bills and for a day to come.
    """
    began = clock()
    if command.channel not in BILLED or command.channel not in channels:
        raise Malformed(fields={"channel": "这个渠道没有账单"})
    if command.day > day_of(began):
        raise Malformed(fields={"day": "这一天还没有到"})
    channel = channels[command.channel]
    day_id = days.day_id_of(channel.till, command.day)
    with db.transaction() as tx:
        days.open_days(tx, channel.till, [command.day], began)
    _run(db, channel, terms, day_id, clock, until=began + ANSWER_WITHIN, anew=True)
    with db.reading() as tx:
        view = seen_day(tx, day_id)
    if view.state is DayState.CLOSED:
        raise DayOver("the day is closed", fields={"state": DayState.CLOSED})
    return view


def reconcile_mornings(
    db: Database, channels: Mapping[Channel, PayChannel], terms: Terms, clock: Clock
) -> int:
    """Open yesterday (and what was missed), and take on every day that is due; how many."""
    now = clock()
    billed = {name: channels[name] for name in BILLED if name in channels}
    with db.transaction() as tx:
        for channel in billed.values():
            days.open_days(tx, channel.till, _mornings(tx, channel.till, terms, now), now)
        due = _due(tx, now)
    for row in due:
        found = billed.get(Channel(row.channel))
        if found is not None and found.till.merchant_number == row.merchant_number:
            _take_on(db, found, terms, row.day_id, clock)
    return len(due)


def _mornings(tx: Tx, till: Till, terms: Terms, now: datetime) -> list[date]:
    """The days since the last one whose bills should be there by now."""
    here = now.astimezone(BEIJING)
    last_billed = here.date() - timedelta(days=1 if here.hour >= terms.from_hour else 2)
    newest = tx.scalar(
        select(func.max(ReconciliationDayRow.day)).where(
            ReconciliationDayRow.channel == till.channel,
            ReconciliationDayRow.merchant_number == till.merchant_number,
            ReconciliationDayRow.day <= last_billed,
        )
    )
    missed = (last_billed - newest).days if newest else 1
    return [last_billed - timedelta(days=back) for back in range(min(missed, CATCH_UP_DAYS))]


def _due(tx: Tx, now: datetime) -> list[Row[Any]]:
    unfinished = (DayState.WAITING, DayState.MATCHING)
    return tx.all(
        select(
            ReconciliationDayRow.day_id,
            ReconciliationDayRow.channel,
            ReconciliationDayRow.merchant_number,
        )
        .where(
            ReconciliationDayRow.state.in_(unfinished),
            ReconciliationDayRow.next_try_at <= now,
            func.coalesce(ReconciliationDayRow.run_until, now) <= now,
        )
        .order_by(ReconciliationDayRow.day, ReconciliationDayRow.day_id)
        .limit(CATCH_UP_DAYS)
    )


def _take_on(db: Database, channel: PayChannel, terms: Terms, day_id: str, clock: Clock) -> None:
    try:
        _run(db, channel, terms, day_id, clock)
    except LinliError as error:
        log.warning("reconciliation of %s: %s", day_id, error.message)


def _run(
    db: Database,
    channel: PayChannel,
    terms: Terms,
    day_id: str,
    clock: Clock,
    *,
    until: datetime | None = None,
    anew: bool = False,
) -> None:
    """Hold the day and go as far as time allows; nothing when it is closed or somebody is at it."""
    run = days.take(db, day_id, clock)
    if run is None:
        return

    def on() -> None:
        failpoints.hit("settlement.reconcile.between_batches")
        if until is not None and clock() >= until:
            raise _TimeIsUp

    try:
        _go_on(run, channel, terms, on, anew)
    except TakenOver:
        log.warning("reconciliation of %s was taken over", day_id)
    except _TimeIsUp:
        run.let_go(DayState.MATCHING, clock())
    except Exception as error:
        later = clock() + (RETRY_AFTER if isinstance(error, LinliError) else timedelta(minutes=1))
        run.give_up(later, str(error))
        raise


def _go_on(run: Run, channel: PayChannel, terms: Terms, on: Callable[[], None], anew: bool) -> None:
    with run.db.reading() as tx:
        row = days.find(tx, run.day_id)
    assert row is not None
    if anew or not row.staged:
        bill = channel.fetch_bill(row.day)
        if bill is None and not _had_none(run, channel.till, row):
            note = "渠道还没有这一天的账单"
            run.give_up(run.clock() + RETRY_AFTER, note)
            return
        _stage(run, bill or (), row, on)
        with run.db.reading() as tx:
            row = days.find(tx, run.day_id)
        assert row is not None
    match_day(run, channel.till, row, terms.rates.get(channel.till.channel), on)


def _stage(run: Run, bill: Any, row: Row[Any], on: Callable[[], None]) -> None:
    try:
        stage(run, bill, row.line_count, on)
    except ValueError as error:
        raise Unavailable(f"the bill does not parse: {error}") from error


def _had_none(run: Run, till: Till, row: Row[Any]) -> bool:
    """A day without any money has no bill; that is certain only some time later."""
    if run.clock() < bounds(row.day)[1] + EMPTY_AFTER:
        return False
    with run.db.reading() as tx:
        return not any(due_on_bill(tx, till, row.day))
