"""marketing's tables. Secrets are sealed; what is opened from one row does not open in another."""

from typing import Annotated

from sqlalchemy import CheckConstraint, Index, LargeBinary, MetaData, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from services.kernel.columns import (
    CODE,
    TYPES,
    Code,
    Count,
    FenColumn,
    IdKey,
    IdRef,
    Instant,
    Json,
    MaybeIdRef,
    MaybeInstant,
    Short,
)

Sealed = Annotated[bytes, mapped_column(LargeBinary(2000))]
MaybeSealed = Annotated[bytes | None, mapped_column(LargeBinary(2000), nullable=True)]
AppKey = Annotated[str, mapped_column(CODE, primary_key=True)]
Openid = Annotated[str, mapped_column(String(80))]


class Row(DeclarativeBase):
    """The base of marketing's tables."""

    metadata = MetaData()
    type_annotation_map = TYPES


class WechatAccountRow(Row):
    """A service account with what it takes to speak for it."""

    __tablename__ = "wechat_account"
    __table_args__ = (Index("wechat_account_by_age", "created_at", "app_id"),)

    app_id: Mapped[AppKey]
    name: Mapped[str] = mapped_column(String(60))
    app_secret_sealed: Mapped[Sealed]
    token_sealed: Mapped[Sealed]
    aes_key_sealed: Mapped[Sealed]
    api_base_url: Mapped[Short]
    oauth_base_url: Mapped[Short]
    community_ids: Mapped[Json]
    template_ids: Mapped[Json]
    version: Mapped[Count]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]


class AccessTokenRow(Row):
    """The one access token of an account that all copies use. `refreshing_until` is the lease of
    the copy that fetches the next one."""

    __tablename__ = "access_token"

    app_id: Mapped[AppKey]
    token_sealed: Mapped[MaybeSealed]
    expires_at: Mapped[MaybeInstant]
    refreshing_until: Mapped[MaybeInstant]
    refreshed: Mapped[Count]


class PromotionRow(Row):
    """So many fen off each piece of one SKU, for a time."""

    __tablename__ = "promotion"
    __table_args__ = (
        Index("promotion_of_sku", "sku_id", "ends_at"),
        CheckConstraint("off_fen > 0", name="promotion_takes_something_off"),
    )

    promotion_id: Mapped[IdKey]
    sku_id: Mapped[IdRef]
    label: Mapped[str] = mapped_column(String(60))
    off_fen: Mapped[FenColumn]
    funded_by: Mapped[Code]
    starts_at: Mapped[Instant]
    ends_at: Mapped[Instant]


class NoticeJobRow(Row):
    """Something to tell a group of people, until it is known who they are. The key is derived from
    the event, so that its second coming makes no second job."""

    __tablename__ = "notice_job"
    __table_args__ = (Index("notice_job_due", "state", "due_at"),)

    job_id: Mapped[IdKey]
    kind: Mapped[Code]
    audience: Mapped[Code]
    group_id: Mapped[Openid]
    app_id: Mapped[Code]
    facts: Mapped[Json]
    state: Mapped[Code]
    tries: Mapped[Count]
    due_at: Mapped[Instant]
    error: Mapped[Short]
    created_at: Mapped[Instant]


class NoticeRow(Row):
    """A notice to one person. While somebody sends it, `due_at` lies ahead: should the sender die,
    it is due again. `notice_id` is also WeChat's `client_msg_id`."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("job_id", "app_id", "openid", name="notice_once"),
        Index("notice_due", "state", "due_at"),
        Index("notice_of_account", "account_id", "notice_id"),
        Index("notice_sent", "state", "sent_at"),
    )

    notice_id: Mapped[IdKey]
    job_id: Mapped[IdRef]
    account_id: Mapped[MaybeIdRef]
    app_id: Mapped[Code]
    openid: Mapped[Openid]
    kind: Mapped[Code]
    facts: Mapped[Json]
    state: Mapped[Code]
    tries: Mapped[Count]
    due_at: Mapped[Instant]
    wechat_msg_id: Mapped[str] = mapped_column(String(40))
    error: Mapped[Short]
    created_at: Mapped[Instant]
    sent_at: Mapped[MaybeInstant]


class FollowerRow(Row):
    """Whether a WeChat user follows an account; `changed_at` is WeChat's time, so that an older
    event that comes late changes nothing."""

    __tablename__ = "follower"

    app_id: Mapped[AppKey]
    openid: Mapped[str] = mapped_column(String(80), primary_key=True)
    following: Mapped[bool]
    changed_at: Mapped[Instant]


class WechatEventRow(Row):
    """A webhook event as it came; the key is derived from what WeChat repeats."""

    __tablename__ = "wechat_event"
    __table_args__ = (
        Index("wechat_event_received", "received_at"),
        Index("wechat_event_of_openid", "app_id", "openid", "created_at"),
    )

    event_id: Mapped[IdKey]
    app_id: Mapped[Code]
    openid: Mapped[Openid]
    kind: Mapped[Code]
    key: Mapped[str] = mapped_column(String(500))
    data: Mapped[Json]
    created_at: Mapped[Instant]
    received_at: Mapped[Instant]
