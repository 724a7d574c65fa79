"""The ledger, payments, escrow and refunds."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from services.kernel.columns import CODE, HASH, ID, UtcDateTime
from services.kernel.schema import create_mechanism, drop_mechanism

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TOKEN = mysql.VARCHAR(80, charset="ascii", collation="ascii_bin")
TABLES = (
    "refund",
    "escrow",
    "notice",
    "channel_order",
    "allocation",
    "payment",
    "checkpoint",
    "entry",
    "transfer",
    "account",
)


def upgrade() -> None:
    create_mechanism(op)
    create_ledger()
    create_payments()
    create_channel_orders()
    create_escrow_and_refund()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    drop_mechanism(op)


def column(name: str, kind: sa.types.TypeEngine, *, null: bool = False) -> sa.Column:
    return sa.Column(name, kind, nullable=null)


def key(name: str, kind: sa.types.TypeEngine = ID) -> sa.Column:
    return sa.Column(name, kind, primary_key=True)


def create_ledger() -> None:
    op.create_table(
        "account",
        key("account_id"),
        column("kind", CODE),
        column("owner", CODE),
        column("channel", CODE),
        column("custodian", CODE),
        column("balance_fen", sa.BigInteger(), null=True),
        column("opened_at", UtcDateTime()),
        sa.CheckConstraint("balance_fen >= 0", name="account_never_below_zero"),
        sa.Index("account_kind", "kind", "owner"),
    )
    op.create_table(
        "transfer",
        key("transfer_id"),
        column("kind", CODE),
        column("reason", sa.String(200)),
        column("order_id", ID, null=True),
        column("payment_id", ID, null=True),
        column("refund_id", ID, null=True),
        column("reference", CODE, null=True),
        column("at", UtcDateTime()),
        sa.Index("transfer_order", "order_id"),
        sa.Index("transfer_reference", "reference"),
    )
    op.create_table(
        "entry",
        sa.Column("entry_id", sa.BigInteger(), primary_key=True, autoincrement=True),
        column("transfer_id", ID),
        column("account_id", ID),
        column("amount_fen", sa.BigInteger()),
        column("at", UtcDateTime()),
        sa.Index("entry_account", "account_id", "entry_id", "amount_fen"),
        sa.Index("entry_transfer", "transfer_id", "amount_fen"),
        sa.Index("entry_at", "at"),
    )
    op.create_table(
        "checkpoint",
        key("account_id"),
        column("entry_id", sa.BigInteger()),
        column("balance_fen", sa.BigInteger()),
        column("taken_at", UtcDateTime()),
    )


def create_payments() -> None:
    op.create_table(
        "payment",
        key("payment_id"),
        column("household_id", ID),
        column("community_id", ID, null=True),
        column("payer_account_id", ID, null=True),
        column("subject", sa.String(200)),
        column("amount_fen", sa.BigInteger()),
        column("state", CODE),
        column("pay_before", UtcDateTime()),
        column("opened_at", UtcDateTime()),
        column("channel", CODE, null=True),
        column("out_trade_no", CODE, null=True),
        column("paid_at", UtcDateTime(), null=True),
        column("closed_at", UtcDateTime(), null=True),
        sa.Index("payment_state", "state", "pay_before"),
        sa.Index("payment_paid_at", "paid_at", "amount_fen"),
    )
    op.create_table(
        "allocation",
        key("order_id"),
        column("payment_id", ID),
        column("merchant_id", ID),
        column("amount_fen", sa.BigInteger()),
        sa.Index("allocation_payment", "payment_id"),
    )


def create_channel_orders() -> None:
    op.create_table(
        "channel_order",
        key("channel", CODE),
        key("out_trade_no", CODE),
        column("payment_id", ID),
        column("merchant_number", CODE),
        column("app_id", CODE),
        column("openid", TOKEN),
        column("amount_fen", sa.BigInteger()),
        column("state", CODE),
        column("prepay_id", TOKEN, null=True),
        column("prepaid_at", UtcDateTime(), null=True),
        column("transaction_id", TOKEN, null=True),
        column("paid_at", UtcDateTime(), null=True),
        column("asked_at", UtcDateTime()),
        column("poll_count", sa.Integer()),
        column("next_poll_at", UtcDateTime(), null=True),
        sa.Index("channel_order_payment", "payment_id"),
        sa.Index("channel_order_poll", "next_poll_at"),
        sa.Index("channel_order_paid_at", "paid_at"),
    )
    op.create_table(
        "notice",
        key("row_id"),
        column("channel", CODE),
        column("accepted_id", TOKEN, null=True),
        column("event_type", CODE),
        column("subject", CODE),
        column("outcome", CODE),
        column("reason", sa.String(200)),
        column("body_sha256", HASH),
        column("body_bytes", sa.Integer()),
        column("received_at", UtcDateTime()),
        sa.UniqueConstraint("channel", "accepted_id", name="notice_once"),
        sa.Index("notice_received", "received_at"),
    )


def create_escrow_and_refund() -> None:
    op.create_table(
        "escrow",
        key("order_id"),
        column("payment_id", ID),
        column("merchant_id", ID),
        column("household_id", ID),
        column("amount_fen", sa.BigInteger()),
        column("state", CODE),
        column("held_at", UtcDateTime()),
        column("resolved_at", UtcDateTime(), null=True),
        sa.Index("escrow_merchant", "merchant_id", "state", "amount_fen"),
        sa.Index("escrow_state", "state", "resolved_at", "amount_fen"),
    )
    op.create_table(
        "refund",
        key("refund_id"),
        column("order_id", ID, null=True),
        column("payment_id", ID),
        column("household_id", ID),
        column("payer_account_id", ID),
        column("amount_fen", sa.BigInteger()),
        column("refund_to", CODE),
        column("state", CODE),
        column("reason", sa.String(200)),
        column("channel", CODE),
        column("merchant_number", CODE),
        column("out_trade_no", CODE),
        column("total_fen", sa.BigInteger()),
        column("try_count", sa.Integer()),
        column("refusal_count", sa.Integer()),
        column("next_try_at", UtcDateTime(), null=True),
        column("last_error", sa.String(200)),
        column("requested_at", UtcDateTime()),
        column("asked_at", UtcDateTime(), null=True),
        column("done_at", UtcDateTime(), null=True),
        column("version", sa.Integer()),
        sa.Index("refund_order", "order_id"),
        sa.Index("refund_due", "next_try_at"),
        sa.Index("refund_state", "state"),
        sa.Index("refund_asked", "asked_at"),
    )
