"""identity's tables: places, people, households, merchants, staff, sessions, and who vouches."""

from typing import Annotated

from sqlalchemy import ForeignKey, Index, MetaData, String, UniqueConstraint
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kernel.columns import (
    HASH,
    ID,
    TYPES,
    Code,
    Count,
    IdKey,
    IdRef,
    Instant,
    MaybeInstant,
    Short,
)
from services.kernel.schema import REQUEST

OPENID = mysql.VARCHAR(80, charset="utf8mb4", collation="utf8mb4_bin")
Name = Annotated[str, mapped_column(String(60))]
Phone = Annotated[str, mapped_column(String(20))]


def _key_of(column: str) -> Mapped[str]:
    """Part of a primary key that is another table's key."""
    return mapped_column(ID, ForeignKey(column), primary_key=True)


def _ref_to(column: str) -> Mapped[str]:
    return mapped_column(ID, ForeignKey(column))


class Row(DeclarativeBase):
    """The base of identity's tables."""

    metadata = MetaData()
    type_annotation_map = TYPES


class CompanyRow(Row):
    """The property company; one for an installation."""

    __tablename__ = "company"

    company_id: Mapped[IdKey]
    name: Mapped[Name]
    created_at: Mapped[Instant]


# places


class CommunityRow(Row):
    """An estate with gates and buildings."""

    __tablename__ = "community"
    __table_args__ = (UniqueConstraint("name", name="community_name"),)

    community_id: Mapped[IdKey]
    name: Mapped[Name]
    address: Mapped[Short]
    service_phone: Mapped[Phone]
    created_at: Mapped[Instant]


class GateRow(Row):
    """A gate."""

    __tablename__ = "gate"
    __table_args__ = (UniqueConstraint("community_id", "name", name="gate_name"),)

    gate_id: Mapped[IdKey]
    community_id: Mapped[str] = _ref_to("community.community_id")
    name: Mapped[Name]


class BuildingRow(Row):
    """A building; `x_m`, `y_m` is its place on the community's plan."""

    __tablename__ = "building"
    __table_args__ = (UniqueConstraint("community_id", "name", name="building_name"),)

    building_id: Mapped[IdKey]
    community_id: Mapped[str] = _ref_to("community.community_id")
    name: Mapped[Name]
    x_m: Mapped[Count]
    y_m: Mapped[Count]


class HomeRow(Row):
    """One door."""

    __tablename__ = "home"
    __table_args__ = (UniqueConstraint("building_id", "unit", "door", name="home_door"),)

    home_id: Mapped[IdKey]
    building_id: Mapped[str] = _ref_to("building.building_id")
    unit: Mapped[str] = mapped_column(String(10))
    door: Mapped[str] = mapped_column(String(10))


# people


class AccountRow(Row):
    """A person. Without name and phone: a WeChat user of whom the property knows nothing yet."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("phone", name="account_phone"),)

    account_id: Mapped[IdKey]
    name: Mapped[Name]
    phone: Mapped[str | None] = mapped_column(String(20), nullable=True)
    is_courier: Mapped[bool]
    created_at: Mapped[Instant]


class WechatUserRow(Row):
    """A WeChat user of one service account, and the person it is."""

    __tablename__ = "wechat_user"
    __table_args__ = (Index("wechat_user_account", "account_id"),)

    app_id: Mapped[Code] = mapped_column(primary_key=True)
    openid: Mapped[str] = mapped_column(OPENID, primary_key=True)
    account_id: Mapped[str] = _ref_to("account.account_id")
    bound_at: Mapped[Instant]


class HouseholdRow(Row):
    """People who live as one at a home."""

    __tablename__ = "household"
    __table_args__ = (Index("household_home", "home_id"),)

    household_id: Mapped[IdKey]
    home_id: Mapped[str] = _ref_to("home.home_id")
    kind: Mapped[Code]
    created_at: Mapped[Instant]


class HouseholdMemberRow(Row):
    """Who belongs to a household; an ended membership stays on record."""

    __tablename__ = "household_member"
    __table_args__ = (Index("household_member_account", "account_id"),)

    household_id: Mapped[str] = _key_of("household.household_id")
    account_id: Mapped[str] = _key_of("account.account_id")
    role: Mapped[Code]
    since: Mapped[Instant]
    ended_at: Mapped[MaybeInstant]


# merchants


class MerchantRow(Row):
    """A business."""

    __tablename__ = "merchant"

    merchant_id: Mapped[IdKey]
    name: Mapped[Name]
    created_at: Mapped[Instant]
    left_at: Mapped[MaybeInstant]


class StoreRow(Row):
    """Where a merchant sells: `x_m`, `y_m` on the plan of `community_id`, where it stands."""

    __tablename__ = "store"
    __table_args__ = (Index("store_merchant", "merchant_id"),)

    store_id: Mapped[IdKey]
    merchant_id: Mapped[str] = _ref_to("merchant.merchant_id")
    community_id: Mapped[str] = _ref_to("community.community_id")
    building_id: Mapped[str | None] = mapped_column(
        ID, ForeignKey("building.building_id"), nullable=True
    )
    name: Mapped[Name]
    kind: Mapped[Code]
    description: Mapped[str] = mapped_column(String(500))
    address: Mapped[Short]
    phone: Mapped[Phone]
    picture: Mapped[Short]
    x_m: Mapped[Count]
    y_m: Mapped[Count]
    created_at: Mapped[Instant]


class StoreCommunityRow(Row):
    """A store serves a community."""

    __tablename__ = "store_community"
    __table_args__ = (Index("store_community_store", "store_id"),)

    community_id: Mapped[str] = _key_of("community.community_id")
    store_id: Mapped[str] = _key_of("store.store_id")


class MerchantPersonRow(Row):
    """Who works for a merchant, in all of its stores."""

    __tablename__ = "merchant_person"
    __table_args__ = (Index("merchant_person_account", "account_id"),)

    merchant_id: Mapped[str] = _key_of("merchant.merchant_id")
    account_id: Mapped[str] = _key_of("account.account_id")
    role: Mapped[Code]
    since: Mapped[Instant]


# staff


class StaffRow(Row):
    """A member of the property's staff; the password as argon2id."""

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("username", name="staff_username"),)

    account_id: Mapped[str] = _key_of("account.account_id")
    username: Mapped[Name]
    password_hash: Mapped[Short]
    since: Mapped[Instant]


class StaffRoleRow(Row):
    """A role of a member of staff."""

    __tablename__ = "staff_role"

    account_id: Mapped[str] = _key_of("staff.account_id")
    role: Mapped[Code] = mapped_column(primary_key=True)


class StaffCommunityRow(Row):
    """A community that a member of staff looks after; without any row: all of them."""

    __tablename__ = "staff_community"

    account_id: Mapped[str] = _key_of("staff.account_id")
    community_id: Mapped[str] = _key_of("community.community_id")


class SessionRow(Row):
    """Somebody is signed in; only the SHA-256 of the secret is kept."""

    __tablename__ = "session"
    __table_args__ = (Index("session_account", "account_id"), Index("session_expiry", "expires_at"))

    token_sha256: Mapped[str] = mapped_column(HASH, primary_key=True)
    session_id: Mapped[IdRef]
    account_id: Mapped[str] = _ref_to("account.account_id")
    kind: Mapped[Code]
    client: Mapped[Short]
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    ended_at: Mapped[MaybeInstant]


# trust


class CertificationRow(Row):
    """The last decision about a household, merchant or store, for quick reading."""

    __tablename__ = "certification"

    subject_id: Mapped[IdKey]
    subject: Mapped[Code]
    state: Mapped[Code]
    until: Mapped[Instant]
    by_name: Mapped[Name]
    since: Mapped[Instant]


class DecisionRow(Row):
    """Who decided what about whom, when and why; never changed."""

    __tablename__ = "decision"
    __table_args__ = (Index("decision_subject", "subject_id", "decision_id"),)

    decision_id: Mapped[IdKey]
    subject_id: Mapped[IdRef]
    subject: Mapped[Code]
    what: Mapped[Code]
    why: Mapped[Short]
    until: Mapped[MaybeInstant]
    by_account_id: Mapped[IdRef]
    by_name: Mapped[Name]
    request_id: Mapped[str] = mapped_column(REQUEST.c.request_id.type)
    decided_at: Mapped[Instant]
