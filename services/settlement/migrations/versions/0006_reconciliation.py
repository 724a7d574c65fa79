"""Reconciliation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from services.kernel.columns import CODE, ID, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

REFERENCE = mysql.VARCHAR(64, charset="ascii", collation="ascii_bin")


def must(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


def maybe(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=True)


def fen(name: str) -> sa.Column:
    return must(name, sa.BigInteger())


def count(name: str) -> sa.Column:
    return must(name, sa.Integer())


def upgrade() -> None:
    op.create_table(
        "reconciliation_day",
        sa.Column("day_id", ID, primary_key=True),
        must("channel", CODE),
        must("merchant_number", CODE),
        must("day", sa.Date()),
        must("state", CODE),
        count("line_count"),
        count("matched_count"),
        fen("their_fen"),
        fen("our_fen"),
        fen("fee_fen"),
        count("difference_count"),
        count("open_count"),
        count("progress"),
        count("run_count"),
        maybe("run_by", ID),
        maybe("run_until", UtcDateTime()),
        count("staged"),
        must("matched_through", REFERENCE),
        maybe("fee_rate_bp", sa.Integer()),
        maybe("fee_booked_fen", sa.BigInteger()),
        maybe("next_try_at", UtcDateTime()),
        must("note", sa.String(200)),
        must("made_at", UtcDateTime()),
        maybe("closed_by_account_id", ID),
        must("closed_by", sa.String(200)),
        maybe("closed_at", UtcDateTime()),
        sa.Index("reconciliation_day_newest", "day", "day_id"),
        sa.Index("reconciliation_day_state", "state", "next_try_at"),
    )
    op.create_table(
        "bill_line",
        sa.Column("day_id", ID, primary_key=True),
        sa.Column("reference", REFERENCE, primary_key=True),
        must("out_trade_no", REFERENCE),
        count("is_refund"),
        maybe("refund_state", CODE),
        fen("amount_fen"),
        fen("fee_fen"),
        count("run"),
    )
    op.create_table(
        "reconciliation_difference",
        sa.Column("difference_id", ID, primary_key=True),
        must("day_id", ID),
        must("kind", CODE),
        must("reference", REFERENCE),
        count("is_refund"),
        maybe("order_id", ID),
        fen("their_fen"),
        fen("our_fen"),
        fen("gap_fen"),
        fen("booked_fen"),
        must("words", sa.String(200)),
        must("found_at", UtcDateTime()),
        maybe("resolved", CODE),
        must("resolution", sa.String(400)),
        maybe("resolved_by_account_id", ID),
        must("resolved_by", sa.String(200)),
        maybe("resolved_at", UtcDateTime()),
        sa.Index("reconciliation_difference_day", "day_id", "difference_id"),
    )


def downgrade() -> None:
    for table in ("reconciliation_difference", "bill_line", "reconciliation_day"):
        op.drop_table(table)
