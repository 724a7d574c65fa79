"""Alipay: pages for phones and desktops, and codes to be scanned, under RSA2 keys.

A trade exists at Alipay only when the payer has opened the page or scanned the code: until then it
is UNKNOWN there. Page and code end at `pay_before`; what is paid after a closing comes late.

Sources: Alipay open platform 「alipay.trade.wap.pay」, 「alipay.trade.page.pay」,
「alipay.trade.precreate」, 「alipay.trade.query」, 「alipay.trade.close」, 「alipay.trade.refund」,
「alipay.trade.fastpay.refund.query」 with their error codes.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from services.contracts.settlement import Channel, ChannelRefused, PayOffer, PayWay, RefundState
from services.kernel.errors import InvariantBroken, Unavailable
from services.kernel.money import as_yuan
from services.settlement.channels import alipay_bill, alipay_words
from services.settlement.channels.alipay_notice import NoticeReader
from services.settlement.channels.alipay_wire import AlipayWire
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

_PAGES = {
    PayWay.ALIPAY_WAP: ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    PayWay.ALIPAY_PAGE: ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
}
_SUBJECT_MAX, _REASON_MAX = 128, 128
_NOT_IN_SUBJECT = str.maketrans("/=&", "   ")
"""「alipay.trade.wap.pay」: the subject may not hold these."""
_NOT_THERE = "ACQ.TRADE_NOT_EXIST"


class AlipayChannel:
    """PayChannel over Alipay; made once per process, its keys are parsed once."""

    def __init__(self, settings: Settings) -> None:
        self._till = Till(Channel.ALIPAY, settings.alipay_seller_id)
        self._app_id = settings.alipay_app_id
        self._notify_url = settings.alipay_notify_url
        self._page_url = settings.alipay_page_url or settings.alipay_base_url
        self._wire = AlipayWire(
            app_id=settings.alipay_app_id,
            app_key=settings.alipay_app_key,
            alipay_public_key=settings.alipay_public_key,
            base_url=settings.alipay_base_url,
            timeout_s=settings.alipay_timeout_s,
        )
        self._notices = NoticeReader(self._wire, self._app_id, settings.alipay_seller_id)

    @classmethod
    def from_settings(cls, settings: Settings) -> "AlipayChannel | None":
        """The channel, or None where there is no app id: it is not open then."""
        return cls(settings) if settings.alipay_app_id else None

    @property
    def till(self) -> Till:
        return self._till

    @property
    def app_id(self) -> str:
        return self._app_id

    @property
    def ways(self) -> frozenset[PayWay]:
        return frozenset({*_PAGES, PayWay.ALIPAY_QR})

    def prepay(self, order: Prepay) -> str:
        """The code's link; a page needs no call."""
        if order.way is not PayWay.ALIPAY_QR:
            return ""
        told = self._wire.call(
            "alipay.trade.precreate", _content(order), notify_url=self._notify_url
        )
        return _text(told, "qr_code")

    def offer(self, order: Prepay, token: str, now: datetime) -> PayOffer:
        if order.way is PayWay.ALIPAY_QR:
            return PayOffer(way=order.way, code_url=token)
        method, product = _PAGES[order.way]
        more = {"notify_url": self._notify_url, "return_url": order.return_url}
        content = _content(order) | {"product_code": product}
        if order.way is PayWay.ALIPAY_WAP and order.return_url:
            content["quit_url"] = order.return_url
        signed = self._wire.signed(method, content, now, **more)
        return PayOffer(way=order.way, redirect_url=f"{self._page_url}?{signed}")

    def query(self, trade: TradeRef) -> Trade:
        try:
            told = self._wire.call("alipay.trade.query", {"out_trade_no": trade.out_trade_no})
        except ChannelRefused as refusal:
            if _code(refusal) == _NOT_THERE:
                return Trade(trade.out_trade_no, TradeState.UNKNOWN)
            raise
        return self._trade(trade.out_trade_no, told)

    def close(self, trade: TradeRef) -> Trade:
        try:
            self._wire.call("alipay.trade.close", {"out_trade_no": trade.out_trade_no})
        except ChannelRefused as refusal:
            if _code(refusal) == _NOT_THERE:
                return Trade(trade.out_trade_no, TradeState.UNKNOWN)
            # Refused, most likely because it is paid or closed: the query says which.
            now_there = self.query(trade)
            if now_there.state is TradeState.UNPAID:
                raise Unavailable(
                    f"Alipay does not close {trade.out_trade_no}: {_code(refusal)}"
                ) from refusal
            return now_there
        return Trade(trade.out_trade_no, TradeState.CLOSED)

    def refund(self, ask: RefundAsk) -> ChannelRefund:
        """Alipay gives back at once: the answer is DONE, or an error."""
        told = self._wire.call(
            "alipay.trade.refund",
            {
                "out_trade_no": ask.trade.out_trade_no,
                "refund_amount": as_yuan(ask.amount_fen),
                "out_request_no": ask.out_refund_no,
                "refund_reason": ask.reason[:_REASON_MAX] or "退款",
            },
        )
        if told.get("fund_change") != "Y":
            # No money has moved by this request: it had been done before, or is not done yet.
            return self._done_before(ask)
        return ChannelRefund(ask.out_refund_no, RefundState.DONE, ask.amount_fen)

    def query_refund(self, refund: RefundRef) -> ChannelRefund:
        told = self._wire.call(
            "alipay.trade.fastpay.refund.query",
            {
                "out_trade_no": refund.trade.out_trade_no,
                "out_request_no": refund.out_refund_no,
                "query_options": ["gmt_refund_pay"],
            },
        )
        # 「未返回该字段表示退款请求未收到或者退款失败」
        if told.get("refund_status") != "REFUND_SUCCESS":
            raise ChannelRefused(
                f"Alipay knows of no refund {refund.out_refund_no}",
                fields={"code": "REFUND_NOT_EXIST"},
            )
        return ChannelRefund(
            out_refund_no=refund.out_refund_no,
            state=RefundState.DONE,
            amount_fen=_fen(told, "refund_amount"),
            done_at=_moment(told, "gmt_refund_pay"),
        )

    def fetch_bill(self, day: date) -> Iterator[BillLine] | None:
        return alipay_bill.fetch(self._wire, day)

    def parse_notice(self, headers: Mapping[str, str], body: str, now: datetime) -> Notice:
        return self._notices.read(body, now)

    def _done_before(self, ask: RefundAsk) -> ChannelRefund:
        try:
            return self.query_refund(RefundRef(ask.out_refund_no, ask.requested_at, ask.trade))
        except ChannelRefused as unknown:
            raise Unavailable(f"Alipay has not paid out {ask.out_refund_no} yet") from unknown

    def _trade(self, out_trade_no: str, told: dict[str, Any]) -> Trade:
        """The answer's trade; whose app and seller it is follows from the key that asked."""
        if told.get("out_trade_no") != out_trade_no:
            raise InvariantBroken(f"Alipay answers of another trade than {out_trade_no}")
        paid_at = _moment(told, "send_pay_date")
        try:
            state = alipay_words.state_of(told, paid_at)
        except (KeyError, ValueError) as error:
            raise InvariantBroken(f"Alipay answers in an unknown form: {error!r}") from error
        return Trade(
            out_trade_no=out_trade_no,
            state=state,
            merchant_number=self._till.merchant_number,
            app_id=self._app_id,
            amount_fen=_fen(told, "total_amount"),
            currency=str(told.get("trans_currency") or alipay_words.CURRENCY),
            transaction_id=str(told.get("trade_no", "")),
            paid_at=paid_at,
        )


def _content(order: Prepay) -> dict[str, str]:
    return {
        "out_trade_no": order.out_trade_no,
        "total_amount": as_yuan(order.amount_fen),
        "subject": order.subject.translate(_NOT_IN_SUBJECT)[:_SUBJECT_MAX],
        "time_expire": order.pay_before.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
    }


def _code(refusal: ChannelRefused) -> str:
    return str((refusal.fields or {}).get("code", ""))


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    if not isinstance(value, str) or not value:
        raise InvariantBroken(f"Alipay answers without {name}")
    return value


def _fen(told: Mapping[str, Any], name: str) -> int:
    try:
        return alipay_words.fen(_text(told, name))
    except ValueError as error:
        raise InvariantBroken(f"Alipay answers with {name} in an unknown form") from error


def _moment(told: Mapping[str, Any], name: str) -> datetime | None:
    try:
        return alipay_words.moment(told.get(name))
    except (TypeError, ValueError) as error:
        raise InvariantBroken(f"Alipay answers with {name} in an unknown form") from error
