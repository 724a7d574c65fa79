"""One access token for all copies, in a row; whoever holds the row's lease fetches the next one.

WeChat allows few fetches a day, and by the plain call a new token ends the old one: two copies that
fetched for themselves would take each other's away (document 「获取稳定版接口调用凭据」).
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import requests
from sqlalchemy import Row, select, update

from services.kernel.clock import monotonic_s
from services.kernel.crypto import Sealer
from services.kernel.db import Database
from services.marketing import locks
from services.marketing.accounts import Account
from services.marketing.metrics import TOKENS
from services.marketing.tables import AccessTokenRow
from services.marketing.wechat.errors import WechatAway

log = logging.getLogger(__name__)
FETCH_LEASE = timedelta(seconds=30)
WAIT_S = 8.0
HOLD_S = 30.0
"""The row is looked at this often; a token that another copy has replaced is good for five minutes
more, and one that WeChat refuses is looked up at once."""
_LOOK_AGAIN_S = 0.1


class SharedToken:
    """The access token of one account."""

    def __init__(
        self,
        db: Database,
        sealer: Sealer,
        account: Account,
        *,
        margin_s: int,
        timeout_s: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._db, self._sealer, self._account = db, sealer, account
        self._margin, self._timeout_s = timedelta(seconds=margin_s), timeout_s
        self._now = clock
        self._held = ("", 0.0)

    def current(self) -> str:
        """A token that is good for a while; WechatAway when none can be had."""
        token, held_until_s = self._held
        if monotonic_s() < held_until_s:
            return token
        with self._db.reading() as tx:
            row = tx.first(
                select(AccessTokenRow.__table__).where(
                    AccessTokenRow.app_id == self._account.app_id
                )
            )
        found = self._usable(row, self._margin, None)
        if found is None:
            return self._next(None)
        self._held = (found, monotonic_s() + HOLD_S)
        return found

    def replace(self, stale: str) -> str:
        """Another token than the one that WeChat has just refused."""
        self._held = ("", 0.0)
        return self._next(stale)

    def _next(self, stale: str | None) -> str:
        give_up_at = monotonic_s() + WAIT_S
        while monotonic_s() < give_up_at:
            mine, token = self._take_turn(stale)
            if token:
                return token
            if mine:
                return self._fetch_and_keep(stale)
            time.sleep(_LOOK_AGAIN_S)
        raise WechatAway("another copy is still fetching the access token")

    def _take_turn(self, stale: str | None) -> tuple[bool, str | None]:
        """(whether to fetch is up to us, the token that somebody else has fetched meanwhile)."""
        now = self._now()
        with self._db.transaction() as tx:
            row = locks.access_token_for_update(tx, self._account.app_id)
            if token := self._usable(row, self._margin, stale):
                return False, token
            if row.refreshing_until is not None and row.refreshing_until > now:
                # While the next one is on its way, the present one serves to its very end.
                return False, self._usable(row, timedelta(), stale)
            self._update(tx, refreshing_until=now + FETCH_LEASE)
        return True, None

    def _fetch_and_keep(self, stale: str | None) -> str:
        try:
            token, expires_in_s = self._fetch(force=False)
            if token == stale:
                token, expires_in_s = self._fetch(force=True)
        except WechatAway:
            with self._db.transaction() as tx:
                self._update(tx, refreshing_until=None)
            raise
        TOKENS.labels(self._account.app_id).inc()
        with self._db.transaction() as tx:
            self._update(
                tx,
                token_sealed=self._sealer.seal(token.encode(), self._aad),
                expires_at=self._now() + timedelta(seconds=expires_in_s),
                refreshing_until=None,
                refreshed=AccessTokenRow.refreshed + 1,
            )
        return token

    def _fetch(self, *, force: bool) -> tuple[str, int]:
        body = {
            "grant_type": "client_credential",
            "appid": self._account.app_id,
            "secret": self._account.app_secret,
            "force_refresh": force,
        }
        url = f"{self._account.api_base_url}/cgi-bin/stable_token"
        try:
            response = requests.post(url, json=body, timeout=self._timeout_s)
            response.raise_for_status()
            answer = response.json()
        except (requests.RequestException, ValueError) as error:
            raise WechatAway(f"no access token: {type(error).__name__}") from error
        if "access_token" not in answer:
            # Wrong secret or address not on the list: only a person can mend it, so keep trying.
            log.error("WeChat gives %s no access token: %s", self._account.app_id, answer)
            raise WechatAway(f"no access token: {answer.get('errcode')}")
        return str(answer["access_token"]), int(answer.get("expires_in", 7200))

    def _usable(self, row: Row[Any] | None, margin: timedelta, stale: str | None) -> str | None:
        if row is None or row.token_sealed is None or row.expires_at - margin <= self._now():
            return None
        token = self._sealer.open(row.token_sealed, self._aad).decode()
        return None if token == stale else token

    @property
    def _aad(self) -> str:
        return f"access_token:{self._account.app_id}"

    def _update(self, tx: Any, **values: Any) -> None:
        row = AccessTokenRow.app_id == self._account.app_id
        tx.execute(update(AccessTokenRow).where(row).values(**values))
