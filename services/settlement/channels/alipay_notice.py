"""Notices of Alipay: genuine, fresh, and for us.

Sources: Alipay open platform 「异步通知说明」 (手机网站支付, 电脑网站支付, 当面付) and
「异步通知验签」: a form post; `sign` and `sign_type` are left out, the rest is sorted and joined;
repeats at 4m/10m/10m/1h/2h/6h/15h, all within 25 hours, under one `notify_id`; only the word
`success` ends them.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from services.contracts.settlement import NoticeRefused
from services.settlement.channels import alipay_words
from services.settlement.channels.alipay_wire import AlipayWire
from services.settlement.domain.channel import Notice, Trade

AGE_MAX = timedelta(hours=25)
SKEW_MAX = timedelta(minutes=5)
BODY_MAX = 64 * 1024
FIELDS_MAX = 100
TRADE_NOTICE = "trade_status_sync"
_NOTICE_ID = re.compile(r"[\x21-\x7e]{1,64}")
_NUMBER = re.compile(r"[A-Za-z0-9_]{1,64}")
"""What an order may be called (「alipay.trade.wap.pay」)."""


class NoticeReader:
    """Believes what Alipay has signed for this app and seller."""

    def __init__(self, wire: AlipayWire, app_id: str, seller_id: str) -> None:
        self._wire = wire
        self._app_id, self._seller_id = app_id, seller_id

    def read(self, body: str, now: datetime) -> Notice:
        """The notice, or NoticeRefused with the reason."""
        told = self._proved(_fields(body))
        try:
            self._check_address(told)
            _check_age(told, now)
            return _notice(told)
        except (ValueError, KeyError) as error:
            raise NoticeRefused(f"a notice of an unknown form: {type(error).__name__}") from error

    def _proved(self, told: dict[str, str]) -> dict[str, str]:
        signature = told.pop("sign", "")
        if not signature or told.get("sign_type") != "RSA2":
            raise NoticeRefused("signed in another way, or not at all")
        if not self._wire.verify(told, signature):
            raise NoticeRefused("the signature does not fit")
        return told

    def _check_address(self, told: Mapping[str, str]) -> None:
        if told["app_id"] != self._app_id:
            raise NoticeRefused("the notice is for another app")
        if told["seller_id"] != self._seller_id:
            raise NoticeRefused("the notice is for another merchant")


def _fields(body: str) -> dict[str, str]:
    """The form; a name that comes twice could be signed one way and read another."""
    if len(body) > BODY_MAX:
        raise NoticeRefused("too long")
    try:
        pairs = parse_qsl(
            body,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError as error:
        raise NoticeRefused("not a form") from error
    told = dict(pairs)
    if len(told) != len(pairs):
        raise NoticeRefused("a field that comes twice")
    return told


def _check_age(told: Mapping[str, str], now: datetime) -> None:
    sent_at = alipay_words.moment(told["notify_time"])
    if sent_at is None or not -SKEW_MAX <= now - sent_at <= AGE_MAX:
        raise NoticeRefused("too old, or from the future")


def _notice(told: Mapping[str, str]) -> Notice:
    if told["notify_type"] != TRADE_NOTICE:
        raise NoticeRefused(f"a notice of {told['notify_type'][:40]}, which we never asked for")
    if not _NUMBER.fullmatch(told["out_trade_no"]) or not _NOTICE_ID.fullmatch(told["notify_id"]):
        raise ValueError("a number of an unknown form")
    # A notice of a refund is one of the paid trade too: it repeats `gmt_payment`, and tells only
    # the sum of all refunds. What became of a refund is asked for.
    paid_at = alipay_words.moment(told.get("gmt_payment"))
    trade = Trade(
        out_trade_no=told["out_trade_no"],
        state=alipay_words.state_of(told, paid_at),
        merchant_number=told["seller_id"],
        app_id=told["app_id"],
        amount_fen=alipay_words.fen(told["total_amount"]),
        currency=told.get("trans_currency", alipay_words.CURRENCY),
        transaction_id=told["trade_no"][:64],
        paid_at=paid_at,
    )
    return Notice(told["notify_id"], told["trade_status"], told["seller_id"], trade)
