"""The service accounts' secrets, in memory: a webhook can be answered by the gateway alone."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from services.contracts.marketing import NoSuchWechatAccount, WechatAccountQuery, WechatAccountView
from services.kernel import clock
from services.kernel.errors import LinliError

log = logging.getLogger(__name__)

UNKNOWN_MAX_AGE_S = 2.0
TRY_AGAIN_S = 2.0
REMEMBERED_MAX = 1000
"""App ids come from outside: made-up ones must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """An account, or that there is none, as of when."""

    account: WechatAccountView | None
    at_s: float


class Accounts:
    """An account that has been read once stays usable while its service is down.

    One that has grown old is still used, and read again in the background.
    """

    def __init__(
        self, ask: Callable[[WechatAccountQuery], WechatAccountView], max_age_s: float
    ) -> None:
        self._ask = ask
        self._max_age_s = max_age_s
        self._remembered: dict[str, Remembered] = {}
        self._refreshing: set[str] = set()
        self._lock = threading.Lock()

    def get(self, app_id: str = "") -> WechatAccountView:
        """The account (the first if `app_id` is empty); NoSuchWechatAccount, or Unavailable."""
        known = self._remembered.get(app_id)
        if known is None or (known.account is None and self._age_s(known) > UNKNOWN_MAX_AGE_S):
            return self._found(self._read(app_id))
        if self._age_s(known) > self._max_age_s:
            self.refresh(app_id)
        return self._found(known)

    def refresh(self, app_id: str = "", tries: int = 1) -> None:
        """Read the account in the background, unless that is going on."""
        with self._lock:
            if app_id in self._refreshing:
                return
            self._refreshing.add(app_id)
        threading.Thread(
            target=self._refresh, args=(app_id, tries), name="wechat-account", daemon=True
        ).start()

    def _refresh(self, app_id: str, tries: int) -> None:
        try:
            while tries and not self._read_quietly(app_id):
                tries -= 1
                if tries:
                    threading.Event().wait(TRY_AGAIN_S)
        finally:
            with self._lock:
                self._refreshing.discard(app_id)

    def _read_quietly(self, app_id: str) -> bool:
        try:
            return self._read(app_id).account is not None
        except LinliError as error:
            log.info("account not read", extra={"app_id": app_id, "code": error.code})
            return False

    def _read(self, app_id: str) -> Remembered:
        try:
            account: WechatAccountView | None = self._ask(WechatAccountQuery(app_id=app_id))
        except NoSuchWechatAccount:
            account = None
        remembered = Remembered(account, clock.monotonic_s())
        with self._lock:
            if len(self._remembered) < REMEMBERED_MAX or account is not None:
                self._remembered[app_id] = remembered
        return remembered

    @staticmethod
    def _found(remembered: Remembered) -> WechatAccountView:
        if remembered.account is None:
            raise NoSuchWechatAccount()
        return remembered.account

    @staticmethod
    def _age_s(remembered: Remembered) -> float:
        return clock.monotonic_s() - remembered.at_s
