"""Orders that sell a prepaid card, and orders whose money goes back in parts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column(
        "sales_order", sa.Column("sells_card", sa.Boolean, nullable=False, server_default="0")
    )
    op.add_column(
        "sales_order", sa.Column("refunded_fen", sa.BigInteger, nullable=False, server_default="0")
    )
    op.execute("UPDATE sales_order SET refunded_fen = amount_fen WHERE refunded_at IS NOT NULL")


def downgrade() -> None:
    op.drop_column("sales_order", "refunded_fen")
    op.drop_column("sales_order", "sells_card")
