"""WeChat Pay's transfers to people against the sandbox."""

from typing import Any

import pytest

from services.contracts.settlement import ChannelRefused
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.channels.wechat_transfer import WechatTransfers
from services.settlement.domain.payouts import Payout, PayoutAsk, PayoutState
from services.settlement.settings import Settings
from tests.support.servers import wait_until
from tests.support.settlement_sandbox import OPENID, Sandbox, notice_of, now

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def payouts(settings: Settings) -> WechatTransfers:
    """The real driver."""
    return WechatTransfers(settings)


def asked(**changes: Any) -> PayoutAsk:
    values: dict[str, Any] = {
        "out_bill_no": new_id(),
        "openid": OPENID,
        "amount_fen": 3000,
        "remark": "提现",
    }
    return PayoutAsk(**(values | changes))


def ends_as(payouts: WechatTransfers, number: str, state: PayoutState) -> Payout:
    wait_until(lambda: payouts.query(number).state is state)
    return payouts.query(number)


def test_a_transfer_waits_for_the_payee_and_is_done_after_the_tap(
    payouts: WechatTransfers, world: Sandbox, channel: WechatPayChannel
) -> None:
    ask = asked()
    first = payouts.transfer(ask)
    assert first.state is PayoutState.AWAITING_PAYEE
    assert first.package_info
    assert payouts.transfer(ask) == first
    assert payouts.query(ask.out_bill_no).state is PayoutState.AWAITING_PAYEE

    world.ask("POST", f"transfers/{ask.out_bill_no}/confirm")

    done = ends_as(payouts, ask.out_bill_no, PayoutState.DONE)
    assert (done.amount_fen, done.transfer_bill_no) == (3000, first.transfer_bill_no)
    assert done.updated_at is not None
    attempt = notice_of(world, ask.out_bill_no)
    notice = channel.parse_notice(attempt["headers"], attempt["body"], now())
    assert notice.merchant_number == payouts.merchant_number
    assert isinstance(notice.about, Payout)
    assert (notice.about.out_bill_no, notice.about.state) == (ask.out_bill_no, PayoutState.DONE)


def test_what_the_payee_forgets_fails_as_expired(payouts: WechatTransfers, world: Sandbox) -> None:
    ask = asked()
    payouts.transfer(ask)
    world.ask("POST", f"transfers/{ask.out_bill_no}/expire")
    failed = payouts.query(ask.out_bill_no)
    assert (failed.state, failed.expired) == (PayoutState.FAILED, True)
    assert failed.fail_reason == "OVERDUE_CLOSE"


def test_a_transfer_that_fails_otherwise_is_not_expired(
    payouts: WechatTransfers, world: Sandbox
) -> None:
    world.ask("PUT", "trouble", {"transfers": "fail"})
    ask = asked()
    payouts.transfer(ask)
    world.ask("POST", f"transfers/{ask.out_bill_no}/confirm")
    failed = ends_as(payouts, ask.out_bill_no, PayoutState.FAILED)
    assert (failed.expired, failed.fail_reason) == (False, "TRANSFER_RISK")


def test_it_can_be_taken_back_until_the_tap(payouts: WechatTransfers, world: Sandbox) -> None:
    ask, taken = asked(), asked()
    payouts.transfer(ask)
    payouts.transfer(taken)
    assert payouts.cancel(ask.out_bill_no).state is PayoutState.PROCESSING
    ends_as(payouts, ask.out_bill_no, PayoutState.CANCELLED)
    assert payouts.cancel(ask.out_bill_no).state is PayoutState.CANCELLED
    world.ask("POST", f"transfers/{taken.out_bill_no}/confirm")
    with pytest.raises(ChannelRefused):
        payouts.cancel(taken.out_bill_no)


def test_a_number_that_was_never_asked_for_is_unknown(payouts: WechatTransfers) -> None:
    assert payouts.query(new_id()).state is PayoutState.UNKNOWN
    assert payouts.cancel(new_id()).state is PayoutState.UNKNOWN


def test_refusals_carry_the_channels_code(payouts: WechatTransfers, world: Sandbox) -> None:
    ask = asked()
    payouts.transfer(ask)
    for changes, code in (
        ({"out_bill_no": ask.out_bill_no, "amount_fen": 3001}, "ALREADY_EXISTS"),
        ({"openid": "nobody-at-all"}, "PARAM_ERROR"),
        ({"amount_fen": 200_000}, "PARAM_ERROR"),
    ):
        with pytest.raises(ChannelRefused) as refused:
            payouts.transfer(asked(**changes))
        assert refused.value.fields == {"code": code}
    world.ask("PUT", "trouble", {"transfers": "not_enough"})
    with pytest.raises(ChannelRefused) as refused:
        payouts.transfer(asked())
    assert refused.value.fields == {"code": "NOT_ENOUGH"}


def test_a_big_one_carries_the_payees_name_sealed(payouts: WechatTransfers) -> None:
    ask = asked(amount_fen=200_000, payee_name="张小雨")
    assert payouts.transfer(ask).state is PayoutState.AWAITING_PAYEE


def test_an_outage_leaves_it_open_what_became_of_it(
    payouts: WechatTransfers, world: Sandbox
) -> None:
    world.ask("PUT", "trouble", {"pay_outage_s": 30})
    with pytest.raises(Unavailable):
        payouts.transfer(asked())
