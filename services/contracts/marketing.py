"""marketing: the WeChat accounts and everything said through them; promotions; campaigns."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import Field

from services.kernel.errors import NotFound, Refused
from services.kernel.ids import Id
from services.kernel.wire import Command, Event, PageQuery, Query, ShortText, View


class NoticeState(StrEnum):
    """A notice on its way to one person."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


# errors


class NoSuchWechatAccount(NotFound):
    """No WeChat account with this app id is set up."""

    code = "marketing.no_such_wechat_account"


class OAuthCodeRefused(Refused):
    """WeChat does not take this code (used, expired or forged)."""

    code = "marketing.oauth_code_refused"


# promotions


FUNDED_BY_COMPANY = "company"
"""The property pays for the discount."""


class QuoteLine(View):
    """A line to be priced."""

    sku_id: Id
    item_id: Id
    store_id: Id
    category: str = ""
    quantity: int
    price_fen: int


class QuoteQuery(Query):
    """Which promotions change these lines for this household?"""

    household_id: Id
    community_id: Id
    lines: Annotated[list[QuoteLine], Field(min_length=1, max_length=50)]
    promotions: Annotated[list[Id], Field(max_length=20)] = []


class Adjustment(View):
    """A change of one line's amount; `amount_fen` below zero lowers it."""

    sku_id: Id
    promotion_id: Id
    label: str
    amount_fen: int
    funded_by: str
    """`merchant:<id>`, or FUNDED_BY_COMPANY."""


class QuoteView(View):
    """Adjustments in the order of the lines."""

    adjustments: list[Adjustment] = []


# wechat


class PutWechatAccount(Command):
    """Set up or change a service account; secrets are encrypted before they are kept."""

    app_id: Annotated[str, Field(min_length=3, max_length=40)]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    app_secret: Annotated[str, Field(min_length=8, max_length=100)]
    token: Annotated[str, Field(min_length=3, max_length=32)]
    aes_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{43}$")]
    api_base_url: Annotated[str, Field(pattern=r"^https?://", max_length=200)]
    oauth_base_url: Annotated[str, Field(pattern=r"^https?://", max_length=200)]
    community_ids: Annotated[list[Id], Field(max_length=200)] = []
    template_ids: dict[str, str] = Field(default_factory=dict)
    """Notice kind → WeChat template id."""


class WechatAccountQuery(Query):
    """One account by app id; the only or first one when it is empty."""

    app_id: str = Field(default="", max_length=40)


class WechatAccountView(View):
    """What the gateway needs to speak for the account: webhook secrets, OAuth's start."""

    app_id: str
    name: str
    token: str
    aes_key: str
    oauth_base_url: str


class ExchangeCode(Command):
    """An OAuth code for the WeChat user's openid."""

    app_id: Annotated[str, Field(min_length=3, max_length=40)]
    code: Annotated[str, Field(min_length=4, max_length=600)]


class OpenidView(View):
    """Who it is, to this account."""

    app_id: str
    openid: str


class AnswerText(Query):
    """A text message that wants an answer within the passive-reply time."""

    app_id: str = Field(max_length=40)
    openid: str = Field(max_length=80)
    text: str = Field(max_length=2000)


class ReplyView(View):
    """The passive reply."""

    text: str


class NoticesQuery(PageQuery):
    """The asking actor's own notices, newest first."""


class NoticeView(View):
    """One notice."""

    notice_id: Id
    kind: str
    title: str
    lines: dict[str, str] = Field(default_factory=dict)
    link: str = ""
    state: NoticeState
    at: datetime


class MarketingCountsQuery(Query):
    """Numbers for the staff overview."""


class MarketingCounts(View):
    """Notices now waiting, failed, and sent today; webhook events taken in today."""

    pending: int
    failed: int
    sent_today: int
    wechat_events_today: int


# events


class WechatEventReceived(Event):
    """A webhook event, told by the gateway. `aggregate_id` is derived from what WeChat repeats:

    app id + MsgId, or app id + FromUserName + CreateTime + Event; so a repeat is the same event.
    """

    name: ClassVar[str] = "wechat.event_received"
    source: ClassVar[str] = "gateway"
    app_id: ShortText
    openid: ShortText
    kind: ShortText
    """Lower-case message type or event name: subscribe, click, view, scan, text, image, …"""
    key: str = Field(default="", max_length=500)
    created_at: datetime
    data: dict[str, Any] = Field(default_factory=dict)
