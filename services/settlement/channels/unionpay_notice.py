"""UnionPay's back notices: genuine, not from the far past, and for us.

Source: UnionPay 「网关支付产品接口规范」 (后台通知): a form post with `signPubKeyCert` and
`signature`; anything but 200 or 302 within ten seconds means again, five times within minutes. A
notice has no number of its own: `queryId` names the transaction, which is told of once. Payments
are told of when they succeed, refunds also when they fail.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from services.contracts.settlement import NoticeRefused
from services.settlement.channels import unionpay_words
from services.settlement.channels.unionpay_trust import NotTrusted
from services.settlement.channels.unionpay_wire import UnionPayWire
from services.settlement.domain.channel import ChannelRefund, Notice, Trade, TradeState

AGE_MAX = timedelta(days=3)
"""`txnTime` is when we asked: the payer's time and a refund's way through banks come on top."""
SKEW_MAX = timedelta(minutes=5)
BODY_MAX = 64 * 1024
FIELDS_MAX = 100
_NUMBER = re.compile(r"[A-Za-z0-9]{8,40}")
_QUERY_ID = re.compile(r"[0-9]{1,32}")


class NoticeReader:
    """Believes what UnionPay has signed for this merchant."""

    def __init__(self, wire: UnionPayWire, mer_id: str) -> None:
        self._wire = wire
        self._mer_id = mer_id

    def read(self, body: str, now: datetime) -> Notice:
        """The notice, or NoticeRefused with the reason."""
        told = _fields(body)
        try:
            self._wire.prove(told, now)
        except NotTrusted as error:
            raise NoticeRefused(str(error)) from error
        try:
            return self._notice(told, now)
        except (ValueError, KeyError) as error:
            raise NoticeRefused(f"a notice of an unknown form: {type(error).__name__}") from error

    def _notice(self, told: Mapping[str, str], now: datetime) -> Notice:
        if told["merId"] != self._mer_id:
            raise NoticeRefused("the notice is for another merchant")
        if not -SKEW_MAX <= now - unionpay_words.moment(told["txnTime"]) <= AGE_MAX:
            raise NoticeRefused("too old, or from the future")
        if not _NUMBER.fullmatch(told["orderId"]) or not _QUERY_ID.fullmatch(told["queryId"]):
            raise ValueError("a number of an unknown form")
        kind = told["txnType"]
        return Notice(f"{told['queryId']}-{kind}", f"txnType {kind}", told["merId"], _about(told))


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


def _about(told: Mapping[str, str]) -> Trade | ChannelRefund:
    if told["txnType"] == unionpay_words.PAYMENT:
        trade = unionpay_words.trade_of(told, told["respCode"])
        if trade.state is not TradeState.PAID:
            raise NoticeRefused(f"a payment that did not succeed: {told['respCode'][:4]}")
        return trade
    if told["txnType"] == unionpay_words.REFUND:
        return unionpay_words.refund_of(told, told["respCode"])
    raise NoticeRefused(f"a notice of type {told['txnType'][:4]}, which we never asked for")
