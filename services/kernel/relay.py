"""Tells what the outbox holds: this copy's fresh rows at once, left-over rows under a lease."""

import logging
import time
from datetime import timedelta
from typing import Any

import eventlet
from nameko.extensions import SharedExtension
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError
from ulid import ULID

from services.kernel import clock, failpoints, outbox
from services.kernel.errors import Unavailable
from services.kernel.leases import Lease
from services.kernel.metrics import OUTBOX_OLDEST_S, OUTBOX_SENT, OUTBOX_WAITING
from services.kernel.process import ProcessExtension
from services.kernel.schema import INBOX, OUTBOX, REQUEST

log = logging.getLogger(__name__)
BATCH = 200
LEFT_OVER_AFTER = timedelta(seconds=3)
_SWEEP_S = 2.0
_RETENTION_EVERY_S = 600
_RETENTION_ROWS = 5_000


class Relay(SharedExtension):
    """One per service process; it comes with the Runtime."""

    shared = ProcessExtension()

    def setup(self) -> None:
        self._threads: list[Any] = []

    def start(self) -> None:
        self._threads = [eventlet.spawn(self._tell_fresh), eventlet.spawn(self._sweep)]

    def finish(self) -> None:
        """Tell what the last calls have committed, then end."""
        fresh = outbox.take_fresh(BATCH, wait_s=0)
        for thread in self._threads:
            thread.kill()
        if fresh:
            self._tell(fresh)

    def _tell_fresh(self) -> None:
        while True:
            rows = outbox.take_fresh(BATCH, wait_s=60)
            if rows:
                self._tell(rows)

    def _sweep(self) -> None:
        process = self.shared.process
        lease = Lease(f"{process.service}.relay", process.holder)
        next_retention = time.monotonic() + 30
        while True:
            eventlet.sleep(_SWEEP_S)
            try:
                if not lease.held(process.db, clock.now()):
                    continue
                self._tell_left_over()
                if time.monotonic() >= next_retention:
                    next_retention = time.monotonic() + _RETENTION_EVERY_S
                    self._forget_old()
            except (SQLAlchemyError, Unavailable) as error:
                log.warning("the relay waits: %s", error)

    def _tell_left_over(self) -> None:
        now = clock.now()
        before = str(ULID.from_datetime(now - LEFT_OVER_AFTER))
        rows = outbox.waiting(self.shared.process.db, before, BATCH)
        OUTBOX_WAITING.set(len(rows))
        oldest = ULID.from_str(rows[0][0]).datetime if rows else now
        OUTBOX_OLDEST_S.set(max(0.0, (now - oldest).total_seconds()))
        if rows:
            self._tell(rows)

    def _tell(self, rows: list[tuple[str, str, bytes]]) -> None:
        process = self.shared.process
        try:
            messages = [outbox.outgoing(process.service, row) for row in rows]
            confirmed = process.publisher.publish(messages)
            failpoints.hit("relay.after_publish")
            if confirmed:
                outbox.mark_sent(process.db, sorted(confirmed))
            OUTBOX_SENT.inc(len(confirmed))
            if len(confirmed) < len(rows):
                log.error("%s events found no queue; they stay", len(rows) - len(confirmed))
        except (Unavailable, SQLAlchemyError) as error:
            log.warning("%s events stay in the outbox for now: %s", len(rows), error)

    def _forget_old(self) -> None:
        process = self.shared.process
        before = clock.now() - timedelta(days=process.settings.retention_days)
        for table, moment in (
            (OUTBOX, OUTBOX.c.sent_at),
            (INBOX, INBOX.c.received_at),
            (REQUEST, REQUEST.c.created_at),
        ):
            with process.db.transaction() as tx:
                statement = delete(table).where(moment < before)
                tx.execute(statement.with_dialect_options(mysql_limit=_RETENTION_ROWS))
