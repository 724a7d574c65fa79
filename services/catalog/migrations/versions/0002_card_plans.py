"""Prepaid cards on the shelf: what the merchant promises on top of the price."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("sku", "reserved_line")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table, sa.Column("gift_fen", sa.BigInteger(), nullable=False, server_default="0")
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "gift_fen")
