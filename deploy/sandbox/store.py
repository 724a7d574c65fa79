"""What the sandbox remembers: one SQLite file, one connection, one writer at a time.

A single connection under a lock is the quickest that SQLite offers inside one process: a statement
takes some ten microseconds, and nobody ever meets a busy database.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS people (
    openid TEXT PRIMARY KEY, name TEXT NOT NULL, note TEXT NOT NULL, avatar TEXT NOT NULL,
    subscribed INTEGER NOT NULL, created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, openid TEXT NOT NULL, direction TEXT NOT NULL,
    kind TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, url TEXT NOT NULL,
    fields TEXT NOT NULL, template_id TEXT NOT NULL, raw TEXT NOT NULL, created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_of_person ON messages (openid, id);
CREATE TABLE IF NOT EXISTS access_tokens (
    token TEXT PRIMARY KEY, expires_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS oauth_codes (
    code TEXT PRIMARY KEY, openid TEXT NOT NULL, scope TEXT NOT NULL, expires_at REAL NOT NULL,
    used INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS trades (
    out_trade_no TEXT PRIMARY KEY, prepay_id TEXT NOT NULL UNIQUE, transaction_id TEXT UNIQUE,
    description TEXT NOT NULL, attach TEXT, notify_url TEXT NOT NULL, openid TEXT NOT NULL,
    total_fen INTEGER NOT NULL, state TEXT NOT NULL, expires_at REAL NOT NULL,
    created_at REAL NOT NULL, prepaid_at REAL NOT NULL, paid_at REAL, closed_at REAL,
    refunded_fen INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS trades_by_payment ON trades (paid_at);
CREATE TABLE IF NOT EXISTS refunds (
    out_refund_no TEXT PRIMARY KEY, refund_id TEXT NOT NULL UNIQUE, out_trade_no TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, reason TEXT, notify_url TEXT, status TEXT NOT NULL,
    ends_as TEXT NOT NULL, created_at REAL NOT NULL, success_at REAL
);
CREATE INDEX IF NOT EXISTS refunds_of_trade ON refunds (out_trade_no);
CREATE TABLE IF NOT EXISTS notices (
    id TEXT PRIMARY KEY, event_type TEXT NOT NULL, subject TEXT NOT NULL, url TEXT NOT NULL,
    state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS notices_of_subject ON notices (subject);
CREATE INDEX IF NOT EXISTS notices_by_state ON notices (state);
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, notice_id TEXT NOT NULL, kind TEXT NOT NULL,
    sent_at REAL NOT NULL, status INTEGER, ms REAL, error TEXT, headers TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_of_notice ON attempts (notice_id);
CREATE TABLE IF NOT EXISTS sub_merchants (
    sub_mchid TEXT PRIMARY KEY, name TEXT NOT NULL, created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS share_receivers (
    sub_mchid TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (sub_mchid, account)
);
CREATE TABLE IF NOT EXISTS shares (
    out_order_no TEXT NOT NULL, sub_mchid TEXT NOT NULL, order_id TEXT NOT NULL UNIQUE,
    out_trade_no TEXT NOT NULL, asked TEXT NOT NULL, unfreeze INTEGER NOT NULL,
    state TEXT NOT NULL, created_at REAL NOT NULL, PRIMARY KEY (sub_mchid, out_order_no)
);
CREATE INDEX IF NOT EXISTS shares_of_trade ON shares (out_trade_no);
CREATE TABLE IF NOT EXISTS share_parts (
    detail_id TEXT PRIMARY KEY, order_id TEXT NOT NULL, account TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, description TEXT NOT NULL, result TEXT NOT NULL,
    fail_reason TEXT, created_at REAL NOT NULL, finished_at REAL
);
CREATE INDEX IF NOT EXISTS share_parts_of_order ON share_parts (order_id);
CREATE TABLE IF NOT EXISTS share_returns (
    out_return_no TEXT NOT NULL, return_id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL,
    return_mchid TEXT NOT NULL, amount_fen INTEGER NOT NULL, description TEXT NOT NULL,
    result TEXT NOT NULL, fail_reason TEXT, created_at REAL NOT NULL, finished_at REAL,
    PRIMARY KEY (order_id, out_return_no)
);
CREATE TABLE IF NOT EXISTS transfers (
    out_bill_no TEXT PRIMARY KEY, transfer_bill_no TEXT NOT NULL UNIQUE, asked TEXT NOT NULL,
    openid TEXT NOT NULL, amount_fen INTEGER NOT NULL, remark TEXT NOT NULL, notify_url TEXT,
    state TEXT NOT NULL, fail_reason TEXT, package TEXT NOT NULL UNIQUE,
    created_at REAL NOT NULL, updated_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS transfers_by_state ON transfers (state);
CREATE TABLE IF NOT EXISTS bill_tokens (
    token TEXT PRIMARY KEY, day TEXT NOT NULL, bill_type TEXT NOT NULL, expires_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS channel_trades (
    channel TEXT NOT NULL, out_trade_no TEXT NOT NULL, trade_no TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL, notify_url TEXT NOT NULL, return_url TEXT NOT NULL,
    total_fen INTEGER NOT NULL, state TEXT NOT NULL, asked_at TEXT NOT NULL,
    expires_at REAL NOT NULL, created_at REAL NOT NULL, paid_at REAL, closed_at REAL,
    refunded_fen INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (channel, out_trade_no)
);
CREATE TABLE IF NOT EXISTS channel_refunds (
    channel TEXT NOT NULL, out_refund_no TEXT NOT NULL, refund_no TEXT NOT NULL UNIQUE,
    out_trade_no TEXT NOT NULL, amount_fen INTEGER NOT NULL, notify_url TEXT NOT NULL,
    status TEXT NOT NULL, ends_as TEXT NOT NULL, asked_at TEXT NOT NULL,
    created_at REAL NOT NULL, success_at REAL, PRIMARY KEY (channel, out_refund_no)
);
CREATE TABLE IF NOT EXISTS bill_faults (
    channel TEXT NOT NULL, day TEXT NOT NULL, faults TEXT NOT NULL, PRIMARY KEY (channel, day)
);
CREATE TABLE IF NOT EXISTS fee_bills (
    community_id TEXT NOT NULL, number TEXT NOT NULL, debtor_kind TEXT NOT NULL,
    debtor_id TEXT NOT NULL, title TEXT NOT NULL, period TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, due_day TEXT NOT NULL, state TEXT NOT NULL,
    paid_by TEXT NOT NULL, change INTEGER NOT NULL UNIQUE, PRIMARY KEY (community_id, number)
);
CREATE TABLE IF NOT EXISTS fee_payments (
    number TEXT PRIMARY KEY, community_id TEXT NOT NULL, bill_number TEXT NOT NULL,
    amount_fen INTEGER NOT NULL, way TEXT NOT NULL, paid_at TEXT NOT NULL, state TEXT NOT NULL,
    reason TEXT NOT NULL, told_at REAL NOT NULL, times INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS kept (
    name TEXT PRIMARY KEY, value TEXT NOT NULL
);
"""
FORGOTTEN_BY_RESET = (
    "messages",
    "access_tokens",
    "oauth_codes",
    "trades",
    "refunds",
    "notices",
    "attempts",
    "bill_tokens",
    "fee_bills",
    "fee_payments",
    "channel_trades",
    "channel_refunds",
    "bill_faults",
    "shares",
    "share_parts",
    "share_returns",
    "transfers",
)
ADDED_COLUMNS = (
    ("trades", "trade_type", "TEXT NOT NULL DEFAULT 'JSAPI'"),
    ("trades", "sub_mchid", "TEXT"),
    ("trades", "frozen", "INTEGER NOT NULL DEFAULT 0"),
)
"""Columns that came after the first release: a file of an older sandbox gets them here."""


class NotKept(Exception):
    """Nothing is on record under this id."""


class Store:
    """The file and its one lock."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # A power cut would lose play money only: no sync keeps the sandbox out of measurements.
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "temp_store=MEMORY"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(SCHEMA)
        self._add_columns()

    def _add_columns(self) -> None:
        for table, column, kind in ADDED_COLUMNS:
            known = {row["name"] for row in self._db.execute(f"PRAGMA table_info({table})")}
            if column not in known:
                self._db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; other threads wait outside."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row or nothing."""
        with self._lock:
            row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
            return row

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Every row."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """One statement in its own transaction; the number of rows it touched."""
        with self._lock:
            return self._db.execute(sql, values).rowcount

    def count(self, table: str) -> int:
        """How many rows a table holds."""
        row = self.one(f"SELECT COUNT(*) AS n FROM {table}")
        return int(row["n"]) if row else 0

    def kept(self, name: str) -> str | None:
        """A single named value, such as the menu."""
        row = self.one("SELECT value FROM kept WHERE name = ?", (name,))
        return str(row["value"]) if row else None

    def keep(self, name: str, value: str) -> None:
        """Remember a single named value."""
        self.run("INSERT OR REPLACE INTO kept (name, value) VALUES (?, ?)", (name, value))

    def forget(self, people: bool) -> None:
        """Empty every table of the day's business; the people only when asked."""
        with self.transaction() as db:
            for table in FORGOTTEN_BY_RESET:
                db.execute(f"DELETE FROM {table}")
            if people:
                db.execute("DELETE FROM people")
