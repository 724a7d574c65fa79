"""Random lives of money on the real database: whatever happens, in any order, the books prove."""

import threading
from collections.abc import Iterator

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
    DeskMethod,
    InsufficientFunds,
    OwnerKind,
    PaymentView,
    PayWay,
    RefundState,
)
from services.contracts.withdrawals import PayoutWay
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.settlement import ledger, money_queries
from services.settlement.domain import accounts
from services.settlement.domain.transfers import Transfer, TransferKind, between
from tests.conftest import failpoint_names
from tests.simulate.money import live
from tests.support.frail_database import FrailDatabase
from tests.support.life.money_life import CRASHES, MoneyLife
from tests.support.life.paying import Line
from tests.support.settlement import Books
from tests.support.settlement_channel import NOW

SEEDS = 7
WAYS = (PayWay.WECHAT_JSAPI, PayWay.BALANCE, PayWay.ON_DELIVERY)
ELSEWHERE = {
    "settlement.mend.after_channel": "test_reconciliation",
    "settlement.reconcile.between_batches": "test_reconciliation",
    "settlement.share.after_channel": "test_profit_sharing",
    "settlement.share.after_intent": "test_profit_sharing",
    "settlement.share.after_return": "test_profit_sharing",
}
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
    """Payments, notices in any order, quarrels, refunds, cash, withdrawals, outages and crashes;
    hypothesis draws them and shrinks what fails.
    """

    payments = Bundle("payments")
    db: FrailDatabase

    def __init__(self) -> None:
        super().__init__()
        self.life = MoneyLife(self.db)

    @rule(
        target=payments,
        amounts_fen=st.lists(amounts, min_size=1, max_size=3),
        household=st.integers(0, 2),
    )
    def open(self, amounts_fen: list[int], household: int) -> PaymentView:
        return self.life.paying.open([Line(fen) for fen in amounts_fen], household)

    @rule(payment=payments, openid=st.sampled_from(["oHkLxt-a", "oHkLxt-b"]))
    def pay_by_channel(self, payment: PaymentView, openid: str) -> None:
        self.life.paying.pay(payment, openid)

    @rule(payment=payments, fund_fen=amounts, way=st.sampled_from(WAYS))
    def pay_in_parts(self, payment: PaymentView, fund_fen: int, way: PayWay) -> None:
        self.life.paying.pay(payment, way=way, fund_fen=fund_fen)

    @rule(which=st.integers(0, 9))
    def somebody_pays(self, which: int) -> None:
        self.life.paying.somebody_pays(which)

    @rule(which=st.integers(0, 9))
    def a_notice_arrives(self, which: int) -> None:
        self.life.paying.a_notice_arrives(which)

    @rule(payment=payments)
    def close(self, payment: PaymentView) -> None:
        self.life.paying.close(payment)

    @rule(payment=payments)
    def it_is_paid_at_the_desk(self, payment: PaymentView) -> None:
        self.life.desk.take(payment, DeskMethod.CASH)

    @rule(payment=payments)
    def complete(self, payment: PaymentView) -> None:
        self.life.orders.complete(payment)

    @rule(payment=payments, to=st.sampled_from([RefundTo.CHANNEL, RefundTo.FUND]))
    def cancel(self, payment: PaymentView, to: RefundTo) -> None:
        self.life.orders.cancel(payment, 0, to)

    @rule(payment=payments, amount_fen=amounts)
    def a_part_goes_back(self, payment: PaymentView, amount_fen: int) -> None:
        self.life.orders.refund_part(payment, 0, amount_fen, RefundTo.CHANNEL)

    @rule(payment=payments)
    def freeze(self, payment: PaymentView) -> None:
        self.life.orders.freeze(payment, 0)

    @rule(payment=payments, to_resident_fen=st.integers(0, 500))
    def rule_it(self, payment: PaymentView, to_resident_fen: int) -> None:
        self.life.orders.rule(payment, 0, to_resident_fen, RefundTo.FUND)

    @rule(payment=payments)
    def bring(self, payment: PaymentView) -> None:
        self.life.orders.bring(payment, 0, 0)

    @rule(which=st.integers(0, 9))
    def cash_is_handed_in(self, which: int) -> None:
        self.life.orders.hand_in(which)

    @rule(owner=st.integers(0, 5), amount_fen=amounts)
    def withdraw(self, owner: int, amount_fen: int) -> None:
        self.life.withdrawals.ask(owner, amount_fen, PayoutWay.WECHAT)

    @rule(away=st.booleans(), state=st.sampled_from([RefundState.PROCESSING, RefundState.FAILED]))
    def the_channel_changes(self, away: bool, state: RefundState) -> None:
        self.life.paying.the_channel_changes(away, state)

    @rule(seconds=st.integers(-60, 3600))
    def jobs_run(self, seconds: int) -> None:
        self.life.world.time_passes(seconds)
        self.life.jobs_run()

    @rule(which=st.integers(0, 9), given_up=st.booleans())
    def a_refund_ends(self, which: int, given_up: bool) -> None:
        self.life.paying.a_refund_ends(which, given_up=given_up)

    @rule(payment=payments, early=st.booleans())
    def it_is_closed_while_the_channel_is_asked(self, payment: PaymentView, early: bool) -> None:
        self.life.world.meanwhile(lambda: self.life.paying.close(payment), early=early)

    @rule(which=st.integers(0, 19))
    def once_more(self, which: int) -> None:
        self.life.world.once_more(which)

    @rule(at=st.sampled_from(CRASHES))
    def a_process_will_die(self, at: str) -> None:
        self.life.world.dies_at(at)

    @rule(after=st.integers(0, 12))
    def a_transaction_will_break_off(self, after: int) -> None:
        self.life.world.breaks_off(after)

    @invariant()
    def nobody_is_owed_more_than_came_in(self) -> None:
        self.life.check()

    def teardown(self) -> None:
        """Everything quiets down; then every proof must hold, the channel's bill included."""
        self.life.quiet_down()
        self.life.assert_ended()
        super().teardown()


@pytest.fixture
def frail_db(db: Database) -> Iterator[FrailDatabase]:
    """Settlement's database with a client that can be made to die."""
    made = FrailDatabase(db.url)
    yield made
    made.dispose()


def test_random_lives_of_money_end_with_books_that_prove(frail_db: FrailDatabase) -> None:
    Money.db = frail_db
    run_state_machine_as_test(
        Money,
        settings=settings(max_examples=12, stateful_step_count=25, deadline=None, derandomize=True),
    )


def test_seeded_lives_end_proved_and_a_seed_lived_again_ends_the_same(
    frail_db: FrailDatabase,
) -> None:
    lives = [live(frail_db, seed) for seed in range(SEEDS)]
    assert [life.fault for life in lives] == [""] * SEEDS
    assert len({life.ending.digest for life in lives if life.ending}) == SEEDS
    for life in lives[:2]:
        again = live(frail_db, life.seed)
        assert (again.ending, again.story) == (life.ending, life.story)


def test_every_failpoint_of_settlement_is_in_the_lives_or_named_with_its_own_test() -> None:
    named = {name for name in failpoint_names() if name.startswith("settlement.")}
    assert {*CRASHES, *ELSEWHERE} == named


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
