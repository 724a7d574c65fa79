"""Notices of the sandbox, carried to settlement byte by byte, and the books against its bill."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from services.contracts.settlement import (
    ClosePayment,
    NoticeMismatch,
    NoticeRefused,
    PaymentState,
    PaymentView,
    RefundState,
)
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.settlement.audit import prove_books
from services.settlement.channels.wechat import WechatPayChannel
from services.settlement.settings import Settings
from services.settlement.tables import ChannelOrderRow, EntryRow, EscrowRow, RefundRow
from services.settlement.use_cases.ask_channel import poll_payments
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.servers import wait_until
from tests.support.settlement import Books
from tests.support.settlement_sandbox import (
    OPENID,
    Sandbox,
    carry,
    genuine,
    notice_of,
    now,
    open_now,
    paid_through,
)

pytestmark = pytest.mark.database
# notices


def test_a_genuine_notice_holds_the_money_and_its_probe_is_refused(
    real: Books, world: Sandbox
) -> None:
    payment = open_now(real, 700, 800)
    number = paid_through(real, world, payment)
    attempt = notice_of(world, number)
    (probe, *_) = [a for a in world.recorded(number) if a not in genuine(world, number)]
    with pytest.raises(NoticeRefused, match="sign test"):
        carry(real, probe)
    assert real.count(EntryRow) == 0
    assert carry(real, attempt).duplicate is False
    assert carry(real, attempt).duplicate is True
    assert real.count(EscrowRow) == 2
    assert [outcome for outcome, _ in real.notices()] == ["refused", "accepted", "duplicate"]


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
    real: Books, world: Sandbox, header: str, value: str
) -> None:
    attempt = notice_of(world, paid_through(real, world, open_now(real)))
    with pytest.raises(NoticeRefused):
        carry(real, attempt | {"headers": attempt["headers"] | {header: value}})
    assert real.count(EntryRow) == 0
    assert [outcome for outcome, _ in real.notices()] == ["refused"]


def test_a_notice_with_one_byte_altered_is_refused(real: Books, world: Sandbox) -> None:
    attempt = notice_of(world, paid_through(real, world, open_now(real)))
    for altered in (attempt["body"] + " ", attempt["body"].replace("支付成功", "支付成功了")):
        with pytest.raises(NoticeRefused, match="signature"):
            carry(real, attempt | {"body": altered})
    assert real.count(EntryRow) == 0


def test_a_notice_is_believed_for_five_minutes_either_way(real: Books, world: Sandbox) -> None:
    attempt = notice_of(world, paid_through(real, world, open_now(real)))
    for off in (timedelta(minutes=6), timedelta(minutes=-6)):
        with pytest.raises(NoticeRefused, match="too old"):
            carry(real, attempt, now() + off)
    assert carry(real, attempt, now() + timedelta(minutes=4)).duplicate is False


def test_a_notice_of_a_wrong_amount_is_refused_and_the_query_finds_the_truth(
    real: Books, world: Sandbox
) -> None:
    world.ask("PUT", "trouble", {"wrong_amount": True})
    payment = open_now(real)
    attempt = notice_of(world, paid_through(real, world, payment))
    with pytest.raises(NoticeMismatch, match="amount"):
        carry(real, attempt)
    assert real.count(EntryRow) == 0
    poll_payments(real.db, real.channels, now() + timedelta(seconds=11))
    assert real.count(EscrowRow) == 1


def test_a_notice_for_another_merchant_or_app_is_refused(
    db: Database, settings: Settings, world: Sandbox
) -> None:
    """The same keys, but the channel order was made under other numbers than the notice names."""
    ours = Books(db, WechatPayChannel(settings))  # type: ignore[arg-type]
    attempt = notice_of(world, paid_through(ours, world, open_now(ours)))
    other = settings.model_copy(update={"wechatpay_mchid": "1900009999"})
    with pytest.raises(NoticeMismatch, match="another merchant"):
        carry(Books(db, WechatPayChannel(other)), attempt)  # type: ignore[arg-type]
    with db.transaction() as tx:
        tx.execute(update(ChannelOrderRow).values(app_id="wx-another"))
    with pytest.raises(NoticeMismatch, match="app"):
        carry(ours, attempt)
    assert ours.count(EntryRow) == 0


# all together


def test_paid_cancelled_and_late_money_end_with_books_that_agree_with_the_bill(
    real: Books, world: Sandbox
) -> None:
    world.ask("POST", "reset", {})
    kept, cancelled, late = (
        open_now(real, 700, 800),
        open_now(real, 300),
        open_now(real, 50),
    )
    for payment in (kept, cancelled):
        carry(real, notice_of(world, paid_through(real, world, payment)))
    real.complete(kept, now=now())
    real.cancel(cancelled)
    late_number = paid_late(real, world, late)
    carry(real, notice_of(world, late_number))
    wait_until(lambda: refunds_done(real), 20, "both refunds are done")
    view = prove_books(real.db, real.channels, 1, now())
    assert view.proved, [proof for proof in view.proofs if not proof.holds]
    assert view.proofs[-1].checked == 5
    assert view.trial_balance["clearing"] == -1500
    assert view.trial_balance["merchant_fund"] == 700
    assert real.count(EscrowRow) == 3


def paid_late(real: Books, world: Sandbox, payment: PaymentView) -> str:
    view = real.pay(payment, OPENID, now())
    command = ClosePayment(
        request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
    )
    closed = close_payment(real.db, real.channels, command, now())
    assert closed.state is PaymentState.CLOSED
    world.ask("PUT", "trouble", {"pay_after_close": True})
    assert view.offer is not None
    assert view.offer.jsapi is not None
    prepay_id = view.offer.jsapi.package.removeprefix("prepay_id=")
    world.pays(prepay_id)
    (trade,) = [t for t in world.ask("GET", "trades")["trades"] if t["prepay_id"] == prepay_id]
    return trade["out_trade_no"]


def refunds_done(real: Books) -> bool:
    run_refunds(real.db, real.channels, 5, now() + timedelta(seconds=60))
    time.sleep(0.1)
    with real.db.reading() as tx:
        done = select(func.count()).where(RefundRow.state == RefundState.DONE)
        return int(tx.scalar(done)) == 2


def test_a_difference_between_bill_and_books_is_named(real: Books, world: Sandbox) -> None:
    world.ask("POST", "reset", {})
    number = paid_through(real, world, open_now(real))
    view = prove_books(real.db, real.channels, 1, now())
    assert not view.proved
    (difference,) = view.proofs[-1].differences
    assert number in difference
    assert "渠道已收 ¥15.00" in difference
