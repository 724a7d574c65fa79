"""WeChat Pay's bill as settlement reads it: fees on each line, and differences planted in it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from services.contracts.settlement import PayWay
from services.kernel.ids import new_id
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.domain.channel import Prepay, RefundAsk, TradeRef
from services.settlement.domain.days import day_of
from tests.support.servers import wait_until
from tests.support.settlement_sandbox import OPENID, Sandbox, now


@pytest.fixture(autouse=True)
def honest(world: Sandbox) -> Iterator[None]:
    yield
    world.ask("DELETE", "bill-faults")


def paid(channel: WechatPayChannel, world: Sandbox) -> TradeRef:
    order = Prepay(
        way=PayWay.WECHAT_JSAPI,
        out_trade_no=new_id(),
        subject="豆浆",
        amount_fen=1500,
        asked_at=now(),
        pay_before=now() + timedelta(minutes=15),
        openid=OPENID,
    )
    world.pays(channel.prepay(order))
    return TradeRef(order.out_trade_no, order.asked_at, order.pay_before)


def bill(channel: WechatPayChannel) -> dict[str, Any]:
    return {line.reference: line for line in channel.fetch_bill(day_of(now())) or ()}


def test_each_line_carries_its_fee_and_wechats_number(
    channel: WechatPayChannel, world: Sandbox
) -> None:
    trade = paid(channel, world)
    ask = RefundAsk(new_id(), trade, 700, 1500, "不想要了", now())
    channel.refund(ask)
    wait_until(lambda: ask.out_refund_no in bill(channel))
    payment, refund = bill(channel)[trade.out_trade_no], bill(channel)[ask.out_refund_no]
    assert (payment.fee_fen, refund.fee_fen) == (9, -4)
    assert payment.transaction_id == refund.transaction_id
    assert payment.transaction_id == channel.query(trade).transaction_id


def test_planted_differences_stand_in_the_bill(channel: WechatPayChannel, world: Sandbox) -> None:
    dropped, altered = paid(channel, world), paid(channel, world)
    faults = {
        "channel": "wechat",
        "day": day_of(now()).isoformat(),
        "drop": [dropped.out_trade_no],
        "add": [{"out_trade_no": "STRANGER0001", "amount_fen": 333}],
        "alter": {altered.out_trade_no: 1501},
    }
    world.ask("PUT", "bill-faults", faults)
    lines = bill(channel)
    assert dropped.out_trade_no not in lines
    assert lines["STRANGER0001"].amount_fen == 333
    assert lines[altered.out_trade_no].amount_fen == 1501


def test_what_cannot_be_falsified_is_refused(world: Sandbox) -> None:
    for wrong in (
        {"channel": "bank", "day": "2026-03-01"},
        {"channel": "wechat", "day": "yesterday"},
        {"channel": "wechat", "day": "2026-03-01", "burn": []},
        {"channel": "wechat", "day": "2026-03-01", "alter": {"x": "1.00"}},
        {"channel": "wechat", "day": "2026-03-01", "add": [{"amount_fen": 1}]},
    ):
        with pytest.raises(requests.HTTPError, match="400"):
            world.ask("PUT", "bill-faults", wrong)
