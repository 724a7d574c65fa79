"""Amendments."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import CODE, ID, JsonText, UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "order_amendment",
        sa.Column("amendment_id", ID, primary_key=True),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("proposed_at", UtcDateTime, nullable=False),
        sa.Column("proposed_by", sa.String(200), nullable=False),
        sa.Column("proposed_by_id", ID, nullable=False),
        sa.Column("deadline_at", UtcDateTime),
        sa.Column("before", JsonText, nullable=False),
        sa.Column("after", JsonText, nullable=False),
        sa.Column("before_fen", sa.BigInteger, nullable=False),
        sa.Column("after_fen", sa.BigInteger, nullable=False),
        sa.Column("category", sa.String(200), nullable=False),
        sa.Column("deliver_after", UtcDateTime),
        sa.Column("slot_from", UtcDateTime),
        sa.Column("slot_until", UtcDateTime),
        sa.Column("slot_capacity", sa.Integer, nullable=False),
        sa.Column("payment_id", ID),
        sa.Column("supplement_id", ID),
        sa.Column("given_back", JsonText, nullable=False),
        sa.Column("over_at", UtcDateTime),
        sa.Column("why_over", sa.String(200), nullable=False),
    )
    op.create_index("amendment_of_order", "order_amendment", ["order_id", "amendment_id"])
    op.create_index("amendment_due", "order_amendment", ["state", "deadline_at"])
    op.create_index("amendment_of_supplement", "order_amendment", ["supplement_id"])


def downgrade() -> None:
    op.drop_table("order_amendment")
