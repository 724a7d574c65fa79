"""Orders, their lines, adjustments and timelines."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import CODE, ID, JsonText, UtcDateTime
from services.kernel.schema import create_mechanism, drop_mechanism

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_mechanism(op)
    op.create_table(
        "sales_order",
        sa.Column("order_id", ID, primary_key=True),
        sa.Column("number", CODE, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("payment_id", ID, nullable=False),
        sa.Column("reservation_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("merchant_id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("store_name", sa.String(200), nullable=False),
        sa.Column("store_phone", sa.String(20), nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("home_id", ID, nullable=False),
        sa.Column("building_id", ID, nullable=False),
        sa.Column("contact_name", sa.String(200), nullable=False),
        sa.Column("address", sa.String(200), nullable=False),
        sa.Column("other_address", sa.Boolean, nullable=False),
        sa.Column("remark", sa.String(200), nullable=False),
        sa.Column("deliver_after", UtcDateTime),
        sa.Column("placed_by", ID, nullable=False),
        sa.Column("placed_by_name", sa.String(200), nullable=False),
        sa.Column("client", sa.String(200), nullable=False),
        sa.Column("placed_at", UtcDateTime, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.String(200), nullable=False),
        sa.Column("picture", sa.String(200), nullable=False),
        sa.Column("sku_ids", JsonText, nullable=False),
        sa.Column("deadline_at", UtcDateTime),
        sa.Column("paid_at", UtcDateTime),
        sa.Column("paid_by_channel", CODE, nullable=False),
        sa.Column("confirmed_at", UtcDateTime),
        sa.Column("handled_by", sa.String(200), nullable=False),
        sa.Column("ready_at", UtcDateTime),
        sa.Column("asked_courier_id", ID),
        sa.Column("asked_at", UtcDateTime),
        sa.Column("dispatched_at", UtcDateTime),
        sa.Column("courier_id", ID),
        sa.Column("courier_name", sa.String(200), nullable=False),
        sa.Column("delivered_at", UtcDateTime),
        sa.Column("delivered_to_door", sa.Boolean, nullable=False),
        sa.Column("delivery_photo", sa.String(200), nullable=False),
        sa.Column("completed_at", UtcDateTime),
        sa.Column("cancelled_at", UtcDateTime),
        sa.Column("cancelled_by", CODE),
        sa.Column("cancel_reason", sa.String(200), nullable=False),
        sa.Column("refund_to", CODE),
        sa.Column("refunded_at", UtcDateTime),
        sa.Column("settled_at", UtcDateTime),
        sa.Index("order_of_payment", "payment_id", "order_id"),
        sa.Index("order_of_household", "household_id", "order_id"),
        sa.Index("order_of_store", "store_id", "order_id"),
        sa.Index("order_of_store_in_state", "store_id", "state", "order_id"),
        sa.Index("order_of_community", "community_id", "order_id"),
        sa.Index("order_of_community_in_state", "community_id", "state", "order_id"),
        sa.Index("order_due", "state", "deadline_at", "order_id"),
        sa.Index("order_asked", "asked_at"),
        sa.Index("order_number", "number", "order_id"),
    )
    op.create_table(
        "order_line",
        sa.Column("order_id", ID, primary_key=True),
        sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sku_id", ID, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("item_name", sa.String(200), nullable=False),
        sa.Column("sku_name", sa.String(200), nullable=False),
        sa.Column("picture", sa.String(200), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("price_fen", sa.BigInteger, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "order_adjustment",
        sa.Column("order_id", ID, primary_key=True),
        sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("adjustment_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("promotion_id", ID, nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("funded_by", sa.String(200), nullable=False),
    )
    op.create_table(
        "order_timeline",
        sa.Column("order_id", ID, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("step", CODE, nullable=False),
        sa.Column("party", CODE, nullable=False),
        sa.Column("actor_id", ID),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("client", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    for table in ("order_timeline", "order_adjustment", "order_line", "sales_order"):
        op.drop_table(table)
    drop_mechanism(op)
