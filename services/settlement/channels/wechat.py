"""WeChat Pay v3 in public-key mode: JSAPI, Native and H5, for us and for a shop's own number.

Where the shop itself receives (`sub_merchant`), our number is the partner's (服务商) and the
partner paths are used; its money is frozen until it is shared (wechat_sharing).
Sources: WeChat Pay merchant and partner documents 「JSAPI下单」, 「Native下单」, 「H5下单」,
「JSAPI调起支付」, 「H5调起支付」, 「商户订单号查询订单」, 「关闭订单」, 「申请退款」,
「查询单笔退款」 with their error codes.
"""

import secrets
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from services.contracts.settlement import Channel, JsapiParams, PayOffer, PayWay
from services.kernel.errors import InvariantBroken, Unavailable
from services.settlement.channels import wechat_bill, wechat_words
from services.settlement.channels.wechat_calls import Calls, connect, in_path
from services.settlement.channels.wechat_notice import NoticeReader
from services.settlement.domain.channel import (
    BillLine,
    ChannelRefund,
    Notice,
    Prepay,
    RefundAsk,
    RefundRef,
    Trade,
    TradeRef,
    TradeState,
)
from services.settlement.domain.days import BEIJING
from services.settlement.domain.postings import Till
from services.settlement.settings import Settings

_DESCRIPTION_MAX, _REASON_MAX = 127, 80
_REFUNDS = "/v3/refund/domestic/refunds"
_WAYS = {
    PayWay.WECHAT_JSAPI: ("jsapi", "prepay_id"),
    PayWay.WECHAT_NATIVE: ("native", "code_url"),
    PayWay.WECHAT_H5: ("h5", "h5_url"),
}
"""The last part of the path, and what the answer calls the token."""


class WechatPayChannel:
    """PayChannel over WeChat Pay; made once per process, its keys are parsed once."""

    def __init__(self, settings: Settings) -> None:
        self._till = Till(Channel.WECHAT, settings.wechatpay_mchid)
        self._app_id = settings.wechatpay_app_id
        self._notify_url = settings.wechatpay_notify_url
        self._pay = connect(settings)
        self._calls = Calls(self._pay)
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

    @property
    def ways(self) -> frozenset[PayWay]:
        return frozenset(_WAYS)

    def prepay(self, order: Prepay) -> str:
        last_part, token = _WAYS[order.way]
        body = {
            "description": order.subject[:_DESCRIPTION_MAX],
            "out_trade_no": order.out_trade_no,
            "notify_url": self._notify_url,
            "amount": {"total": order.amount_fen, "currency": "CNY"},
            "time_expire": order.pay_before.astimezone(BEIJING).isoformat(timespec="seconds"),
            **self._who(order.sub_merchant),
            **_payer(order),
        }
        reply = self._calls.post(f"{_orders(order.sub_merchant)}/{last_part}", body)
        return reply.meaning(lambda told: str(told[token]))

    def offer(self, order: Prepay, token: str, now: datetime) -> PayOffer:
        if order.way is PayWay.WECHAT_JSAPI:
            return PayOffer(way=order.way, jsapi=self._jsapi_params(token, now))
        if order.way is PayWay.WECHAT_NATIVE:
            return PayOffer(way=order.way, code_url=token)
        back = f"&redirect_url={quote(order.return_url, safe='')}" if order.return_url else ""
        return PayOffer(way=order.way, redirect_url=token + back)

    def query(self, trade: TradeRef) -> Trade:
        number, sub = trade.out_trade_no, trade.sub_merchant
        reply = self._calls.get(_order(sub, number), **self._whose(sub))
        if reply.not_there:
            return Trade(number, TradeState.UNKNOWN)
        return reply.meaning(wechat_words.trade_of)

    def close(self, trade: TradeRef) -> Trade:
        number, sub = trade.out_trade_no, trade.sub_merchant
        reply = self._calls.post(f"{_order(sub, number)}/close", self._whose(sub))
        if reply.granted:
            return Trade(number, TradeState.CLOSED)
        if reply.not_there:
            return Trade(number, TradeState.UNKNOWN)
        # Refused, most likely because it is paid or closed: the query says which.
        found = self.query(trade)
        if found.state is TradeState.UNPAID:
            raise Unavailable(f"WeChat Pay does not close {number}: {reply.code}")
        return found

    def refund(self, ask: RefundAsk) -> ChannelRefund:
        body = {
            "sub_mchid": ask.trade.sub_merchant,
            "out_refund_no": ask.out_refund_no,
            "out_trade_no": ask.trade.out_trade_no,
            "notify_url": self._notify_url,
            "amount": {"refund": ask.amount_fen, "total": ask.total_fen, "currency": "CNY"},
            "reason": ask.reason[:_REASON_MAX],
        }
        return self._calls.post(_REFUNDS, body).meaning(wechat_words.refund_of)

    def query_refund(self, refund: RefundRef) -> ChannelRefund:
        path = f"{_REFUNDS}/{in_path(refund.out_refund_no)}"
        reply = self._calls.get(path, sub_mchid=refund.trade.sub_merchant)
        return reply.meaning(wechat_words.refund_of)

    def fetch_bill(self, day: date) -> Iterator[BillLine] | None:
        return wechat_bill.fetch(self._pay, day)

    def parse_notice(self, headers: Mapping[str, str], body: str, now: datetime) -> Notice:
        return self._notices.read(headers, body, now)

    def _jsapi_params(self, prepay_id: str, now: datetime) -> JsapiParams:
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

    def _whose(self, sub_merchant: str) -> dict[str, str]:
        """The merchant numbers, as queries and closing name them."""
        if sub_merchant:
            return {"sp_mchid": self._till.merchant_number, "sub_mchid": sub_merchant}
        return {"mchid": self._till.merchant_number}

    def _who(self, sub_merchant: str) -> dict[str, Any]:
        """The same and the app, as an order names them; a shop's money is to be frozen."""
        if sub_merchant:
            frozen = {"settle_info": {"profit_sharing": True}}
            return {"sp_appid": self._app_id, **self._whose(sub_merchant), **frozen}
        return {"appid": self._app_id, **self._whose("")}


def _orders(sub_merchant: str) -> str:
    return "/v3/pay/partner/transactions" if sub_merchant else "/v3/pay/transactions"


def _order(sub_merchant: str, out_trade_no: str) -> str:
    return f"{_orders(sub_merchant)}/out-trade-no/{in_path(out_trade_no)}"


def _payer(order: Prepay) -> dict[str, Any]:
    """Who pays, or from where, as far as the way wants to know."""
    if order.way is PayWay.WECHAT_JSAPI:
        name = "sp_openid" if order.sub_merchant else "openid"
        return {"payer": {name: order.openid}}
    if order.way is PayWay.WECHAT_H5:
        scene = {"payer_client_ip": order.client_ip, "h5_info": {"type": "Wap"}}
        return {"scene_info": scene}
    if order.way is PayWay.WECHAT_NATIVE:
        return {}
    raise InvariantBroken(f"WeChat Pay takes no money by {order.way}")
