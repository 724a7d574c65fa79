"""WeChat accounts, notices, webhook events, promotions."""

import sqlalchemy as sa
from alembic import op

from services.kernel.columns import CODE, ID, JsonText, UtcDateTime
from services.kernel.schema import create_mechanism, drop_mechanism

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_mechanism(op)
    op.create_table(
        "wechat_account",
        sa.Column("app_id", CODE, primary_key=True),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("app_secret_sealed", sa.LargeBinary(2000), nullable=False),
        sa.Column("token_sealed", sa.LargeBinary(2000), nullable=False),
        sa.Column("aes_key_sealed", sa.LargeBinary(2000), nullable=False),
        sa.Column("api_base_url", sa.String(200), nullable=False),
        sa.Column("oauth_base_url", sa.String(200), nullable=False),
        sa.Column("community_ids", JsonText, nullable=False),
        sa.Column("template_ids", JsonText, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("updated_at", UtcDateTime, nullable=False),
    )
    op.create_index("wechat_account_by_age", "wechat_account", ["created_at", "app_id"])
    op.create_table(
        "access_token",
        sa.Column("app_id", CODE, primary_key=True),
        sa.Column("token_sealed", sa.LargeBinary(2000), nullable=True),
        sa.Column("expires_at", UtcDateTime, nullable=True),
        sa.Column("refreshing_until", UtcDateTime, nullable=True),
        sa.Column("refreshed", sa.Integer, nullable=False),
    )
    op.create_table(
        "promotion",
        sa.Column("promotion_id", ID, primary_key=True),
        sa.Column("sku_id", ID, nullable=False),
        sa.Column("label", sa.String(60), nullable=False),
        sa.Column("off_fen", sa.BigInteger, nullable=False),
        sa.Column("funded_by", CODE, nullable=False),
        sa.Column("starts_at", UtcDateTime, nullable=False),
        sa.Column("ends_at", UtcDateTime, nullable=False),
    )
    op.create_index("promotion_of_sku", "promotion", ["sku_id", "ends_at"])
    op.create_table(
        "notice_job",
        sa.Column("job_id", ID, primary_key=True),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("audience", CODE, nullable=False),
        sa.Column("group_id", sa.String(80), nullable=False),
        sa.Column("app_id", CODE, nullable=False),
        sa.Column("facts", JsonText, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("error", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
    )
    op.create_index("notice_job_due", "notice_job", ["state", "due_at"])
    op.create_table(
        "notice",
        sa.Column("notice_id", ID, primary_key=True),
        sa.Column("job_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("app_id", CODE, nullable=False),
        sa.Column("openid", sa.String(80), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("facts", JsonText, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False),
        sa.Column("wechat_msg_id", sa.String(40), nullable=False),
        sa.Column("error", sa.String(200), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("sent_at", UtcDateTime, nullable=True),
        sa.UniqueConstraint("job_id", "app_id", "openid", name="notice_once"),
    )
    op.create_index("notice_due", "notice", ["state", "due_at"])
    op.create_index("notice_of_account", "notice", ["account_id", "notice_id"])
    op.create_index("notice_sent", "notice", ["state", "sent_at"])
    op.create_table(
        "follower",
        sa.Column("app_id", CODE, primary_key=True),
        sa.Column("openid", sa.String(80), primary_key=True),
        sa.Column("following", sa.Boolean, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "wechat_event",
        sa.Column("event_id", ID, primary_key=True),
        sa.Column("app_id", CODE, nullable=False),
        sa.Column("openid", sa.String(80), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("key", sa.String(500), nullable=False),
        sa.Column("data", JsonText, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
    )
    op.create_index("wechat_event_of_openid", "wechat_event", ["app_id", "openid", "created_at"])
    op.create_index("wechat_event_received", "wechat_event", ["received_at"])


def downgrade() -> None:
    op.drop_table("wechat_event")
    op.drop_table("follower")
    op.drop_table("notice")
    op.drop_table("notice_job")
    op.drop_table("promotion")
    op.drop_table("access_token")
    op.drop_table("wechat_account")
    drop_mechanism(op)
