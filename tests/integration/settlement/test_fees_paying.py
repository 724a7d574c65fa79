"""Property fees paid like anything else: through a channel, with the fund, at the desk, too late;
and the proofs that would find out if anything went wrong with them.
"""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, insert, select, update

from services.contracts.fees import FeeBillState, FeePaymentOpened, FeePaymentState
from services.contracts.settlement import (
    ClosePayment,
    DeskMethod,
    PaymentState,
    PaymentView,
    PayWay,
    TakeAtDesk,
)
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.settlement import queries
from services.settlement.audit.books import prove
from services.settlement.tables import EntryRow, RefundRow
from services.settlement.tables_fees import FeeBillRow, FeePaymentRow
from services.settlement.use_cases.close_payment import close_payment
from services.settlement.use_cases.desk import take_at_desk
from tests.support.fees import FeeRoom
from tests.support.settlement import Books

pytestmark = pytest.mark.database


@pytest.fixture
def room(db: Database) -> FeeRoom:
    """A home with its owner's household."""
    return FeeRoom(db)


def payment_of(books: Books, opened: FeePaymentOpened) -> PaymentView:
    with books.db.reading() as tx:
        row = queries.payment_row(tx, opened.payment_id)
        assert row is not None
        return queries.payment_view(row, queries.allocations(tx, opened.payment_id))


def close(books: Books, payment: PaymentView) -> PaymentView:
    command = ClosePayment(
        request_id=new_id(), payment_id=payment.payment_id, household_id=payment.household_id
    )
    return close_payment(books.db, books.channels, command, books.now)


def test_the_channels_notice_makes_the_bill_told(room: FeeRoom, books: Books) -> None:
    bills = [room.billed("WY-1"), room.billed("WY-2")]
    payment = payment_of(books, room.open(*bills))
    assert payment.subject == "物业费 2026-02"
    books.notify(books.pays(payment))
    assert [room.state(bill) for bill in bills] == [FeeBillState.TOLD] * 2
    assert room.tell() == 2
    assert room.income == 37_300
    books.assert_proved()


def test_fund_and_channel_pay_a_bill_together(room: FeeRoom, books: Books) -> None:
    bill = room.billed()
    room.endow(room.household_id, 5_000)
    payment = payment_of(books, room.open(bill))
    view = books.pay(payment, fund_fen=5_000)
    assert (view.fund_fen, view.channel_fen) == (5_000, 13_650)
    number = books.number_of(view)
    books.channel.is_paid(number)
    books.notify(number)
    room.tell()
    assert (room.state(bill), room.fund(), room.income) == (FeeBillState.CLOSED, 0, 18_650)
    room.assert_proved()


def test_the_fund_alone_pays_a_bill_at_once(room: FeeRoom, books: Books) -> None:
    bill = room.billed()
    room.endow(room.household_id, 20_000)
    payment = payment_of(books, room.open(bill))
    assert books.pay(payment, way=PayWay.BALANCE).state is PaymentState.PAID
    assert room.state(bill) is FeeBillState.TOLD
    room.tell()
    assert room.state(bill) is FeeBillState.CLOSED
    room.assert_proved()


def test_an_opened_payment_can_be_paid_at_the_desk(room: FeeRoom, books: Books) -> None:
    bill = room.billed()
    opened = room.open(bill)
    command = TakeAtDesk(request_id=new_id(), payment_id=opened.payment_id, method=DeskMethod.CASH)
    take_at_desk(room.db, command, room.staff(), room.now)
    room.tell()
    assert room.state(bill) is FeeBillState.CLOSED
    room.assert_proved()


def test_money_that_comes_after_the_closing_goes_back_and_the_bill_stays_open(
    room: FeeRoom, books: Books
) -> None:
    bill = room.billed()
    payment = payment_of(books, room.open(bill))
    number = books.number_of(books.pay(payment))
    assert close(books, payment).state is PaymentState.CLOSED
    assert room.state(bill) is FeeBillState.OPEN
    assert room.payment_state(bill) is FeePaymentState.DROPPED
    books.channel.pays_after_close = True
    books.channel.is_paid(number)
    books.notify(number)
    assert (books.count(RefundRow), room.income) == (1, 0)
    books.assert_proved()


def test_a_payment_that_turns_out_paid_when_it_is_closed_pays_the_bill(
    room: FeeRoom, books: Books
) -> None:
    bill = room.billed()
    payment = payment_of(books, room.open(bill))
    books.channel.is_paid(books.number_of(books.pay(payment)))
    assert close(books, payment).state is PaymentState.PAID
    assert room.state(bill) is FeeBillState.TOLD
    books.assert_proved()


# the proofs


def broken(room: FeeRoom) -> set[str]:
    with room.db.reading() as tx:
        return {proof.name for proof in prove(tx) if not proof.holds}


def _money_is_missing(room: FeeRoom, fee_payment_id: str) -> None:
    with room.db.transaction() as tx:
        booked = select(FeePaymentRow.booked_id).where(
            FeePaymentRow.fee_payment_id == fee_payment_id
        )
        tx.execute(delete(EntryRow).where(EntryRow.transfer_id == booked.scalar_subquery()))


def _taken_for_refused(room: FeeRoom, fee_payment_id: str) -> None:
    with room.db.transaction() as tx:
        tx.execute(
            update(FeePaymentRow)
            .where(FeePaymentRow.fee_payment_id == fee_payment_id)
            .values(state=FeePaymentState.REFUSED)
        )


def _paid_a_second_time(room: FeeRoom, fee_payment_id: str) -> None:
    columns = FeePaymentRow.__table__.c
    with room.db.transaction() as tx:
        row = tx.first(select(*columns).where(columns.fee_payment_id == fee_payment_id))
        assert row is not None
        again = {**row._mapping, "fee_payment_id": new_id(), "receipt_number": None}
        tx.execute(insert(FeePaymentRow), again)


def _opened_again(room: FeeRoom, fee_payment_id: str) -> None:
    with room.db.transaction() as tx:
        tx.execute(
            update(FeeBillRow)
            .where(FeeBillRow.fee_payment_id == fee_payment_id)
            .values(state=FeeBillState.OPEN, fee_payment_id=None)
        )


@pytest.mark.parametrize(
    ("harm", "found"),
    [
        (_money_is_missing, {"fee_booked", "fee_income"}),
        (_taken_for_refused, {"fee_undone", "fee_income", "fee_bills"}),
        (_paid_a_second_time, {"fee_once", "fee_income"}),
        (_opened_again, {"fee_bills"}),
    ],
)
def test_the_audit_finds_a_fee_that_is_wrong(
    room: FeeRoom, harm: Callable[[FeeRoom, str], None], found: set[str]
) -> None:
    bill = room.billed()
    room.take_at_desk(bill)
    room.tell()
    assert broken(room) == set()
    harm(room, room.payments(bill)[0].fee_payment_id)
    assert found <= broken(room)
