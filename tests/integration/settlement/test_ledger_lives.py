"""Random lives of money on the real database: whatever happens, in any order, the books prove."""

import contextlib
import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from services.contracts.orders import RefundTo
from services.contracts.settlement import (
    AlreadyResolved,
    ClosePayment,
    InsufficientFunds,
    OwnerKind,
    PaymentOver,
    PaymentView,
    RefundState,
)
from services.kernel.db import Database
from services.kernel.errors import InvariantBroken, Unavailable
from services.kernel.ids import new_id
from services.settlement import ledger, money_queries
from services.settlement.domain import accounts
from services.settlement.domain.channel import TradeState
from services.settlement.domain.transfers import Transfer, TransferKind, between
from services.settlement.use_cases.ask_channel import poll_payments
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.servers import empty_all_tables
from tests.support.settlement import NOW, Books

pytestmark = pytest.mark.database
amounts = st.integers(min_value=1, max_value=500)


@given(moves=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), amounts), max_size=15))
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_ledger_agrees_with_a_dictionary(
    db: Database, moves: list[tuple[int, int, int]]
) -> None:
    """Account 0 is summed and may go either way; 1-3 are guarded and may not go below zero."""
    life = new_id()
    known = [accounts.Account(accounts.AccountKind.CLEARING, life[-20:], "wechat")]
    known += [accounts.merchant_fund(f"{life}{number}") for number in (1, 2, 3)]
    model = dict.fromkeys(known, 0)
    for number, (source, target, amount_fen) in enumerate(moves):
        if source == target:
            continue
        entries = between(known[source], known[target], amount_fen)
        transfer = Transfer(TransferKind.RECEIPT, f"{life}{number}", entries)
        possible = source == 0 or model[known[source]] >= amount_fen
        try:
            with db.transaction() as tx:
                ledger.post(tx, [transfer], NOW)
            assert possible
            model[known[source]] -= amount_fen
            model[known[target]] += amount_fen
        except InsufficientFunds:
            assert not possible
    with db.reading() as tx:
        for account, balance_fen in model.items():
            assert ledger.summed_balance_fen(tx, account.account_id) == balance_fen
            if account.guarded:
                assert money_queries.balance_fen(tx, account.account_id) == balance_fen


class Money(RuleBasedStateMachine):
    """Payments, notices in any order, closings, completions, cancellations, refunds, outages."""

    payments = Bundle("payments")
    books: Books

    def __init__(self) -> None:
        super().__init__()
        empty_all_tables(self.books.db)
        self.books = Books(self.books.db)
        self.books.channel.pays_after_close = True
        self.minutes = 0

    @rule(target=payments, amounts_fen=st.lists(amounts, min_size=1, max_size=3))
    def open(self, amounts_fen: list[int]) -> PaymentView:
        return self.books.open(*amounts_fen)

    @rule(payment=payments, openid=st.sampled_from(["oHkLxt-a", "oHkLxt-b"]))
    def prepay(self, payment: PaymentView, openid: str) -> None:
        with contextlib.suppress(PaymentOver, Unavailable):
            self.books.pay(payment, openid)

    @rule(which=st.integers(0, 9))
    def somebody_pays(self, which: int) -> None:
        trades = self.books.channel.trades.items()
        unpaid = [number for number, trade in trades if trade.state is not TradeState.PAID]
        if unpaid:
            self.books.channel.is_paid(unpaid[which % len(unpaid)])

    @rule(which=st.integers(0, 9))
    def a_notice_arrives(self, which: int) -> None:
        trades = self.books.channel.trades.items()
        paid = [number for number, trade in trades if trade.state is TradeState.PAID]
        if paid:
            self.books.notify(paid[which % len(paid)])

    @rule(payment=payments)
    def close(self, payment: PaymentView) -> None:
        command = ClosePayment(
            request_id=new_id(),
            payment_id=payment.payment_id,
            household_id=payment.household_id,
        )
        try:
            close_payment(self.books.db, self.books.channels, command, NOW)
        except Unavailable:
            assert self.books.channel.away

    @rule(payment=payments)
    def complete(self, payment: PaymentView) -> None:
        with contextlib.suppress(AlreadyResolved, InvariantBroken):
            self.books.complete(payment)

    @rule(payment=payments, to=st.sampled_from(RefundTo))
    def cancel(self, payment: PaymentView, to: RefundTo) -> None:
        with contextlib.suppress(AlreadyResolved, InvariantBroken):
            self.books.cancel(payment, to=to)

    @rule(away=st.booleans(), state=st.sampled_from([RefundState.PROCESSING, RefundState.FAILED]))
    def the_channel_changes(self, away: bool, state: RefundState) -> None:
        self.books.channel.away, self.books.channel.refund_state = away, state

    @rule()
    def jobs_run(self) -> None:
        self.minutes += 30
        now = NOW + timedelta(minutes=self.minutes)
        run_refunds(self.books.db, self.books.channels, 3, now)
        poll_payments(self.books.db, self.books.channels, now)

    @rule(which=st.integers(0, 9))
    def a_refund_ends(self, which: int) -> None:
        refunds = list(self.books.channel.refunds)
        if refunds:
            refund_id = refunds[which % len(refunds)]
            self.books.channel.ends_refund(refund_id)
            self.books.notify(refund_id, refund=True)

    @invariant()
    def nobody_owes_more_than_came_in(self) -> None:
        paid = [t.amount_fen for t in self.books.channel.trades.values() if t.paid_at]
        till = self.books.channel.till
        held = -self.books.balance(accounts.clearing(till.channel, till.merchant_number))
        assert 0 <= held <= sum(paid)

    def teardown(self) -> None:
        """Everything quiets down; then every proof must hold, the channel's bill included."""
        self.books.channel.away = False
        for refund_id in self.books.channel.refunds:
            self.books.channel.ends_refund(refund_id)
        for number, trade in self.books.channel.trades.items():
            if trade.state is TradeState.PAID:
                self.books.notify(number)
        for day in range(1, 4):
            run_refunds(self.books.db, self.books.channels, 3, NOW + timedelta(days=day))
            for refund_id in self.books.channel.refunds:
                self.books.channel.ends_refund(refund_id)
        self.books.assert_proved()
        super().teardown()


def test_random_lives_of_money_end_with_books_that_prove(db: Database) -> None:
    Money.books = Books(db)
    run_state_machine_as_test(
        Money,
        settings=settings(max_examples=15, stateful_step_count=25, deadline=None, derandomize=True),
    )


def test_a_fund_is_never_below_zero_whoever_spends_at_once(db: Database) -> None:
    """Ten spenders of 30 from 100: three get it, however they are mixed."""
    books = Books(db)
    payment = books.paid(100)
    books.complete(payment)
    merchant = accounts.merchant_fund(payment.allocations[0].merchant_id)
    outcomes: list[bool] = []

    def spend(number: int) -> None:
        target = accounts.household_fund(new_id())
        transfer = Transfer(
            TransferKind.REFUND_TO_FUND, f"spend{number}", between(merchant, target, 30)
        )
        try:
            with db.transaction() as tx:
                ledger.post(tx, [transfer], NOW)
            outcomes.append(True)
        except InsufficientFunds:
            outcomes.append(False)

    spenders = [threading.Thread(target=spend, args=(number,)) for number in range(10)]
    for spender in spenders:
        spender.start()
    for spender in spenders:
        spender.join()
    assert sorted(outcomes) == [False] * 7 + [True] * 3
    assert books.fund_of(OwnerKind.MERCHANT, merchant.owner) == 10
