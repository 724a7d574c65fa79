"""Paying on a phone: the choice of way, fund and card, the channels' pages, and the result."""

from datetime import timedelta

import pytest

from services.contracts.settlement import (
    Channel,
    ChannelRefused,
    Custody,
    FormPost,
    NoSuchPayment,
    PartsFixed,
    PaymentOver,
    PaymentState,
    PayOffer,
    PayWay,
    WayNotOpen,
)
from services.kernel.errors import DeadlineExceeded, LinliError, Unavailable
from tests.gateway.people import KEY, PHONE, browser, key_in, send, wechat
from tests.gateway.test_api import offered
from tests.support.gateway import NOW, ORDER, PAYMENT, World
from tests.support.gateway_money import CARD, fund, one, open_payment, paid
from tests.support.gateway_money import card as a_card

pytestmark = pytest.mark.usefixtures("money")


PAY = f"/h5/pay/{PAYMENT}"
RESULT = f"{PAY}/result"
BARE = fund(balance_fen=0)


def no_fund_no_card(world: World, *ways: PayWay) -> None:
    """Only the ways are left to choose of."""
    world.services.answers["settlement.fund"] = BARE
    world.services.answers["settlement.cards"] = one(a_card(money_fen=0, gift_fen=0))
    if ways:
        world.services.answers["settlement.payment"] = open_payment(ways=ways)


def ways_on(page: str) -> list[str]:
    """The ways that a page offers, in its order."""
    return [part.split('"')[0] for part in page.split('name="way" value="')[1:]]


def test_inside_wechat_only_its_own_sheet_and_cash_are_offered(world: World) -> None:
    assert ways_on(wechat(world).get(PAY).text) == ["wechat_jsapi", "on_delivery"]


def test_a_phones_browser_offers_the_channels_that_it_can_open(world: World) -> None:
    client = browser(world)
    client.environ_base["HTTP_USER_AGENT"] = PHONE
    offered_ways = ways_on(client.get(PAY).text)
    assert offered_ways[:3] == ["alipay_wap", "unionpay_page", "on_delivery"]
    assert "wechat_jsapi" not in offered_ways
    assert "wechat_h5" not in offered_ways, "it is not open for this payment"


def test_a_desktop_offers_codes_to_scan(world: World) -> None:
    assert ways_on(browser(world).get(PAY).text)[:2] == ["wechat_native", "alipay_page"]


def test_with_one_way_and_nothing_to_choose_the_button_comes_at_once(world: World) -> None:
    no_fund_no_card(world, PayWay.WECHAT_JSAPI, PayWay.BALANCE)
    world.services.answers["settlement.pay"] = offered()
    client = wechat(world)
    assert client.get(PAY).location == f"{PAY}/wechat_jsapi"
    assert 'data-package="prepay_id=1"' in client.get(f"{PAY}/wechat_jsapi").text
    client.get(f"{PAY}/wechat_jsapi")
    first, second = world.services.questions("settlement.pay")
    assert first == second
    assert (first.way, first.openid, first.fund_fen) == (PayWay.WECHAT_JSAPI, "openid-1", 0)


def test_inside_wechat_an_unknown_payer_signs_in_first(world: World) -> None:
    client = browser(world)
    client.environ_base["HTTP_USER_AGENT"] = "MicroMessenger"
    assert client.get(PAY).location == f"/h5/sign-in?next={PAY}"


def test_fund_and_card_pay_their_part_and_the_channel_the_rest(world: World) -> None:
    world.services.answers["settlement.pay"] = offered()
    fields = {"use_fund": "1", "card_id": CARD, "way": "wechat_jsapi"}
    answer = send(wechat(world), PAY, **fields)
    assert (answer.status_code, answer.location) == (303, f"{PAY}/wechat_jsapi?card_id={CARD}")
    [wish] = world.services.questions("settlement.pay")
    assert (wish.request_id, wish.fund_fen, wish.card_id) == (KEY, 900, CARD)
    assert wish.return_url.endswith(f"/pay/back/{PAYMENT}")


def test_what_fund_and_card_cover_needs_no_channel(world: World) -> None:
    world.services.answers["settlement.fund"] = fund(balance_fen=5000)
    world.services.answers["settlement.pay"] = paid()
    answer = send(wechat(world), PAY, use_fund="1", card_id=CARD, way="wechat_jsapi")
    assert (answer.status_code, answer.location) == (303, RESULT)
    [wish] = world.services.questions("settlement.pay")
    assert (wish.way, wish.fund_fen, wish.openid) == (PayWay.BALANCE, 1400 - 220, "")


def test_what_was_set_aside_before_can_be_chosen_again(world: World) -> None:
    world.services.answers["settlement.payment"] = open_payment(fund_fen=900, card_fen=220)
    world.services.answers["settlement.fund"] = fund(balance_fen=0)
    world.services.answers["settlement.cards"] = one(a_card(money_fen=0, gift_fen=0))
    world.services.answers["settlement.pay"] = offered()
    page = wechat(world).get(PAY).text
    assert 'name="use_fund" value="1" checked' in page
    assert f'value="{CARD}" data-cover-fen="220" checked' in page
    send(wechat(world), PAY, use_fund="1", card_id=CARD, way="wechat_jsapi")
    [wish] = world.services.questions("settlement.pay")
    assert (wish.fund_fen, wish.card_id) == (900, CARD)


def test_cash_at_the_door_is_promised_and_said(world: World) -> None:
    no_fund_no_card(world)
    world.services.answers["settlement.pay"] = paid()
    client = wechat(world)
    assert send(client, PAY, way="on_delivery").location == RESULT
    over = open_payment(state=PaymentState.PAID, channel=Channel.DELIVERY, fund_fen=400)
    world.services.answers["settlement.payment"] = over
    page = client.get(RESULT).text
    assert "货到付款" in page
    assert "¥10.00" in page
    assert "付款成功" not in page


def test_where_the_shop_itself_receives_neither_fund_nor_card_is_offered(world: World) -> None:
    ways = [PayWay.WECHAT_JSAPI, PayWay.WECHAT_NATIVE, PayWay.ON_DELIVERY]
    shop = open_payment(custody=Custody.PLATFORM, ways=ways)
    world.services.answers["settlement.payment"] = shop
    page = wechat(world).get(PAY).text
    assert "use_fund" not in page
    assert "由微信支付冻结" in page
    assert "由物业保管" not in page


def test_the_choice_works_while_funds_and_cards_are_silent(world: World) -> None:
    world.services.answers["settlement.fund"] = Unavailable()
    world.services.answers["settlement.cards"] = Unavailable()
    page = wechat(world).get(PAY).text
    assert ways_on(page) == ["wechat_jsapi", "on_delivery"]
    assert "use_fund" not in page


@pytest.mark.parametrize("way", ["", "nonsense", "alipay_wap"])
def test_a_way_that_is_not_open_here_is_refused_in_words(world: World, way: str) -> None:
    answer = send(wechat(world), PAY, way=way)
    if way in {"", "nonsense"}:
        # The first way of the page is meant.
        assert world.services.questions("settlement.pay")[0].way is PayWay.WECHAT_JSAPI
        return
    assert answer.status_code == 422
    assert "请选一种付款方式" in answer.text
    assert world.services.questions("settlement.pay") == []


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (WayNotOpen(fields={"way": "on_delivery"}), 422, "不能用这种方式付"),
        (PartsFixed(), 409, "上一次打开的付款还没有关上"),
        (ChannelRefused(), 422, "支付渠道拒绝了这次请求"),
        (DeadlineExceeded(), 504, "可能已经办成"),
    ],
)
def test_each_refusal_of_a_payment_is_said(
    world: World, error: LinliError, status: int, words: str
) -> None:
    world.services.answers["settlement.pay"] = error
    answer = send(wechat(world), PAY, way="wechat_jsapi", use_fund="1")
    assert answer.status_code == status
    assert words in answer.text
    assert "on_delivery</" not in answer.text
    assert (key_in(answer.text) == KEY) is isinstance(error, DeadlineExceeded)


@pytest.mark.parametrize("error", [DeadlineExceeded(), ChannelRefused()])
def test_a_silent_channel_is_said_and_nothing_is_lost(world: World, error: Exception) -> None:
    world.services.answers["settlement.pay"] = error
    answer = wechat(world).get(f"{PAY}/wechat_jsapi")
    assert answer.status_code == 200
    assert "没有扣钱" in answer.text
    assert "失败" not in answer.text


def test_a_code_is_shown_to_be_scanned(world: World) -> None:
    code = PayOffer(way=PayWay.WECHAT_NATIVE, code_url="weixin://wxpay/x")
    world.services.answers["settlement.pay"] = paid(code)
    page = browser(world).get(f"{PAY}/wechat_native").text
    assert "<title>付款二维码</title>" in page
    assert f'data-then="{RESULT}"' in page


def test_a_channels_page_is_one_link_away(world: World) -> None:
    link = PayOffer(way=PayWay.ALIPAY_WAP, redirect_url="https://openapi.alipay.com/x?a=1&b=2")
    world.services.answers["settlement.pay"] = paid(link)
    page = browser(world).get(f"{PAY}/alipay_wap").text
    assert 'href="https://openapi.alipay.com/x?a=1&amp;b=2"' in page


def test_a_form_may_be_posted_to_the_channel_and_nowhere_else(world: World) -> None:
    form = FormPost(url="https://gateway.95516.com/front", fields={"txnAmt": "1400"})
    world.services.answers["settlement.pay"] = paid(PayOffer(way=PayWay.UNIONPAY_PAGE, form=form))
    answer = browser(world).get(f"{PAY}/unionpay_page")
    policy = answer.headers["Content-Security-Policy"]
    assert "form-action 'self' https://gateway.95516.com;" in policy
    outside = answer.text.split('<form id="channel"')[1].split("</form>")[0]
    assert 'name="txnAmt" value="1400"' in outside
    assert "csrf_token" not in outside
    other = browser(world).get("/h5/me").headers["Content-Security-Policy"]
    assert "form-action 'self';" in other


def test_a_payment_that_is_over_leads_to_its_result(world: World) -> None:
    client = wechat(world)
    world.services.answers["settlement.pay"] = PaymentOver(fields={"state": "paid"})
    assert client.get(f"{PAY}/wechat_jsapi").location == RESULT
    world.services.answers["settlement.payment"] = open_payment(
        state=PaymentState.PAID, channel=Channel.WECHAT, fund_fen=500
    )
    assert client.get(PAY).location == RESULT
    assert send(client, PAY, way="wechat_jsapi").location == RESULT
    page = client.get(RESULT).text
    assert "付款成功" in page
    assert "¥9.00" in page, "what the channel brought"


def test_the_result_leads_back_to_where_the_payment_came_from(world: World) -> None:
    assert f'href="/h5/orders/{ORDER}"' in browser(world).get(RESULT).text
    world.services.answers["settlement.payment"] = open_payment(
        allocations=[], subject="物业费", state=PaymentState.PAID, paid_at=NOW + timedelta(1)
    )
    page = browser(world).get(RESULT).text
    assert 'href="/h5/fees"' in page
    assert "等收费系统确认" in page


@pytest.mark.parametrize("path", [PAY, RESULT, f"{PAY}/wechat_jsapi"])
def test_somebody_elses_payment_is_not_there(world: World, path: str) -> None:
    world.services.answers["settlement.payment"] = NoSuchPayment()
    answer = wechat(world).get(path)
    assert answer.status_code == 404
    assert "没有这笔支付" in answer.text


def test_a_way_that_nobody_knows_is_no_page(world: World) -> None:
    assert browser(world).get(f"{PAY}/barter").status_code == 404
