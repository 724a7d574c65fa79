"""The Alipay driver against the sandbox: real HTTP, real RSA2 signatures in both directions."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import requests

from services.contracts.settlement import ChannelRefused, NoticeRefused, PayWay, RefundState
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement.channels.alipay import AlipayChannel
from services.settlement.domain.channel import (
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
from tests.support.settlement_sandbox import Sandbox, now


@pytest.fixture(scope="module")
def alipay(settings: Settings) -> AlipayChannel:
    channel = AlipayChannel.from_settings(settings)
    assert channel is not None
    return channel


@pytest.fixture(autouse=True)
def honest(world: Sandbox) -> Iterator[None]:
    yield
    world.ask("DELETE", "bill-faults")


def prepay(**changes: Any) -> Prepay:
    values: dict[str, Any] = {
        "way": PayWay.ALIPAY_WAP,
        "out_trade_no": new_id(),
        "subject": "豆浆×2 {现磨}，油条×4",
        "amount_fen": 1500,
        "asked_at": now(),
        "pay_before": now() + timedelta(minutes=15),
        "return_url": "http://127.0.0.1:9/h5/orders/1?a=1",
    }
    return Prepay(**(values | changes))


def ref(order: Prepay) -> TradeRef:
    return TradeRef(order.out_trade_no, order.asked_at, order.pay_before)


def opened(alipay: AlipayChannel, order: Prepay) -> requests.Response:
    """What the payer's browser sees."""
    offer = alipay.offer(order, alipay.prepay(order), now())
    return requests.get(offer.redirect_url or offer.code_url, timeout=10)


def paid(alipay: AlipayChannel, world: Sandbox, **changes: Any) -> Prepay:
    order = prepay(**changes)
    opened(alipay, order)
    world.ask("POST", "alipay/pay", {"out_trade_no": order.out_trade_no})
    return order


def refund_ask(order: Prepay, amount_fen: int) -> RefundAsk:
    return RefundAsk(new_id(), ref(order), amount_fen, order.amount_fen, "不想要了", now())


def notice_of(world: Sandbox, number: str) -> str:
    attempt = wait_until(lambda: next(iter(world.recorded(number)), None), 10, "a notice")
    return str(attempt["body"])


@pytest.mark.parametrize("way", [PayWay.ALIPAY_WAP, PayWay.ALIPAY_PAGE])
def test_a_trade_exists_once_the_page_was_opened_and_is_paid_there(
    alipay: AlipayChannel, way: PayWay
) -> None:
    order = prepay(way=way)
    assert alipay.prepay(order) == ""
    assert alipay.query(ref(order)).state is TradeState.UNKNOWN
    page = opened(alipay, order)
    assert "付款" in page.text
    assert "15.00" in page.text
    assert alipay.query(ref(order)).state is TradeState.UNPAID
    done = requests.post(page.url, timeout=10)
    assert "付款成功" in done.text
    assert f"out_trade_no={order.out_trade_no}" in done.text
    trade = alipay.query(ref(order))
    assert trade.state is TradeState.PAID
    assert (trade.amount_fen, trade.currency) == (1500, "CNY")
    assert (trade.merchant_number, trade.app_id) == (alipay.till.merchant_number, alipay.app_id)
    assert trade.paid_at is not None
    assert abs(trade.paid_at - now()) < timedelta(seconds=10)


def test_a_code_becomes_a_trade_when_it_is_scanned(alipay: AlipayChannel, world: Sandbox) -> None:
    order = prepay(way=PayWay.ALIPAY_QR)
    link = alipay.prepay(order)
    assert alipay.offer(order, link, now()).code_url == link
    assert alipay.query(ref(order)).state is TradeState.UNKNOWN
    assert alipay.close(ref(order)).state is TradeState.UNKNOWN
    requests.get(link, timeout=10)
    assert alipay.query(ref(order)).state is TradeState.UNPAID
    world.ask("POST", "alipay/pay", {"out_trade_no": order.out_trade_no})
    assert alipay.query(ref(order)).state is TradeState.PAID


def test_closing_tells_closed_and_paid_apart(alipay: AlipayChannel, world: Sandbox) -> None:
    closed, settled = prepay(), paid(alipay, world)
    opened(alipay, closed)
    for _ in range(2):
        assert alipay.close(ref(closed)).state is TradeState.CLOSED
    assert alipay.close(ref(settled)).state is TradeState.PAID
    assert opened(alipay, closed).status_code == 400


def test_a_refund_and_its_repeat_are_one(alipay: AlipayChannel, world: Sandbox) -> None:
    order = paid(alipay, world)
    ask = refund_ask(order, 700)
    for _ in range(2):
        answer = alipay.refund(ask)
        assert (answer.state, answer.amount_fen) == (RefundState.DONE, 700)
    found = alipay.query_refund(RefundRef(ask.out_refund_no, ask.requested_at, ask.trade))
    assert (found.state, found.amount_fen) == (RefundState.DONE, 700)
    assert found.done_at is not None
    with pytest.raises(ChannelRefused):
        alipay.refund(refund_ask(order, 801))
    with pytest.raises(ChannelRefused):
        alipay.query_refund(RefundRef(new_id(), now(), ref(order)))


def test_a_trade_given_back_in_full_was_paid(alipay: AlipayChannel, world: Sandbox) -> None:
    order = paid(alipay, world)
    alipay.refund(refund_ask(order, 1500))
    assert alipay.query(ref(order)).state is TradeState.PAID


def test_a_refusal_carries_alipays_code(alipay: AlipayChannel, world: Sandbox) -> None:
    order = paid(alipay, world)
    world.ask("PUT", "trouble", {"refunds": "not_enough"})
    with pytest.raises(ChannelRefused) as refused:
        alipay.refund(refund_ask(order, 700))
    assert refused.value.fields == {"code": "ACQ.SELLER_BALANCE_NOT_ENOUGH"}


def test_the_bill_names_each_payment_refund_and_fee(alipay: AlipayChannel, world: Sandbox) -> None:
    order = paid(alipay, world, subject="带,逗号的商品")
    ask = refund_ask(order, 700)
    alipay.refund(ask)
    bill = alipay.fetch_bill(day_of(now()))
    assert bill is not None
    lines = {line.reference: line for line in bill}
    payment, refund = lines[order.out_trade_no], lines[ask.out_refund_no]
    assert (payment.amount_fen, payment.fee_fen) == (1500, 9)
    assert (refund.amount_fen, refund.fee_fen) == (700, 0)
    assert (refund.out_trade_no, refund.refund_state) == (order.out_trade_no, RefundState.DONE)
    assert (
        payment.transaction_id == refund.transaction_id == alipay.query(ref(order)).transaction_id
    )
    assert alipay.fetch_bill(day_of(now()) - timedelta(days=3)) is None


def test_planted_differences_stand_in_the_bill(alipay: AlipayChannel, world: Sandbox) -> None:
    dropped, altered = paid(alipay, world), paid(alipay, world)
    faults = {
        "channel": "alipay",
        "day": day_of(now()).isoformat(),
        "drop": [dropped.out_trade_no],
        "add": [{"out_trade_no": "STRANGER0001", "amount_fen": 333}],
        "alter": {altered.out_trade_no: 1501},
    }
    world.ask("PUT", "bill-faults", faults)
    lines = {line.reference: line for line in alipay.fetch_bill(day_of(now())) or ()}
    assert dropped.out_trade_no not in lines
    assert lines["STRANGER0001"].amount_fen == 333
    assert lines[altered.out_trade_no].amount_fen == 1501


def test_a_notice_is_read(alipay: AlipayChannel, world: Sandbox) -> None:
    order = paid(alipay, world)
    notice = alipay.parse_notice({}, notice_of(world, order.out_trade_no), now())
    assert isinstance(notice.about, Trade)
    assert notice.about == alipay.query(ref(order))
    assert notice.merchant_number == alipay.till.merchant_number


def test_repeats_and_replays_of_a_notice_have_one_id(alipay: AlipayChannel, world: Sandbox) -> None:
    world.ask("PUT", "trouble", {"send_twice": True})
    order = paid(alipay, world)
    wait_until(lambda: len(world.recorded(order.out_trade_no)) >= 2, 10, "a second notice")
    bodies = [attempt["body"] for attempt in world.recorded(order.out_trade_no)]
    assert len({alipay.parse_notice({}, body, now()).notice_id for body in bodies}) == 1


def test_a_notice_of_a_refund_speaks_of_the_paid_trade(
    alipay: AlipayChannel, world: Sandbox
) -> None:
    order = paid(alipay, world)
    ask = refund_ask(order, 1500)
    alipay.refund(ask)
    about = alipay.parse_notice({}, notice_of(world, ask.out_refund_no), now()).about
    assert isinstance(about, Trade)
    assert (about.state, about.amount_fen) == (TradeState.PAID, 1500)


def test_an_altered_or_foreign_or_old_notice_is_refused(
    settings: Settings, alipay: AlipayChannel, world: Sandbox
) -> None:
    order = paid(alipay, world)
    body = notice_of(world, order.out_trade_no)
    altered = urlencode(dict(parse_qsl(body)) | {"total_amount": "0.01"})
    unsigned = urlencode({k: v for k, v in parse_qsl(body) if k != "sign"})
    for wrong in (altered, unsigned, f"{body}&total_amount=0.01", "junk", ""):
        with pytest.raises(NoticeRefused):
            alipay.parse_notice({}, wrong, now())
    for change in ({"alipay_app_id": "2021000000000000"}, {"alipay_seller_id": "2088000000000000"}):
        other = AlipayChannel(settings.model_copy(update=change))
        with pytest.raises(NoticeRefused, match="for another"):
            other.parse_notice({}, body, now())
    for age in (timedelta(hours=26), -timedelta(minutes=10)):
        with pytest.raises(NoticeRefused, match="too old"):
            alipay.parse_notice({}, body, now() + age)


def test_an_outage_is_unavailable_and_not_a_refusal(alipay: AlipayChannel, world: Sandbox) -> None:
    world.ask("PUT", "trouble", {"pay_outage_s": 30})
    with pytest.raises(Unavailable):
        alipay.query(ref(prepay()))
    with pytest.raises(Unavailable):
        alipay.fetch_bill(day_of(now()))


def test_a_wrong_key_on_either_side_is_noticed(settings: Settings, alipay: AlipayChannel) -> None:
    """Alipay does not believe our request; we do not believe its answer."""
    for change in (
        {"alipay_app_key": settings.unionpay_sign_key},
        {"alipay_public_key": settings.wechatpay_public_key},
    ):
        with pytest.raises(Unavailable, match="not signed"):
            AlipayChannel(settings.model_copy(update=change)).query(ref(prepay()))


def test_calls_share_one_connection(alipay: AlipayChannel) -> None:
    alipay.query(ref(prepay()))
    pool = alipay._wire._pool
    (one,) = [pool.pools[key] for key in pool.pools.keys()]  # noqa: SIM118
    before = one.num_connections
    for _ in range(5):
        alipay.query(ref(prepay()))
    assert one.num_connections == before


def test_without_an_app_id_alipay_is_not_open(settings: Settings) -> None:
    assert AlipayChannel.from_settings(settings.model_copy(update={"alipay_app_id": ""})) is None
