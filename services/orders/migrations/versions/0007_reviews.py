"""Reviews, and the votes of each store."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import ID, JsonText, UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("order_id", ID, primary_key=True),
        sa.Column("review_id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("stars", sa.Integer, nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("photos", JsonText, nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("author_id", ID, nullable=False),
        sa.Column("summary", sa.String(200), nullable=False),
        sa.Column("written_at", UtcDateTime, nullable=False),
        sa.Column("answer", sa.String(500), nullable=False),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("hidden", sa.Boolean, nullable=False),
        sa.Column("hidden_reason", sa.String(200), nullable=False),
    )
    op.create_index("review_of_store", "review", ["store_id", "hidden", "review_id"])
    op.create_index(
        "review_of_store_with_stars", "review", ["store_id", "hidden", "stars", "review_id"]
    )
    op.create_table(
        "store_score",
        sa.Column("store_id", ID, primary_key=True),
        *(sa.Column(f"stars_{n}", sa.Integer, nullable=False) for n in range(1, 6)),
    )


def downgrade() -> None:
    op.drop_table("store_score")
    op.drop_table("review")
