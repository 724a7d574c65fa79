"""Places, people, households, merchants, staff, sessions, and who vouches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

from services.kernel.columns import CODE, HASH, ID, UtcDateTime
from services.kernel.schema import REQUEST, create_mechanism, drop_mechanism

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

OPENID = mysql.VARCHAR(80, charset="utf8mb4", collation="utf8mb4_bin")


def key(name: str, of: str | None = None) -> sa.Column:
    """Part of the primary key; `of` is the `table.column` whose key it is."""
    return sa.Column(name, ID, *([sa.ForeignKey(of)] if of else []), primary_key=True)


def ref(name: str, to: str) -> sa.Column:
    """A reference to `table.column`."""
    return sa.Column(name, ID, sa.ForeignKey(to), nullable=False)


def text(name: str, length: int) -> sa.Column:
    """A text of at most so many characters."""
    return sa.Column(name, sa.String(length), nullable=False)


def code(name: str, *, primary_key: bool = False) -> sa.Column:
    """A value of an enumeration, or another short word."""
    return sa.Column(name, CODE, primary_key=primary_key, nullable=False)


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    """A point in time, UTC."""
    return sa.Column(name, UtcDateTime, nullable=nullable)


def metres(name: str) -> sa.Column:
    """A coordinate on a community's plan."""
    return sa.Column(name, sa.Integer, nullable=False)


def upgrade() -> None:
    create_mechanism(op)
    _create_places()
    _create_people()
    _create_merchants()
    _create_staff()
    _create_trust()


def _create_places() -> None:
    op.create_table("company", key("company_id"), text("name", 60), moment("created_at"))
    op.create_table(
        "community",
        key("community_id"),
        text("name", 60),
        text("address", 200),
        text("service_phone", 20),
        moment("created_at"),
        sa.UniqueConstraint("name", name="community_name"),
    )
    op.create_table(
        "gate",
        key("gate_id"),
        ref("community_id", "community.community_id"),
        text("name", 60),
        sa.UniqueConstraint("community_id", "name", name="gate_name"),
    )
    op.create_table(
        "building",
        key("building_id"),
        ref("community_id", "community.community_id"),
        text("name", 60),
        metres("x_m"),
        metres("y_m"),
        sa.UniqueConstraint("community_id", "name", name="building_name"),
    )
    op.create_table(
        "home",
        key("home_id"),
        ref("building_id", "building.building_id"),
        text("unit", 10),
        text("door", 10),
        sa.UniqueConstraint("building_id", "unit", "door", name="home_door"),
    )


def _create_people() -> None:
    op.create_table(
        "account",
        key("account_id"),
        text("name", 60),
        sa.Column("phone", sa.String(20), nullable=True),
        sa.Column("is_courier", sa.Boolean, nullable=False),
        moment("created_at"),
        sa.UniqueConstraint("phone", name="account_phone"),
    )
    op.create_table(
        "wechat_user",
        code("app_id", primary_key=True),
        sa.Column("openid", OPENID, primary_key=True),
        ref("account_id", "account.account_id"),
        moment("bound_at"),
        sa.Index("wechat_user_account", "account_id"),
    )
    op.create_table(
        "household",
        key("household_id"),
        ref("home_id", "home.home_id"),
        code("kind"),
        moment("created_at"),
        sa.Index("household_home", "home_id"),
    )
    op.create_table(
        "household_member",
        key("household_id", "household.household_id"),
        key("account_id", "account.account_id"),
        code("role"),
        moment("since"),
        moment("ended_at", nullable=True),
        sa.Index("household_member_account", "account_id"),
    )


def _create_merchants() -> None:
    op.create_table("merchant", key("merchant_id"), text("name", 60), moment("created_at"))
    op.create_table(
        "store",
        key("store_id"),
        ref("merchant_id", "merchant.merchant_id"),
        ref("community_id", "community.community_id"),
        sa.Column("building_id", ID, sa.ForeignKey("building.building_id"), nullable=True),
        text("name", 60),
        code("kind"),
        text("description", 500),
        text("address", 200),
        text("phone", 20),
        text("picture", 200),
        metres("x_m"),
        metres("y_m"),
        moment("created_at"),
        sa.Index("store_merchant", "merchant_id"),
    )
    op.create_table(
        "store_community",
        key("community_id", "community.community_id"),
        key("store_id", "store.store_id"),
        sa.Index("store_community_store", "store_id"),
    )
    op.create_table(
        "merchant_person",
        key("merchant_id", "merchant.merchant_id"),
        key("account_id", "account.account_id"),
        code("role"),
        moment("since"),
        sa.Index("merchant_person_account", "account_id"),
    )


def _create_staff() -> None:
    op.create_table(
        "staff",
        key("account_id", "account.account_id"),
        text("username", 60),
        text("password_hash", 200),
        moment("since"),
        sa.UniqueConstraint("username", name="staff_username"),
    )
    op.create_table(
        "staff_role", key("account_id", "staff.account_id"), code("role", primary_key=True)
    )
    op.create_table(
        "staff_community",
        key("account_id", "staff.account_id"),
        key("community_id", "community.community_id"),
    )
    op.create_table(
        "session",
        sa.Column("token_sha256", HASH, primary_key=True),
        sa.Column("session_id", ID, nullable=False),
        ref("account_id", "account.account_id"),
        code("kind"),
        text("client", 200),
        moment("created_at"),
        moment("expires_at"),
        moment("ended_at", nullable=True),
        sa.Index("session_account", "account_id"),
        sa.Index("session_expiry", "expires_at"),
    )


def _create_trust() -> None:
    op.create_table(
        "certification",
        key("subject_id"),
        code("subject"),
        code("state"),
        moment("until"),
        text("by_name", 60),
        moment("since"),
    )
    op.create_table(
        "decision",
        key("decision_id"),
        sa.Column("subject_id", ID, nullable=False),
        code("subject"),
        code("what"),
        text("why", 200),
        moment("until", nullable=True),
        sa.Column("by_account_id", ID, nullable=False),
        text("by_name", 60),
        sa.Column("request_id", REQUEST.c.request_id.type, nullable=False),
        moment("decided_at"),
        sa.Index("decision_subject", "subject_id", "decision_id"),
    )


TABLES = (
    "decision",
    "certification",
    "session",
    "staff_community",
    "staff_role",
    "staff",
    "merchant_person",
    "store_community",
    "store",
    "merchant",
    "household_member",
    "household",
    "wechat_user",
    "account",
    "home",
    "building",
    "gate",
    "community",
    "company",
)
"""In the order in which they can be dropped."""


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    drop_mechanism(op)
