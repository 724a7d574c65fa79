"""Merchants that have left."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("merchant", sa.Column("left_at", UtcDateTime, nullable=True))


def downgrade() -> None:
    op.drop_column("merchant", "left_at")
