"""The WeChat Pay driver against the sandbox: real HTTP, real signatures, real encryption."""

import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from services.contracts.settlement import (
    Channel,
    ChannelRefused,
    NoticeMismatch,
    NoticeRefused,
    NoticeView,
    PaymentState,
    PaymentView,
    ReceiveNotice,
    RefundState,
)
from services.kernel.config import load
from services.kernel.db import Database
from services.kernel.errors import Unavailable
from services.kernel.ids import new_id
from services.settlement.audit import prove_books
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.domain.channel import Prepay, RefundAsk, TradeState
from services.settlement.domain.days import day_of
from services.settlement.settings import Settings
from services.settlement.tables import EntryRow, EscrowRow
from services.settlement.use_cases.ask_channel import poll_payments
from services.settlement.use_cases.receive_notice import receive_notice
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.servers import Program, wait_until
from tests.support.settlement import Books, open_command

pytestmark = pytest.mark.database
OPENID = "o-settlement-test-payer"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Sandbox:
    """The outside world, through its admin API."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.environment: dict[str, str] = json.loads((folder / "env.json").read_text())

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/sandbox/api/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def pays(self, prepay_id: str) -> None:
        self.ask("POST", "pay", {"prepay_id": prepay_id})

    def recorded(self, subject: str) -> list[dict[str, Any]]:
        """Every attempt to tell us of this trade or refund, exactly as it was sent."""
        notices = self.ask("GET", f"notices?subject={subject}")["notices"]
        return [
            attempt
            for notice in notices
            for attempt in self.ask("GET", f"notices/{notice['id']}/recorded")["attempts"]
        ]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder, port = tmp_path_factory.mktemp("sandbox"), free_port()
    # Nobody listens at the notify URL: the tests carry the recorded notices over themselves.
    arguments = ["--dir", str(folder), "--port", str(port), "--signtest-every", "1"]
    program = Program("deploy.sandbox", *arguments, env={}, log=folder / "log.txt")
    url = f"http://127.0.0.1:{port}/healthz"

    def answers() -> bool:
        try:
            return requests.get(url, timeout=2).ok
        except requests.ConnectionError:
            return False

    try:
        wait_until(answers, 30, "the sandbox answers")
        made = Sandbox(folder, port)
        made.ask("POST", "people", {"openid": OPENID, "name": "付钱的人"})
        yield made
    finally:
        program.stop()


@pytest.fixture
def world(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The sandbox without trouble."""
    yield sandbox
    sandbox.ask("DELETE", "trouble")


@pytest.fixture(scope="module")
def settings(sandbox: Sandbox) -> Settings:
    needed = {"LINLI_DATABASE_URL": "-", "LINLI_AMQP_URL": "-", "LINLI_ACTOR_PUBLIC_KEY": "-"}
    return load(Settings, "settlement", sandbox.environment | needed)


@pytest.fixture(scope="module")
def channel(settings: Settings) -> WechatPayChannel:
    return WechatPayChannel(settings)


@pytest.fixture
def books(db: Database, channel: WechatPayChannel) -> Books:
    return Books(db, channel)  # type: ignore[arg-type]


def now() -> datetime:
    return datetime.now(UTC)  # the sandbox's clock is the world's


def prepay(**changes: Any) -> Prepay:
    values = {
        "out_trade_no": new_id(),
        "subject": "豆浆×2，油条×4",
        "amount_fen": 1500,
        "openid": OPENID,
        "pay_before": now() + timedelta(minutes=15),
    }
    return Prepay(**(values | changes))


def open_now(books: Books, *amounts_fen: int) -> PaymentView:
    from services.settlement.use_cases.open_payment import open_payment

    command = open_command(*amounts_fen, pay_before=now() + timedelta(minutes=15))
    return open_payment(books.db, command, now())


def carry(books: Books, attempt: dict[str, Any], at: datetime | None = None) -> NoticeView:
    """What the gateway does with what came in."""
    command = ReceiveNotice(
        request_id=new_id(),
        channel=Channel.WECHAT,
        headers=attempt["headers"],
        body=attempt["body"],
    )
    return receive_notice(books.db, books.channels, command, at or now())


def notice_of(world: Sandbox, number: str) -> dict[str, Any]:
    """The first genuine attempt of the notice about a number."""
    return wait_until(lambda: next(iter(genuine(world, number)), None), 10, "a notice")


def genuine(world: Sandbox, number: str) -> list[dict[str, Any]]:
    return [
        attempt
        for attempt in world.recorded(number)
        if not attempt["headers"]["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    ]


def paid_through(books: Books, world: Sandbox, payment: PaymentView) -> str:
    """Pay for real; the channel order's number."""
    view = books.pay(payment, OPENID, now())
    world.pays(view.prepay_id)
    (trade,) = [t for t in world.ask("GET", "trades")["trades"] if t["prepay_id"] == view.prepay_id]
    return trade["out_trade_no"]


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
    (adapter,) = [a for p, a in channel._pay._core._http.adapters.items() if "127.0.0.1" in p]
    (pool,) = adapter.poolmanager.pools._container.values()
    before = pool.num_connections
    for _ in range(5):
        channel.query(new_id())
    assert pool.num_connections == before


# notices


def test_a_genuine_notice_holds_the_money_and_its_probe_is_refused(
    books: Books, world: Sandbox
) -> None:
    payment = open_now(books, 700, 800)
    number = paid_through(books, world, payment)
    attempt = notice_of(world, number)
    (probe, *_) = [a for a in world.recorded(number) if a not in genuine(world, number)]
    with pytest.raises(NoticeRefused, match="sign test"):
        carry(books, probe)
    assert books.count(EntryRow) == 0
    assert carry(books, attempt).duplicate is False
    assert carry(books, attempt).duplicate is True
    assert books.count(EscrowRow) == 2
    assert [outcome for outcome, _ in books.notices()] == ["refused", "accepted", "duplicate"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Wechatpay-Signature", "bm90IGEgc2lnbmF0dXJl"),
        ("Wechatpay-Signature", "不是"),
        ("Wechatpay-Timestamp", "0"),
        ("Wechatpay-Timestamp", "not a number"),
        ("Wechatpay-Nonce", "another"),
        ("Wechatpay-Serial", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
    ],
)
def test_a_notice_with_one_header_altered_is_refused_and_recorded(
    books: Books, world: Sandbox, header: str, value: str
) -> None:
    attempt = notice_of(world, paid_through(books, world, open_now(books)))
    with pytest.raises(NoticeRefused):
        carry(books, attempt | {"headers": attempt["headers"] | {header: value}})
    assert books.count(EntryRow) == 0
    assert [outcome for outcome, _ in books.notices()] == ["refused"]


def test_a_notice_with_one_byte_altered_is_refused(books: Books, world: Sandbox) -> None:
    attempt = notice_of(world, paid_through(books, world, open_now(books)))
    for altered in (attempt["body"] + " ", attempt["body"].replace("支付成功", "支付成功了")):
        with pytest.raises(NoticeRefused, match="signature"):
            carry(books, attempt | {"body": altered})
    assert books.count(EntryRow) == 0


def test_a_notice_is_believed_for_five_minutes_either_way(books: Books, world: Sandbox) -> None:
    attempt = notice_of(world, paid_through(books, world, open_now(books)))
    for off in (timedelta(minutes=6), timedelta(minutes=-6)):
        with pytest.raises(NoticeRefused, match="too old"):
            carry(books, attempt, now() + off)
    assert carry(books, attempt, now() + timedelta(minutes=4)).duplicate is False


def test_a_notice_of_a_wrong_amount_is_refused_and_the_query_finds_the_truth(
    books: Books, world: Sandbox
) -> None:
    world.ask("PUT", "trouble", {"wrong_amount": True})
    payment = open_now(books)
    attempt = notice_of(world, paid_through(books, world, payment))
    with pytest.raises(NoticeMismatch, match="amount"):
        carry(books, attempt)
    assert books.count(EntryRow) == 0
    poll_payments(books.db, books.channels, now() + timedelta(seconds=11))
    assert books.count(EscrowRow) == 1


def test_a_notice_for_another_merchant_or_app_is_refused(
    db: Database, settings: Settings, world: Sandbox
) -> None:
    """The same keys, but the channel order was made under other numbers than the notice names."""
    ours = Books(db, WechatPayChannel(settings))  # type: ignore[arg-type]
    attempt = notice_of(world, paid_through(ours, world, open_now(ours)))
    other = settings.model_copy(update={"wechatpay_mchid": "1900009999"})
    with pytest.raises(NoticeMismatch, match="another merchant"):
        carry(Books(db, WechatPayChannel(other)), attempt)  # type: ignore[arg-type]
    from sqlalchemy import update

    from services.settlement.tables import ChannelOrderRow

    with db.transaction() as tx:
        tx.execute(update(ChannelOrderRow).values(app_id="wx-another"))
    with pytest.raises(NoticeMismatch, match="app"):
        carry(ours, attempt)
    assert ours.count(EntryRow) == 0


# all together


def test_paid_cancelled_and_late_money_end_with_books_that_agree_with_the_bill(
    books: Books, world: Sandbox
) -> None:
    world.ask("POST", "reset", {})
    kept, cancelled, late = (open_now(books, 700, 800), open_now(books, 300), open_now(books, 50))
    for payment in (kept, cancelled):
        carry(books, notice_of(world, paid_through(books, world, payment)))
    books.complete(kept, now=now())
    books.cancel(cancelled)
    late_number = paid_late(books, world, late)
    carry(books, notice_of(world, late_number))
    wait_until(lambda: refunds_done(books), 20, "both refunds are done")
    view = prove_books(books.db, books.channels, 1, now())
    assert view.proved, [proof for proof in view.proofs if not proof.holds]
    assert view.proofs[-1].checked == 5
    assert view.trial_balance["clearing"] == -1500
    assert view.trial_balance["merchant_fund"] == 700
    assert books.count(EscrowRow) == 3


def paid_late(books: Books, world: Sandbox, payment: PaymentView) -> str:
    from services.contracts.settlement import ClosePayment
    from services.settlement.use_cases.close_payment import close_payment

    view = books.pay(payment, OPENID, now())
    command = ClosePayment(
        request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
    )
    closed = close_payment(books.db, books.channels, command, now())
    assert closed.state is PaymentState.CLOSED
    world.ask("PUT", "trouble", {"pay_after_close": True})
    world.pays(view.prepay_id)
    (trade,) = [t for t in world.ask("GET", "trades")["trades"] if t["prepay_id"] == view.prepay_id]
    return trade["out_trade_no"]


def refunds_done(books: Books) -> bool:
    run_refunds(books.db, books.channels, 5, now() + timedelta(seconds=60))
    time.sleep(0.1)
    from sqlalchemy import func, select

    from services.settlement.tables import RefundRow

    with books.db.reading() as tx:
        done = select(func.count()).where(RefundRow.state == RefundState.DONE)
        return int(tx.scalar(done)) == 2


def test_a_difference_between_bill_and_books_is_named(books: Books, world: Sandbox) -> None:
    world.ask("POST", "reset", {})
    number = paid_through(books, world, open_now(books))
    view = prove_books(books.db, books.channels, 1, now())
    assert not view.proved
    (difference,) = view.proofs[-1].differences
    assert number in difference
    assert "bill -1500, ledger 0" in difference
