"""Property fees: bills, the acts of paying them, where the fee system's feed stands."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from services.kernel.columns import CODE, ID, JsonText, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EXTERNAL = mysql.VARCHAR(60, charset="utf8mb4", collation="utf8mb4_bin")
CURSOR = mysql.VARCHAR(200, charset="ascii", collation="ascii_bin")
NEW_TABLES = ("fee_bill", "fee_payment", "fee_cursor", "fee_receipt_count")


def maybe(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=True)


def must(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


def key(name: str, kind: sa.types.TypeEngine = ID) -> sa.Column:
    return sa.Column(name, kind, primary_key=True)


def upgrade() -> None:
    create_bills()
    create_payments()
    op.create_table(
        "fee_cursor", key("system", CODE), must("cursor", CURSOR), must("read_at", UtcDateTime())
    )
    op.create_table(
        "fee_receipt_count",
        key("community_id"),
        key("year", sa.Integer()),
        must("last_number", sa.Integer()),
    )


def create_bills() -> None:
    op.create_table(
        "fee_bill",
        key("bill_id"),
        must("community_id", ID),
        must("external_number", EXTERNAL),
        must("debtor_kind", CODE),
        must("debtor_id", ID),
        must("title", sa.String(200)),
        must("period", sa.String(40)),
        must("amount_fen", sa.BigInteger()),
        must("due_day", sa.Date()),
        must("state", CODE),
        must("place", sa.Integer()),
        maybe("fee_payment_id", ID),
        maybe("paid_at", UtcDateTime()),
        maybe("said", JsonText()),
        must("changed_at", UtcDateTime()),
        sa.UniqueConstraint("community_id", "external_number", name="fee_bill_number"),
        sa.Index("fee_bill_debtor", "debtor_kind", "debtor_id", "place", "bill_id"),
        sa.Index("fee_bill_state", "state", "place", "bill_id"),
        sa.Index("fee_bill_place", "place", "bill_id"),
    )


def create_payments() -> None:
    op.create_table(
        "fee_payment",
        key("fee_payment_id"),
        must("bill_id", ID),
        must("community_id", ID),
        must("amount_fen", sa.BigInteger()),
        must("way", CODE),
        must("state", CODE),
        must("owner_kind", CODE),
        must("owner_id", ID),
        maybe("payment_id", ID),
        must("paid_by_account_id", ID),
        must("paid_by", sa.String(200)),
        must("consent", sa.String(200)),
        maybe("method", CODE),
        must("reference", sa.String(200)),
        must("opened_at", UtcDateTime()),
        maybe("paid_at", UtcDateTime()),
        maybe("ended_at", UtcDateTime()),
        maybe("receipt_number", CODE),
        maybe("booked_id", ID),
        maybe("undone_id", ID),
        must("reason", sa.String(200)),
        must("reversed_by", sa.String(200)),
        must("try_count", sa.Integer()),
        maybe("next_try_at", UtcDateTime()),
        must("last_error", sa.String(200)),
        sa.UniqueConstraint("community_id", "receipt_number", name="fee_receipt_number"),
        sa.Index("fee_payment_bill", "bill_id", "fee_payment_id"),
        sa.Index("fee_payment_payment", "payment_id"),
        sa.Index("fee_payment_due", "next_try_at"),
        sa.Index("fee_payment_paid", "paid_at", "fee_payment_id"),
    )


def downgrade() -> None:
    for table in NEW_TABLES:
        op.drop_table(table)
