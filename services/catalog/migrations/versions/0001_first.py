"""The shelf, its reservations and the movements of its stock."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from services.kernel.columns import CODE, ID, UtcDateTime
from services.kernel.schema import create_mechanism, drop_mechanism

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

REFERENCE = mysql.VARCHAR(64, charset="ascii", collation="ascii_bin")


def upgrade() -> None:
    create_mechanism(op)
    _create_shelf()
    _create_stock()


def _create_shelf() -> None:
    op.create_table(
        "item",
        sa.Column("item_id", ID, primary_key=True),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("category", sa.String(30), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("picture", sa.String(200), nullable=False),
        sa.Column("on_shelf", sa.Boolean, nullable=False),
        sa.Column("sort", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Index("item_of_store", "store_id", "on_shelf", "sort", "item_id"),
        sa.Index("item_of_category", "category", "on_shelf", "sort", "item_id"),
    )
    op.create_table(
        "sku",
        sa.Column("sku_id", ID, primary_key=True),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("price_fen", sa.BigInteger, nullable=False),
        sa.Column("stock", sa.Integer, nullable=False),
        sa.Column("unlimited", sa.Boolean, nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False),
        sa.Index("sku_of_item", "item_id", "position"),
        sa.CheckConstraint("stock >= 0", name="stock_not_below_zero"),
    )


def _create_stock() -> None:
    op.create_table(
        "reserved_line",
        sa.Column("reservation_id", ID, primary_key=True),
        sa.Column("line_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sku_id", ID, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("counted", sa.Boolean, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("hold_until", UtcDateTime, nullable=False),
        sa.Column("item_id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("item_name", sa.String(60), nullable=False),
        sa.Column("sku_name", sa.String(60), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("category", sa.String(30), nullable=False),
        sa.Column("picture", sa.String(200), nullable=False),
        sa.Column("price_fen", sa.BigInteger, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
        sa.Index("reserved_line_due", "state", "hold_until"),
    )
    op.create_table(
        "stock_movement",
        sa.Column("sku_id", ID, primary_key=True),
        sa.Column("reference", REFERENCE, primary_key=True),
        sa.Column("reason", CODE, primary_key=True),
        sa.Column("delta", sa.Integer, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )


def downgrade() -> None:
    for table in ("stock_movement", "reserved_line", "sku", "item"):
        op.drop_table(table)
    drop_mechanism(op)
