"""The broker and the database that `./linli test` has started for this run, and fresh databases."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from services.kernel.db import Database

ROOT = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """An administrator's URL; a test that needs it and has none must fail, not skip."""
    return os.environ["LINLI_TEST_DATABASE_URL"]


def amqp_url() -> str:
    """An administrator's URL of the test's own virtual host."""
    return os.environ["LINLI_TEST_AMQP_URL"]


def create_database(name: str) -> str:
    """A fresh, empty database; its URL."""
    engine = create_engine(database_url())
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS `{name}`"))
        connection.execute(text(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4"))
    engine.dispose()
    url = make_url(database_url()).set(database=name)
    return url.render_as_string(hide_password=False)


def drop_database(name: str) -> None:
    """Gone."""
    engine = create_engine(database_url())
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS `{name}`"))
    engine.dispose()


def empty_all_tables(db: Database) -> None:
    """No row left, without waiting for TRUNCATE's file work."""
    with db.transaction() as tx:
        tx.execute(text("SET foreign_key_checks=0"))
        names = tx.all(text("SHOW TABLES"))
        for (name,) in names:
            if name != "alembic_version":
                tx.execute(text(f"DELETE FROM `{name}`"))
        tx.execute(text("SET foreign_key_checks=1"))


def wait_until(condition: Callable[[], Any], timeout_s: float = 15.0, why: str = "") -> Any:
    """The first true value of `condition`; AssertionError when there is none in time."""
    ends_at = time.monotonic() + timeout_s
    while time.monotonic() < ends_at:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"did not come true in {timeout_s} s: {why or condition}")


class Program:
    """A Python module running as a process of its own, with its output in a file."""

    def __init__(self, module: str, *arguments: str, env: dict[str, str], log: Path) -> None:
        self.log = log
        self._sink = log.open("ab")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("LINLI_")}
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", module, *arguments],
            cwd=ROOT,
            env={**inherited, "PYTHONPATH": str(ROOT), **env},
            stdout=self._sink,
            stderr=subprocess.STDOUT,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def said(self, pattern: str) -> bool:
        """Whether the output holds a match."""
        return re.search(pattern, self.log.read_text(errors="replace")) is not None

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL when that is not heeded."""
        if self.alive:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self._sink.close()
