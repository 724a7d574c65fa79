"""Property fees with a fee system and an identity made by hand, and the acts of its tests."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from services.contracts.fees import (
    DebtorKind,
    FeeBillState,
    FeePaymentOpened,
    FeePaymentState,
    FeePaymentView,
    OffsetFee,
    OpenFeePayment,
    ReverseFeePayment,
    TakeFeeAtDesk,
)
from services.contracts.identity import FeeRight, FeeRightQuery
from services.contracts.permissions import Permission
from services.contracts.settlement import Channel, DeskMethod, OwnerKind
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement import fee_moves, fee_queries, ledger
from services.settlement.audit.books import prove
from services.settlement.domain import accounts
from services.settlement.domain.escrows import Parts
from services.settlement.domain.fee_system import (
    BillPage,
    BillSaid,
    FeeSystemRefused,
    PaymentTold,
    ReversalTold,
    Standing,
)
from services.settlement.domain.postings import Givers, Source, Till
from services.settlement.domain.transfers import Transfer, TransferKind, between
from services.settlement.queries import allocations
from services.settlement.tables_fees import FeePaymentRow
from services.settlement.use_cases import receive_fee
from services.settlement.use_cases.fetch_fee_bills import fetch_fee_bills
from services.settlement.use_cases.offset_fee import offset_fee
from services.settlement.use_cases.open_fee_payment import open_fee_payment
from services.settlement.use_cases.reverse_fee_payment import reverse_fee_payment
from services.settlement.use_cases.take_fee_at_desk import take_fee_at_desk
from services.settlement.use_cases.tell_fee_system import tell_fee_system
from tests.support.settlement_channel import NOW

CONSENT = "我同意用家庭账户的余额抵扣物业费。"
TILL = Till(Channel.WECHAT, "1900000001")
WITHIN = timedelta(minutes=15)


@dataclass
class FakeFeeSystem:
    """A fee system in memory: it can be away, refuse, and die between deed and answer."""

    name: str = "fake"
    changes: list[BillSaid] = field(default_factory=list)
    told: dict[str, PaymentTold] = field(default_factory=dict)
    undone: dict[str, ReversalTold] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    away: bool = False
    refusal: FeeSystemRefused | None = None
    before_answer: Callable[[], None] = lambda: None
    page_size: int = 100

    def bills_since(self, cursor: str) -> BillPage:
        self._called("bills")
        start = int(cursor or 0)
        end = min(start + self.page_size, len(self.changes))
        return BillPage(self.changes[start:end], str(end), more=end < len(self.changes))

    def tell_payment(self, told: PaymentTold) -> None:
        self._called(told.number)
        if told.number not in self.told:
            if self.refusal is not None:
                raise self.refusal
            self.told[told.number] = told
        self.before_answer()

    def tell_reversal(self, told: ReversalTold) -> BillSaid | None:
        self._called(told.number)
        if self.refusal is not None:
            raise self.refusal
        self.undone[told.number] = told
        return None

    def _called(self, call: str) -> None:
        self.calls.append(call)
        if self.away:
            raise Unavailable("the fee system is away")


@dataclass
class FakeIdentity:
    """Who may do what, by (account, owner); the token of the call is `actor`."""

    actor: Actor | None = None
    answers: dict[str, str] = field(default_factory=dict)
    """Debtor → who answers for it."""
    rights: dict[tuple[str, str, str], bool] = field(default_factory=dict)
    """(account, owner, debtor) → whether the owner's fund may be used."""

    def fee_right(self, query: FeeRightQuery, *, answer: Any, deadline_ms: int) -> FeeRight:
        account = self.actor.account_id if self.actor else ""
        mine = {
            (owner, fund)
            for (who, owner, debtor), fund in self.rights.items()
            if (who, debtor) == (account, query.debtor_id) and query.owner_id in (None, owner)
        }
        at_debtor = {owner for _, owner, debtor in self.rights if debtor == query.debtor_id}
        return FeeRight(
            allowed=bool(mine),
            may_use_fund=any(fund for _, fund in mine),
            owner_fits=query.owner_id in at_debtor,
            answers_id=self.answers.get(query.debtor_id),
            debtor_name="翠湖苑3号楼2单元501",
        )


@dataclass
class FakeServices:
    """The services that settlement may call."""

    identity: FakeIdentity = field(default_factory=FakeIdentity)


@dataclass
class FeeRoom:
    """A community, a home with its owner's household, and a fee system."""

    db: Database
    system: FakeFeeSystem = field(default_factory=FakeFeeSystem)
    services: FakeServices = field(default_factory=FakeServices)
    community_id: str = field(default_factory=new_id)
    home_id: str = field(default_factory=new_id)
    household_id: str = field(default_factory=new_id)
    now: datetime = NOW

    def __post_init__(self) -> None:
        tills = [(TILL.channel, TILL.merchant_number), (Channel.DESK, DeskMethod.CASH)]
        with self.db.transaction() as tx:
            ledger.open_accounts(tx, accounts.standing(tills), NOW)
        self.services.identity.answers[self.home_id] = self.household_id
        self.owner = self.person(self.household_id, self.home_id)

    # people

    def person(self, owner_id: str, debtor_id: str, *, may_use_fund: bool = True) -> Actor:
        """Somebody of a household (or a merchant) with the right to these bills."""
        permissions = frozenset({Permission.PAYMENT_PAY, Permission.FUND_USE})
        actor = Actor(account_id=new_id(), name="王芳", permissions=permissions)
        self.services.identity.rights[actor.account_id, owner_id, debtor_id] = may_use_fund
        return actor

    def staff(self, *permissions: Permission) -> Actor:
        """A cashier of this community."""
        return Actor(
            account_id=new_id(),
            name="刘出纳",
            permissions=frozenset({Permission.MONEY_VIEW_ANY, *permissions}),
            communities=(self.community_id,),
        )

    def acting(self, actor: Actor) -> FakeServices:
        """The services with this actor's token on the way."""
        return FakeServices(replace(self.services.identity, actor=actor))

    # bills

    def said(self, number: str = "WY-001", **changes: Any) -> BillSaid:
        """A bill as the fee system says it."""
        bill = BillSaid(
            community_id=self.community_id,
            external_number=number,
            debtor_kind=DebtorKind.HOME,
            debtor_id=self.home_id,
            title="物业服务费",
            period="2026-02",
            amount_fen=18_650,
            due_day=date(2026, 2, 28),
        )
        return replace(bill, **changes)

    def billed(self, number: str = "WY-001", **changes: Any) -> BillSaid:
        """A bill that is on record."""
        bill = self.said(number, **changes)
        self.keep(bill)
        return bill

    def keep(self, *bills: BillSaid) -> fee_moves.Kept:
        with self.db.transaction() as tx:
            return fee_moves.keep_bills(tx, bills, self.now)

    def fetch(self) -> Any:
        return fetch_fee_bills(self.db, self.system, self.now)

    def says(self, bill: BillSaid, standing: Standing = Standing.OPEN, **changes: Any) -> None:
        """The fee system says something new, and it is fetched."""
        self.system.changes.append(replace(bill, standing=standing, **changes))
        self.fetch()

    def bill(self, bill: BillSaid) -> Any:
        with self.db.reading() as tx:
            return fee_queries.bill_row(tx, bill.bill_id)

    def state(self, bill: BillSaid) -> FeeBillState:
        return FeeBillState(self.bill(bill).state)

    def payments(self, bill: BillSaid) -> list[Any]:
        """Its acts of paying, oldest first."""
        rows = select(FeePaymentRow.__table__).where(FeePaymentRow.bill_id == bill.bill_id)
        with self.db.reading() as tx:
            return tx.all(rows.order_by(FeePaymentRow.fee_payment_id))

    def payment_state(self, bill: BillSaid) -> FeePaymentState:
        return FeePaymentState(self.payments(bill)[-1].state)

    # acts

    def offset(self, bill: BillSaid, actor: Actor | None = None, **changes: Any) -> FeePaymentView:
        values = {
            "request_id": new_id(),
            "owner_kind": OwnerKind.HOUSEHOLD,
            "owner_id": self.household_id,
            "bill_id": bill.bill_id,
            "amount_fen": bill.amount_fen,
            "consent": CONSENT,
        }
        command = OffsetFee.model_validate(values | changes)
        actor = actor or self.owner
        return offset_fee(self.db, self.acting(actor), command, actor, self.now)

    def open(
        self, *bills: BillSaid, actor: Actor | None = None, household_id: str | None = None
    ) -> FeePaymentOpened:
        command = OpenFeePayment(
            request_id=new_id(),
            household_id=household_id or self.household_id,
            bill_ids=[bill.bill_id for bill in bills],
        )
        actor = actor or self.owner
        return open_fee_payment(self.db, self.acting(actor), command, actor, WITHIN, self.now)

    def take_at_desk(self, bill: BillSaid, **changes: Any) -> FeePaymentView:
        values = {"request_id": new_id(), "bill_id": bill.bill_id, "method": DeskMethod.CASH}
        command = TakeFeeAtDesk.model_validate(values | changes)
        actor = self.staff(Permission.MONEY_DESK)
        return take_fee_at_desk(self.db, self.acting(actor), command, actor, self.now)

    def reverse(self, bill: BillSaid, reason: str = "收错户了") -> FeePaymentView:
        command = ReverseFeePayment(
            request_id=new_id(),
            fee_payment_id=self.payments(bill)[-1].fee_payment_id,
            reason=reason,
        )
        actor = self.staff(Permission.MONEY_REFUND)
        return reverse_fee_payment(self.db, command, actor, self.now)

    def arrives(self, opened: FeePaymentOpened) -> None:
        """The channel's money for an opened payment is here."""
        with self.db.transaction() as tx:
            row = fee_queries.opened_payment(tx, opened.payment_id)
            assert row is not None
            bills = allocations(tx, opened.payment_id)
            parts = [Parts(bill.amount_fen, 0, 0, 0) for bill in bills]
            source = Source(TILL, opened.payment_id, opened.payment_id)
            receive_fee.receive(tx, source, row, bills, parts, Givers(TILL.clearing), [], self.now)

    def drops(self, opened: FeePaymentOpened) -> None:
        """The opened payment closes without money."""
        with self.db.transaction() as tx:
            receive_fee.dropped(tx, opened.payment_id, self.now)

    def tell(self) -> int:
        """One run of the worker."""
        return tell_fee_system(self.db, self.system, self.now)

    def later(self, **delta: float) -> None:
        """Time passes."""
        self.now += timedelta(**delta)

    # money

    def endow(self, owner_id: str, amount_fen: int, kind: OwnerKind = OwnerKind.HOUSEHOLD) -> None:
        """Money on a fund, from the channel."""
        transfer = Transfer(
            kind=TransferKind.RECEIPT,
            purpose=new_id(),
            entries=between(TILL.clearing, accounts.fund(kind, owner_id), amount_fen),
        )
        with self.db.transaction() as tx:
            ledger.post(tx, [transfer], self.now)

    def fund(self, owner_id: str | None = None, kind: OwnerKind = OwnerKind.HOUSEHOLD) -> int:
        return self._balance(accounts.fund(kind, owner_id or self.household_id))

    @property
    def income(self) -> int:
        return self._balance(accounts.fee_income(self.community_id))

    def _balance(self, account: accounts.Account) -> int:
        with self.db.reading() as tx:
            return ledger.summed_balance_fen(tx, account.account_id)

    def assert_proved(self) -> None:
        """The audit finds nothing."""
        with self.db.reading() as tx:
            assert [proof for proof in prove(tx) if not proof.holds] == []
