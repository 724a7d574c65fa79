"""WeChat's error codes (document 「全局返回码」): what may be tried again and what may not."""

from services.kernel.errors import Refused, Unavailable

STALE_TOKEN = frozenset({40001, 40014, 42001})
"""The access token is not, or no longer, good: fetch one and ask once more."""
TRY_AGAIN = frozenset({-1, 45009, 45011, 50002, *STALE_TOKEN})
"""Busy, over a quota for now, or no good token in spite of a fresh one."""
CODE_REFUSED = frozenset({40029, 40163, 41008, 42003})
"""An OAuth code that is wrong, used, missing or expired."""


class WechatAway(Unavailable):
    """WeChat gives no useful answer at the moment."""

    code = "marketing.wechat_away"


class WechatRefused(Refused):
    """WeChat refuses for good; `fields.errcode` says why."""

    code = "marketing.wechat_refused"


def error_of(errcode: int, errmsg: str) -> WechatAway | WechatRefused:
    """The error that an errcode stands for."""
    kind = WechatAway if errcode in TRY_AGAIN else WechatRefused
    return kind(f"{errcode} {errmsg}"[:180], fields={"errcode": str(errcode)})
