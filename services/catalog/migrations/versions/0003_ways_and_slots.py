"""How an item reaches its buyer, and the length and number of its appointments."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import JsonText

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("item", "reserved_line")
GOODS = '["delivery","pickup"]'
"""What every item offered until now."""


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table, sa.Column("fulfilments", JsonText(), nullable=False, server_default=GOODS)
        )
        op.add_column(
            table, sa.Column("slot_minutes", sa.Integer(), nullable=False, server_default="0")
        )
        op.add_column(
            table, sa.Column("slot_capacity", sa.Integer(), nullable=False, server_default="1")
        )


def downgrade() -> None:
    for table in TABLES:
        for column in ("slot_capacity", "slot_minutes", "fulfilments"):
            op.drop_column(table, column)
