"""Holds, split payments, part refunds, disputes, the desk, cash at doors, commission, custody."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from services.kernel.columns import CODE, ID, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LINK = mysql.VARCHAR(1000, charset="ascii", collation="ascii_bin")
TOKEN = mysql.VARCHAR(80, charset="ascii", collation="ascii_bin")
NEW_TABLES = ("hold", "cash", "desk_receipt", "commission_rule", "custody", "sub_merchant")


def fen(name: str) -> sa.Column:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def count(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def code(name: str, default: str) -> sa.Column:
    return sa.Column(name, CODE, nullable=False, server_default=default)


def text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False, server_default="")


def maybe(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=True)


def must(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


def key(name: str, kind: sa.types.TypeEngine = ID) -> sa.Column:
    return sa.Column(name, kind, primary_key=True)


ADDED = {
    "transfer": lambda: [text("made_by", 80), maybe("corrects", ID)],
    "payment": lambda: [
        code("purpose", "order"),
        code("custody", "collect"),
        fen("fund_fen"),
        maybe("card_id", ID),
        fen("card_fen"),
        fen("gift_fen"),
        count("cover_count"),
    ],
    "allocation": lambda: [
        text("category", 40),
        fen("subsidy_fen"),
        maybe("card_name", sa.String(200)),
        fen("card_gift_fen"),
    ],
    "channel_order": lambda: [
        code("way", "wechat_jsapi"),
        code("sub_merchant", ""),
        maybe("pay_before", UtcDateTime()),
    ],
    "escrow": lambda: [
        maybe("community_id", ID),
        code("custodian", "property"),
        fen("channel_fen"),
        fen("fund_fen"),
        maybe("card_id", ID),
        fen("card_fen"),
        fen("gift_fen"),
        fen("back_channel_fen"),
        fen("back_fund_fen"),
        fen("back_card_fen"),
        fen("back_gift_fen"),
        text("category", 40),
        fen("subsidy_fen"),
        maybe("card_name", sa.String(200)),
        fen("card_gift_fen"),
        maybe("completed_at", UtcDateTime()),
        fen("settled_money_fen"),
        fen("settled_commission_fen"),
        fen("settled_subsidy_fen"),
        maybe("withdrawable_at", UtcDateTime()),
        count("releases"),
        count("version"),
    ],
    "refund": lambda: [code("custodian", "property"), text("asked_by", 80)],
}


def upgrade() -> None:
    for table, columns in ADDED.items():
        for column in columns():
            op.add_column(table, column)
    op.alter_column("channel_order", "prepay_id", type_=LINK, existing_nullable=True)
    carry_over()
    create_indexes()
    create_tables()


def carry_over() -> None:
    """What was held, released or refunded before came through the channel as a whole."""
    op.execute("UPDATE escrow SET channel_fen = amount_fen")
    op.execute(
        "UPDATE escrow SET settled_money_fen = amount_fen, releases = 1, version = 1,"
        " completed_at = resolved_at, withdrawable_at = resolved_at WHERE state = 'released'"
    )
    op.execute("UPDATE escrow SET back_channel_fen = amount_fen WHERE state = 'refunded'")
    op.execute(
        "UPDATE escrow JOIN payment USING (payment_id)"
        " SET escrow.community_id = payment.community_id"
    )
    op.execute(
        "UPDATE channel_order JOIN payment USING (payment_id)"
        " SET channel_order.pay_before = payment.pay_before"
    )


def create_indexes() -> None:
    op.create_index("transfer_corrects", "transfer", ["corrects"])
    op.create_index("escrow_settled", "escrow", ["merchant_id", "resolved_at", "order_id"])
    op.create_index("escrow_due", "escrow", ["state", "completed_at", "order_id"])
    op.drop_index("refund_state", "refund")
    op.create_index("refund_state", "refund", ["state", "requested_at", "refund_id"])


def create_tables() -> None:
    op.create_table(
        "hold",
        key("hold_id"),
        must("source_kind", CODE),
        must("source_owner", CODE),
        must("source_custodian", CODE),
        must("amount_fen", sa.BigInteger()),
        must("posted_fen", sa.BigInteger()),
        must("state", CODE),
        must("purpose", CODE),
        must("placed_at", UtcDateTime()),
        maybe("resolved_at", UtcDateTime()),
        sa.Index("hold_state", "state"),
    )
    op.create_table(
        "cash",
        key("order_id"),
        must("payment_id", ID),
        must("household_id", ID),
        must("community_id", ID),
        must("amount_fen", sa.BigInteger()),
        must("state", CODE),
        maybe("courier_id", ID),
        must("courier_name", sa.String(200)),
        maybe("collected_at", UtcDateTime()),
        maybe("handed_in_at", UtcDateTime()),
        must("handed_in_to", sa.String(200)),
        maybe("receipt_number", CODE),
        sa.Index("cash_courier", "courier_id", "state", "order_id"),
        sa.Index("cash_state", "state", "order_id"),
        sa.Index("cash_receipt", "receipt_number"),
    )
    op.create_table(
        "desk_receipt",
        key("receipt_number", CODE),
        must("kind", CODE),
        must("subject_id", ID),
        must("subject", sa.String(200)),
        must("amount_fen", sa.BigInteger()),
        must("method", CODE),
        must("reference", sa.String(200)),
        must("taken_by_account_id", ID),
        must("taken_by", sa.String(200)),
        must("taken_at", UtcDateTime()),
        sa.Index("desk_receipt_subject", "subject_id"),
    )
    op.create_table(
        "commission_rule",
        key("rule_id"),
        must("merchant_id", CODE),
        must("category", sa.String(40)),
        must("rate_bp", sa.Integer()),
        must("from_day", sa.Date()),
        maybe("until_day", sa.Date()),
        must("made_by_account_id", ID),
        must("made_by", sa.String(200)),
        must("made_at", UtcDateTime()),
        sa.Index("commission_rule_for", "merchant_id", "category", "from_day"),
    )
    op.create_table(
        "custody",
        key("community_id"),
        must("custody", CODE),
        must("chosen_by", sa.String(200)),
        must("chosen_at", UtcDateTime()),
    )
    op.create_table(
        "sub_merchant",
        key("merchant_id"),
        must("sub_mchid", CODE),
        must("put_by", sa.String(200)),
        must("put_at", UtcDateTime()),
    )


def downgrade() -> None:
    for table in NEW_TABLES:
        op.drop_table(table)
    op.drop_index("transfer_corrects", "transfer")
    op.drop_index("escrow_settled", "escrow")
    op.drop_index("escrow_due", "escrow")
    op.drop_index("refund_state", "refund")
    op.create_index("refund_state", "refund", ["state"])
    op.alter_column("channel_order", "prepay_id", type_=TOKEN, existing_nullable=True)
    for table, columns in ADDED.items():
        for column in columns():
            op.drop_column(table, column.name)
