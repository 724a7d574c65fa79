"""WeChat Pay v3, JSAPI, in public-key mode.

Sources: WeChat Pay merchant documents 「JSAPI下单」, 「JSAPI调起支付」, 「商户订单号查询订单」,
「关闭订单」, 「申请退款」, 「查询单笔退款」 with their error codes.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from wechatpayv3 import WeChatPay

from services.contracts.settlement import Channel, ChannelRefused, JsapiParams
from services.kernel.errors import InvariantBroken, Unavailable
from services.settlement.channels import wechat_bill, wechat_wire, wechat_words
from services.settlement.channels.wechat_notice import NoticeReader
from services.settlement.domain.channel import (
    BillLine,
    ChannelRefund,
    Notice,
    Prepay,
    RefundAsk,
    Trade,
    TradeState,
)
from services.settlement.domain.days import BEIJING
from services.settlement.domain.postings import Till
from services.settlement.settings import Settings

Answer = TypeVar("Answer")
_DESCRIPTION_MAX, _REASON_MAX = 127, 80
_NOT_THERE = {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}


class WechatPayChannel:
    """PayChannel over WeChat Pay; made once per process, its keys are parsed once."""

    def __init__(self, settings: Settings) -> None:
        self._till = Till(Channel.WECHAT, settings.wechatpay_mchid)
        self._app_id = settings.wechatpay_app_id
        self._pay: WeChatPay = wechat_wire.connect(
            base_url=settings.wechatpay_base_url,
            timeout_s=settings.wechatpay_timeout_s,
            app_id=settings.wechatpay_app_id,
            notify_url=settings.wechatpay_notify_url,
            mchid=settings.wechatpay_mchid,
            cert_serial_no=settings.wechatpay_merchant_serial,
            private_key=settings.wechatpay_merchant_key,
            apiv3_key=settings.wechatpay_apiv3_key,
            public_key=settings.wechatpay_public_key,
            public_key_id=settings.wechatpay_public_key_id,
        )
        self._notices = NoticeReader(
            settings.wechatpay_public_key,
            settings.wechatpay_public_key_id,
            settings.wechatpay_apiv3_key,
        )

    @property
    def till(self) -> Till:
        return self._till

    @property
    def app_id(self) -> str:
        return self._app_id

    def prepay(self, order: Prepay) -> str:
        answer = self._pay.pay(
            description=order.subject[:_DESCRIPTION_MAX],
            out_trade_no=order.out_trade_no,
            amount={"total": order.amount_fen, "currency": "CNY"},
            payer={"openid": order.openid},
            time_expire=order.pay_before.astimezone(BEIJING).isoformat(timespec="seconds"),
        )
        return _understood(lambda told: str(told["prepay_id"]), _granted(answer))

    def jsapi_params(self, prepay_id: str, now: datetime) -> JsapiParams:
        stamp, nonce = str(int(now.timestamp())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        return JsapiParams(
            app_id=self._app_id,
            time_stamp=stamp,
            nonce_str=nonce,
            package=package,
            sign_type="RSA",
            pay_sign=self._pay.sign([self._app_id, stamp, nonce, package]),
        )

    def query(self, out_trade_no: str) -> Trade:
        status, body = self._pay.query(out_trade_no=out_trade_no)
        if status == 404 and _error_code(body) in _NOT_THERE:
            return Trade(out_trade_no, TradeState.UNKNOWN)
        return _understood(wechat_words.trade_of, _granted((status, body)))

    def close(self, out_trade_no: str) -> Trade:
        status, body = self._pay.close(out_trade_no)
        if status == 204:
            return Trade(out_trade_no, TradeState.CLOSED)
        if status == 404 and _error_code(body) in _NOT_THERE:
            return Trade(out_trade_no, TradeState.UNKNOWN)
        # Refused, most likely because it is paid or closed: the query says which.
        trade = self.query(out_trade_no)
        if trade.state is TradeState.UNPAID:
            raise Unavailable(f"WeChat Pay does not close {out_trade_no}: {_error_code(body)}")
        return trade

    def refund(self, ask: RefundAsk) -> ChannelRefund:
        answer = self._pay.refund(
            out_refund_no=ask.out_refund_no,
            out_trade_no=ask.out_trade_no,
            amount={"refund": ask.amount_fen, "total": ask.total_fen, "currency": "CNY"},
            reason=ask.reason[:_REASON_MAX] or None,
        )
        return _understood(wechat_words.refund_of, _granted(answer))

    def query_refund(self, out_refund_no: str) -> ChannelRefund:
        return _understood(wechat_words.refund_of, _granted(self._pay.query_refund(out_refund_no)))

    def fetch_bill(self, day: date) -> Iterator[BillLine] | None:
        return wechat_bill.fetch(self._pay, day)

    def parse_notice(self, headers: Mapping[str, str], body: str, now: datetime) -> Notice:
        return self._notices.read(headers, body, now)


def _error(body: str | bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _error_code(body: str | bytes) -> str:
    return str(_error(body).get("code", ""))


def _understood(parse: Callable[[dict[str, Any]], Answer], told: dict[str, Any]) -> Answer:
    """What the answer says; InvariantBroken when WeChat Pay's words have changed."""
    try:
        return parse(told)
    except (KeyError, TypeError, ValueError) as error:
        raise InvariantBroken(f"WeChat Pay answers in an unknown form: {error!r}") from error


def _granted(answer: tuple[int, str | bytes]) -> dict[str, Any]:
    """The body of a 2xx answer, or ChannelRefused in the channel's own words."""
    status, body = answer
    told = _error(body)
    if 200 <= status < 300:
        return told
    code, message = told.get("code", status), told.get("message", "")
    raise ChannelRefused(f"{code}: {message}"[:200], fields={"code": str(code)})
