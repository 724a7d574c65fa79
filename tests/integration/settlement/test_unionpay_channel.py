"""The UnionPay driver against the sandbox: real HTTP, real certificates and signatures."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import requests

from services.contracts.settlement import ChannelRefused, NoticeRefused, PayWay, RefundState
from services.kernel import clock
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement.channels.unionpay import UnionPayChannel
from services.settlement.domain.channel import (
    ChannelRefund,
    Prepay,
    RefundAsk,
    RefundRef,
    Trade,
    TradeRef,
    TradeState,
)
from services.settlement.domain.days import BEIJING, day_of
from services.settlement.settings import Settings
from tests.support.servers import wait_until
from tests.support.settlement_sandbox import Sandbox, now


@pytest.fixture(scope="module")
def unionpay(settings: Settings) -> UnionPayChannel:
    channel = UnionPayChannel.from_settings(settings)
    assert channel is not None
    return channel


@pytest.fixture(autouse=True)
def honest(world: Sandbox) -> Iterator[None]:
    yield
    world.ask("DELETE", "bill-faults")


@pytest.fixture
def later() -> Iterator[None]:
    """An hour later, for the driver."""
    clock.shift_seconds(3600)
    yield
    clock.shift_seconds(0)


def prepay(**changes: Any) -> Prepay:
    values: dict[str, Any] = {
        "way": PayWay.UNIONPAY_PAGE,
        "out_trade_no": new_id(),
        "subject": "豆浆×2，油条×4",
        "amount_fen": 1500,
        "asked_at": now(),
        "pay_before": now() + timedelta(minutes=15),
        "return_url": "http://127.0.0.1:9/h5/orders/1",
    }
    return Prepay(**(values | changes))


def ref(order: Prepay) -> TradeRef:
    return TradeRef(order.out_trade_no, order.asked_at, order.pay_before)


def opened(unionpay: UnionPayChannel, order: Prepay) -> requests.Response:
    """What the payer's browser sees after it has posted the form."""
    form = unionpay.offer(order, unionpay.prepay(order), now()).form
    assert form is not None
    return requests.post(form.url, data=form.fields, timeout=10)


def paid(unionpay: UnionPayChannel, world: Sandbox, **changes: Any) -> Prepay:
    order = prepay(**changes)
    opened(unionpay, order)
    world.ask("POST", "unionpay/pay", {"out_trade_no": order.out_trade_no})
    return order


def refund_ask(order: Prepay, amount_fen: int) -> RefundAsk:
    return RefundAsk(new_id(), ref(order), amount_fen, order.amount_fen, "不想要了", now())


def refunded(unionpay: UnionPayChannel, ask: RefundAsk) -> ChannelRefund:
    """The refund at its end."""
    name = RefundRef(ask.out_refund_no, ask.requested_at, ask.trade)
    wait_until(lambda: unionpay.query_refund(name).state is not RefundState.PROCESSING)
    return unionpay.query_refund(name)


def notice_of(world: Sandbox, number: str) -> str:
    attempt = wait_until(lambda: next(iter(world.recorded(number)), None), 10, "a notice")
    return str(attempt["body"])


def test_a_trade_from_the_form_to_paid(unionpay: UnionPayChannel) -> None:
    order = prepay()
    assert unionpay.prepay(order) == ""
    assert unionpay.query(ref(order)).state is TradeState.UNKNOWN
    page = opened(unionpay, order)
    assert "付款" in page.text
    assert "15.00" in page.text
    done = requests.post(page.url, timeout=10)
    assert "付款成功" in done.text
    assert 'name="signature"' in done.text
    trade = unionpay.query(ref(order))
    assert trade.state is TradeState.PAID
    assert (trade.amount_fen, trade.currency, trade.app_id) == (1500, "CNY", "")
    assert trade.merchant_number == unionpay.till.merchant_number
    assert trade.paid_at is not None
    assert abs(trade.paid_at - now()) < timedelta(seconds=10)


def test_a_transaction_is_named_by_number_and_time(
    unionpay: UnionPayChannel, world: Sandbox
) -> None:
    order = paid(unionpay, world)
    other_time = TradeRef(order.out_trade_no, order.asked_at - timedelta(hours=1), order.pay_before)
    assert unionpay.query(other_time).state is TradeState.UNKNOWN


def test_it_cannot_be_closed_before_its_time_is_over(
    unionpay: UnionPayChannel, world: Sandbox
) -> None:
    waiting, settled = prepay(), paid(unionpay, world)
    opened(unionpay, waiting)
    with pytest.raises(Unavailable, match="by itself at"):
        unionpay.close(ref(waiting))
    assert unionpay.close(ref(settled)).state is TradeState.PAID


@pytest.mark.usefixtures("later")
def test_after_its_time_it_is_closed_or_was_paid(unionpay: UnionPayChannel, world: Sandbox) -> None:
    waiting, settled = prepay(), paid(unionpay, world)
    opened(unionpay, waiting)
    assert unionpay.close(ref(waiting)).state is TradeState.CLOSED
    assert unionpay.close(ref(settled)).state is TradeState.PAID


def test_a_page_takes_no_money_after_its_time(unionpay: UnionPayChannel, world: Sandbox) -> None:
    over = prepay(pay_before=now() - timedelta(seconds=2))
    assert opened(unionpay, over).status_code == 400


def test_a_refund_and_its_repeat_are_one(unionpay: UnionPayChannel, world: Sandbox) -> None:
    order = paid(unionpay, world)
    ask = refund_ask(order, 700)
    assert unionpay.refund(ask).state is RefundState.PROCESSING
    assert unionpay.refund(ask).amount_fen == 700
    done = refunded(unionpay, ask)
    assert (done.state, done.amount_fen) == (RefundState.DONE, 700)
    assert done.done_at is not None
    with pytest.raises(ChannelRefused) as refused:
        unionpay.refund(refund_ask(order, 801))
    assert refused.value.fields == {"code": "36"}
    with pytest.raises(ChannelRefused):
        unionpay.query_refund(RefundRef(new_id(), now(), ref(order)))
    assert unionpay.query(ref(order)).state is TradeState.PAID


def test_a_refund_that_fails_says_so(unionpay: UnionPayChannel, world: Sandbox) -> None:
    world.ask("PUT", "trouble", {"refunds": "abnormal"})
    order = paid(unionpay, world)
    ask = refund_ask(order, 700)
    unionpay.refund(ask)
    assert refunded(unionpay, ask).state is RefundState.FAILED


def test_a_refund_of_what_was_never_paid_is_refused(unionpay: UnionPayChannel) -> None:
    with pytest.raises(ChannelRefused):
        unionpay.refund(refund_ask(prepay(), 700))


def test_the_file_names_each_payment_refund_and_fee(
    unionpay: UnionPayChannel, world: Sandbox
) -> None:
    order = paid(unionpay, world)
    ask = refund_ask(order, 700)
    unionpay.refund(ask)
    refunded(unionpay, ask)
    bill = unionpay.fetch_bill(day_of(now()))
    assert bill is not None
    lines = {line.reference: line for line in bill}
    payment, refund = lines[order.out_trade_no], lines[ask.out_refund_no]
    assert (payment.amount_fen, payment.fee_fen) == (1500, 8)
    assert (refund.amount_fen, refund.fee_fen) == (700, -4)
    assert (refund.out_trade_no, refund.refund_state) == (order.out_trade_no, RefundState.DONE)
    assert payment.transaction_id == unionpay.query(ref(order)).transaction_id


def test_a_day_that_is_not_over_at_unionpay_has_no_bill_yet(
    unionpay: UnionPayChannel, world: Sandbox
) -> None:
    paid(unionpay, world)
    world.ask("PUT", "settings", {"bill_same_day": False})
    try:
        assert unionpay.fetch_bill(day_of(now())) is None
    finally:
        world.ask("PUT", "settings", {"bill_same_day": True})


def test_planted_differences_stand_in_the_file(unionpay: UnionPayChannel, world: Sandbox) -> None:
    dropped, altered = paid(unionpay, world), paid(unionpay, world)
    day = day_of(now())
    faults = {
        "channel": "unionpay",
        "day": day.isoformat(),
        "drop": [dropped.out_trade_no],
        "add": [{"out_trade_no": "STRANGER0001", "amount_fen": 333}],
        "alter": {altered.out_trade_no: 1501},
        "fee": {altered.out_trade_no: 99},
    }
    world.ask("PUT", "bill-faults", faults)
    lines = {line.reference: line for line in unionpay.fetch_bill(day) or ()}
    assert dropped.out_trade_no not in lines
    assert lines["STRANGER0001"].amount_fen == 333
    altered_line = lines[altered.out_trade_no]
    assert (altered_line.amount_fen, altered_line.fee_fen) == (1501, 99)


def test_notices_of_payment_and_refund_are_read(unionpay: UnionPayChannel, world: Sandbox) -> None:
    order = paid(unionpay, world)
    notice = unionpay.parse_notice({}, notice_of(world, order.out_trade_no), now())
    assert isinstance(notice.about, Trade)
    assert notice.about == unionpay.query(ref(order))
    ask = refund_ask(order, 700)
    unionpay.refund(ask)
    about = unionpay.parse_notice({}, notice_of(world, ask.out_refund_no), now()).about
    assert isinstance(about, ChannelRefund)
    assert (about.out_refund_no, about.amount_fen) == (ask.out_refund_no, 700)
    assert about.state is RefundState.DONE


def test_repeats_and_replays_of_a_notice_have_one_id(
    unionpay: UnionPayChannel, world: Sandbox
) -> None:
    world.ask("PUT", "trouble", {"send_twice": True})
    order = paid(unionpay, world)
    wait_until(lambda: len(world.recorded(order.out_trade_no)) >= 2, 10, "a second notice")
    bodies = [attempt["body"] for attempt in world.recorded(order.out_trade_no)]
    assert len({unionpay.parse_notice({}, body, now()).notice_id for body in bodies}) == 1


def test_an_altered_or_foreign_or_old_notice_is_refused(
    settings: Settings, unionpay: UnionPayChannel, world: Sandbox
) -> None:
    order = paid(unionpay, world)
    body = notice_of(world, order.out_trade_no)
    told = dict(parse_qsl(body))
    wrong_ones = [
        urlencode(told | {"txnAmt": "1"}),
        urlencode({name: value for name, value in told.items() if name != "signature"}),
        urlencode({name: value for name, value in told.items() if name != "signPubKeyCert"}),
        urlencode(told | {"signPubKeyCert": settings.unionpay_root_cert}),
        f"{body}&txnAmt=1",
        "junk",
        "",
    ]
    for wrong in wrong_ones:
        with pytest.raises(NoticeRefused):
            unionpay.parse_notice({}, wrong, now())
    other = UnionPayChannel(settings.model_copy(update={"unionpay_mer_id": "777290000000000"}))
    with pytest.raises(NoticeRefused, match="for another merchant"):
        other.parse_notice({}, body, now())
    for age in (timedelta(days=4), -timedelta(minutes=10)):
        with pytest.raises(NoticeRefused, match="too old"):
            unionpay.parse_notice({}, body, now() + age)


def test_what_the_merchant_signed_itself_is_not_unionpays(
    settings: Settings, unionpay: UnionPayChannel, world: Sandbox
) -> None:
    """The merchant's certificate hangs on the same chain; its name is another."""
    order = paid(unionpay, world)
    told = dict(parse_qsl(notice_of(world, order.out_trade_no)))
    told |= {"txnAmt": "1", "signPubKeyCert": settings.unionpay_sign_cert}
    told.pop("signature")
    forged = unionpay._wire.signed(told)
    with pytest.raises(NoticeRefused, match="somebody else"):
        unionpay.parse_notice({}, urlencode(forged), now())


def test_an_outage_is_unavailable_and_not_a_refusal(
    unionpay: UnionPayChannel, world: Sandbox
) -> None:
    world.ask("PUT", "trouble", {"pay_outage_s": 30})
    with pytest.raises(Unavailable):
        unionpay.query(ref(prepay()))
    with pytest.raises(Unavailable):
        unionpay.fetch_bill(day_of(now()))


def test_a_foreign_key_is_refused_by_unionpay(settings: Settings) -> None:
    stranger = {"unionpay_sign_key": settings.alipay_app_key}
    with pytest.raises(Unavailable, match="11"):
        UnionPayChannel(settings.model_copy(update=stranger)).query(ref(prepay()))


def test_a_form_holds_the_moment_of_beijing_and_nothing_empty(unionpay: UnionPayChannel) -> None:
    order = prepay(asked_at=datetime(2026, 3, 1, 0, 30, tzinfo=BEIJING), return_url="")
    form = unionpay.offer(order, "", now()).form
    assert form is not None
    assert form.fields["txnTime"] == "20260301003000"
    assert "frontUrl" not in form.fields
    assert "" not in form.fields.values()


def test_without_a_merchant_number_unionpay_is_not_open(settings: Settings) -> None:
    closed = settings.model_copy(update={"unionpay_mer_id": ""})
    assert UnionPayChannel.from_settings(closed) is None
