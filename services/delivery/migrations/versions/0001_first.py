"""Couriers, visits, drops and the gate log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from services.kernel.columns import CODE, ID, UtcDateTime
from services.kernel.schema import create_mechanism, drop_mechanism

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_mechanism(op)
    op.create_table(
        "courier",
        sa.Column("courier_id", ID, primary_key=True),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("of_property", sa.Boolean, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("phone_masked", sa.String(20), nullable=False),
        sa.Column("photo", sa.String(200), nullable=False),
        sa.Column("registered_by", ID, nullable=False),
        sa.Column("registered_at", UtcDateTime, nullable=False),
        sa.Column("told_at", UtcDateTime, nullable=True),
        sa.Column("tell_after", UtcDateTime, nullable=False),
        sa.UniqueConstraint("account_id", name="courier_of_account"),
    )
    op.create_index("courier_of_property", "courier", ["of_property", "courier_id"])
    op.create_index("courier_untold", "courier", ["told_at", "tell_after"])
    op.create_table(
        "courier_store",
        sa.Column("courier_id", ID, primary_key=True),
        sa.Column("store_id", ID, primary_key=True),
    )
    op.create_index("courier_store_of_store", "courier_store", ["store_id", "courier_id"])
    op.create_table(
        "courier_community",
        sa.Column("courier_id", ID, primary_key=True),
        sa.Column("community_id", ID, primary_key=True),
    )
    op.create_table(
        "visit",
        sa.Column("visit_id", ID, primary_key=True),
        sa.Column("courier_id", ID, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("expected_from", UtcDateTime, nullable=False),
        sa.Column("expected_until", UtcDateTime, nullable=False),
        sa.Column("digits", mysql.CHAR(6, charset="ascii", collation="ascii_bin"), nullable=True),
        sa.Column("entered_at", UtcDateTime, nullable=True),
        sa.Column("entry_gate", sa.String(60), nullable=False),
        sa.Column("left_at", UtcDateTime, nullable=True),
        sa.Column("exit_gate", sa.String(60), nullable=False),
        sa.Column("refused_reason", sa.String(200), nullable=False),
        sa.UniqueConstraint("community_id", "digits", name="visit_digits"),
    )
    op.create_index("visit_due", "visit", ["state", "expected_until"])
    op.create_index("visit_inside", "visit", ["state", "entered_at"])
    op.create_index("visit_of_community", "visit", ["community_id", "visit_id"])
    op.create_index("visit_of_community_in_state", "visit", ["community_id", "state", "visit_id"])
    op.create_index("visit_of_courier", "visit", ["courier_id", "state", "community_id"])
    op.create_table(
        "parcel_drop",
        sa.Column("drop_id", ID, primary_key=True),
        sa.Column("visit_id", ID, nullable=False),
        sa.Column("courier_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("order_number", sa.String(40), nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("store_name", sa.String(200), nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("home_id", ID, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("summary", sa.String(200), nullable=False),
        sa.Column("remark", sa.String(200), nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("assigned_at", UtcDateTime, nullable=False),
        sa.Column("delivered_at", UtcDateTime, nullable=True),
        sa.Column("photo", sa.String(200), nullable=False),
    )
    op.create_index("drop_delivered", "parcel_drop", ["state", "delivered_at", "community_id"])
    op.create_index("drop_of_courier", "parcel_drop", ["courier_id", "state", "visit_id"])
    op.create_index("drop_of_visit", "parcel_drop", ["visit_id", "drop_id"])
    op.create_table(
        "order_mark",
        sa.Column("order_id", ID, primary_key=True),
        sa.Column("drop_id", ID, nullable=True),
        sa.Column("withdrawn_at", UtcDateTime, nullable=True),
    )
    op.create_index("order_mark_withdrawn", "order_mark", ["withdrawn_at"])
    op.create_table(
        "gate_log",
        sa.Column("log_id", ID, primary_key=True),
        sa.Column("visit_id", ID, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("gate_id", ID, nullable=False),
        sa.Column("gate", sa.String(60), nullable=False),
        sa.Column("direction", CODE, nullable=False),
        sa.Column("guard_account_id", ID, nullable=False),
        sa.Column("guard_name", sa.String(60), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_index("gate_log_of_gate", "gate_log", ["gate_id", "at"])
    op.create_index("gate_log_of_visit", "gate_log", ["visit_id", "log_id"])
    op.create_table(
        "wrong_code",
        sa.Column("account_id", ID, primary_key=True),
        sa.Column("in_a_row", sa.Integer, nullable=False),
        sa.Column("last_at", UtcDateTime, nullable=True),
    )


def downgrade() -> None:
    op.drop_table("wrong_code")
    op.drop_table("gate_log")
    op.drop_table("order_mark")
    op.drop_table("parcel_drop")
    op.drop_table("visit")
    op.drop_table("courier_community")
    op.drop_table("courier_store")
    op.drop_table("courier")
    drop_mechanism(op)
