"""Where messages leave the house: a client for each account, kept while that does not change."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.marketing import NoSuchWechatAccount
from services.kernel.clock import monotonic_s
from services.kernel.crypto import Sealer
from services.kernel.db import Database
from services.marketing import accounts
from services.marketing.accounts import Account
from services.marketing.domain.notices import Kind, fields_of, greeting, link_of
from services.marketing.settings import Settings
from services.marketing.wechat.client import AccountClient
from services.marketing.wechat.errors import WechatRefused
from services.marketing.wechat.tokens import SharedToken

HOLD_S = 5.0
"""A change of an account is seen after so long at the latest."""


class SendingDesk:
    """Sends a notice the way its kind wants."""

    def __init__(
        self, db: Database, sealer: Sealer, settings: Settings, clock: Callable[[], datetime]
    ) -> None:
        self._db, self._sealer, self._settings, self._clock = db, sealer, settings, clock
        self._held: dict[str, tuple[float, Account, AccountClient]] = {}

    def send(self, notice: Row[Any]) -> str:
        """WeChat's id of the message; WechatAway or WechatRefused when there is none."""
        account, client = self._account(notice.app_id)
        kind = Kind(notice.kind)
        link = link_of(kind, notice.facts, self._settings.public_url)
        if kind is Kind.GREETING:
            return client.send_text(notice.openid, greeting(link))
        template_id = account.template_ids.get(kind)
        if not template_id:
            raise WechatRefused(f"the account {account.app_id} has no template for {kind}")
        return client.send_template(
            notice.openid, template_id, link, fields_of(kind, notice.facts), notice.notice_id
        )

    def _account(self, app_id: str) -> tuple[Account, AccountClient]:
        held_until_s, account, client = self._held.get(app_id, (0.0, None, None))
        if account is None or client is None or monotonic_s() >= held_until_s:
            fresh = self._read(app_id)
            if client is None or account is None or account.version != fresh.version:
                client = self._client(fresh)
            account = fresh
            self._held[app_id] = (monotonic_s() + HOLD_S, account, client)
        return account, client

    def _read(self, app_id: str) -> Account:
        with self._db.reading() as tx:
            try:
                return accounts.find(tx, self._sealer, app_id)
            except NoSuchWechatAccount as error:
                raise WechatRefused(f"the account {app_id} is not set up") from error

    def _client(self, account: Account) -> AccountClient:
        token = SharedToken(
            self._db,
            self._sealer,
            account,
            margin_s=self._settings.token_margin_s,
            timeout_s=self._settings.wechat_timeout_s,
            clock=self._clock,
        )
        return AccountClient(account, token, self._settings.wechat_timeout_s)
