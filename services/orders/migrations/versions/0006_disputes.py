"""Disputes, and precedents with the terms that find them."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import CODE, ID, JsonText, UtcDateTime
from services.orders.tables_disputes import TERM

revision = "0006"
down_revision = "0005"

_INDEXES = {
    "dispute_of_order": ["order_id", "dispute_id"],
    "dispute_of_household": ["household_id", "dispute_id"],
    "dispute_of_store": ["store_id", "dispute_id"],
    "dispute_of_community": ["community_id", "dispute_id"],
    "dispute_of_community_in_state": ["community_id", "state", "dispute_id"],
    "dispute_of_mediator": ["mediator_id", "state", "dispute_id"],
    "dispute_of_merchant": ["merchant_id", "opened_at"],
    "dispute_opened": ["community_id", "opened_at", "merchant_id"],
    "dispute_due": ["state", "deadline_at"],
}


def upgrade() -> None:
    op.create_table(
        "dispute",
        sa.Column("dispute_id", ID, primary_key=True),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("number", CODE, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("about", CODE, nullable=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("wanted_fen", sa.BigInteger),
        sa.Column("photos", JsonText, nullable=False),
        sa.Column("opened_at", UtcDateTime, nullable=False),
        sa.Column("opened_by", CODE, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("store_name", sa.String(200), nullable=False),
        sa.Column("merchant_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=False),
        sa.Column("community_id", ID, nullable=False),
        sa.Column("resident_name", sa.String(200), nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.String(200), nullable=False),
        sa.Column("parts", JsonText, nullable=False),
        sa.Column("frozen_fen", sa.BigInteger, nullable=False),
        sa.Column("taken_back_fen", sa.BigInteger, nullable=False),
        sa.Column("owed_fen", sa.BigInteger, nullable=False),
        sa.Column("proposal_fen", sa.BigInteger),
        sa.Column("proposal_by", CODE),
        sa.Column("proposal_by_id", ID),
        sa.Column("proposal_text", sa.String(500), nullable=False),
        sa.Column("asked", JsonText, nullable=False),
        sa.Column("mediator_id", ID),
        sa.Column("mediator_name", sa.String(200), nullable=False),
        *_decision("ruling"),
        sa.Column("accepted_by", JsonText, nullable=False),
        sa.Column("appeal_by", CODE),
        sa.Column("appeal_text", sa.String(500), nullable=False),
        *_decision("final"),
        sa.Column("precedent", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("deadline_at", UtcDateTime),
        sa.Column("closed_at", UtcDateTime),
        sa.Column("outcome_fen", sa.BigInteger),
        sa.Column("ended", CODE),
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "dispute", columns)
    op.create_table(
        "precedent",
        sa.Column("dispute_id", ID, primary_key=True),
        sa.Column("about", CODE, nullable=False),
        sa.Column("amount_fen", sa.BigInteger, nullable=False),
        sa.Column("to_resident_fen", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("story", sa.Text, nullable=False),
        sa.Column("ruled_at", UtcDateTime, nullable=False),
    )
    op.create_index("precedent_about", "precedent", ["about", "dispute_id"])
    op.create_table(
        "precedent_term",
        sa.Column("term", TERM, primary_key=True),
        sa.Column("dispute_id", ID, primary_key=True),
    )


def _decision(name: str) -> list[sa.Column]:
    return [
        sa.Column(f"{name}_fen", sa.BigInteger),
        sa.Column(f"{name}_to", CODE),
        sa.Column(f"{name}_reason", sa.String(500), nullable=False),
        sa.Column(f"{name}_by_id", ID),
        sa.Column(f"{name}_by", sa.String(200), nullable=False),
        sa.Column(f"{name}_at", UtcDateTime),
    ]


def downgrade() -> None:
    for table in ("precedent_term", "precedent", "dispute"):
        op.drop_table(table)
