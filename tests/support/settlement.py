"""A pay channel made by hand, and payments to try it with."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, select

from services.contracts.orders import OrderCancelled, OrderCompleted, RefundTo
from services.contracts.permissions import Permission, Role
from services.contracts.settlement import (
    Allocation,
    Channel,
    ChannelRefused,
    JsapiParams,
    NoticeRefused,
    NoticeView,
    OpenPayment,
    OwnerKind,
    PaymentView,
    PayWithWechat,
    PrepayView,
    ReceiveNotice,
    RefundState,
)
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.kernel.metrics import STATEMENTS
from services.settlement import ledger, money_queries
from services.settlement.audit import prove_books
from services.settlement.domain import accounts
from services.settlement.domain.channel import (
    BillLine,
    ChannelRefund,
    Notice,
    Prepay,
    RefundAsk,
    Trade,
    TradeState,
)
from services.settlement.domain.days import day_of
from services.settlement.domain.postings import Till
from services.settlement.tables import NoticeRow
from services.settlement.use_cases.open_payment import open_payment
from services.settlement.use_cases.pay_with_wechat import pay_with_wechat
from services.settlement.use_cases.receive_notice import receive_notice
from services.settlement.use_cases.resolve_escrow import refund_escrow, release_escrow

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
OPENID = "oHkLxt-payer-one"


@dataclass
class FakeChannel:
    """What a channel does, in memory: it can be away, refuse, and be paid by hand."""

    till: Till = field(default_factory=lambda: Till(Channel.WECHAT, "1900000001"))
    app_id: str = "wx0000000000000001"
    trades: dict[str, Trade] = field(default_factory=dict)
    refunds: dict[str, ChannelRefund] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    away: bool = False
    pays_after_close: bool = False
    refund_state: RefundState = RefundState.PROCESSING
    refund_refusal: str = ""
    before_answer: Callable[[str], None] = lambda call: None
    """Runs when the channel has done its part and the caller does not know it yet."""

    def _called(self, call: str) -> None:
        self.calls.append(call)
        if self.away:
            raise Unavailable("the channel is away")

    def prepay(self, order: Prepay) -> str:
        self._called("prepay")
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
        )
        self.before_answer("prepay")
        return f"wx-prepay-{order.out_trade_no}"

    def jsapi_params(self, prepay_id: str, now: datetime) -> JsapiParams:
        return JsapiParams(
            app_id=self.app_id,
            time_stamp=str(int(now.timestamp())),
            nonce_str="nonce",
            package=f"prepay_id={prepay_id}",
            sign_type="RSA",
            pay_sign="sign",
        )

    def query(self, out_trade_no: str) -> Trade:
        self._called("query")
        return self.trades.get(out_trade_no) or Trade(out_trade_no, TradeState.UNKNOWN)

    def close(self, out_trade_no: str) -> Trade:
        self._called("close")
        trade = self.query(out_trade_no)
        if trade.state is TradeState.UNPAID:
            trade = replace(trade, state=TradeState.CLOSED)
            self.trades[out_trade_no] = trade
        self.before_answer("close")
        return trade

    def refund(self, ask: RefundAsk) -> ChannelRefund:
        self._called("refund")
        if self.refund_refusal:
            raise ChannelRefused(self.refund_refusal)
        if ask.out_refund_no not in self.refunds:
            self.refunds[ask.out_refund_no] = ChannelRefund(
                ask.out_refund_no, self.refund_state, ask.amount_fen, asked_at=NOW
            )
        self.before_answer("refund")
        return self.refunds[ask.out_refund_no]

    def query_refund(self, out_refund_no: str) -> ChannelRefund:
        self._called("query_refund")
        return self.refunds[out_refund_no]

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
        trade = self.trades[out_trade_no]
        assert trade.state is TradeState.UNPAID or self.pays_after_close
        self.trades[out_trade_no] = replace(
            trade,
            state=TradeState.PAID,
            amount_fen=amount_fen or trade.amount_fen,
            transaction_id=f"42{out_trade_no}",
            paid_at=NOW,
        )

    def ends_refund(self, refund_id: str, state: RefundState = RefundState.DONE) -> None:
        """The channel comes to an end with a refund."""
        self.refunds[refund_id] = replace(self.refunds[refund_id], state=state, done_at=NOW)


def open_command(*amounts_fen: int, **changes: object) -> OpenPayment:
    """A payment of so many orders."""
    values: dict[str, object] = {
        "request_id": new_id(),
        "payment_id": new_id(),
        "household_id": new_id(),
        "community_id": new_id(),
        "payer_account_id": new_id(),
        "subject": "豆浆×2 油条×4",
        "pay_before": NOW + timedelta(minutes=15),
        "allocations": [
            Allocation(order_id=new_id(), merchant_id=new_id(), amount_fen=amount_fen)
            for amount_fen in amounts_fen or (1500,)
        ],
    }
    return OpenPayment.model_validate(values | changes)


def member_of(household_id: str) -> Actor:
    """A resident of the household."""
    permissions = frozenset({Permission.PAYMENT_PAY, Permission.FUND_VIEW})
    return Actor(account_id=new_id(), permissions=permissions, groups={household_id: Role.OWNER})


def shopkeeper_of(merchant_id: str) -> Actor:
    """Somebody of the merchant's who may see its fund."""
    permissions = frozenset({Permission.MERCHANT_FUND_VIEW})
    return Actor(
        account_id=new_id(), permissions=permissions, groups={merchant_id: Role.SHOPKEEPER}
    )


def cashier() -> Actor:
    """Staff who may see all money."""
    return Actor(account_id=new_id(), permissions=frozenset({Permission.MONEY_VIEW_ANY}))


@dataclass
class Books:
    """Settlement with a fake channel, and the acts that tests are made of."""

    db: Database
    channel: FakeChannel = field(default_factory=FakeChannel)

    def __post_init__(self) -> None:
        till = self.channel.till
        standing = accounts.standing([(till.channel, till.merchant_number)])
        with self.db.transaction() as tx:
            ledger.open_accounts(tx, standing, NOW)

    @property
    def channels(self) -> dict[Channel, FakeChannel]:
        return {Channel.WECHAT: self.channel}

    def open(self, *amounts_fen: int) -> PaymentView:
        return open_payment(self.db, open_command(*amounts_fen), NOW)

    def pay(self, payment: PaymentView, openid: str = OPENID, now: datetime = NOW) -> PrepayView:
        command = PayWithWechat(request_id=new_id(), payment_id=payment.payment_id, openid=openid)
        return pay_with_wechat(self.db, self.channel, command, member_of(payment.household_id), now)

    def number_of(self, prepay: PrepayView) -> str:
        """The channel order's number."""
        return prepay.prepay_id.removeprefix("wx-prepay-")

    def pays(self, payment: PaymentView, openid: str = OPENID) -> str:
        """Prepay and the payer's act; the channel order's number, with no notice yet."""
        number = self.number_of(self.pay(payment, openid))
        self.channel.is_paid(number)
        return number

    def notify(
        self,
        number: str,
        *,
        refund: bool = False,
        notice_id: str = "",
        genuine: bool = True,
        event_type: str = "",
    ) -> NoticeView:
        """The channel's notice arrives."""
        told = {
            "id": notice_id or new_id(),
            "event_type": event_type or ("REFUND.SUCCESS" if refund else "TRANSACTION.SUCCESS"),
            "number": number,
            "refund": refund,
        }
        command = ReceiveNotice(
            request_id=new_id(),
            channel=Channel.WECHAT,
            headers={"genuine": "yes" if genuine else "no"},
            body=json.dumps(told),
        )
        return receive_notice(self.db, self.channels, command, NOW)

    def paid(self, *amounts_fen: int) -> PaymentView:
        """A payment whose money is held."""
        payment = self.open(*amounts_fen)
        self.notify(self.pays(payment))
        return payment

    def complete(self, payment: PaymentView, index: int = 0, now: datetime = NOW) -> None:
        """`order.completed` arrives for one of its orders."""
        with self.db.transaction() as tx:
            release_escrow(tx, completed(payment, index), now)

    def cancel(self, payment: PaymentView, index: int = 0, to: RefundTo = RefundTo.CHANNEL) -> None:
        """`order.cancelled` arrives for one of its orders."""
        with self.db.transaction() as tx:
            refund_escrow(tx, cancelled(payment, index, to), NOW)

    def balance(self, account: accounts.Account) -> int:
        """From the entries, whatever the kept balance says."""
        with self.db.reading() as tx:
            return ledger.summed_balance_fen(tx, account.account_id)

    def fund_of(self, owner_kind: OwnerKind, owner_id: str) -> int:
        """The kept balance of a fund."""
        with self.db.reading() as tx:
            return money_queries.balance_fen(tx, accounts.fund(owner_kind, owner_id).account_id)

    def notices(self) -> list[tuple[str, str]]:
        """Outcome and reason of each notice on record, oldest first."""
        query = select(NoticeRow.outcome, NoticeRow.reason).order_by(NoticeRow.row_id)
        with self.db.reading() as tx:
            return [(row.outcome, row.reason) for row in tx.all(query)]

    def count(self, table: type) -> int:
        """Rows of a table."""
        with self.db.reading() as tx:
            return int(tx.scalar(select(func.count()).select_from(table)))

    def assert_proved(self) -> None:
        """The audit, the fake channel's bill included, finds nothing."""
        view = prove_books(self.db, self.channels, 2, NOW)
        assert view.proved, [proof for proof in view.proofs if not proof.holds]


def _order_event(payment: PaymentView, index: int) -> dict[str, object]:
    part = payment.allocations[index]
    return {
        "aggregate_id": part.order_id,
        "number": "#0001",
        "payment_id": payment.payment_id,
        "household_id": payment.household_id,
        "merchant_id": part.merchant_id,
        "store_id": new_id(),
        "store_name": "老王早餐",
        "community_id": new_id(),
        "amount_fen": part.amount_fen,
        "placed_by": new_id(),
        "reservation_id": new_id(),
    }


def completed(payment: PaymentView, index: int = 0) -> OrderCompleted:
    """The event that releases an order's money."""
    return OrderCompleted.model_validate(_order_event(payment, index))


def cancelled(
    payment: PaymentView, index: int = 0, to: RefundTo = RefundTo.CHANNEL
) -> OrderCancelled:
    """The event that sends an order's money back."""
    more = {"paid": True, "refund_to": to, "reason": "不想要了"}
    return OrderCancelled.model_validate(_order_event(payment, index) | more)


@contextmanager
def counted_statements() -> Iterator[Callable[[], int]]:
    """How many statements have run since."""
    started = STATEMENTS._value.get()
    yield lambda: int(STATEMENTS._value.get() - started)
