"""Withdrawals with a payout channel made by hand, and the acts that their tests are made of."""

import base64
import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from services.contracts.permissions import ROLE_PERMISSIONS, Role
from services.contracts.settlement import Channel, ChannelRefused, EscrowState, OwnerKind
from services.contracts.withdrawals import (
    ApproveWithdrawal,
    BankFileView,
    BankResultView,
    CancelWithdrawal,
    ImportBankResult,
    MakeBankFile,
    PayoutAccountView,
    PayoutWay,
    PutPayoutAccount,
    RejectWithdrawal,
    Withdraw,
    WithdrawalQuery,
    WithdrawalView,
)
from services.kernel.actor import Actor
from services.kernel.crypto import Sealer
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement import ledger, money_queries, withdrawal_queries
from services.settlement.audit import books, withdrawal_books
from services.settlement.domain import accounts
from services.settlement.domain.payouts import Payout, PayoutAsk, PayoutState
from services.settlement.domain.transfers import Transfer, TransferKind, between
from services.settlement.domain.withdrawals import Limits
from services.settlement.tables import EscrowRow
from services.settlement.use_cases.cancel_withdrawal import cancel_withdrawal
from services.settlement.use_cases.decide_withdrawal import approve_withdrawal, reject_withdrawal
from services.settlement.use_cases.make_bank_file import make_bank_file
from services.settlement.use_cases.pay_out import keep_payout_news, run_payouts
from services.settlement.use_cases.payout_account import put_payout_account
from services.settlement.use_cases.see_withdrawals import see_withdrawal
from services.settlement.use_cases.take_bank_result import take_bank_result
from services.settlement.use_cases.withdraw import PayoutTerms, withdraw
from tests.support.settlement import COMMUNITY

NOW = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
DATA_KEY = "k1:" + base64.b64encode(b"w" * 32).decode()
NUMBER = "6222021001112223335"
LIMITS = Limits(least_fen=100, most_fen=300_000, day_fen=400_000, approve_from_fen=50_000)
REFUSAL_MAX = 3
OPENID = "oHkLxt-owner"


@dataclass
class FakePayouts:
    """What a payout channel does, in memory: it can be away, refuse, and wait for the payee."""

    merchant_number: str = "1900000001"
    app_id: str = "wx0000000000000001"
    bills: dict[str, Payout] = field(default_factory=dict)
    asked: dict[str, PayoutAsk] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    away: bool = False
    refusal: str = ""
    slow_cancel: bool = False
    before_answer: Callable[[str], None] = lambda call: None
    """Runs when the channel has done its part and the caller does not know it yet."""

    def _called(self, call: str) -> None:
        self.calls.append(call)
        if self.away:
            raise Unavailable("the channel is away")

    def transfer(self, ask: PayoutAsk) -> Payout:
        self._called("transfer")
        if self.refusal:
            raise ChannelRefused(self.refusal)
        assert self.asked.setdefault(ask.out_bill_no, ask) == ask
        if ask.out_bill_no not in self.bills:
            self.bills[ask.out_bill_no] = Payout(
                ask.out_bill_no,
                PayoutState.AWAITING_PAYEE,
                ask.amount_fen,
                package_info=f"package-{ask.out_bill_no}",
                transfer_bill_no="1330000071100999991182020050700019480001",
            )
        self.before_answer("transfer")
        return self.bills[ask.out_bill_no]

    def query(self, out_bill_no: str) -> Payout:
        self._called("query")
        known = self.bills.get(out_bill_no) or Payout(out_bill_no, PayoutState.UNKNOWN)
        return replace(known, package_info="")

    def cancel(self, out_bill_no: str) -> Payout:
        self._called("cancel")
        bill = self.bills[out_bill_no]
        if bill.state is PayoutState.DONE:
            raise ChannelRefused("it is paid")
        state = PayoutState.PROCESSING if self.slow_cancel else PayoutState.CANCELLED
        self.bills[out_bill_no] = replace(bill, state=state, package_info="")
        self.before_answer("cancel")
        return self.bills[out_bill_no]

    # what the world does

    def ends(self, number: str, state: PayoutState, reason: str = "") -> Payout:
        """The payee confirms, the time is over, or the channel gives up."""
        self.bills[number] = replace(
            self.bills[number],
            state=state,
            package_info="",
            fail_reason=reason,
            expired=reason == "OVERDUE_CLOSE",
        )
        return self.bills[number]


def person_of(owner_id: str, role: Role = Role.OWNER, **others: Role) -> Actor:
    """Somebody with this role there, and with `others` (role by id) elsewhere."""
    groups = {owner_id: role, **others}
    permissions = frozenset().union(*(ROLE_PERMISSIONS[one] for one in groups.values()))
    return Actor(account_id=new_id(), name="张伟", permissions=permissions, groups=groups)


def staff(role: Role, name: str = "") -> Actor:
    """One of the property's people."""
    return Actor(
        account_id=new_id(),
        name=name or role,
        roles=(role,),
        permissions=ROLE_PERMISSIONS[role],
        communities=(COMMUNITY,),
    )


@dataclass
class Till:
    """One household with a fund, and what people do with it."""

    db: Database
    payouts: Any = field(default_factory=FakePayouts)
    openid: str = OPENID
    sealer: Sealer = field(default_factory=lambda: Sealer(DATA_KEY))
    owner_kind: OwnerKind = OwnerKind.HOUSEHOLD
    owner_id: str = field(default_factory=new_id)
    now: datetime = NOW
    owner: Actor = field(init=False)

    def __post_init__(self) -> None:
        is_household = self.owner_kind is OwnerKind.HOUSEHOLD
        self.owner = person_of(self.owner_id, Role.OWNER if is_household else Role.SHOPKEEPER)
        with self.db.transaction() as tx:
            ledger.open_accounts(tx, accounts.standing([(Channel.WECHAT, "1")]), self.now)

    # money comes

    def give(self, amount_fen: int) -> None:
        """Put money on the fund."""
        source = accounts.clearing(Channel.WECHAT, "1")
        target = accounts.fund(self.owner_kind, self.owner_id)
        transfer = Transfer(
            TransferKind.CORRECTION, new_id(), between(source, target, amount_fen), made_by="test"
        )
        with self.db.transaction() as tx:
            ledger.post(tx, [transfer], self.now)

    def settled_lately(self, money_fen: int, commission_fen: int, subsidy_fen: int) -> None:
        """An order's money that may still be disputed for a day."""
        row = {
            "order_id": new_id(),
            "payment_id": new_id(),
            "merchant_id": self.owner_id,
            "household_id": new_id(),
            "amount_fen": money_fen,
            "state": EscrowState.RELEASED,
            "held_at": self.now,
            "resolved_at": self.now,
            "settled_money_fen": money_fen,
            "settled_commission_fen": commission_fen,
            "settled_subsidy_fen": subsidy_fen,
            "withdrawable_at": self.now + timedelta(days=1),
        }
        with self.db.transaction() as tx:
            tx.execute(insert(EscrowRow), row)

    # it goes

    def command(self, amount_fen: int, way: PayoutWay = PayoutWay.WECHAT) -> Withdraw:
        """A wish of this owner."""
        return Withdraw(
            request_id=new_id(),
            owner_kind=self.owner_kind,
            owner_id=self.owner_id,
            amount_fen=amount_fen,
            way=way,
            openid=self.openid if way is PayoutWay.WECHAT else "",
        )

    def ask(self, command: Withdraw, actor: Actor | None = None) -> WithdrawalView:
        """Ask for it."""
        terms = PayoutTerms(LIMITS, wechat_open=True)
        return withdraw(self.db, self.sealer, terms, command, actor or self.owner, self.now)

    def by_wechat(self, amount_fen: int = 1000) -> str:
        """A withdrawal by WeChat; its id."""
        return self.ask(self.command(amount_fen)).withdrawal_id

    def by_bank(self, amount_fen: int = 1000) -> str:
        """A withdrawal by bank; its id."""
        return self.ask(self.command(amount_fen, PayoutWay.BANK)).withdrawal_id

    def puts_account(
        self, number: str = NUMBER, holder: str = "张伟", actor: Actor | None = None
    ) -> PayoutAccountView:
        """Bank data."""
        command = PutPayoutAccount(
            request_id=new_id(),
            owner_kind=self.owner_kind,
            owner_id=self.owner_id,
            holder=holder,
            bank="工商银行杭州分行",
            number=number,
        )
        cooling = timedelta(hours=24)
        return put_payout_account(
            self.db, self.sealer, command, cooling, actor or self.owner, self.now
        )

    def see(
        self, withdrawal_id: str, actor: Actor | None = None, *, refresh: bool = False
    ) -> WithdrawalView:
        """As it stands."""
        query = WithdrawalQuery(withdrawal_id=withdrawal_id, refresh=refresh)
        return see_withdrawal(
            self.db, self.payouts, query, actor or self.owner, REFUSAL_MAX, self.now
        )

    def cancel(self, withdrawal_id: str, actor: Actor | None = None) -> WithdrawalView:
        """Take it back."""
        command = CancelWithdrawal(request_id=new_id(), withdrawal_id=withdrawal_id)
        return cancel_withdrawal(
            self.db, self.payouts, command, actor or self.owner, REFUSAL_MAX, self.now
        )

    def approve(self, withdrawal_id: str, actor: Actor) -> WithdrawalView:
        """The second pair of eyes."""
        command = ApproveWithdrawal(request_id=new_id(), withdrawal_id=withdrawal_id)
        return approve_withdrawal(self.db, command, actor, self.now)

    def reject(self, withdrawal_id: str, actor: Actor) -> WithdrawalView:
        """No."""
        command = RejectWithdrawal(
            request_id=new_id(), withdrawal_id=withdrawal_id, reason="请先来核对"
        )
        return reject_withdrawal(self.db, command, actor, self.now)

    def run(self, seconds: int = 0) -> int:
        """The worker, so many seconds later."""
        later = self.now + timedelta(seconds=seconds)
        return run_payouts(self.db, self.payouts, REFUSAL_MAX, later)

    def notify(self, news: Payout) -> bool:
        """A genuine notice."""
        with self.db.transaction() as tx:
            return keep_payout_news(tx, news, self.now)

    def file(self, actor: Actor, request_id: str = "") -> BankFileView:
        """A payment file."""
        command = MakeBankFile(request_id=request_id or new_id())
        return make_bank_file(self.db, self.sealer, command, actor, self.now)

    def result(self, batch_id: str, csv_text: str, request_id: str = "") -> BankResultView:
        """The bank's answer."""
        command = ImportBankResult(
            request_id=request_id or new_id(), batch_id=batch_id, csv=csv_text
        )
        return take_bank_result(self.db, command, staff(Role.CASHIER), self.now)

    # what is there

    def fund_fen(self) -> int:
        """The kept balance."""
        account = accounts.fund(self.owner_kind, self.owner_id)
        with self.db.reading() as tx:
            return money_queries.balance_fen(tx, account.account_id)

    def withdrawable_fen(self) -> int:
        """What may leave now."""
        with self.db.reading() as tx:
            return withdrawal_queries.withdrawable_fen(tx, self.owner_kind, self.owner_id, self.now)

    def on(self, account: accounts.Account) -> int:
        """A balance from the entries."""
        with self.db.reading() as tx:
            return ledger.summed_balance_fen(tx, account.account_id)

    def count(self, table: type) -> int:
        """Rows of a table."""
        with self.db.reading() as tx:
            return len(tx.all(select(table.__table__)))  # type: ignore[attr-defined]

    def assert_proved(self) -> None:
        """Nothing breaks a claim about withdrawals, nor one about the ledger itself."""
        with self.db.reading() as tx:
            for name, _, _, breaking in withdrawal_books.claims():
                assert tx.all(breaking) == [], name
            broken = [proof for proof in books.prove(tx) if not proof.holds]
        ours = {"transfers", "entries", "balances", "signs", "holds", "withdrawals"}
        assert [proof for proof in broken if proof.name in ours] == []


def rows_of(csv_text: str) -> list[list[str]]:
    """The cells of a file, its head left out."""
    return list(csv.reader(io.StringIO(csv_text)))[1:]
