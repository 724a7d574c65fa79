"""The WeChat Pay driver against the sandbox: real HTTP, real signatures, real encryption."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.contracts.settlement import ChannelRefused, NoticeRefused, PayWay, RefundState
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.domain.channel import (
    ChannelRefund,
    Prepay,
    RefundAsk,
    RefundRef,
    Trade,
    TradeRef,
    TradeState,
)
from services.settlement.domain.days import day_of
from services.settlement.settings import Settings
from tests.support.servers import wait_until
from tests.support.settlement_sandbox import OPENID, Sandbox, notice_of, now

pytestmark = pytest.mark.database

SHOP = "1600000077"


def prepay(**changes: Any) -> Prepay:
    values: dict[str, Any] = {
        "way": PayWay.WECHAT_JSAPI,
        "out_trade_no": new_id(),
        "subject": "豆浆×2，油条×4",
        "amount_fen": 1500,
        "openid": OPENID,
        "asked_at": now(),
        "pay_before": now() + timedelta(minutes=15),
    }
    return Prepay(**(values | changes))


def ref(order: Prepay) -> TradeRef:
    return TradeRef(
        order.out_trade_no, order.asked_at, order.pay_before, sub_merchant=order.sub_merchant
    )


def unknown() -> TradeRef:
    return ref(prepay())


def refund_of(order: Prepay, amount_fen: int, reason: str = "不想要了") -> RefundAsk:
    return RefundAsk(new_id(), ref(order), amount_fen, order.amount_fen, reason, now())


def look(channel: WechatPayChannel, ask: RefundAsk) -> ChannelRefund:
    return channel.query_refund(RefundRef(ask.out_refund_no, ask.requested_at, ask.trade))


@pytest.fixture
def shop(world: Sandbox) -> str:
    """A shop with its own number."""
    world.ask("POST", "sub-merchants", {"sub_mchid": SHOP, "name": "老陈早点铺"})
    return SHOP


# the driver


def test_making_the_driver_calls_nobody(settings: Settings) -> None:
    """wechatpayv3 fetches certificates in its constructor unless it is given the public key."""
    nowhere = settings.model_copy(update={"wechatpay_base_url": "http://127.0.0.1:9"})
    with pytest.raises(Unavailable):
        WechatPayChannel(nowhere).query(unknown())


def test_a_trade_from_prepay_to_paid(channel: WechatPayChannel, world: Sandbox) -> None:
    order = prepay()
    prepay_id = channel.prepay(order)
    assert channel.prepay(order) == prepay_id
    assert channel.query(ref(order)).state is TradeState.UNPAID
    world.pays(prepay_id)
    trade = channel.query(ref(order))
    assert trade.state is TradeState.PAID
    assert (trade.amount_fen, trade.currency) == (1500, "CNY")
    assert (trade.merchant_number, trade.app_id) == (channel.till.merchant_number, channel.app_id)
    assert trade.sub_merchant == ""
    assert trade.paid_at is not None
    assert abs(trade.paid_at - now()) < timedelta(seconds=10)


def test_closing_tells_closed_paid_and_unknown_apart(
    channel: WechatPayChannel, world: Sandbox
) -> None:
    closed, paid = prepay(), prepay()
    channel.prepay(closed)
    world.pays(channel.prepay(paid))
    for _ in range(2):
        assert channel.close(ref(closed)).state is TradeState.CLOSED
    assert channel.query(ref(closed)).state is TradeState.CLOSED
    assert channel.close(ref(paid)).state is TradeState.PAID
    assert channel.close(unknown()).state is TradeState.UNKNOWN
    assert channel.query(unknown()).state is TradeState.UNKNOWN


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
        WechatPayChannel(settings.model_copy(update=other_key)).query(ref(order))


def test_a_refund_and_its_repeat_are_one(channel: WechatPayChannel, world: Sandbox) -> None:
    order = prepay()
    world.pays(channel.prepay(order))
    ask = refund_of(order, 700)
    assert channel.refund(ask).state is RefundState.PROCESSING
    assert channel.refund(ask).amount_fen == 700
    wait_until(lambda: look(channel, ask).state is RefundState.DONE)
    assert look(channel, ask).done_at is not None
    with pytest.raises(ChannelRefused):
        channel.refund(refund_of(order, 801, "太多了"))


def test_the_bill_names_each_payment_and_refund(channel: WechatPayChannel, world: Sandbox) -> None:
    order = prepay(subject="带,逗号和`撇号的商品")
    world.pays(channel.prepay(order))
    ask = refund_of(order, 700)
    channel.refund(ask)
    wait_until(lambda: look(channel, ask).state is RefundState.DONE)
    bill = channel.fetch_bill(day_of(now()))
    assert bill is not None
    lines = {line.reference: line for line in bill}
    assert lines[order.out_trade_no].amount_fen == 1500
    assert lines[ask.out_refund_no].amount_fen == 700
    assert lines[ask.out_refund_no].refund_state is RefundState.DONE
    assert channel.fetch_bill(day_of(now()) - timedelta(days=3)) is None


def test_calls_share_one_connection(channel: WechatPayChannel) -> None:
    channel.query(unknown())
    pool = channel._pay._core._pool
    before = pool.num_connections
    for _ in range(5):
        channel.query(unknown())
    assert pool.num_connections == before


# other ways to pay


def test_the_driver_names_its_ways(channel: WechatPayChannel) -> None:
    assert channel.ways == {PayWay.WECHAT_JSAPI, PayWay.WECHAT_NATIVE, PayWay.WECHAT_H5}


def test_the_sheets_offer_is_signed_for_its_prepay_id(channel: WechatPayChannel) -> None:
    order = prepay()
    offer = channel.offer(order, "wx123", now())
    assert offer.jsapi is not None
    assert (offer.jsapi.package, offer.jsapi.app_id) == ("prepay_id=wx123", channel.app_id)
    assert (offer.code_url, offer.redirect_url, offer.form) == ("", "", None)


def test_a_code_is_paid_by_whoever_scans_it(channel: WechatPayChannel, world: Sandbox) -> None:
    order = prepay(way=PayWay.WECHAT_NATIVE, openid="")
    token = channel.prepay(order)
    assert channel.prepay(order) == token
    assert channel.offer(order, token, now()).code_url == token
    assert token.startswith("weixin://wxpay/bizpayurl?pr=")
    payer = {"out_trade_no": order.out_trade_no, "openid": OPENID}
    world.ask("POST", "pay", payer)
    assert channel.query(ref(order)).state is TradeState.PAID


def test_a_browsers_page_leads_back_to_where_it_came_from(channel: WechatPayChannel) -> None:
    back = "https://shop.example/orders/7?x=1&y=街"
    order = prepay(way=PayWay.WECHAT_H5, openid="", client_ip="10.0.0.9", return_url=back)
    link = channel.offer(order, channel.prepay(order), now()).redirect_url
    assert parse_qs(urlsplit(link).query)["redirect_url"] == [back]


@pytest.mark.parametrize("way", [PayWay.WECHAT_JSAPI, PayWay.WECHAT_NATIVE, PayWay.WECHAT_H5])
def test_a_shop_that_receives_itself_is_named_from_the_order_to_the_refund(
    channel: WechatPayChannel, world: Sandbox, shop: str, way: PayWay
) -> None:
    order = prepay(way=way, sub_merchant=shop)
    channel.prepay(order)
    assert channel.query(ref(order)).state is TradeState.UNPAID
    world.ask("POST", "pay", {"out_trade_no": order.out_trade_no, "openid": OPENID})

    trade = channel.query(ref(order))

    assert (trade.state, trade.sub_merchant) == (TradeState.PAID, shop)
    assert (trade.merchant_number, trade.app_id) == (channel.till.merchant_number, channel.app_id)
    assert channel.close(ref(order)).state is TradeState.PAID
    ask = refund_of(order, 700)
    assert channel.refund(ask).amount_fen == 700
    wait_until(lambda: look(channel, ask).state is RefundState.DONE)


def test_a_shops_order_is_unknown_without_the_shops_number(
    channel: WechatPayChannel, shop: str
) -> None:
    order = prepay(sub_merchant=shop)
    channel.prepay(order)
    own = TradeRef(order.out_trade_no, order.asked_at, order.pay_before)
    assert channel.query(own).state is TradeState.UNKNOWN
    assert channel.close(own).state is TradeState.UNKNOWN
    assert channel.close(ref(order)).state is TradeState.CLOSED


def test_notices_of_a_shops_money_name_the_partner_and_the_shop(
    channel: WechatPayChannel, world: Sandbox, shop: str
) -> None:
    order = prepay(sub_merchant=shop)
    world.pays(channel.prepay(order))
    attempt = notice_of(world, order.out_trade_no)
    notice = channel.parse_notice(attempt["headers"], attempt["body"], now())
    assert isinstance(notice.about, Trade)
    assert notice.merchant_number == channel.till.merchant_number
    assert (notice.about.merchant_number, notice.about.sub_merchant) == (
        channel.till.merchant_number,
        shop,
    )
    ask = refund_of(order, 1500)
    channel.refund(ask)
    attempt = notice_of(world, ask.out_refund_no)
    told = channel.parse_notice(attempt["headers"], attempt["body"], now())
    assert told.merchant_number == channel.till.merchant_number
    assert isinstance(told.about, ChannelRefund)


def test_an_altered_notice_of_a_shop_is_refused(
    channel: WechatPayChannel, world: Sandbox, shop: str
) -> None:
    order = prepay(sub_merchant=shop)
    world.pays(channel.prepay(order))
    attempt = notice_of(world, order.out_trade_no)
    with pytest.raises(NoticeRefused, match="does not fit"):
        channel.parse_notice(attempt["headers"], attempt["body"] + " ", now())
    later = now() + timedelta(minutes=6)
    with pytest.raises(NoticeRefused, match="too old"):
        channel.parse_notice(attempt["headers"], attempt["body"], later)
