"""The tables of the mechanism, the same in each service's database."""

from typing import Any

from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.dialects import mysql

from services.kernel.columns import CODE, HASH, ID, UtcDateTime

METADATA = MetaData()
_REQUEST_ID = mysql.VARCHAR(64, charset="ascii", collation="ascii_bin")

REQUEST = Table(
    "request",
    METADATA,
    Column("request_id", _REQUEST_ID, primary_key=True),
    Column("command", CODE, primary_key=True),
    Column("body_sha256", HASH, nullable=False),
    Column("answer", LargeBinary(16_000_000), nullable=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index("request_created", "created_at"),
)
"""A command that was granted, and its answer."""

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("id", ID, primary_key=True),
    Column("name", CODE, nullable=False),
    Column("envelope", LargeBinary(1_000_000), nullable=False),
    Column("sent_at", UtcDateTime, nullable=True),
    Index("outbox_sent", "sent_at", "id"),
)
"""Events to be told; committed with what they tell of."""

INBOX = Table(
    "inbox",
    METADATA,
    Column("event_id", ID, primary_key=True),
    Column("consumer", CODE, primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    Index("inbox_received", "received_at"),
)
"""Events whose effect is in this database."""

LEASE = Table(
    "lease",
    METADATA,
    Column("name", CODE, primary_key=True),
    Column("holder", String(60), nullable=False),
    Column("until", UtcDateTime, nullable=False),
)
"""Which copy does a scheduled job, and until when."""


def create_mechanism(op: Any) -> None:
    """Create the mechanism's tables in a first migration."""
    METADATA.create_all(op.get_bind())


def drop_mechanism(op: Any) -> None:
    """Drop them again."""
    METADATA.drop_all(op.get_bind())
