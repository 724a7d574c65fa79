"""After-sales cases."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import CODE, ID, JsonText, UtcDateTime

revision = "0005"
down_revision = "0004"

_INDEXES = {
    "case_of_order": ["order_id", "case_id"],
    "case_of_household": ["household_id", "case_id"],
    "case_of_store": ["store_id", "case_id"],
    "case_of_store_in_state": ["store_id", "state", "case_id"],
    "case_of_community": ["community_id", "case_id"],
    "case_of_community_in_state": ["community_id", "state", "case_id"],
    "case_number": ["number", "case_id"],
    "case_due": ["state", "deadline_at"],
}


def upgrade() -> None:
    op.create_table(
        "order_case",
        sa.Column("case_id", ID, primary_key=True),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("number", CODE, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("store_name", sa.String(200), nullable=False),
        sa.Column("merchant_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("lines", JsonText, nullable=False),
        sa.Column("replacement", JsonText, nullable=False),
        sa.Column("replacement_words", sa.String(200), nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("offered_fen", sa.BigInteger),
        sa.Column("refunded_fen", sa.BigInteger, nullable=False),
        sa.Column("back", JsonText, nullable=False),
        sa.Column("refund_to", CODE, nullable=False),
        sa.Column("photos", JsonText, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("opened_by_id", ID, nullable=False),
        sa.Column("opened_by", sa.String(200), nullable=False),
        sa.Column("answered_at", UtcDateTime),
        sa.Column("answered_by", sa.String(200), nullable=False),
        sa.Column("answer_text", sa.String(500), nullable=False),
        sa.Column("sent_back_at", UtcDateTime),
        sa.Column("taken_back_at", UtcDateTime),
        sa.Column("restock", sa.Boolean, nullable=False),
        sa.Column("courier_name", sa.String(200), nullable=False),
        sa.Column("sent_at", UtcDateTime),
        sa.Column("delivered_at", UtcDateTime),
        sa.Column("deadline_at", UtcDateTime),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("why_over", sa.String(200), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("saga_id", ID),
        sa.Column("sending_id", ID),
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "order_case", columns)


def downgrade() -> None:
    op.drop_table("order_case")
