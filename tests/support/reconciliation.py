"""A day's trade as it stands in the books, and a channel whose bill is written by hand."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import insert

from services.contracts.orders import RefundTo
from services.contracts.permissions import Permission
from services.contracts.reconciliation import (
    CloseDay,
    Difference,
    DifferenceAction,
    DifferencesQuery,
    DifferencesView,
    MendDifference,
    ReconcileDay,
    ReconciliationDay,
)
from services.contracts.settlement import (
    Channel,
    DeskMethod,
    EscrowState,
    PaymentState,
    RefundState,
)
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.ids import new_id
from services.settlement import ledger
from services.settlement.audit import reconciliation_books
from services.settlement.domain import accounts
from services.settlement.domain.accounts import Account, Custodian
from services.settlement.domain.channel import BillLine, ChannelRefund, Trade, TradeState
from services.settlement.domain.days import BEIJING, day_of
from services.settlement.domain.payments import ChannelOrderState
from services.settlement.domain.transfers import Entry, Transfer, TransferKind, between
from services.settlement.reconciliation.classify import FeeRate
from services.settlement.tables import (
    AllocationRow,
    ChannelOrderRow,
    EscrowRow,
    PaymentRow,
    RefundRow,
)
from services.settlement.use_cases.close_day import close_day
from services.settlement.use_cases.mend_difference import mend_difference
from services.settlement.use_cases.reconcile_day import Terms, reconcile_day, reconcile_mornings
from services.settlement.use_cases.see_reconciliation import see_differences
from tests.support.settlement_channel import FakeChannel

DAY = date(2026, 2, 28)
NOON = datetime(2026, 2, 28, 12, 0, tzinfo=BEIJING).astimezone(UTC)
NEXT_MORNING = datetime(2026, 3, 1, 10, 30, tzinfo=BEIJING).astimezone(UTC)
RATE = FeeRate(60)
TERMS = Terms(from_hour=10, rates={Channel.WECHAT: RATE})


def accountant(*more: Permission) -> Actor:
    """Staff who reconcile."""
    rights = frozenset({Permission.MONEY_RECONCILE, *more})
    return Actor(account_id=new_id(), name="会计小林", permissions=rights)


def line_of(number: str, amount_fen: int) -> BillLine:
    """A payment's line with a fair fee."""
    return BillLine(number, amount_fen, fee_fen=RATE.fee_fen(amount_fen))


def refund_line_of(number: str, refund_id: str, amount_fen: int, **changes: object) -> BillLine:
    """A refund's line, with its share of the fee back."""
    line = BillLine(
        number, amount_fen, refund_id, RefundState.DONE, fee_fen=-RATE.fee_fen(amount_fen)
    )
    return replace(line, **changes)  # type: ignore[arg-type]


@dataclass
class PaperChannel(FakeChannel):
    """A channel that bills what is written on its paper; without paper there is no bill yet."""

    paper: dict[date, list[BillLine]] = field(default_factory=dict)
    fetched: list[date] = field(default_factory=list)

    def fetch_bill(self, day: date) -> Iterator[BillLine] | None:
        self._called("fetch_bill")
        self.fetched.append(day)
        return iter(self.paper[day]) if day in self.paper else None

    def write(self, *lines: BillLine, day: date = DAY) -> None:
        """Put lines on a day's paper."""
        self.paper.setdefault(day, []).extend(lines)


@dataclass
class Counter:
    """Settlement's books of a day, and the acts of the accountant."""

    db: Database
    channel: PaperChannel = field(default_factory=PaperChannel)
    now: datetime = NEXT_MORNING
    person: Actor = field(default_factory=accountant)

    def __post_init__(self) -> None:
        till = self.channel.till
        with self.db.transaction() as tx:
            tills = [(till.channel, till.merchant_number), (Channel.DESK, DeskMethod.CASH)]
            standing = accounts.standing(tills)
            ledger.open_accounts(tx, standing, self.now)

    # the day's trade

    def sells(
        self,
        *amounts_fen: int,
        paid_at: datetime = NOON,
        billed: bool = True,
        sub_merchant: str = "",
    ) -> list[str]:
        """Paid orders whose money is held, on both sides; their channel orders' numbers."""
        numbers = [new_id() for _ in amounts_fen]
        with self.db.transaction() as tx:
            sales = list(zip(numbers, amounts_fen, strict=True))
            self.book(tx, sales, paid_at, sub_merchant)
        if billed:
            lines = [line_of(*sale) for sale in zip(numbers, amounts_fen, strict=True)]
            self.channel.write(*lines, day=day_of(paid_at))
        for number, amount_fen in zip(numbers, amounts_fen, strict=True):
            self.channel.trades[number] = self._trade(number, amount_fen, paid_at)
        return numbers

    def book(
        self,
        tx: Tx,
        sales: Sequence[tuple[str, int]],
        paid_at: datetime,
        sub_merchant: str = "",
    ) -> None:
        """The rows and transfers of payments that came in time."""
        for number, amount_fen in sales:
            assert len(number) == 26
            assert amount_fen > 0
        state = ChannelOrderState.PAID
        self._insert(tx, sales, paid_at, PaymentState.PAID, state, sub_merchant)
        tx.execute(insert(EscrowRow), [_escrow(*sale, paid_at) for sale in sales])
        hands = Custodian.CHANNEL if sub_merchant else Custodian.PROPERTY
        till = replace(self.channel.till, custodian=hands)
        ledger.post(
            tx,
            [
                Transfer(
                    kind=TransferKind.RECEIPT,
                    purpose=number,
                    entries=between(till.clearing, accounts.escrow(number, hands), amount_fen),
                    reason="paid",
                    order_id=number,
                    payment_id=number,
                    reference=number,
                )
                for number, amount_fen in sales
            ],
            paid_at,
        )

    def asks(
        self,
        amount_fen: int,
        state: PaymentState = PaymentState.OPEN,
        paid_fen: int | None = None,
    ) -> str:
        """A payment that the channel has received and we have not heard of; its number."""
        number = new_id()
        with self.db.transaction() as tx:
            self._insert(tx, [(number, amount_fen)], None, state, ChannelOrderState.OPEN)
        self.channel.trades[number] = self._trade(number, paid_fen or amount_fen, NOON)
        return number

    def refunds(self, number: str, amount_fen: int, state: RefundState = RefundState.DONE) -> str:
        """A refund as we believe it to stand; its number."""
        refund_id, till = new_id(), self.channel.till
        with self.db.transaction() as tx:
            tx.execute(insert(RefundRow), self._refund(refund_id, number, amount_fen, state))
            begun = between(till.unclaimed, till.refunds_under_way, amount_fen)
            kept = between(accounts.escrow(number), till.unclaimed, amount_fen)
            moves = [_moved(TransferKind.TAKEN_BACK, refund_id, kept, number)]
            moves.append(_moved(TransferKind.REFUND_BEGUN, refund_id, begun, number))
            if state is RefundState.DONE:
                paid = between(till.refunds_under_way, till.clearing, amount_fen)
                moves.append(_moved(TransferKind.REFUND_PAID_OUT, refund_id, paid, number))
            ledger.post(tx, moves, NOON)
        self.channel.refunds[refund_id] = ChannelRefund(
            refund_id, RefundState.DONE, amount_fen, asked_at=NOON, done_at=NOON
        )
        return refund_id

    def _insert(
        self,
        tx: Tx,
        sales: Sequence[tuple[str, int]],
        paid_at: datetime | None,
        state: PaymentState,
        order_state: ChannelOrderState,
        sub_merchant: str = "",
    ) -> None:
        channel = self.channel
        asked_at = (paid_at or NOON) - timedelta(minutes=2)
        payments, allocations, orders = [], [], []
        for number, amount_fen in sales:
            payments.append(
                {
                    "payment_id": number,
                    "household_id": number,
                    "community_id": number,
                    "payer_account_id": number,
                    "subject": "豆浆×2",
                    "amount_fen": amount_fen,
                    "state": state,
                    "pay_before": asked_at + timedelta(minutes=15),
                    "opened_at": asked_at,
                    "channel": channel.till.channel if paid_at else None,
                    "out_trade_no": number if paid_at else None,
                    "paid_at": paid_at,
                }
            )
            allocations.append(
                {
                    "order_id": number,
                    "payment_id": number,
                    "merchant_id": number,
                    "amount_fen": amount_fen,
                }
            )
            orders.append(
                {
                    "channel": channel.till.channel,
                    "out_trade_no": number,
                    "payment_id": number,
                    "merchant_number": channel.till.merchant_number,
                    "app_id": channel.app_id,
                    "openid": "oHkLxt",
                    "amount_fen": amount_fen,
                    "state": order_state,
                    "paid_at": paid_at,
                    "asked_at": asked_at,
                    "poll_count": 0,
                    "sub_merchant": sub_merchant,
                }
            )
        for table, rows in (
            (PaymentRow, payments),
            (AllocationRow, allocations),
            (ChannelOrderRow, orders),
        ):
            tx.execute(insert(table), rows)

    def _trade(self, number: str, amount_fen: int, paid_at: datetime) -> Trade:
        return Trade(
            number,
            TradeState.PAID,
            self.channel.till.merchant_number,
            self.channel.app_id,
            amount_fen,
            "CNY",
            f"42{number}",
            paid_at,
        )

    def _refund(
        self, refund_id: str, number: str, amount_fen: int, state: RefundState
    ) -> dict[str, object]:
        done = state is RefundState.DONE
        return {
            "refund_id": refund_id,
            "order_id": number,
            "payment_id": number,
            "household_id": number,
            "payer_account_id": number,
            "amount_fen": amount_fen,
            "refund_to": RefundTo.CHANNEL,
            "state": state,
            "reason": "不想要了",
            "channel": self.channel.till.channel,
            "merchant_number": self.channel.till.merchant_number,
            "out_trade_no": number,
            "total_fen": amount_fen,
            "try_count": 1,
            "refusal_count": 0,
            "last_error": "",
            "requested_at": NOON,
            "asked_at": NOON,
            "done_at": NOON if done else None,
            "version": 1,
        }

    # the accountant

    def reconcile(
        self,
        day: date = DAY,
        now: datetime | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> ReconciliationDay:
        """Fetch and match."""
        command = ReconcileDay(request_id=new_id(), channel=Channel.WECHAT, day=day)
        channels = {Channel.WECHAT: self.channel}
        return reconcile_day(self.db, channels, TERMS, command, clock or (lambda: now or self.now))

    def take_on(self, now: datetime | None = None) -> int:
        """The job's turn; how many days were due."""
        channels = {Channel.WECHAT: self.channel}
        return reconcile_mornings(self.db, channels, TERMS, lambda: now or self.now)

    def view(self, day_id: str, only_open: bool = False) -> DifferencesView:
        """The day and its differences."""
        return see_differences(
            self.db, DifferencesQuery(day_id=day_id, only_open=only_open, limit=100)
        )

    def mend(
        self, difference: Difference, action: DifferenceAction, request_id: str = ""
    ) -> Difference:
        """Do what mends it."""
        command = MendDifference(
            request_id=request_id or new_id(),
            difference_id=difference.difference_id,
            action=action,
            reason="已与银行流水核对",
        )
        channels = {Channel.WECHAT: self.channel}
        return mend_difference(self.db, channels, command, self.person, self.now)

    def close(self, day_id: str, request_id: str = "") -> ReconciliationDay:
        """This day is right."""
        command = CloseDay(request_id=request_id or new_id(), day_id=day_id)
        return close_day(self.db, command, self.person, self.now)

    def balance(self, account: Account) -> int:
        """From the entries."""
        with self.db.reading() as tx:
            return ledger.summed_balance_fen(tx, account.account_id)

    def broken(self) -> list[str]:
        """The names of the proofs about reconciliation that do not hold."""
        with self.db.reading() as tx:
            return [
                name
                for name, _, _, query in reconciliation_books.claims()
                if tx.all(query.limit(5))
            ]


def _moved(kind: TransferKind, refund_id: str, entries: tuple[Entry, ...], number: str) -> Transfer:
    outside = kind is TransferKind.REFUND_PAID_OUT
    return Transfer(
        kind=kind,
        purpose=refund_id,
        entries=entries,
        reason="refund",
        order_id=number,
        payment_id=number,
        refund_id=refund_id,
        reference=refund_id if outside else None,
    )


def _escrow(number: str, amount_fen: int, paid_at: datetime) -> dict[str, object]:
    return {
        "order_id": number,
        "payment_id": number,
        "merchant_id": number,
        "household_id": number,
        "amount_fen": amount_fen,
        "state": EscrowState.HELD,
        "held_at": paid_at,
        "channel_fen": amount_fen,
    }
