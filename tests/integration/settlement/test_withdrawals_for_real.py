"""Withdrawals through the real driver against the sandbox."""

import pytest

from services.contracts.withdrawals import WithdrawalState
from services.kernel.db import Database
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.channels.wechat_transfer import WechatTransfers
from services.settlement.domain import accounts
from services.settlement.domain.payouts import Payout
from services.settlement.settings import Settings
from tests.support.servers import wait_until
from tests.support.settlement_sandbox import OPENID, Sandbox, notice_of, now
from tests.support.withdrawals import Till

pytestmark = pytest.mark.database


@pytest.fixture
def till(db: Database, settings: Settings, world: Sandbox) -> Till:
    """A household with 50 yuan, whose payouts go through the sandbox."""
    made = Till(db, payouts=WechatTransfers(settings), openid=OPENID, now=now())
    made.give(5000)
    return made


def test_the_payees_tap_ends_it_by_a_notice(
    till: Till, world: Sandbox, channel: WechatPayChannel
) -> None:
    withdrawal_id = till.by_wechat(2000)
    till.run()
    view = till.see(withdrawal_id)
    assert view.state is WithdrawalState.AWAITING_PAYEE
    assert all((view.confirm_package, view.confirm_mchid, view.confirm_app_id))

    world.ask("POST", f"transfers/{withdrawal_id}/confirm")

    attempt = notice_of(world, withdrawal_id)
    notice = channel.parse_notice(attempt["headers"], attempt["body"], now())
    assert isinstance(notice.about, Payout)
    assert till.notify(notice.about) is True
    assert till.see(withdrawal_id).state is WithdrawalState.DONE
    assert till.on(accounts.bank("wechat")) == 2000
    till.assert_proved()


def test_what_the_payee_forgets_comes_back(till: Till, world: Sandbox) -> None:
    withdrawal_id = till.by_wechat(2000)
    till.run()
    world.ask("POST", f"transfers/{withdrawal_id}/expire")
    assert till.see(withdrawal_id, refresh=True).state is WithdrawalState.EXPIRED
    assert till.fund_fen() == 5000
    till.assert_proved()


def test_it_can_be_taken_back_until_the_tap(till: Till) -> None:
    withdrawal_id = till.by_wechat(2000)
    till.run()
    till.cancel(withdrawal_id)

    def called_off() -> bool:
        return till.see(withdrawal_id, refresh=True).state is WithdrawalState.CANCELLED

    wait_until(called_off)
    assert till.fund_fen() == 5000
    till.assert_proved()


def test_a_refused_transfer_comes_back(till: Till, world: Sandbox) -> None:
    world.ask("PUT", "trouble", {"transfers": "not_enough"})
    withdrawal_id = till.by_wechat(2000)
    for hour in range(3):
        till.run(hour * 3600)
    assert till.see(withdrawal_id).state is WithdrawalState.FAILED
    assert till.fund_fen() == 5000
    till.assert_proved()
