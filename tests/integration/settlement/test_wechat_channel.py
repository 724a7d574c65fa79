"""The WeChat Pay driver against the sandbox: real HTTP, real signatures, real encryption."""

from datetime import timedelta
from typing import Any

import pytest

from services.contracts.settlement import (
    ChannelRefused,
    RefundState,
)
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.domain.channel import Prepay, RefundAsk, TradeState
from services.settlement.domain.days import day_of
from services.settlement.settings import Settings
from tests.support.servers import wait_until
from tests.support.settlement_sandbox import OPENID, Sandbox, now

pytestmark = pytest.mark.database


def prepay(**changes: Any) -> Prepay:
    values = {
        "out_trade_no": new_id(),
        "subject": "豆浆×2，油条×4",
        "amount_fen": 1500,
        "openid": OPENID,
        "pay_before": now() + timedelta(minutes=15),
    }
    return Prepay(**(values | changes))


# the driver


def test_making_the_driver_calls_nobody(settings: Settings) -> None:
    """wechatpayv3 fetches certificates in its constructor unless it is given the public key."""
    nowhere = settings.model_copy(update={"wechatpay_base_url": "http://127.0.0.1:9"})
    with pytest.raises(Unavailable):
        WechatPayChannel(nowhere).query(new_id())


def test_a_trade_from_prepay_to_paid(channel: WechatPayChannel, world: Sandbox) -> None:
    order = prepay()
    prepay_id = channel.prepay(order)
    assert channel.prepay(order) == prepay_id
    assert channel.query(order.out_trade_no).state is TradeState.UNPAID
    world.pays(prepay_id)
    trade = channel.query(order.out_trade_no)
    assert trade.state is TradeState.PAID
    assert (trade.amount_fen, trade.currency) == (1500, "CNY")
    assert (trade.merchant_number, trade.app_id) == (channel.till.merchant_number, channel.app_id)
    assert trade.paid_at is not None
    assert abs(trade.paid_at - now()) < timedelta(seconds=10)


def test_closing_tells_closed_paid_and_unknown_apart(
    channel: WechatPayChannel, world: Sandbox
) -> None:
    closed, paid = prepay(), prepay()
    channel.prepay(closed)
    world.pays(channel.prepay(paid))
    for _ in range(2):
        assert channel.close(closed.out_trade_no).state is TradeState.CLOSED
    assert channel.query(closed.out_trade_no).state is TradeState.CLOSED
    assert channel.close(paid.out_trade_no).state is TradeState.PAID
    assert channel.close(new_id()).state is TradeState.UNKNOWN
    assert channel.query(new_id()).state is TradeState.UNKNOWN


def test_a_refusal_carries_the_channels_code(channel: WechatPayChannel) -> None:
    with pytest.raises(ChannelRefused) as refused:
        channel.prepay(prepay(openid="nobody"))
    assert refused.value.fields == {"code": "PARAM_ERROR"}
    assert "openid" in refused.value.message


def test_an_outage_is_unavailable_and_not_a_refusal(
    channel: WechatPayChannel, world: Sandbox
) -> None:
    world.ask("PUT", "trouble", {"pay_outage_s": 30})
    with pytest.raises(Unavailable):
        channel.prepay(prepay())
    with pytest.raises(Unavailable):
        channel.fetch_bill(day_of(now()))


def test_an_answer_that_somebody_else_signed_is_not_believed(
    settings: Settings, channel: WechatPayChannel
) -> None:
    order = prepay()
    channel.prepay(order)
    other_key = {"wechatpay_public_key_id": "PUB_KEY_ID_SOMEBODY_ELSE"}
    with pytest.raises(Unavailable, match="not signed"):
        WechatPayChannel(settings.model_copy(update=other_key)).query(order.out_trade_no)


def test_a_refund_and_its_repeat_are_one(channel: WechatPayChannel, world: Sandbox) -> None:
    order = prepay()
    world.pays(channel.prepay(order))
    ask = RefundAsk(new_id(), order.out_trade_no, 700, 1500, "不想要了")
    assert channel.refund(ask).state is RefundState.PROCESSING
    assert channel.refund(ask).amount_fen == 700
    wait_until(lambda: channel.query_refund(ask.out_refund_no).state is RefundState.DONE)
    assert channel.query_refund(ask.out_refund_no).done_at is not None
    with pytest.raises(ChannelRefused):
        channel.refund(RefundAsk(new_id(), order.out_trade_no, 801, 1500, "太多了"))


def test_the_bill_names_each_payment_and_refund(channel: WechatPayChannel, world: Sandbox) -> None:
    order = prepay(subject="带,逗号和`撇号的商品")
    world.pays(channel.prepay(order))
    ask = RefundAsk(new_id(), order.out_trade_no, 700, 1500, "不想要了")
    channel.refund(ask)
    wait_until(lambda: channel.query_refund(ask.out_refund_no).state is RefundState.DONE)
    bill = channel.fetch_bill(day_of(now()))
    assert bill is not None
    lines = {line.reference: line for line in bill}
    assert lines[order.out_trade_no].amount_fen == 1500
    assert lines[ask.out_refund_no].amount_fen == 700
    assert lines[ask.out_refund_no].refund_state is RefundState.DONE
    assert channel.fetch_bill(day_of(now()) - timedelta(days=3)) is None


def test_calls_share_one_connection(channel: WechatPayChannel) -> None:
    channel.query(new_id())
    pool = channel._pay._core._pool
    before = pool.num_connections
    for _ in range(5):
        channel.query(new_id())
    assert pool.num_connections == before
