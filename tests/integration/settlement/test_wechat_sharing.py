"""WeChat Pay's profit sharing against the sandbox: share, unfreeze, return."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from services.contracts.settlement import ChannelRefused, PayWay
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.channels.wechat_sharing import WechatSharing
from services.settlement.domain.channel import Prepay, RefundAsk, TradeRef
from services.settlement.domain.sharing import ReturnAsk, ShareAsk, ShareRef, ShareState
from services.settlement.settings import Settings
from tests.support.servers import wait_until
from tests.support.settlement_sandbox import OPENID, Sandbox, now

pytestmark = pytest.mark.database

SHOP = "1600000088"


@pytest.fixture
def sharing(settings: Settings, world: Sandbox) -> Iterator[WechatSharing]:
    """The real driver; one shop, 30 seconds are over at once, and shares end quickly."""
    before = world.ask("GET", "settings")
    world.ask("POST", "sub-merchants", {"sub_mchid": SHOP, "name": "老陈早点铺"})
    world.ask("PUT", "settings", {"speed_up": 86_400, "share_delay_s": 0.02})
    driver = WechatSharing(settings)
    for _ in range(2):
        driver.add_receiver(SHOP)
    yield driver
    world.ask("PUT", "settings", {name: before[name] for name in ("speed_up", "share_delay_s")})


def paid(channel: WechatPayChannel, world: Sandbox) -> TradeRef:
    """A paid order of the shop, frozen."""
    order = Prepay(
        way=PayWay.WECHAT_JSAPI,
        out_trade_no=new_id(),
        subject="豆浆",
        amount_fen=1000,
        asked_at=now(),
        pay_before=now() + timedelta(minutes=15),
        openid=OPENID,
        sub_merchant=SHOP,
    )
    world.pays(channel.prepay(order))
    ref = TradeRef(order.out_trade_no, order.asked_at, order.pay_before, sub_merchant=SHOP)
    transaction_id = channel.query(ref).transaction_id
    return TradeRef(ref.out_trade_no, ref.asked_at, ref.pay_before, transaction_id, SHOP)


def ask_for(trade: TradeRef, commission_fen: int) -> ShareAsk:
    return ShareAsk(new_id(), trade.transaction_id, SHOP, commission_fen, "平台服务费")


def ref_of(ask: ShareAsk) -> ShareRef:
    return ShareRef(ask.out_order_no, ask.transaction_id, ask.sub_merchant)


def shared(sharing: WechatSharing, ask: ShareAsk) -> None:
    sharing.share(ask)
    wait_until(lambda: sharing.query_share(ref_of(ask)).state is ShareState.DONE)


def test_commission_is_shared_and_nothing_stays_frozen(
    sharing: WechatSharing, channel: WechatPayChannel, world: Sandbox
) -> None:
    trade = paid(channel, world)
    ask = ask_for(trade, 60)
    assert sharing.frozen_fen(trade.transaction_id) == 1000
    assert sharing.query_share(ref_of(ask)).state is ShareState.UNKNOWN
    assert sharing.share(ask).state is ShareState.PROCESSING
    wait_until(lambda: sharing.query_share(ref_of(ask)).state is ShareState.DONE)
    done = sharing.share(ask)
    assert (done.state, done.shared_fen) == (ShareState.DONE, 60)
    assert done.done_at is not None
    assert sharing.frozen_fen(trade.transaction_id) == 0


def test_without_commission_everything_is_unfrozen(
    sharing: WechatSharing, channel: WechatPayChannel, world: Sandbox
) -> None:
    trade = paid(channel, world)
    ask = ask_for(trade, 0)
    shared(sharing, ask)
    assert sharing.query_share(ref_of(ask)).shared_fen == 0
    assert sharing.frozen_fen(trade.transaction_id) == 0


def test_too_early_is_asked_again_and_not_given_up(
    sharing: WechatSharing, channel: WechatPayChannel, world: Sandbox
) -> None:
    world.ask("PUT", "settings", {"speed_up": 1})
    with pytest.raises(Unavailable):
        sharing.share(ask_for(paid(channel, world), 60))


def test_more_than_the_rules_allow_is_refused(
    sharing: WechatSharing, channel: WechatPayChannel, world: Sandbox
) -> None:
    trade = paid(channel, world)
    for commission_fen, code in ((301, "RULE_LIMIT"), (1001, "NOT_ENOUGH")):
        with pytest.raises(ChannelRefused) as refused:
            sharing.share(ask_for(trade, commission_fen))
        assert refused.value.fields == {"code": code}


def test_a_share_that_is_closed_has_failed_and_says_why(
    sharing: WechatSharing, channel: WechatPayChannel, world: Sandbox
) -> None:
    world.ask("PUT", "trouble", {"shares": "closed"})
    trade = paid(channel, world)
    ask = ask_for(trade, 60)
    sharing.share(ask)
    wait_until(lambda: sharing.query_share(ref_of(ask)).state is ShareState.FAILED)
    failed = sharing.query_share(ref_of(ask))
    assert (failed.shared_fen, failed.note) == (0, "ACCOUNT_ABNORMAL")
    assert sharing.frozen_fen(trade.transaction_id) == 1000


def test_shared_commission_comes_back_before_a_refund(
    sharing: WechatSharing, channel: WechatPayChannel, world: Sandbox
) -> None:
    trade = paid(channel, world)
    ask = ask_for(trade, 60)
    shared(sharing, ask)
    refund = RefundAsk(new_id(), trade, 1000, 1000, "退货", now())
    with pytest.raises(ChannelRefused):
        channel.refund(refund)

    back = ReturnAsk(new_id(), ref_of(ask), 60, "退货")
    assert sharing.query_return(back).state is ShareState.UNKNOWN
    assert sharing.return_commission(back).state is ShareState.PROCESSING
    wait_until(lambda: sharing.query_return(back).state is ShareState.DONE)
    assert sharing.return_commission(back).amount_fen == 60

    assert channel.refund(RefundAsk(new_id(), trade, 1000, 1000, "退货", now())).amount_fen == 1000


def test_a_return_that_fails_says_so(
    sharing: WechatSharing, channel: WechatPayChannel, world: Sandbox
) -> None:
    ask = ask_for(paid(channel, world), 60)
    shared(sharing, ask)
    world.ask("PUT", "trouble", {"returns": "failed"})
    back = ReturnAsk(new_id(), ref_of(ask), 60, "退货")
    sharing.return_commission(back)
    wait_until(lambda: sharing.query_return(back).state is ShareState.FAILED)
    assert sharing.query_return(back).note == "PAYER_ACCOUNT_ABNORMAL"
