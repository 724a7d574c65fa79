"""Sharing: what a channel has frozen for a shop, shares out, and takes back."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import CODE, ID, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def tried() -> list["sa.Column[object]"]:
    """The columns of everything that is tried until it is done."""
    return [
        sa.Column("try_count", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.String(200), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
    ]


def upgrade() -> None:
    op.create_table(
        "profit_share",
        sa.Column("order_id", ID, primary_key=True),
        sa.Column("payment_id", ID, nullable=False),
        sa.Column("merchant_id", ID, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("out_order_no", CODE, nullable=False, server_default=""),
        sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("money_fen", sa.BigInteger(), nullable=False),
        sa.Column("commission_fen", sa.BigInteger(), nullable=False),
        sa.Column("subsidy_fen", sa.BigInteger(), nullable=False),
        *tried(),
        sa.Index("profit_share_payment", "payment_id"),
        sa.Index("profit_share_due", "next_try_at"),
    )
    op.create_table(
        "share_return",
        sa.Column("return_id", ID, primary_key=True),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("refund_id", ID, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        *tried(),
        sa.Index("share_return_refund", "refund_id"),
        sa.Index("share_return_due", "next_try_at"),
    )


def downgrade() -> None:
    op.drop_table("share_return")
    op.drop_table("profit_share")
