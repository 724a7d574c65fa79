"""Money leaves a fund: who may ask, how much, with whose consent, and that it goes once."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from services.contracts.permissions import Role
from services.contracts.settlement import (
    InsufficientFunds,
    NeedsAnotherPerson,
    NotYourFund,
    OwnerKind,
)
from services.contracts.withdrawals import (
    BeyondLimit,
    CoolingDown,
    NoPayoutAccount,
    NoSuchWithdrawal,
    PayoutAccountQuery,
    PayoutWay,
    WithdrawalOver,
    WithdrawalsQuery,
    WithdrawalState,
)
from services.kernel.crypto import SealBroken
from services.kernel.db import Database
from services.kernel.entrypoints import rerun_on_conflict
from services.kernel.errors import Forbidden, LinliError, Malformed
from services.kernel.ids import new_id
from services.kernel.schema import OUTBOX, REQUEST
from services.settlement.tables import HoldRow
from services.settlement.tables_withdrawals import PayoutAccountRow, WithdrawalRow
from services.settlement.use_cases.payout_account import see_payout_account
from services.settlement.use_cases.see_withdrawals import see_withdrawals
from tests.support.withdrawals import NUMBER, Till, person_of, staff

pytestmark = pytest.mark.database


@pytest.fixture
def till(db: Database) -> Till:
    """A household with 5,000 yuan."""
    made = Till(db)
    made.give(500_000)
    return made


@pytest.fixture
def shop(db: Database) -> Till:
    """A merchant with 1,000 yuan."""
    made = Till(db, owner_kind=OwnerKind.MERCHANT)
    made.give(100_000)
    return made


def events(till: Till) -> list[str]:
    with till.db.reading() as tx:
        return [row.name for row in tx.all(select(OUTBOX.c.name).order_by(OUTBOX.c.id))]


# asking


def test_the_money_is_set_aside_the_moment_it_is_asked_for(till: Till) -> None:
    view = till.ask(till.command(2000))
    assert (view.state, view.amount_fen) == (WithdrawalState.TO_PAY, 2000)
    assert view.payee == "微信 ****wner"
    assert till.fund_fen() == 498_000
    till.assert_proved()


def test_the_same_request_twice_is_one_withdrawal(till: Till) -> None:
    command = till.command(2000)
    assert till.ask(command) == till.ask(command)
    assert till.count(WithdrawalRow) == 1
    assert till.fund_fen() == 498_000


def test_another_household_is_as_if_it_had_no_fund(till: Till) -> None:
    with pytest.raises(NotYourFund):
        till.ask(till.command(2000), person_of(new_id()))
    withdrawal_id = till.by_wechat()
    for act in (till.see, till.cancel):
        with pytest.raises(NoSuchWithdrawal):
            act(withdrawal_id, person_of(new_id()))
    assert till.see(withdrawal_id, staff(Role.ACCOUNTANT)).amount_fen == 1000


def test_whoever_may_use_one_fund_may_not_use_that_of_another_household(till: Till) -> None:
    elsewhere = person_of(till.owner_id, Role.FAMILY, **{new_id(): Role.OWNER})
    with pytest.raises(Forbidden):
        till.ask(till.command(2000), elsewhere)
    with pytest.raises(Forbidden):
        till.puts_account(actor=elsewhere)
    with pytest.raises(Forbidden):
        till.cancel(till.by_wechat(), elsewhere)
    hand = person_of(till.owner_id, Role.SHOP_HAND, **{new_id(): Role.SHOPKEEPER})
    with pytest.raises(Forbidden):
        till.ask(till.command(2000), hand)


@pytest.mark.parametrize(
    ("amount_fen", "named"), [(99, {"least_fen": "100"}), (300_001, {"most_fen": "300000"})]
)
def test_an_amount_beyond_the_limits_is_refused(till: Till, amount_fen: int, named: dict) -> None:
    with pytest.raises(BeyondLimit) as refused:
        till.ask(till.command(amount_fen))
    assert refused.value.fields == named
    assert till.fund_fen() == 500_000


def test_a_day_has_a_limit_and_what_came_back_does_not_count(till: Till) -> None:
    till.puts_account()
    first = till.by_bank(300_000)
    with pytest.raises(BeyondLimit) as refused:
        till.by_wechat(100_001)
    assert refused.value.fields == {"day_fen": "400000", "left_fen": "100000"}
    till.cancel(first)
    till.by_wechat(100_001)
    till.now += timedelta(days=1)
    till.by_bank(300_000)
    till.assert_proved()


def test_more_than_there_is_cannot_leave(till: Till) -> None:
    till.puts_account()
    till.by_bank(300_000)
    till.now += timedelta(days=1)
    with pytest.raises(InsufficientFunds) as refused:
        till.by_bank(200_001)
    assert refused.value.fields == {"left_fen": "200000"}


def test_what_may_still_be_disputed_stays_with_the_merchant(shop: Till) -> None:
    shop.settled_lately(80_000, commission_fen=4_000, subsidy_fen=1_000)
    assert shop.withdrawable_fen() == 23_000
    with pytest.raises(InsufficientFunds):
        shop.by_wechat(23_001)
    shop.by_wechat(23_000)
    assert shop.withdrawable_fen() == 0
    shop.now += timedelta(days=1)
    assert shop.withdrawable_fen() == 77_000
    shop.by_wechat(30_000)
    shop.assert_proved()


# where it goes


def test_the_number_is_sealed_in_the_database_and_masked_in_every_view(till: Till) -> None:
    assert till.puts_account().number_masked == "**** 3335"
    view = till.see(till.by_bank())
    assert view.payee == "张** 工商银行杭州分行 ****3335"
    with till.db.reading() as tx:
        (account,) = tx.all(select(PayoutAccountRow.__table__))
        (withdrawal,) = tx.all(select(WithdrawalRow.__table__))
        answers = [row.answer for row in tx.all(select(REQUEST))]
    for row in (account, withdrawal):
        assert NUMBER not in str(row)
        assert till.sealer.open(row.number_sealed, row[0]).decode() == NUMBER
    with pytest.raises(SealBroken):
        till.sealer.open(account.number_sealed, withdrawal.withdrawal_id)
    assert not any(NUMBER.encode() in bytes(answer) for answer in answers)


def test_bank_data_are_needed_first_and_shown_to_the_owners_people_only(till: Till) -> None:
    with pytest.raises(NoPayoutAccount):
        till.by_bank()
    query = PayoutAccountQuery(owner_kind=till.owner_kind, owner_id=till.owner_id)
    assert see_payout_account(till.db, query, till.owner).number_masked == ""
    for stranger in (person_of(new_id()), staff(Role.MANAGER)):
        with pytest.raises(NotYourFund):
            see_payout_account(till.db, query, stranger)


def test_changed_bank_data_cool_down_and_the_same_again_do_not(till: Till) -> None:
    till.puts_account()
    assert till.puts_account().usable_from == till.now
    earlier = till.by_bank()
    assert till.puts_account("6222021001112229999").usable_from == till.now + timedelta(hours=24)
    with pytest.raises(CoolingDown) as refused:
        till.by_bank()
    assert refused.value.fields["until"].startswith("2026-03-02T04:00")
    assert till.see(earlier).payee.endswith("3335")
    till.now += timedelta(hours=24)
    till.by_bank()


def test_a_large_amount_by_wechat_goes_to_the_holders_name_and_cools_down_with_it(
    till: Till,
) -> None:
    with pytest.raises(NoPayoutAccount):
        till.by_wechat(200_000)
    till.puts_account()
    withdrawal_id = till.by_wechat(200_000)
    till.approve(withdrawal_id, staff(Role.ACCOUNTANT))
    till.run()
    assert till.payouts.asked[withdrawal_id].payee_name == "张伟"
    till.puts_account(holder="李四")
    with pytest.raises(CoolingDown):
        till.by_wechat(200_000)
    assert till.by_wechat(1000)


@pytest.mark.parametrize("holder", ["=HYPERLINK(1)", "@张伟", "张\u202e伟"])
def test_a_holder_that_a_spreadsheet_would_calculate_is_refused(till: Till, holder: str) -> None:
    with pytest.raises(Malformed):
        till.puts_account(holder=holder)


# two people


def test_a_large_withdrawal_waits_for_another_person(till: Till) -> None:
    withdrawal_id = till.by_wechat(50_000)
    assert till.see(withdrawal_id).state is WithdrawalState.TO_APPROVE
    assert till.run() == 0
    checker = staff(Role.ACCOUNTANT, "李会计")
    view = till.approve(withdrawal_id, checker)
    assert (view.state, view.approved_by) == (WithdrawalState.TO_PAY, "李会计")
    with pytest.raises(WithdrawalOver) as over:
        till.approve(withdrawal_id, checker)
    assert over.value.fields == {"state": "to_pay"}
    assert till.run() == 1
    till.assert_proved()


def test_neither_who_asked_nor_who_lives_there_may_approve(till: Till) -> None:
    withdrawal_id = till.by_wechat(50_000)
    spouse = person_of(till.owner_id, Role.FAMILY)
    for actor in (till.owner, spouse):
        with pytest.raises(NeedsAnotherPerson):
            till.approve(withdrawal_id, actor)
        with pytest.raises(NeedsAnotherPerson):
            till.reject(withdrawal_id, actor)


def test_a_rejected_withdrawal_is_on_the_fund_again_and_told(till: Till) -> None:
    withdrawal_id = till.by_wechat(50_000)
    view = till.reject(withdrawal_id, staff(Role.ACCOUNTANT))
    assert (view.state, view.note) == (WithdrawalState.REJECTED, "请先来核对")
    assert till.fund_fen() == 500_000
    assert events(till) == ["withdrawal.changed"]
    with pytest.raises(WithdrawalOver):
        till.approve(withdrawal_id, staff(Role.ACCOUNTANT))
    till.assert_proved()


def test_a_withdrawal_taken_back_before_it_was_paid_is_on_the_fund_again(till: Till) -> None:
    withdrawal_id = till.by_wechat(50_000)
    assert till.cancel(withdrawal_id).state is WithdrawalState.CANCELLED
    assert till.cancel(withdrawal_id).state is WithdrawalState.CANCELLED
    assert till.fund_fen() == 500_000
    assert events(till) == []
    assert till.run() == 0
    till.assert_proved()


# lists


def test_a_list_is_of_ones_own_fund_or_for_staff(till: Till) -> None:
    ids = [till.by_wechat(1000) for _ in range(3)]
    mine = WithdrawalsQuery(owner_kind=till.owner_kind, owner_id=till.owner_id, limit=2)
    page = see_withdrawals(till.db, mine, till.owner)
    rest = see_withdrawals(till.db, mine.model_copy(update={"after": page.next_after}), till.owner)
    assert {one.withdrawal_id for one in page.items + rest.items} == set(ids)
    assert rest.next_after is None
    everything = WithdrawalsQuery(state=WithdrawalState.TO_PAY)
    assert len(see_withdrawals(till.db, everything, staff(Role.CASHIER)).items) == 3
    with pytest.raises(Forbidden):
        see_withdrawals(till.db, everything, till.owner)
    with pytest.raises(NotYourFund):
        see_withdrawals(till.db, mine, person_of(new_id()))


# at once


def together(*acts: Callable[[], object]) -> list[object]:
    """What the acts gave or raised that were begun at the same moment."""
    start, outcomes = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        start.wait()
        try:
            outcomes.append(rerun_on_conflict("test", act))
        except LinliError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_of_two_withdrawals_of_one_balance_one_is_refused(db: Database) -> None:
    for _ in range(10):
        till = Till(db)
        till.give(3000)
        outcomes = together(lambda t=till: t.by_wechat(2000), lambda t=till: t.by_wechat(2000))
        refused = [one for one in outcomes if isinstance(one, LinliError)]
        assert [type(one) for one in refused] == [InsufficientFunds]
        assert till.fund_fen() == 1000
    Till(db).assert_proved()


def test_withdrawals_at_once_do_not_pass_the_limit_of_a_day_together(db: Database) -> None:
    till = Till(db)
    till.give(10_000_000)
    till.puts_account()
    outcomes = together(*[lambda: till.by_bank(150_000)] * 4)
    assert sum(isinstance(one, BeyondLimit) for one in outcomes) == 2
    assert till.fund_fen() == 9_700_000


def test_a_double_tap_is_one_withdrawal(till: Till) -> None:
    command = till.command(2000)
    first, second = together(lambda: till.ask(command), lambda: till.ask(command))
    assert first == second
    assert till.count(WithdrawalRow) == till.count(HoldRow) == 1


def test_of_two_first_bank_data_at_once_the_second_counts_as_a_change(db: Database) -> None:
    for _ in range(5):
        till = Till(db)
        together(lambda t=till: t.puts_account(), lambda t=till: t.puts_account("62220288880000"))
        with db.reading() as tx:
            rows = tx.all(
                select(PayoutAccountRow.usable_from).where(
                    PayoutAccountRow.owner_id == till.owner_id
                )
            )
        assert [row.usable_from for row in rows] == [till.now + timedelta(hours=24)]


def test_taking_back_races_with_paying_and_one_of_them_wins(db: Database) -> None:
    for _ in range(10):
        till = Till(db)
        till.give(2000)
        withdrawal_id = till.by_wechat(2000)
        together(lambda t=till, w=withdrawal_id: t.cancel(w), till.run)
        state = till.see(withdrawal_id).state
        waits = state in {WithdrawalState.AWAITING_PAYEE, WithdrawalState.PAYING}
        assert waits or state is WithdrawalState.CANCELLED
        assert till.fund_fen() == (0 if waits else 2000)
    Till(db).assert_proved()


def test_a_lost_hold_is_found_by_the_audit(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    with till.db.transaction() as tx:
        row = dict(tx.first(select(HoldRow.__table__))._mapping)
        tx.execute(insert(HoldRow), row | {"hold_id": new_id()})
    with pytest.raises(AssertionError):
        till.assert_proved()
    assert till.see(withdrawal_id).way is PayoutWay.WECHAT
