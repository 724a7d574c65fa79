"""Prepaid cards, and the merchants whose members get them back."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import CODE, ID, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "card",
        sa.Column("card_id", ID, primary_key=True),
        sa.Column("merchant_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("payment_id", ID, nullable=False),
        sa.Column("money_account_id", ID, nullable=False),
        sa.Column("gift_account_id", ID, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("paid_in_fen", sa.BigInteger(), nullable=False),
        sa.Column("gift_in_fen", sa.BigInteger(), nullable=False),
        sa.Column("returned_fen", sa.BigInteger(), nullable=False),
        sa.Column("bought_at", UtcDateTime(), nullable=False),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Index("card_household", "household_id", "card_id"),
        sa.Index("card_merchant", "merchant_id", "card_id"),
        sa.Index("card_state", "merchant_id", "state", "card_id"),
    )
    op.create_table(
        "card_return",
        sa.Column("merchant_id", ID, primary_key=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("card_return")
    op.drop_table("card")
