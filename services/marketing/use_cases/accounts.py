"""WeChat accounts: setting up, handing out, and who stands behind a code."""

from datetime import datetime

from services.contracts.marketing import (
    AnswerText,
    ExchangeCode,
    OpenidView,
    PutWechatAccount,
    ReplyView,
    WechatAccountQuery,
    WechatAccountView,
)
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.crypto import Sealer
from services.kernel.db import Database
from services.kernel.wire import Done
from services.marketing import accounts
from services.marketing.domain.replies import reply_to
from services.marketing.wechat.client import exchange_code as ask_for_openid


def put_wechat_account(
    db: Database, sealer: Sealer, command: PutWechatAccount, actor: Actor, now: datetime
) -> Done:
    """Set up or change an account. The answer is empty: it is kept for repeats, secrets are not."""
    with db.transaction() as tx:
        earlier = requests.claim_answered(tx, command, Done(), by=actor.account_id)
        if earlier is None:
            accounts.put(tx, sealer, command, now)
        return Done()


def wechat_account(db: Database, sealer: Sealer, query: WechatAccountQuery) -> WechatAccountView:
    """What the gateway needs to speak for an account; NoSuchWechatAccount when there is none."""
    with db.reading() as tx:
        account = accounts.find(tx, sealer, query.app_id)
    return WechatAccountView(
        app_id=account.app_id,
        name=account.name,
        token=account.token,
        aes_key=account.aes_key,
        oauth_base_url=account.oauth_base_url,
    )


def exchange_code(
    db: Database, sealer: Sealer, command: ExchangeCode, timeout_s: float
) -> OpenidView:
    """Who it is, to this account. A code is good once, at WeChat, so a repeat is refused there."""
    with db.reading() as tx:
        account = accounts.find(tx, sealer, command.app_id)
    openid = ask_for_openid(account, command.code, timeout_s)
    return OpenidView(app_id=account.app_id, openid=openid)


def answer_text(query: AnswerText, public_url: str) -> ReplyView:
    """The passive reply; it asks nobody, so that it is always in time."""
    return ReplyView(text=reply_to(query.text, public_url))
