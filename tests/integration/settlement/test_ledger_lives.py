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
    InsufficientFunds,
    OwnerKind,
    PaymentView,
    RefundState,
)
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.settlement import ledger, money_queries
from services.settlement.domain import accounts
from services.settlement.domain.transfers import Transfer, TransferKind, between
from tests.simulate.money import live
from tests.support.frail_database import FrailDatabase
from tests.support.settlement import NOW, Books
from tests.support.settlement_life import CRASHES, MoneyLife

SEEDS = 10
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
    """Payments, notices in any order, closings, completions, cancellations, refunds, outages,
    crashes; hypothesis draws them and shrinks what fails.
    """

    payments = Bundle("payments")
    db: FrailDatabase

    def __init__(self) -> None:
        super().__init__()
        self.life = MoneyLife(self.db)

    @rule(target=payments, amounts_fen=st.lists(amounts, min_size=1, max_size=3))
    def open(self, amounts_fen: list[int]) -> PaymentView:
        return self.life.open(amounts_fen)

    @rule(payment=payments, openid=st.sampled_from(["oHkLxt-a", "oHkLxt-b"]))
    def prepay(self, payment: PaymentView, openid: str) -> None:
        self.life.prepay(payment, openid)

    @rule(which=st.integers(0, 9))
    def somebody_pays(self, which: int) -> None:
        self.life.somebody_pays(which)

    @rule(which=st.integers(0, 9))
    def a_notice_arrives(self, which: int) -> None:
        self.life.a_notice_arrives(which)

    @rule(payment=payments)
    def close(self, payment: PaymentView) -> None:
        self.life.close(payment)

    @rule(payment=payments)
    def complete(self, payment: PaymentView) -> None:
        self.life.complete(payment)

    @rule(payment=payments, to=st.sampled_from(RefundTo))
    def cancel(self, payment: PaymentView, to: RefundTo) -> None:
        self.life.cancel(payment, 0, to)

    @rule(away=st.booleans(), state=st.sampled_from([RefundState.PROCESSING, RefundState.FAILED]))
    def the_channel_changes(self, away: bool, state: RefundState) -> None:
        self.life.the_channel_changes(away, state)

    @rule(seconds=st.integers(1, 3600))
    def jobs_run(self, seconds: int) -> None:
        self.life.time_passes(seconds)
        self.life.jobs_run()

    @rule(which=st.integers(0, 9))
    def a_refund_ends(self, which: int) -> None:
        self.life.a_refund_ends(which)

    @rule(payment=payments, early=st.booleans())
    def it_is_closed_while_the_channel_is_asked(self, payment: PaymentView, early: bool) -> None:
        self.life.meanwhile(lambda: self.life.close(payment), early=early)

    @rule(at=st.sampled_from(CRASHES))
    def a_process_will_die(self, at: str) -> None:
        self.life.a_process_will_die(at)

    @rule(after=st.integers(0, 12))
    def a_transaction_will_break_off(self, after: int) -> None:
        self.life.a_transaction_will_break_off(after)

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
        settings=settings(max_examples=15, stateful_step_count=25, deadline=None, derandomize=True),
    )


def test_ten_seeded_lives_end_proved_and_a_seed_lived_again_ends_the_same(
    frail_db: FrailDatabase,
) -> None:
    lives = [live(frail_db, seed) for seed in range(SEEDS)]
    assert [life.fault for life in lives] == [""] * SEEDS
    assert len({life.ending.digest for life in lives if life.ending}) == SEEDS
    for life in lives[:3]:
        again = live(frail_db, life.seed)
        assert (again.ending, again.story) == (life.ending, life.story)


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
