"""A transfer by WeChat: the payee confirms, is silent, or is refused; and every crash between."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.contracts.permissions import Role
from services.contracts.settlement import Channel, NoticeMismatch, WayNotOpen
from services.contracts.withdrawals import WithdrawalOver, WithdrawalState
from services.kernel import failpoints, jsons
from services.kernel.db import Database
from services.kernel.errors import InvariantBroken
from services.kernel.schema import OUTBOX
from services.settlement.domain import accounts
from services.settlement.domain.payouts import Payout, PayoutState
from services.settlement.tables import TransferRow
from services.settlement.use_cases.pay_out import run_payouts
from services.settlement.use_cases.withdraw import PayoutTerms, withdraw
from tests.support.withdrawals import LIMITS, NOW, Till, staff

pytestmark = pytest.mark.database
UNDER_WAY, BANK = accounts.withdrawals_under_way("wechat"), accounts.bank("wechat")


@pytest.fixture
def till(db: Database) -> Till:
    """A household with 50 yuan."""
    made = Till(db)
    made.give(5000)
    return made


@pytest.fixture
def dies_once_at() -> Iterator[Callable[[str], None]]:
    """Arm a failpoint for its first hit."""
    yield lambda name: failpoints.arm(f"{name}=error@1")
    failpoints.arm("")


def told(till: Till) -> list[tuple[str, str]]:
    """State and note of each event, oldest first."""
    with till.db.reading() as tx:
        rows = tx.all(select(OUTBOX.c.envelope).order_by(OUTBOX.c.id))
    data = [jsons.loads(row.envelope)["data"] for row in rows]
    return [(one["state"], one["note"]) for one in data]


def test_the_payee_confirms_and_the_money_is_gone(till: Till) -> None:
    withdrawal_id = till.by_wechat(2000)
    assert till.run() == 1
    view = till.see(withdrawal_id)
    assert view.state is WithdrawalState.AWAITING_PAYEE
    assert view.confirm_package == f"package-{withdrawal_id}"
    assert (view.confirm_mchid, view.confirm_app_id) == ("1900000001", "wx0000000000000001")
    assert view.expires_at == NOW + timedelta(hours=24)
    assert (till.on(UNDER_WAY), till.on(BANK)) == (2000, 0)
    till.assert_proved()
    till.payouts.ends(withdrawal_id, PayoutState.DONE)
    assert till.run(5) == 1
    assert till.see(withdrawal_id).state is WithdrawalState.DONE
    assert (till.fund_fen(), till.on(UNDER_WAY), till.on(BANK)) == (3000, 0, 2000)
    assert told(till) == [("awaiting_payee", ""), ("done", "")]
    till.assert_proved()


def test_staff_do_not_get_what_the_payees_phone_needs(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    assert till.see(withdrawal_id, staff(Role.MANAGER)).confirm_package == ""


def test_a_notice_ends_it_once(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    news = till.payouts.ends(withdrawal_id, PayoutState.DONE)
    assert till.notify(news) is True
    assert till.notify(news) is False
    assert till.run(100_000) == 0
    assert [state for state, _ in told(till)] == ["awaiting_payee", "done"]
    till.assert_proved()


def test_looking_at_it_asks_the_channel(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    assert till.see(withdrawal_id, refresh=True).state is WithdrawalState.TO_PAY
    till.run()
    till.payouts.ends(withdrawal_id, PayoutState.DONE)
    assert till.see(withdrawal_id).state is WithdrawalState.AWAITING_PAYEE
    assert till.see(withdrawal_id, refresh=True).state is WithdrawalState.DONE


def test_a_payee_who_does_not_confirm_in_time_has_the_money_on_the_fund_again(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    till.payouts.ends(withdrawal_id, PayoutState.FAILED, "OVERDUE_CLOSE")
    assert till.run(24 * 3600 + 5) == 1
    view = till.see(withdrawal_id)
    assert (view.state, view.note) == (WithdrawalState.EXPIRED, "没有及时确认收款")
    assert (till.fund_fen(), till.on(UNDER_WAY)) == (5000, 0)
    assert told(till)[-1] == ("expired", "没有及时确认收款")
    till.assert_proved()


def test_a_failed_transfer_is_on_the_fund_again_and_says_why(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    till.notify(till.payouts.ends(withdrawal_id, PayoutState.FAILED, "NAME_NOT_CORRECT"))
    view = till.see(withdrawal_id)
    assert (view.state, view.note) == (WithdrawalState.FAILED, "收款人姓名和微信实名不一致")
    assert till.fund_fen() == 5000
    till.assert_proved()


@pytest.mark.parametrize("step", ["after_intent", "after_channel"])
def test_paying_again_after_a_crash_pays_once(
    till: Till, dies_once_at: Callable[[str], None], step: str
) -> None:
    withdrawal_id = till.by_wechat(2000)
    dies_once_at(f"settlement.payout.{step}")
    with pytest.raises(failpoints.FailpointError):
        till.run()
    assert till.see(withdrawal_id).state is WithdrawalState.PAYING
    assert till.fund_fen() == 3000
    till.assert_proved()
    assert till.run(2) == 1
    assert till.see(withdrawal_id).confirm_package == f"package-{withdrawal_id}"
    assert len(till.payouts.bills) == 1
    dies_once_at("settlement.payout.after_channel")
    till.payouts.ends(withdrawal_id, PayoutState.DONE)
    with pytest.raises(failpoints.FailpointError):
        till.run(10)
    assert till.run(10) == 1
    assert till.see(withdrawal_id).state is WithdrawalState.DONE
    assert till.on(BANK) == 2000
    till.assert_proved()


def test_an_answer_that_got_lost_is_the_same_transfer_when_asked_again(till: Till) -> None:
    withdrawal_id = till.by_wechat()

    def lost(call: str) -> None:
        raise ConnectionResetError(call)

    till.payouts.before_answer = lost
    with pytest.raises(ConnectionResetError):
        till.run()
    till.payouts.before_answer = lambda call: None
    till.run(2)
    assert till.payouts.calls == ["transfer", "transfer"]
    assert list(till.payouts.bills) == [withdrawal_id]


def test_a_channel_that_is_away_is_asked_again_for_as_long_as_it_takes(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.payouts.away = True
    for hour in range(12):
        assert till.run(hour * 3600) == 1
    assert till.see(withdrawal_id).state is WithdrawalState.PAYING
    assert till.see(withdrawal_id, staff(Role.CASHIER)).note == "the channel is away"
    till.payouts.away = False
    till.run(13 * 3600)
    till.payouts.ends(withdrawal_id, PayoutState.DONE)
    till.run(14 * 3600)
    assert till.see(withdrawal_id).state is WithdrawalState.DONE
    till.assert_proved()


def test_a_refused_transfer_is_given_up_after_so_many_tries(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.payouts.refusal = "NOT_ENOUGH: 商户账户余额不足"
    for hour in range(3):
        assert till.run(hour * 3600) == 1
    view = till.see(withdrawal_id)
    assert (view.state, view.note) == (WithdrawalState.FAILED, "微信没有受理")
    assert till.fund_fen() == 5000
    assert till.run(9 * 3600) == 0
    till.assert_proved()


def test_a_refusal_is_not_believed_when_an_earlier_try_came_through(till: Till) -> None:
    withdrawal_id = till.by_wechat()

    def lost(call: str) -> None:
        raise ConnectionResetError(call)

    till.payouts.before_answer = lost
    with pytest.raises(ConnectionResetError):
        till.run()
    till.payouts.before_answer, till.payouts.refusal = lambda call: None, "FREQUENCY_LIMITED"
    for hour in range(1, 6):
        till.run(hour * 3600)
    assert till.see(withdrawal_id).state is WithdrawalState.AWAITING_PAYEE
    till.payouts.refusal = ""
    till.run(10 * 3600)
    assert till.see(withdrawal_id).confirm_package == f"package-{withdrawal_id}"
    till.assert_proved()


def test_taking_back_while_the_payee_is_waited_for_asks_the_channel_first(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    view = till.cancel(withdrawal_id)
    assert till.payouts.calls == ["transfer", "cancel"]
    assert view.state is WithdrawalState.CANCELLED
    assert till.fund_fen() == 5000
    assert [state for state, _ in told(till)] == ["awaiting_payee"]
    till.assert_proved()


def test_taking_back_takes_as_long_as_the_channel_takes(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    till.payouts.slow_cancel = True
    view = till.cancel(withdrawal_id)
    assert (view.state, view.note) == (WithdrawalState.PAYING, "正在撤回")
    assert till.fund_fen() == 4000
    assert till.cancel(withdrawal_id).state is WithdrawalState.PAYING
    till.payouts.slow_cancel = False
    till.run(60)
    assert till.see(withdrawal_id).state is WithdrawalState.CANCELLED
    assert till.fund_fen() == 5000
    till.assert_proved()


def test_a_wish_to_take_back_is_kept_while_the_channel_is_away(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    till.payouts.away = True
    assert till.cancel(withdrawal_id).note == "正在撤回"
    till.payouts.away = False
    till.run(60)
    assert till.see(withdrawal_id).state is WithdrawalState.CANCELLED
    till.assert_proved()


def test_whoever_confirms_before_taking_back_has_the_money(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    till.payouts.ends(withdrawal_id, PayoutState.DONE)
    assert till.cancel(withdrawal_id).state is WithdrawalState.DONE
    with pytest.raises(WithdrawalOver):
        till.cancel(withdrawal_id)
    assert till.fund_fen() == 4000
    till.assert_proved()


def test_a_stale_word_of_the_channel_changes_nothing(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    waiting = till.payouts.bills[withdrawal_id]
    till.notify(till.payouts.ends(withdrawal_id, PayoutState.DONE))
    assert till.notify(waiting) is False
    assert till.see(withdrawal_id).state is WithdrawalState.DONE


def test_news_of_another_amount_or_of_no_transfer_of_ours_are_refused(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    with pytest.raises(NoticeMismatch):  # never asked for
        till.notify(Payout(withdrawal_id, PayoutState.DONE, 1000))
    till.run()
    done = till.payouts.ends(withdrawal_id, PayoutState.DONE)
    with pytest.raises(NoticeMismatch):
        till.notify(replace(done, amount_fen=999))
    with pytest.raises(NoticeMismatch):
        till.notify(replace(done, out_bill_no="0" * 26))
    assert till.on(BANK) == 0


def test_news_that_contradict_what_was_booked_need_a_person(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    till.notify(till.payouts.ends(withdrawal_id, PayoutState.FAILED))
    with pytest.raises(InvariantBroken):
        till.notify(till.payouts.ends(withdrawal_id, PayoutState.DONE))
    assert till.fund_fen() == 5000
    till.assert_proved()


def test_a_transfer_that_the_channel_has_forgotten_is_never_given_up(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    till.payouts.bills.clear()
    for hour in range(1, 8):
        till.run(hour * 3600)
    assert till.see(withdrawal_id).state is WithdrawalState.AWAITING_PAYEE
    assert till.fund_fen() == 4000


def test_one_bad_transfer_keeps_no_other_waiting(till: Till) -> None:
    first, second = till.by_wechat(100), till.by_wechat(200)

    def nonsense(call: str) -> None:
        if till.payouts.calls.count("transfer") == 1:
            raise InvariantBroken("WeChat Pay answers in an unknown form")

    till.payouts.before_answer = nonsense
    assert till.run() == 2
    assert {till.see(one).state for one in (first, second)} == {
        WithdrawalState.PAYING,
        WithdrawalState.AWAITING_PAYEE,
    }


def test_without_a_payout_channel_nothing_goes_by_wechat(till: Till) -> None:
    with pytest.raises(WayNotOpen):
        withdraw(
            till.db,
            till.sealer,
            PayoutTerms(LIMITS, False),
            till.command(1000),
            till.owner,
            till.now,
        )
    till.by_wechat()
    assert run_payouts(till.db, None, 3, till.now) == 0


def test_every_transfer_of_a_withdrawal_bears_its_number(till: Till) -> None:
    withdrawal_id = till.by_wechat()
    till.run()
    till.notify(till.payouts.ends(withdrawal_id, PayoutState.DONE))
    query = select(TransferRow.kind).where(TransferRow.reference == withdrawal_id)
    with till.db.reading() as tx:
        kinds = {row.kind for row in tx.all(query)}
    assert kinds == {"withdrawal_begun", "withdrawal_done"}
    assert BANK.owner == Channel.WECHAT
