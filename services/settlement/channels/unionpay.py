"""UnionPay 5.1.0 gateway pay: the payer's browser posts a signed form to UnionPay's page.

UnionPay cannot close a payment: its page takes money until `payTimeout`, so a closing waits for
that. A transaction is named by its order number and the time at which we asked (`txnTime`).

Sources: UnionPay 「网关支付产品接口规范」 (消费 01, 退货 04, 交易状态查询 00, 文件传输 76) with
「平台接入接口规范 第5部分 附录」.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import TypeVar

from services.contracts.settlement import (
    Channel,
    ChannelRefused,
    FormPost,
    PayOffer,
    PayWay,
    RefundState,
)
from services.kernel.clock import now as present
from services.kernel.errors import InvariantBroken, Unavailable
from services.settlement.channels import unionpay_file, unionpay_words
from services.settlement.channels.unionpay_notice import NoticeReader
from services.settlement.channels.unionpay_trust import Trust
from services.settlement.channels.unionpay_wire import UnionPayWire
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

Answer = TypeVar("Answer")
_GATEWAY = {"bizType": "000201", "channelType": "07"}
_SUBJECT_MAX = 32
FILE_OUT_BY = time(12)
"""A day's file is there on the next morning: one that is missing at noon will not come."""


class UnionPayChannel:
    """PayChannel over UnionPay; made once per process, its keys are parsed once."""

    def __init__(self, settings: Settings) -> None:
        self._till = Till(Channel.UNIONPAY, settings.unionpay_mer_id)
        base_url = settings.unionpay_base_url.rstrip("/")
        page_url = settings.unionpay_page_url.rstrip("/") or base_url
        self._front_url = f"{page_url}/gateway/api/frontTransReq.do"
        self._back_url = f"{base_url}/gateway/api/backTransReq.do"
        self._query_url = f"{base_url}/gateway/api/queryTrans.do"
        self._file_url = settings.unionpay_file_url
        self._notify_url = settings.unionpay_notify_url
        self._wire = UnionPayWire(
            mer_id=settings.unionpay_mer_id,
            sign_key=settings.unionpay_sign_key,
            sign_cert=settings.unionpay_sign_cert,
            trust=Trust(settings.unionpay_root_cert, settings.unionpay_middle_cert),
            timeout_s=settings.unionpay_timeout_s,
        )
        self._notices = NoticeReader(self._wire, settings.unionpay_mer_id)

    @classmethod
    def from_settings(cls, settings: Settings) -> "UnionPayChannel | None":
        """The channel, or None where there is no merchant number: it is not open then."""
        return cls(settings) if settings.unionpay_mer_id else None

    @property
    def till(self) -> Till:
        return self._till

    @property
    def app_id(self) -> str:
        """UnionPay knows merchants only."""
        return ""

    @property
    def ways(self) -> frozenset[PayWay]:
        return frozenset({PayWay.UNIONPAY_PAGE})

    def prepay(self, order: Prepay) -> str:
        """Nothing to ask for: the payer's browser brings the order."""
        return ""

    def offer(self, order: Prepay, token: str, now: datetime) -> PayOffer:
        fields = {
            **_GATEWAY,
            "txnType": unionpay_words.PAYMENT,
            "txnSubType": "01",
            "currencyCode": "156",
            "orderId": order.out_trade_no,
            "txnTime": unionpay_words.stamp(order.asked_at),
            "txnAmt": str(order.amount_fen),
            "payTimeout": unionpay_words.stamp(order.pay_before),
            "orderDesc": order.subject[:_SUBJECT_MAX],
            "frontUrl": order.return_url,
            "backUrl": self._notify_url,
        }
        return PayOffer(
            way=order.way, form=FormPost(url=self._front_url, fields=self._wire.signed(fields))
        )

    def query(self, trade: TradeRef) -> Trade:
        told, code = self._status(trade.out_trade_no, trade.asked_at)
        if code == unionpay_words.NOT_THERE:
            return Trade(trade.out_trade_no, TradeState.UNKNOWN)
        return _understood(unionpay_words.trade_of, told, code)

    def close(self, trade: TradeRef) -> Trade:
        """CLOSED once UnionPay's page takes no more money for it; Unavailable before."""
        told, code = self._status(trade.out_trade_no, trade.asked_at)
        if code in unionpay_words.GRANTED:
            return _understood(unionpay_words.trade_of, told, code)
        # The clock is read after the answer: what was not paid then cannot be paid any more.
        if present() <= trade.pay_before:
            until = trade.pay_before.isoformat(timespec="seconds")
            raise Unavailable(f"UnionPay closes {trade.out_trade_no} by itself at {until}")
        if code in unionpay_words.UNDER_WAY:
            raise Unavailable(f"UnionPay does not know yet whether {trade.out_trade_no} is paid")
        return Trade(trade.out_trade_no, TradeState.CLOSED)

    def refund(self, ask: RefundAsk) -> ChannelRefund:
        told = self._wire.call(
            self._back_url,
            {
                **_GATEWAY,
                "txnType": unionpay_words.REFUND,
                "txnSubType": "00",
                "orderId": ask.out_refund_no,
                "origQryId": ask.trade.transaction_id or self._query_id(ask.trade),
                "txnTime": unionpay_words.stamp(ask.requested_at),
                "txnAmt": str(ask.amount_fen),
                "backUrl": self._notify_url,
            },
        )
        code = told.get("respCode", "")
        if code == unionpay_words.DUPLICATE:
            return self.query_refund(RefundRef(ask.out_refund_no, ask.requested_at, ask.trade))
        if code not in unionpay_words.GRANTED | unionpay_words.UNDER_WAY:
            raise _refusal(told)
        # 00 says that it was accepted; whether the money is back is asked for later.
        return ChannelRefund(
            ask.out_refund_no, RefundState.PROCESSING, ask.amount_fen, asked_at=ask.requested_at
        )

    def query_refund(self, refund: RefundRef) -> ChannelRefund:
        told, code = self._status(refund.out_refund_no, refund.requested_at)
        if code == unionpay_words.NOT_THERE:
            raise _refusal(told)
        return _understood(unionpay_words.refund_of, told, code)

    def fetch_bill(self, day: date) -> Iterator[BillLine] | None:
        files = [self._file(settle_day) for settle_day in unionpay_file.settle_days(day)]
        found = [told for told in files if told is not None]
        if not found:
            return None
        if files[1] is None and not _is_over(day + timedelta(days=1)):
            return None  # the hour before midnight is still to come
        return chain.from_iterable(unionpay_file.lines(told, day) for told in found)

    def parse_notice(self, headers: Mapping[str, str], body: str, now: datetime) -> Notice:
        return self._notices.read(body, now)

    def _status(self, number: str, asked_at: datetime) -> tuple[dict[str, str], str]:
        """UnionPay's answer, and what has become of the transaction."""
        told = self._wire.call(
            self._query_url,
            {
                "bizType": "000000",
                "txnType": "00",
                "txnSubType": "00",
                "orderId": number,
                "txnTime": unionpay_words.stamp(asked_at),
            },
        )
        code = told.get("respCode", "")
        if code == unionpay_words.NOT_THERE:
            return told, code
        if code != "00":
            raise Unavailable(f"UnionPay answers {code} {told.get('respMsg', '')}"[:200])
        if told.get("orderId") != number:
            raise InvariantBroken(f"UnionPay answers of another transaction than {number}")
        return told, told.get("origRespCode", "")

    def _query_id(self, trade: TradeRef) -> str:
        found = self.query(trade)
        if found.state is not TradeState.PAID:
            raise ChannelRefused(
                f"UnionPay has no payment {trade.out_trade_no}", fields={"code": "34"}
            )
        return found.transaction_id

    def _file(self, settle_day: date) -> dict[str, str] | None:
        told = self._wire.call(
            self._file_url,
            {
                "bizType": "000000",
                "txnType": "76",
                "txnSubType": "01",
                "fileType": "00",
                "settleDate": settle_day.strftime("%m%d"),
                "txnTime": unionpay_words.stamp(present()),
            },
        )
        code = told.get("respCode", "")
        if code == unionpay_words.NO_FILE:
            return None
        if code != "00":
            raise Unavailable(f"UnionPay gives no file of {settle_day}: {code}")
        return told


def _is_over(settle_day: date) -> bool:
    """Whether a file of that clearing day would be there by now."""
    out_at = datetime.combine(settle_day + timedelta(days=1), FILE_OUT_BY, BEIJING)
    return present() >= out_at


def _refusal(told: Mapping[str, str]) -> ChannelRefused:
    code = told.get("respCode", "")
    return ChannelRefused(f"{code}: {told.get('respMsg', '')}"[:200], fields={"code": code})


def _understood(
    parse: Callable[[Mapping[str, str], str], Answer], told: Mapping[str, str], code: str
) -> Answer:
    """What the answer says; InvariantBroken when UnionPay's words have changed."""
    try:
        return parse(told, code)
    except (KeyError, ValueError) as error:
        raise InvariantBroken(f"UnionPay answers in an unknown form: {error!r}") from error
