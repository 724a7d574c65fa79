"""Drops are found by their orders: a mediator asks who brought one, and by which gate."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("drop_of_order", "parcel_drop", ["order_id"])


def downgrade() -> None:
    op.drop_index("drop_of_order", "parcel_drop")
