"""Ways of handing over, what is open beside the course, deadlines with reminders, the chain."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import insert

from services.kernel.columns import CODE, ID, JsonText, UtcDateTime
from services.orders.domain.record import START, Entry, link
from services.orders.tables import DIGITS, RECORD_HASH

revision = "0003"
down_revision = "0002"

ORDERS_AT_ONCE = 1000
"""So many timelines are linked by one statement each way."""
_ORDERS = sa.table("sales_order", sa.column("order_id", ID), sa.column("record_hash", RECORD_HASH))
_ENTRIES = sa.table(
    "order_timeline",
    sa.column("order_id", ID),
    sa.column("seq", sa.Integer),
    sa.column("at", UtcDateTime),
    sa.column("step", CODE),
    sa.column("party", CODE),
    sa.column("actor_id", ID),
    sa.column("actor_name", sa.String),
    sa.column("note", sa.String),
    sa.column("client", sa.String),
    sa.column("hash", RECORD_HASH),
)

_INDEXES = {
    "order_of_household_in_state": ["household_id", "state", "order_id"],
    "order_of_store_in_trouble": ["store_id", "trouble", "order_id"],
    "order_of_community_in_trouble": ["community_id", "trouble", "order_id"],
    "order_of_merchant": ["merchant_id", "order_id"],
    "order_remind": ["remind_at"],
    "order_supplements": ["supplement_of"],
}


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("fulfilment", CODE, nullable=False, server_default="delivery"),
        sa.Column("trouble", CODE, nullable=False, server_default="none"),
        sa.Column("beside", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("agreed_fen", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("revision", sa.Integer, nullable=False, server_default="0"),
        sa.Column("slot_from", UtcDateTime),
        sa.Column("slot_until", UtcDateTime),
        sa.Column("pickup_code", DIGITS),
        sa.Column("picked_at", UtcDateTime),
        sa.Column("started_at", UtcDateTime),
        sa.Column("late", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("remind_at", UtcDateTime),
        sa.Column("supplement_of", ID),
        sa.Column("reviewed_at", UtcDateTime),
        sa.Column("record_hash", RECORD_HASH, nullable=False, server_default=""),
    )


def upgrade() -> None:
    for column in _columns():
        op.add_column("sales_order", column)
    op.execute("UPDATE sales_order SET agreed_fen = amount_fen")
    for name, columns in _INDEXES.items():
        op.create_index(name, "sales_order", columns)
    op.create_unique_constraint("order_pickup_code", "sales_order", ["store_id", "pickup_code"])
    op.add_column(
        "order_timeline", sa.Column("hash", RECORD_HASH, nullable=False, server_default="")
    )
    _link_timelines()
    _create_beside()
    op.create_table(
        "saga",
        sa.Column("saga_id", ID, primary_key=True),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("undoing", sa.Boolean, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime),
        sa.Column("last_error", sa.String(200), nullable=False),
        sa.Column("facts", JsonText, nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("finished_at", UtcDateTime),
    )
    op.create_index("saga_due", "saga", ["due_at"])
    op.create_index("saga_open", "saga", ["finished_at", "started_at"])
    op.create_index("saga_of_order", "saga", ["order_id"])
    op.create_index("saga_of_subject", "saga", ["subject_id"])


def _link_timelines() -> None:
    """Chain what was written before there was a chain, a page of orders at a time.

    A timeline that is shorter or longer than its order's version stays so: its record shows it.
    """
    page = sa.select(_ORDERS.c.order_id).order_by(_ORDERS.c.order_id).limit(ORDERS_AT_ONCE)
    connection, after = op.get_bind(), ""
    while True:
        found = connection.scalars(page.where(_ORDERS.c.order_id > after)).all()
        if not found:
            return
        _link_those(connection, found)
        after = found[-1]


def _link_those(connection: sa.Connection, order_ids: Sequence[str]) -> None:
    written = sa.select(*(_ENTRIES.c[name] for name in Entry._fields))
    written = written.where(_ENTRIES.c.order_id.in_(order_ids))
    rows = connection.execute(written.order_by(_ENTRIES.c.order_id, _ENTRIES.c.seq)).all()
    linked: list[dict[str, Any]] = []
    ends: dict[str, str] = {}
    for order_id, same in groupby(rows, key=attrgetter("order_id")):
        end = START
        for row in same:
            entry = Entry(*row)
            end = link(end, entry)
            linked.append({**entry._asdict(), "hash": end})
        ends[order_id] = end
    if not ends:
        return
    kept = insert(_ENTRIES)
    connection.execute(kept.on_duplicate_key_update(hash=kept.inserted.hash), linked)
    ending = sa.update(_ORDERS).where(_ORDERS.c.order_id.in_(list(ends)))
    connection.execute(ending.values(record_hash=sa.case(ends, value=_ORDERS.c.order_id)))


def _create_beside() -> None:
    op.create_table(
        "order_pickup",
        sa.Column("order_id", ID, primary_key=True),
        sa.Column("pickup_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("by_account_id", ID, nullable=False),
        sa.Column("by_name", sa.String(200), nullable=False),
        sa.Column("lines", JsonText, nullable=False),
    )
    op.create_table(
        "appointment",
        sa.Column("item_id", ID, primary_key=True),
        sa.Column("starts_at", UtcDateTime, primary_key=True),
        sa.Column("seat", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("order_id", ID, nullable=False),
    )
    op.create_index("appointment_of_order", "appointment", ["order_id"])
    op.create_table(
        "order_message",
        sa.Column("message_id", ID, primary_key=True),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("party", CODE, nullable=False),
        sa.Column("account_id", ID),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("text", sa.String(1000), nullable=False),
        sa.Column("photos", JsonText, nullable=False),
        sa.Column("asked", CODE),
    )
    op.create_index("message_of_order", "order_message", ["order_id", "message_id"])


def downgrade() -> None:
    for table in ("saga", "order_message", "appointment", "order_pickup"):
        op.drop_table(table)
    op.drop_column("order_timeline", "hash")
    op.drop_constraint("order_pickup_code", "sales_order", type_="unique")
    for name in _INDEXES:
        op.drop_index(name, "sales_order")
    for column in reversed(_columns()):
        op.drop_column("sales_order", column.name)
