"""Property fees: a bill is paid once, by whom it may be, and closes when the fee system has it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from services.contracts.fees import (
    BillChanged,
    BillOver,
    DebtorKind,
    FeeBillsQuery,
    FeeBillState,
    FeePaymentsQuery,
    FeePaymentState,
    NobodyThere,
    NoSuchBill,
    OpenFeePayment,
)
from services.contracts.settlement import InsufficientFunds, OwnerKind
from services.kernel import failpoints
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Forbidden
from services.kernel.ids import new_id
from services.settlement.domain.fee_system import BillSaid, FeeSystemRefused, Standing
from services.settlement.use_cases.open_fee_payment import open_fee_payment
from services.settlement.use_cases.see_fees import see_bills, see_payments
from tests.integration.settlement.test_crashes_and_rivals import together
from tests.support.fees import WITHIN, FeeRoom

pytestmark = pytest.mark.database


@pytest.fixture
def room(db: Database) -> Iterator[FeeRoom]:
    """A home with its owner's household; no failpoint is left behind."""
    yield FeeRoom(db)
    failpoints.arm("")


def dies_once_at(name: str) -> None:
    failpoints.arm(f"{name}=error@1")


# who may


def test_offset_pays_the_bill_with_the_fund_and_closes_it_on_acceptance(room: FeeRoom) -> None:
    bill = room.billed()
    room.endow(room.household_id, 20_000)
    view = room.offset(bill)
    assert (view.state, view.amount_fen) == (FeePaymentState.TELLING, 18_650)
    assert room.state(bill) is FeeBillState.TOLD
    assert (room.fund(), room.income) == (1_350, 18_650)
    assert room.tell() == 1
    assert room.state(bill) is FeeBillState.CLOSED
    (paid,) = room.payments(bill)
    assert (paid.state, paid.consent[:3]) == (FeePaymentState.ACCEPTED, "我同意")
    assert paid.receipt_number == "WY2026-000001"
    room.assert_proved()


def test_offset_by_a_stranger_is_not_found(room: FeeRoom) -> None:
    bill = room.billed()
    stranger = room.person(new_id(), new_id())
    with pytest.raises(NoSuchBill):
        room.offset(bill, stranger)
    assert room.payments(bill) == []


def test_a_family_member_without_the_right_to_the_fund_may_pay_but_not_offset(
    room: FeeRoom,
) -> None:
    bill = room.billed()
    room.endow(room.household_id, 20_000)
    child = room.person(room.household_id, room.home_id, may_use_fund=False)
    with pytest.raises(Forbidden):
        room.offset(bill, child)
    assert room.open(bill, actor=child).amount_fen == 18_650
    assert room.fund() == 20_000


def test_a_merchant_offsets_what_its_premises_owe(room: FeeRoom) -> None:
    merchant_id = new_id()
    bill = room.billed(debtor_kind=DebtorKind.MERCHANT, debtor_id=merchant_id)
    room.endow(merchant_id, 30_000, OwnerKind.MERCHANT)
    keeper = room.person(merchant_id, merchant_id)
    room.offset(bill, keeper, owner_kind=OwnerKind.MERCHANT, owner_id=merchant_id)
    room.tell()
    assert room.state(bill) is FeeBillState.CLOSED
    assert room.fund(merchant_id, OwnerKind.MERCHANT) == 11_350
    room.assert_proved()


def test_a_home_sees_its_own_bills_the_oldest_open_one_first(room: FeeRoom) -> None:
    bills = [
        room.billed(f"WY-{month}", period=f"2026-0{month}", due_day=date(2026, month, 28))
        for month in (3, 1, 2)
    ]
    room.says(bills[1], Standing.PAID)
    query = FeeBillsQuery(debtor_kind=DebtorKind.HOME, debtor_id=room.home_id, limit=2)
    page = see_bills(room.db, room.acting(room.owner), query, room.owner, room.now)
    assert [bill.period for bill in page.items] == ["2026-02", "2026-03"]
    assert [bill.overdue for bill in page.items] == [True, False]
    rest = query.model_copy(update={"after": page.next_after})
    page = see_bills(room.db, room.acting(room.owner), rest, room.owner, room.now)
    assert [bill.period for bill in page.items] == ["2026-01"]
    stranger = room.person(new_id(), new_id())
    with pytest.raises(NoSuchBill):
        see_bills(room.db, room.acting(stranger), query, stranger, room.now)
    with pytest.raises(NoSuchBill):
        see_bills(room.db, room.acting(room.owner), FeeBillsQuery(), room.owner, room.now)


# how much, and once


def test_offset_of_another_amount_than_the_bills_moves_nothing(room: FeeRoom) -> None:
    bill = room.billed()
    room.endow(room.household_id, 20_000)
    with pytest.raises(BillChanged) as refused:
        room.offset(replace(bill, amount_fen=18_000))
    assert refused.value.fields == {"amount_fen": "18650"}
    assert room.fund() == 20_000


def test_offset_with_too_little_leaves_the_bill_open(room: FeeRoom) -> None:
    bill = room.billed()
    room.endow(room.household_id, 100)
    with pytest.raises(InsufficientFunds):
        room.offset(bill)
    assert room.state(bill) is FeeBillState.OPEN
    assert room.payments(bill) == []


def test_a_double_tap_offsets_once(room: FeeRoom) -> None:
    bill = room.billed()
    room.endow(room.household_id, 40_000)
    request_id = new_id()
    first = room.offset(bill, request_id=request_id)
    assert room.offset(bill, request_id=request_id) == first
    with pytest.raises(BillOver) as refused:
        room.offset(bill)
    assert refused.value.fields == {"state": "told"}
    assert room.fund() == 21_350


def test_two_who_offset_one_bill_at_once_pay_it_once(room: FeeRoom) -> None:
    tenants = new_id()
    tenant = room.person(tenants, room.home_id)
    room.endow(room.household_id, 200_000)
    room.endow(tenants, 200_000)
    for number in range(8):
        bill = room.billed(f"WY-{number}")

        def offset(actor: Actor, owner_id: str, bill: BillSaid = bill) -> object:
            try:
                return room.offset(bill, actor, owner_id=owner_id)
            except BillOver as over:
                return over

        outcomes = together(
            partial(offset, room.owner, room.household_id), partial(offset, tenant, tenants)
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == [
            "BillOver",
            "FeePaymentView",
        ]
    room.tell()
    assert room.income == 8 * 18_650
    room.assert_proved()


# through a channel


def test_bills_paid_through_a_channel_are_told_when_the_money_is_here(room: FeeRoom) -> None:
    bills = [room.billed(f"WY-{number}", period=f"2026-0{number}") for number in (1, 2)]
    opened = room.open(*bills)
    assert opened.amount_fen == 37_300
    assert room.state(bills[0]) is FeeBillState.PAYING
    assert room.tell() == 0
    room.arrives(opened)
    assert [room.state(bill) for bill in bills] == [FeeBillState.TOLD] * 2
    assert room.tell() == 2
    assert [room.state(bill) for bill in bills] == [FeeBillState.CLOSED] * 2
    assert {told.amount_fen for told in room.system.told.values()} == {18_650}
    assert room.income == 37_300
    room.assert_proved()


def test_a_second_tap_gives_the_same_payment_and_another_household_is_refused(
    room: FeeRoom,
) -> None:
    bill = room.billed()
    opened = room.open(bill)
    assert room.open(bill) == opened
    tenants = new_id()
    with pytest.raises(BillOver) as refused:
        room.open(bill, actor=room.person(tenants, room.home_id), household_id=tenants)
    assert refused.value.fields == {"state": "paying"}
    room.endow(room.household_id, 20_000)
    with pytest.raises(BillOver):
        room.offset(bill)


def test_the_same_request_again_gives_the_first_answer(room: FeeRoom) -> None:
    bill = room.billed()
    command = OpenFeePayment(
        request_id=new_id(), household_id=room.household_id, bill_ids=[bill.bill_id] * 2
    )

    def opened() -> object:
        services = room.acting(room.owner)
        return open_fee_payment(room.db, services, command, room.owner, WITHIN, room.now)

    assert opened() == opened()


def test_a_payment_that_closes_unpaid_opens_its_bills_again(room: FeeRoom) -> None:
    bill = room.billed()
    room.drops(room.open(bill))
    assert room.state(bill) is FeeBillState.OPEN
    assert room.payment_state(bill) is FeePaymentState.DROPPED
    room.arrives(room.open(bill))
    room.tell()
    assert room.state(bill) is FeeBillState.CLOSED
    room.assert_proved()


def test_bills_of_two_homes_do_not_go_into_one_payment(room: FeeRoom) -> None:
    bills = room.billed(), room.billed("WY-002", debtor_id=new_id())
    with pytest.raises(NoSuchBill):
        room.open(*bills)
    assert room.state(bills[0]) is FeeBillState.OPEN


# at the desk


def test_the_desk_takes_a_bill_for_the_household_that_answers_for_the_home(room: FeeRoom) -> None:
    bill = room.billed()
    view = room.take_at_desk(bill, reference="POS-1")
    assert view.owner_id == room.household_id
    assert view.receipt_number == "WY2026-000001"
    room.tell()
    assert room.state(bill) is FeeBillState.CLOSED
    room.assert_proved()


def test_the_desk_takes_nothing_where_nobodys_fund_could_take_it_back(room: FeeRoom) -> None:
    bill = room.billed(debtor_id=new_id())
    with pytest.raises(NobodyThere):
        room.take_at_desk(bill)
    other = room.billed("WY-002")
    with pytest.raises(NobodyThere):
        room.take_at_desk(other, household_id=new_id())
    assert room.income == 0


# the fee system


def test_a_fee_system_that_is_away_is_asked_again_later_and_the_bill_stays_told(
    room: FeeRoom,
) -> None:
    bill = room.billed()
    room.take_at_desk(bill)
    room.take_at_desk(room.billed("WY-002"))
    room.system.away = True
    assert room.tell() == 0
    assert len(room.system.calls) == 1  # who is away is not asked for the next one at once
    assert room.state(bill) is FeeBillState.TOLD
    room.system.away = False
    room.later(minutes=1)
    room.tell()
    assert room.state(bill) is FeeBillState.CLOSED
    room.assert_proved()


def test_a_refused_payment_goes_to_the_payers_fund_and_the_bill_follows_the_answer(
    room: FeeRoom,
) -> None:
    bill = room.billed()
    room.arrives(room.open(bill))
    paid_elsewhere = room.said(standing=Standing.PAID)
    room.system.refusal = FeeSystemRefused("已在别处缴清", bill=paid_elsewhere)
    room.tell()
    assert room.payment_state(bill) is FeePaymentState.REFUSED
    assert room.payments(bill)[0].last_error == "已在别处缴清"
    assert room.state(bill) is FeeBillState.CLOSED
    assert (room.fund(), room.income) == (18_650, 0)
    room.tell()
    assert room.fund() == 18_650
    room.assert_proved()


def test_a_refusal_over_a_changed_amount_opens_the_bill_with_the_new_one(room: FeeRoom) -> None:
    bill = room.billed()
    room.take_at_desk(bill)
    room.system.refusal = FeeSystemRefused("金额变了", bill=room.said(amount_fen=20_000))
    room.tell()
    assert (room.state(bill), room.bill(bill).amount_fen) == (FeeBillState.OPEN, 20_000)
    assert room.fund() == 18_650
    room.system.refusal = None
    room.take_at_desk(bill)
    room.tell()
    assert room.state(bill) is FeeBillState.CLOSED
    room.assert_proved()


@pytest.mark.parametrize("step", ["settlement.fee.after_commit", "settlement.fee.after_told"])
def test_a_crash_at_any_step_tells_and_books_once(room: FeeRoom, step: str) -> None:
    bill = room.billed()
    room.endow(room.household_id, 20_000)
    dies_once_at(step)
    request_id = new_id()

    def offset_and_tell() -> None:
        room.offset(bill, request_id=request_id)
        room.tell()

    with pytest.raises(failpoints.FailpointError):
        offset_and_tell()
    offset_and_tell()
    room.later(minutes=1)
    room.tell()
    assert room.state(bill) is FeeBillState.CLOSED
    assert (len(room.system.told), room.fund()) == (1, 1_350)
    room.assert_proved()


def test_two_copies_that_hear_the_same_answer_keep_it_once(room: FeeRoom) -> None:
    bill = room.billed()
    room.take_at_desk(bill)
    room.system.refusal = FeeSystemRefused("不收")
    together(room.tell, room.tell)
    assert room.payment_state(bill) is FeePaymentState.REFUSED
    assert room.fund() == 18_650
    room.assert_proved()


# reversal


def test_a_reversal_is_told_first_and_then_the_money_goes_to_the_fund(room: FeeRoom) -> None:
    bill = room.billed()
    room.take_at_desk(bill)
    with pytest.raises(BillOver):
        room.reverse(bill)  # not accepted yet
    room.tell()
    assert room.reverse(bill).state is FeePaymentState.REVERSING
    assert room.income == 18_650
    dies_once_at("settlement.fee.after_told")
    with pytest.raises(failpoints.FailpointError):
        room.tell()
    room.tell()
    assert room.payment_state(bill) is FeePaymentState.REVERSED
    assert room.state(bill) is FeeBillState.OPEN
    assert (room.fund(), room.income) == (18_650, 0)
    with pytest.raises(BillOver):
        room.reverse(bill)
    room.assert_proved()


def test_a_reversal_that_the_fee_system_refuses_leaves_everything_as_it_was(room: FeeRoom) -> None:
    bill = room.billed()
    room.take_at_desk(bill)
    room.tell()
    room.reverse(bill)
    room.system.refusal = FeeSystemRefused("本月已结账")
    room.tell()
    (paid,) = room.payments(bill)
    assert (paid.state, paid.last_error) == (FeePaymentState.ACCEPTED, "本月已结账")
    assert room.state(bill) is FeeBillState.CLOSED
    assert room.income == 18_650
    room.assert_proved()


def test_receipts_are_numbered_without_gaps_in_each_community(room: FeeRoom) -> None:
    other = FeeRoom(room.db)
    for number in (1, 2):
        room.take_at_desk(room.billed(f"WY-{number}"))
    other.take_at_desk(other.billed())
    over = room.billed("WY-9")
    room.open(over)
    with pytest.raises(BillOver):
        room.take_at_desk(over)
    room.take_at_desk(room.billed("WY-3"))
    page = see_payments(room.db, FeePaymentsQuery(community_id=room.community_id))
    numbers = [view.receipt_number for view in page.items if view.receipt_number]
    assert numbers == ["WY2026-000003", "WY2026-000002", "WY2026-000001"]
    assert other.payments(other.said())[0].receipt_number == "WY2026-000001"
