"""Ways of handing over, what is open beside the course, deadlines with reminders, the chain."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import CODE, ID, JsonText, UtcDateTime
from services.orders.tables import DIGITS, RECORD_HASH

revision = "0003"
down_revision = "0002"

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
