"""What orders has decided, by a ruling or an agreement; and payments without cash at a door."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("escrow", sa.Column("decided_at", UtcDateTime(), nullable=True))
    # Each version was a release or a freeze: more versions than releases are a ruling.
    op.execute(
        "UPDATE escrow SET decided_at = resolved_at"
        " WHERE version > releases AND state IN ('released', 'refunded')"
    )
    op.add_column(
        "payment", sa.Column("cash_at_door", sa.Boolean(), nullable=False, server_default="1")
    )


def downgrade() -> None:
    op.drop_column("payment", "cash_at_door")
    op.drop_column("escrow", "decided_at")
