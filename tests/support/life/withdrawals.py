"""Money leaves funds: asked for, approved, sent, confirmed or not, by WeChat and by bank file."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from services.contracts.permissions import Role
from services.contracts.settlement import (
    InsufficientFunds,
    NeedsAnotherPerson,
    NotYourFund,
    OwnerKind,
)
from services.contracts.withdrawals import (
    ApproveWithdrawal,
    BeyondLimit,
    CancelWithdrawal,
    CoolingDown,
    ImportBankResult,
    MakeBankFile,
    NoPayoutAccount,
    NoSuchWithdrawal,
    PayoutWay,
    PutPayoutAccount,
    RejectWithdrawal,
    Withdraw,
    WithdrawalOver,
    WithdrawalState,
)
from services.kernel.crypto import Sealer
from services.kernel.ids import new_id
from services.settlement.domain.bank_file import Outcome
from services.settlement.domain.payouts import FINAL, PayoutState
from services.settlement.domain.withdrawals import Limits
from services.settlement.tables_withdrawals import WithdrawalRow
from services.settlement.use_cases.cancel_withdrawal import cancel_withdrawal
from services.settlement.use_cases.decide_withdrawal import approve_withdrawal, reject_withdrawal
from services.settlement.use_cases.make_bank_file import make_bank_file
from services.settlement.use_cases.pay_out import keep_payout_news, run_payouts
from services.settlement.use_cases.payout_account import put_payout_account
from services.settlement.use_cases.take_bank_result import take_bank_result
from services.settlement.use_cases.withdraw import PayoutTerms, withdraw
from tests.support.life.world import World
from tests.support.withdrawals import DATA_KEY

LIMITS = Limits(least_fen=1, most_fen=50_000, day_fen=60_000, approve_from_fen=3_000)
REFUSAL_MAX = 3
COOLING = timedelta(hours=24)
REFUSALS = (
    WithdrawalOver,
    NoSuchWithdrawal,
    NeedsAnotherPerson,
    NotYourFund,
    BeyondLimit,
    NoPayoutAccount,
    CoolingDown,
    InsufficientFunds,
)


class Withdrawals:
    """Acts of owners, of those who approve, of WeChat and of the bank."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sealer = Sealer(DATA_KEY)

    def owner(self, number: int) -> tuple[OwnerKind, str, Role]:
        """Household or merchant, in turn."""
        if number % 2:
            return OwnerKind.MERCHANT, self.world.merchant(number // 2), Role.SHOPKEEPER
        return OwnerKind.HOUSEHOLD, self.world.household(number // 2), Role.OWNER

    def fund_fen(self, owner: int) -> int:
        """What is on the owner's fund."""
        kind, owner_id, _ = self.owner(owner)
        return self.world.books.fund_of(kind, owner_id)

    def put_account(self, owner: int, number: int) -> None:
        """Bank data, the first ones or others."""
        world, (kind, owner_id, role) = self.world, self.owner(owner)
        command = PutPayoutAccount(
            request_id=new_id(),
            owner_kind=kind,
            owner_id=owner_id,
            holder="张伟",
            bank="工商银行杭州分行",
            number=f"62220210011122233{number % 2:02}",
        )
        world.do(
            f"bank account {number % 2} of owner {owner}",
            lambda: put_payout_account(
                world.db, self.sealer, command, COOLING, world.person(owner_id, role), world.now
            ),
        )

    def ask(self, owner: int, amount_fen: int, way: PayoutWay) -> None:
        """Take so much out of the fund."""
        world, (kind, owner_id, role) = self.world, self.owner(owner)
        command = Withdraw(
            request_id=new_id(),
            owner_kind=kind,
            owner_id=owner_id,
            amount_fen=amount_fen,
            way=way,
            openid="oHkLxt-owner" if way is PayoutWay.WECHAT else "",
        )
        terms = PayoutTerms(LIMITS, wechat_open=True)
        world.do(
            f"owner {owner} withdraws {amount_fen} by {way}",
            lambda: withdraw(
                world.db, self.sealer, terms, command, world.person(owner_id, role), world.now
            ),
            *REFUSALS,
        )

    def decide(self, which: int, *, approve: bool) -> None:
        """The second pair of eyes."""
        world, waiting = self.world, self._in(WithdrawalState.TO_APPROVE, WithdrawalState.TO_PAY)
        if not waiting:
            return
        withdrawal_id, request_id = waiting[which % len(waiting)].withdrawal_id, new_id()
        accountant = world.staff(Role.ACCOUNTANT)
        yes = ApproveWithdrawal(request_id=request_id, withdrawal_id=withdrawal_id)
        no = RejectWithdrawal(
            request_id=request_id, withdrawal_id=withdrawal_id, reason="请先来核对"
        )

        def act() -> None:
            if approve:
                approve_withdrawal(world.db, yes, accountant, world.now)
            else:
                reject_withdrawal(world.db, no, accountant, world.now)

        verb = "approved" if approve else "rejected"
        world.do(f"withdrawal {withdrawal_id} is {verb}", act, *REFUSALS)

    def cancel(self, which: int) -> None:
        """The owner takes it back."""
        world, rows = self.world, self._in(*WithdrawalState)
        if not rows:
            return
        row = rows[which % len(rows)]
        role = Role.OWNER if row.owner_kind == OwnerKind.HOUSEHOLD else Role.SHOPKEEPER
        command = CancelWithdrawal(request_id=new_id(), withdrawal_id=row.withdrawal_id)
        world.do(
            f"withdrawal {row.withdrawal_id} is taken back",
            lambda: cancel_withdrawal(
                world.db,
                world.payouts,
                command,
                world.person(row.owner_id, role),
                REFUSAL_MAX,
                world.now,
            ),
            *REFUSALS,
        )

    # WeChat

    def the_payouts_change(self, away: bool, refusal: str, slow_cancel: bool) -> None:
        """It is away, refuses, or takes its time with calling off."""
        self.world.story.append(f"payouts: away={away} refusal={refusal} slow={slow_cancel}")
        payouts = self.world.payouts
        payouts.away, payouts.refusal, payouts.slow_cancel = away, refusal, slow_cancel

    def one_ends(self, which: int, state: PayoutState, reason: str = "") -> None:
        """The payee confirms or lets it expire, or the channel gives up; we are not told yet."""
        payouts = self.world.payouts
        waiting = [number for number, bill in payouts.bills.items() if bill.state not in FINAL]
        if waiting:
            number = waiting[which % len(waiting)]
            self.world.do(
                f"transfer {number} is {state} over there",
                lambda: payouts.ends(number, state, reason),
                once=True,
            )

    def a_notice_arrives(self, which: int) -> None:
        """Of any transfer, early, late or again; it is named when it arrives."""
        world, bills = self.world, self.world.payouts.bills
        if not bills:
            return
        number = list(bills)[which % len(bills)]

        def act() -> None:
            with world.db.transaction() as tx:
                keep_payout_news(tx, world.payouts.query(number), world.now)

        away, world.payouts.away = world.payouts.away, False
        world.do(f"notice of transfer {number}", act, once=True)
        world.payouts.away = away

    def run(self) -> None:
        """The worker."""
        world = self.world
        world.job("payouts", lambda: run_payouts(world.db, world.payouts, REFUSAL_MAX, world.now))

    # the bank

    def make_file(self) -> None:
        """The cashier puts what waits into a file."""
        world, command = self.world, MakeBankFile(request_id=new_id())
        world.do(
            "bank file",
            lambda: make_bank_file(
                world.db, self.sealer, command, world.staff(Role.CASHIER), world.now
            ),
            *REFUSALS,
        )

    def take_result(self, which: int, failing: int) -> None:
        """The bank answers a file; one in `failing` was not paid."""
        batches = [row.batch_id for row in self._in(*WithdrawalState) if row.batch_id is not None]
        if batches:
            self._take_result(batches[which % len(batches)], failing)

    def _take_result(self, batch_id: str, failing: int) -> None:
        world = self.world
        lines = [row for row in self._in(*WithdrawalState) if row.batch_id == batch_id]
        command = ImportBankResult(
            request_id=new_id(), batch_id=batch_id, csv=_answer(lines, failing)
        )
        world.do(
            f"the bank has answered file {batch_id}",
            lambda: take_bank_result(world.db, command, world.staff(Role.CASHIER), world.now),
            *REFUSALS,
        )

    def nothing_waits(self) -> None:
        """Whatever waits for a person or the bank comes to its end."""
        for which, _ in enumerate(self._in(WithdrawalState.TO_APPROVE)):
            self.decide(0, approve=bool(which % 2))
        self.make_file()
        for batch_id in {row.batch_id: None for row in self._in(WithdrawalState.PAYING)}:
            if batch_id is not None:
                self._take_result(batch_id, failing=3)

    def _in(self, *states: WithdrawalState) -> Sequence[WithdrawalRow]:
        found = select(WithdrawalRow.__table__).where(WithdrawalRow.state.in_(states))
        return self.world.rows(found.order_by(WithdrawalRow.withdrawal_id))


def _answer(rows: Sequence[WithdrawalRow], failing: int) -> str:
    """What was answered before is answered alike."""
    lines = ["提现编号,结果,原因"]
    for number, row in enumerate(rows, start=1):
        known = {WithdrawalState.DONE: Outcome.PAID, WithdrawalState.FAILED: Outcome.FAILED}
        fresh = Outcome.FAILED if number % failing == 0 else Outcome.PAID
        outcome = known.get(WithdrawalState(row.state), fresh)
        lines.append(f"{row.withdrawal_id},{outcome},")
    return "\n".join(lines)
