"""WeChat Pay's own bill, fetched from the sandbox by the real driver and falsified on request."""

import pytest
from sqlalchemy import select

from services.contracts.reconciliation import DifferenceKind, DifferencesQuery, ReconcileDay
from services.contracts.settlement import Channel, PaymentView
from services.kernel.ids import new_id
from services.settlement.domain.days import day_of
from services.settlement.tables import RefundRow
from services.settlement.use_cases.reconcile_day import reconcile_day
from services.settlement.use_cases.see_reconciliation import see_differences
from services.settlement.use_cases.settle_refund import run_refunds
from tests.support.reconciliation import TERMS
from tests.support.settlement import Books
from tests.support.settlement_sandbox import OPENID as SHOPPER
from tests.support.settlement_sandbox import Sandbox, carry, notice_of, now, open_now

pytestmark = pytest.mark.database


def received(books: Books, world: Sandbox, amount_fen: int) -> str:
    """A payment that we have heard of; its channel order's number."""
    return paid_number(books, world, open_now(books, amount_fen))


def paid_number(books: Books, world: Sandbox, payment: PaymentView) -> str:
    """Pay it for real, and carry the notice over; the channel order's number."""
    offer = books.pay(payment, SHOPPER, now()).offer
    assert offer is not None
    assert offer.jsapi is not None
    prepay_id = offer.jsapi.package.removeprefix("prepay_id=")
    world.pays(prepay_id)
    trades = world.ask("GET", "trades")["trades"]
    (number,) = [trade["out_trade_no"] for trade in trades if trade["prepay_id"] == prepay_id]
    carry(books, notice_of(world, number))
    return str(number)


def refunded(books: Books, world: Sandbox) -> str:
    """A whole payment that has gone back; the refund's number."""
    payment = open_now(books, 4200)
    paid_number(books, world, payment)
    books.cancel(payment)
    run_refunds(books.db, books.channels, 9, now())
    with books.db.reading() as tx:
        number = str(tx.scalar(select(RefundRow.refund_id)))
    carry(books, notice_of(world, number))
    return number


def found_of(books: Books, *numbers: str) -> dict[str, DifferenceKind]:
    """What today's bill and the books differ in; the sandbox has trades of other tests too."""
    command = ReconcileDay(request_id=new_id(), channel=Channel.WECHAT, day=day_of(now()))
    day = reconcile_day(books.db, books.channels, TERMS, command, now)
    view = see_differences(books.db, DifferencesQuery(day_id=day.day_id, limit=100))
    return {item.reference: item.kind for item in view.items if item.reference in numbers}


def test_faults_in_the_bill_of_wechat_pay_are_found_and_a_right_bill_has_none(
    real: Books, world: Sandbox
) -> None:
    dropped, altered, dear, fair = (received(real, world, fen) for fen in (1000, 2500, 3300, 77))
    refund = refunded(real, world)
    mine = (dropped, altered, dear, fair, refund, "LINLIUNKNOWN1")
    faults = {
        "channel": "wechat",
        "day": day_of(now()).isoformat(),
        "drop": [dropped],
        "alter": {altered: 2600},
        "fee": {dear: 99, altered: 16},
        "add": [{"out_trade_no": "LINLIUNKNOWN1", "amount_fen": 777}],
    }
    world.ask("PUT", "bill-faults", faults)
    try:
        found = found_of(real, *mine)
    finally:
        world.ask("DELETE", "bill-faults")
    assert found == {
        dropped: DifferenceKind.ONLY_OURS,
        altered: DifferenceKind.AMOUNT,
        dear: DifferenceKind.FEE,
        "LINLIUNKNOWN1": DifferenceKind.ONLY_THEIRS,
    }
    assert found_of(real, *mine) == {}
