"""A pay channel made by hand: it can be away, refuse, answer late, and be paid."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from services.contracts.settlement import (
    Channel,
    ChannelRefused,
    JsapiParams,
    NoticeRefused,
    PayOffer,
    PayWay,
    RefundState,
)
from services.kernel.errors import Unavailable
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
from services.settlement.domain.days import day_of
from services.settlement.domain.postings import Till

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@dataclass
class FakeChannel:
    """What a channel does, in memory: it can be away, refuse, and be paid by hand."""

    till: Till = field(default_factory=lambda: Till(Channel.WECHAT, "1900000001"))
    app_id: str = "wx0000000000000001"
    now: datetime = NOW
    trades: dict[str, Trade] = field(default_factory=dict)
    refunds: dict[str, ChannelRefund] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    away: bool = False
    pays_after_close: bool = False
    refund_state: RefundState = RefundState.PROCESSING
    refund_refusal: str = ""
    on_the_way: Callable[[str], None] = lambda call: None
    """Runs when a prepay or refund is asked for and the channel has not done its part yet."""
    before_answer: Callable[[str], None] = lambda call: None
    """Runs when the channel has done its part and the caller does not know it yet."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def _called(self, call: str) -> None:
        self.calls.append(call)
        if self.away:
            raise Unavailable("the channel is away")

    def prepay(self, order: Prepay) -> str:
        self._called("prepay")
        self.on_the_way("prepay")
        known = self.trades.get(order.out_trade_no)
        if known is not None and known.state is not TradeState.UNPAID:
            raise ChannelRefused("it is over", fields={"code": "ORDERPAID"})
        self.trades[order.out_trade_no] = Trade(
            out_trade_no=order.out_trade_no,
            state=TradeState.UNPAID,
            merchant_number=self.till.merchant_number,
            app_id=self.app_id,
            amount_fen=order.amount_fen,
            currency="CNY",
            sub_merchant=order.sub_merchant,
        )
        self.before_answer("prepay")
        return f"wx-prepay-{order.out_trade_no}"

    @property
    def ways(self) -> frozenset[PayWay]:
        return frozenset({PayWay.WECHAT_JSAPI, PayWay.WECHAT_NATIVE})

    def offer(self, order: Prepay, token: str, now: datetime) -> PayOffer:
        if order.way is PayWay.WECHAT_NATIVE:
            return PayOffer(way=order.way, code_url=token)
        jsapi = JsapiParams(
            app_id=self.app_id,
            time_stamp=str(int(now.timestamp())),
            nonce_str="nonce",
            package=f"prepay_id={token}",
            sign_type="RSA",
            pay_sign="sign",
        )
        return PayOffer(way=order.way, jsapi=jsapi)

    def query(self, trade: TradeRef) -> Trade:
        self._called("query")
        number = trade.out_trade_no
        return self.trades.get(number) or Trade(number, TradeState.UNKNOWN)

    def close(self, trade: TradeRef) -> Trade:
        self._called("close")
        with self._lock:
            known = self.query(trade)
            if known.state is TradeState.UNPAID:
                known = replace(known, state=TradeState.CLOSED)
                self.trades[trade.out_trade_no] = known
        self.before_answer("close")
        return known

    def refund(self, ask: RefundAsk) -> ChannelRefund:
        self._called("refund")
        self.on_the_way("refund")
        if self.refund_refusal:
            raise ChannelRefused(self.refund_refusal)
        if ask.out_refund_no not in self.refunds:
            self.refunds[ask.out_refund_no] = ChannelRefund(
                ask.out_refund_no, self.refund_state, ask.amount_fen, asked_at=self.now
            )
        self.before_answer("refund")
        return self.refunds[ask.out_refund_no]

    def query_refund(self, refund: RefundRef) -> ChannelRefund:
        self._called("query_refund")
        return self.refunds[refund.out_refund_no]

    def fetch_bill(self, day: date) -> Iterator[BillLine] | None:
        paid = [
            BillLine(trade.out_trade_no, trade.amount_fen)
            for trade in self.trades.values()
            if trade.paid_at is not None and day_of(trade.paid_at) == day
        ]
        back = [
            BillLine("", refund.amount_fen, refund.out_refund_no, refund.state)
            for refund in self.refunds.values()
            if refund.asked_at is not None and day_of(refund.asked_at) == day
        ]
        return iter(paid + back) if paid or back else None

    def parse_notice(self, headers: Mapping[str, str], body: str, now: datetime) -> Notice:
        if headers.get("genuine") != "yes":
            raise NoticeRefused("the signature does not fit")
        told = json.loads(body)
        number = told["number"]
        about = self.refunds[number] if told["refund"] else self.trades[number]
        return Notice(told["id"], told["event_type"], self.till.merchant_number, about)

    # what the world does

    def is_paid(self, out_trade_no: str, amount_fen: int | None = None) -> None:
        """The payer pays, by the channel's rules."""
        with self._lock:
            trade = self.trades[out_trade_no]
            assert trade.state is TradeState.UNPAID or self.pays_after_close
            self.trades[out_trade_no] = replace(
                trade,
                state=TradeState.PAID,
                amount_fen=amount_fen or trade.amount_fen,
                transaction_id=f"42{out_trade_no}",
                paid_at=self.now,
            )

    def ends_refund(self, refund_id: str, state: RefundState = RefundState.DONE) -> None:
        """The channel comes to an end with a refund."""
        self.refunds[refund_id] = replace(self.refunds[refund_id], state=state, done_at=self.now)
