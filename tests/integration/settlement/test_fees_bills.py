"""Property fee bills come from the fee system and from files; and the real sandbox hears of all."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from services.contracts.fees import (
    BadFeeFile,
    FeeBillState,
    FeeImportView,
    FeePaymentState,
    FeeReceiptQuery,
    FeeReceiptView,
    ImportFeeBills,
    NoSuchBill,
)
from services.contracts.permissions import Permission
from services.kernel import failpoints
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Forbidden, Unavailable
from services.kernel.ids import new_id
from services.settlement.domain.fee_system import BillSaid, FeeSystemRefused, Standing
from services.settlement.fee_systems import open_fee_system
from services.settlement.settings import Settings
from services.settlement.use_cases.fetch_fee_bills import fetch_fee_bills
from services.settlement.use_cases.import_fee_bills import import_fee_bills
from services.settlement.use_cases.see_fee_receipt import see_fee_receipt
from services.settlement.use_cases.tell_fee_system import tell_fee_system
from tests.support.fees import FeeRoom
from tests.support.settlement_sandbox import Sandbox

pytestmark = pytest.mark.database


@pytest.fixture
def room(db: Database) -> Iterator[FeeRoom]:
    """A home with its owner's household; no failpoint is left behind."""
    yield FeeRoom(db)
    failpoints.arm("")


# fetched


def test_news_are_read_page_by_page_from_where_they_were_left(room: FeeRoom) -> None:
    room.system.page_size = 2
    bills = [room.said(f"WY-{number}") for number in range(5)]
    room.system.changes = list(bills)
    view = room.fetch()
    assert (view.created, view.changed, view.unchanged) == (5, 0, 0)
    assert room.system.calls == ["bills"] * 3
    room.system.changes.append(replace(bills[0], amount_fen=100))
    view = room.fetch()
    assert (view.rows, view.created, view.changed) == (1, 0, 1)
    assert room.bill(bills[0]).amount_fen == 100


def test_a_fee_system_that_is_away_leaves_the_place_where_reading_goes_on(room: FeeRoom) -> None:
    room.system.changes = [room.said()]
    room.system.away = True
    with pytest.raises(Unavailable):
        room.fetch()
    room.system.away = False
    assert room.fetch().created == 1
    assert room.fetch().rows == 0


def test_a_bill_follows_the_fee_system_while_nobody_pays_it(room: FeeRoom) -> None:
    bill = room.billed()
    room.says(bill, due_day=date(2026, 4, 1), title="物业服务费（调整）")
    assert room.bill(bill).title == "物业服务费（调整）"
    room.says(bill, Standing.WITHDRAWN)
    assert room.state(bill) is FeeBillState.WITHDRAWN
    room.says(bill)
    assert room.state(bill) is FeeBillState.OPEN
    room.says(bill, Standing.PAID)
    assert room.state(bill) is FeeBillState.CLOSED


@pytest.mark.parametrize(
    ("standing", "state"),
    [(Standing.OPEN, FeeBillState.OPEN), (Standing.PAID, FeeBillState.CLOSED)],
)
def test_what_is_said_of_a_bill_that_somebody_pays_waits_for_the_end_of_that(
    room: FeeRoom, standing: Standing, state: FeeBillState
) -> None:
    bill = room.billed()
    opened = room.open(bill)
    room.says(bill, standing, amount_fen=20_000)
    assert (room.state(bill), room.bill(bill).amount_fen) == (FeeBillState.PAYING, 18_650)
    room.drops(opened)
    assert (room.state(bill), room.bill(bill).amount_fen) == (state, 20_000)


def test_what_was_said_in_between_is_forgotten_when_the_payment_is_accepted(room: FeeRoom) -> None:
    bill = room.billed()
    room.take_at_desk(bill)
    room.says(bill, Standing.PAID)  # an echo: the fee system has it, and we do not know yet
    assert room.state(bill) is FeeBillState.TOLD
    room.tell()
    room.says(bill, Standing.OPEN)  # older news that come late
    assert room.state(bill) is FeeBillState.CLOSED
    assert room.payment_state(bill) is FeePaymentState.ACCEPTED
    room.assert_proved()


def test_a_refusal_without_a_word_about_the_bill_lets_it_follow_what_was_said(
    room: FeeRoom,
) -> None:
    bill = room.billed()
    room.take_at_desk(bill)
    room.says(bill, Standing.WITHDRAWN)
    room.system.refusal = FeeSystemRefused("不收")
    room.tell()
    assert room.state(bill) is FeeBillState.WITHDRAWN
    assert room.fund() == 18_650


# imported


def csv_of(*bills: BillSaid) -> str:
    return "".join(
        f"{bill.external_number},{bill.debtor_kind},{bill.debtor_id},{bill.title},{bill.period},"
        f"{bill.amount_fen // 100}.{bill.amount_fen % 100:02d},{bill.due_day}\n"
        for bill in bills
    )


def take_in(room: FeeRoom, text: str, actor: Actor | None = None, **more: object) -> FeeImportView:
    values = {"request_id": new_id(), "community_id": room.community_id, "csv": text}
    command = ImportFeeBills.model_validate(values | more)
    clerk = actor or room.staff(Permission.FEE_IMPORT)
    return import_fee_bills(room.db, command, clerk, room.now)


def test_a_file_creates_changes_and_leaves_alone(room: FeeRoom) -> None:
    old, same = room.billed("WY-1"), room.billed("WY-2")
    text = csv_of(replace(old, amount_fen=100), same, room.said("WY-3"))
    tried = take_in(room, text, dry_run=True)
    assert (tried.created, tried.changed, tried.unchanged) == (1, 1, 1)
    assert room.bill(old).amount_fen == 18_650
    assert take_in(room, text) == tried
    assert room.bill(old).amount_fen == 100
    again = take_in(room, text)
    assert (again.rows, again.created, again.changed, again.unchanged) == (3, 0, 0, 3)


def test_a_file_with_a_fault_changes_nothing_and_names_the_row(room: FeeRoom) -> None:
    text = csv_of(room.said("WY-1")) + "WY-2,home,nowhere,费,2026-02,1.00,2026-02-28\n"
    assert set(take_in(room, text, dry_run=True).faults) == {"2"}
    with pytest.raises(BadFeeFile) as refused:
        take_in(room, text)
    assert set(refused.value.fields) == {"2"}
    assert room.bill(room.said("WY-1")) is None


def test_a_file_for_a_community_that_somebody_else_looks_after_is_refused(room: FeeRoom) -> None:
    stranger = FeeRoom(room.db).staff(Permission.FEE_IMPORT)
    with pytest.raises(Forbidden):
        take_in(room, csv_of(room.said()), stranger)


def test_a_long_file_is_taken_in_whole(room: FeeRoom) -> None:
    bills = [room.said(f"WY-{number:05d}") for number in range(1_300)]
    assert take_in(room, csv_of(*bills)).created == 1_300
    assert take_in(room, csv_of(*bills)).unchanged == 1_300


# receipts


def receipt_of(room: FeeRoom, bill: BillSaid, actor: Actor) -> FeeReceiptView:
    query = FeeReceiptQuery(fee_payment_id=room.payments(bill)[-1].fee_payment_id)
    return see_fee_receipt(room.db, room.acting(actor), query, actor, "安居物业")


def test_a_receipt_is_there_when_the_payment_is_accepted(room: FeeRoom) -> None:
    bill = room.billed()
    room.endow(room.household_id, 20_000)
    room.offset(bill)
    with pytest.raises(NoSuchBill):
        receipt_of(room, bill, room.owner)
    room.tell()
    view = receipt_of(room, bill, room.owner)
    assert view.receipt_number == "WY2026-000001"
    assert base64.b64decode(view.pdf_base64).startswith(b"%PDF-")


def test_a_receipt_is_for_the_home_for_who_paid_and_for_staff(room: FeeRoom) -> None:
    bill = room.billed()
    room.arrives(room.open(bill))
    room.tell()
    first = receipt_of(room, bill, room.owner)
    room.services.identity.rights.clear()  # moved out
    assert receipt_of(room, bill, room.owner) == first
    assert receipt_of(room, bill, room.staff()) == first
    with pytest.raises(NoSuchBill):
        receipt_of(room, bill, room.person(new_id(), new_id()))


def test_a_reversed_payment_says_so_on_its_receipt(room: FeeRoom) -> None:
    bill = room.billed()
    room.take_at_desk(bill)
    at_once = receipt_of(room, bill, room.staff())
    room.tell()
    accepted = receipt_of(room, bill, room.staff())
    room.reverse(bill)
    room.tell()
    back = receipt_of(room, bill, room.staff())
    assert len({at_once.receipt_number, accepted.receipt_number, back.receipt_number}) == 1
    assert len({at_once.pdf_base64, accepted.pdf_base64, back.pdf_base64}) == 3


# the sandbox's fee system


def test_bills_are_fetched_from_the_sandbox_and_its_books_agree_at_the_end(
    room: FeeRoom, world: Sandbox, settings: Settings
) -> None:
    system = open_fee_system(settings)
    for number in ("WY-1", "WY-2", "WY-3"):
        world.ask("PUT", "fees/bills", sandbox_bill(room.said(number)))
    fetch_fee_bills(room.db, system, room.now)
    bills = [room.said(number) for number in ("WY-1", "WY-2", "WY-3")]
    assert [room.state(bill) for bill in bills] == [FeeBillState.OPEN] * 3

    room.take_at_desk(bills[0])
    world.ask("PUT", "trouble", {"fees": "lose_answers"})
    assert tell_fee_system(room.db, system, room.now) == 0
    world.ask("PUT", "trouble", {"fees": "ok"})
    room.take_at_desk(bills[1])
    world.ask("PUT", "fees/bills", sandbox_bill(bills[1]) | {"amount_fen": 20_000})
    room.take_at_desk(bills[2])
    room.later(minutes=1)
    tell_fee_system(room.db, system, room.now)
    assert [room.state(bill) for bill in bills] == [
        FeeBillState.CLOSED,
        FeeBillState.OPEN,
        FeeBillState.CLOSED,
    ]
    assert room.bill(bills[1]).amount_fen == 20_000
    room.reverse(bills[2])
    tell_fee_system(room.db, system, room.now)
    fetch_fee_bills(room.db, system, room.now)

    theirs = {
        payment["number"]: (payment["state"], payment["times"])
        for payment in world.ask("GET", "fees/payments")["payments"]
    }
    assert theirs == {
        room.payments(bills[0])[0].fee_payment_id: ("accepted", 2),
        room.payments(bills[2])[0].fee_payment_id: ("reversed", 1),
    }
    assert room.state(bills[2]) is FeeBillState.OPEN
    assert (room.income, room.fund()) == (18_650, 37_300)
    room.assert_proved()


def sandbox_bill(bill: BillSaid) -> dict[str, object]:
    return {
        "community_id": bill.community_id,
        "number": bill.external_number,
        "debtor_kind": bill.debtor_kind.value,
        "debtor_id": bill.debtor_id,
        "title": bill.title,
        "period": bill.period,
        "amount_fen": bill.amount_fen,
        "due_day": bill.due_day.isoformat(),
    }
