"""Wait for the database and the broker at start, with a bound: then give up loudly."""

import logging
import socket
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.kernel.config import ServiceSettings
from services.kernel.db import Database

log = logging.getLogger(__name__)


def wait_for_parts(settings: ServiceSettings) -> None:
    """Return when both answer; SystemExit when one does not within `start_timeout_s`."""
    ends_at = time.monotonic() + settings.start_timeout_s
    _wait("database", lambda: _database_answers(settings.database_url), ends_at)
    _wait("broker", lambda: _broker_listens(settings.amqp_url), ends_at)


def wait_ready(missing: Callable[[], list[str]], timeout_s: float) -> None:
    """Return when nothing is missing any more: who reads the state file may send requests.

    After `timeout_s` it returns all the same: a link that comes later is still welcome.
    """
    ends_at = time.monotonic() + timeout_s
    while missing() and time.monotonic() < ends_at:
        time.sleep(0.02)


def _wait(name: str, answers: Callable[[], bool], ends_at: float) -> None:
    pause_s = 0.1
    while not answers():
        if time.monotonic() > ends_at:
            raise SystemExit(f"the {name} did not answer in time")
        log.info("waiting for the %s", name)
        time.sleep(pause_s)
        pause_s = min(1.0, pause_s * 2)


def _database_answers(url: str) -> bool:
    db = Database(url, pool_size=1)
    try:
        with db.reading() as tx:
            return bool(tx.scalar(text("SELECT 1")))
    except SQLAlchemyError:
        return False
    finally:
        db.dispose()


def _broker_listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        with socket.create_connection((parts.hostname or "localhost", parts.port or 5672), 2):
            return True
    except OSError:
        return False
