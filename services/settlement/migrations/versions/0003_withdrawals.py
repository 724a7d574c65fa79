"""Withdrawals, where they go, and the files for the bank."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from services.kernel.columns import CODE, ID, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TOKEN = mysql.VARCHAR(80, charset="ascii", collation="ascii_bin")
LINK = mysql.VARCHAR(1000, charset="ascii", collation="ascii_bin")
TAIL = mysql.VARCHAR(4, charset="ascii", collation="ascii_bin")
NEW_TABLES = ("bank_file_copy", "bank_batch", "withdrawal", "payout_account")


def must(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


def maybe(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=True)


def key(name: str) -> sa.Column:
    return sa.Column(name, ID, primary_key=True)


def upgrade() -> None:
    op.create_index("escrow_withdrawable", "escrow", ["merchant_id", "withdrawable_at"])
    create_payout_account()
    create_withdrawal()
    create_bank_files()


def create_payout_account() -> None:
    op.create_table(
        "payout_account",
        key("row_id"),
        must("owner_kind", CODE),
        must("owner_id", ID),
        must("holder", sa.String(80)),
        must("bank", sa.String(80)),
        must("number_sealed", sa.LargeBinary(200)),
        must("number_tail", TAIL),
        must("usable_from", UtcDateTime()),
        must("changed_at", UtcDateTime()),
        must("changed_by_account_id", ID),
        must("changed_by", sa.String(200)),
    )


def create_withdrawal() -> None:
    op.create_table(
        "withdrawal",
        key("withdrawal_id"),
        must("owner_kind", CODE),
        must("owner_id", ID),
        must("amount_fen", sa.BigInteger()),
        must("way", CODE),
        must("state", CODE),
        must("hold_id", ID),
        must("openid", TOKEN),
        must("holder", sa.String(80)),
        must("bank", sa.String(80)),
        maybe("number_sealed", sa.LargeBinary(200)),
        must("number_tail", TAIL),
        must("asked_by_account_id", ID),
        must("asked_by", sa.String(200)),
        must("asked_at", UtcDateTime()),
        maybe("decided_by_account_id", ID),
        must("decided_by", sa.String(200)),
        maybe("decided_at", UtcDateTime()),
        maybe("begun_at", UtcDateTime()),
        maybe("accepted_at", UtcDateTime()),
        maybe("cancel_asked_at", UtcDateTime()),
        maybe("expires_at", UtcDateTime()),
        maybe("ended_at", UtcDateTime()),
        must("confirm_package", LINK),
        must("channel_number", TOKEN),
        maybe("batch_id", ID),
        must("note", sa.String(200)),
        must("last_error", sa.String(200)),
        must("try_count", sa.Integer()),
        must("refusal_count", sa.Integer()),
        maybe("next_try_at", UtcDateTime()),
        must("version", sa.Integer()),
        sa.Index("withdrawal_owner", "owner_kind", "owner_id", "withdrawal_id"),
        sa.Index("withdrawal_day", "owner_id", "asked_at"),
        sa.Index("withdrawal_state", "state", "withdrawal_id"),
        sa.Index("withdrawal_due", "next_try_at"),
        sa.Index("withdrawal_batch", "batch_id", "withdrawal_id"),
    )


def create_bank_files() -> None:
    op.create_table(
        "bank_batch",
        key("batch_id"),
        must("made_at", UtcDateTime()),
        must("made_by_account_id", ID),
        must("made_by", sa.String(200)),
        must("withdrawal_count", sa.Integer()),
        must("total_fen", sa.BigInteger()),
    )
    op.create_table(
        "bank_file_copy",
        key("row_id"),
        must("batch_id", ID),
        must("taken_at", UtcDateTime()),
        must("taken_by_account_id", ID),
        must("taken_by", sa.String(200)),
        sa.Index("bank_file_copy_batch", "batch_id", "taken_at"),
    )


def downgrade() -> None:
    for table in NEW_TABLES:
        op.drop_table(table)
    op.drop_index("escrow_withdrawable", "escrow")
