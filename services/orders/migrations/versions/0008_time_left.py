"""What was left of a state's time when something opened beside the course."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("sales_order", sa.Column("time_left_s", sa.Integer))


def downgrade() -> None:
    op.drop_column("sales_order", "time_left_s")
