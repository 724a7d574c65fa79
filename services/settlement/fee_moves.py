"""Moves of bills and of the acts of paying them. Nothing else writes to `fee_bill`, `fee_payment`.

Each is made while the bill's row is locked, by its table of legal moves.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from services.contracts.fees import BillOver, DebtorKind, FeeBillState, FeePaymentState
from services.kernel.db import Tx, is_duplicate
from services.kernel.errors import Conflict, InvariantBroken
from services.settlement import locks
from services.settlement.domain.days import day_of
from services.settlement.domain.fee_system import BillSaid, Standing
from services.settlement.domain.fees import (
    BILL_MOVES,
    FEE_PAYMENT_MOVES,
    BillAct,
    PaymentAct,
    busy,
    followed,
    place_of,
    receipt_number,
)
from services.settlement.tables_fees import FeeBillRow, FeePaymentRow, FeeReceiptCountRow

CHUNK = 500
_SAID = ("debtor_kind", "debtor_id", "title", "period", "amount_fen", "due_day")
_OF_BILL = (*_SAID, "state", "place", "fee_payment_id", "paid_at", "said")
_OF_PAYMENT = (
    "state",
    "paid_at",
    "ended_at",
    "receipt_number",
    "booked_id",
    "undone_id",
    "reason",
    "reversed_by",
    "try_count",
    "next_try_at",
    "last_error",
)
_INSERT_BILL = insert(FeeBillRow)
_UPDATE_BILL = (
    update(FeeBillRow)
    .where(FeeBillRow.bill_id == bindparam("bill"))
    .values({name: bindparam(f"new_{name}") for name in (*_OF_BILL, "changed_at")})
)
_INSERT_PAYMENT = insert(FeePaymentRow)
_UPDATE_PAYMENT = (
    update(FeePaymentRow)
    .where(FeePaymentRow.fee_payment_id == bindparam("fee_payment"))
    .values({name: bindparam(f"new_{name}") for name in _OF_PAYMENT})
)
# The row stays locked until the commit, so a number that is rolled back is given again.
_COUNT_RECEIPT = text(
    "INSERT INTO fee_receipt_count (community_id, year, last_number) VALUES (:community, :year, 1)"
    " ON DUPLICATE KEY UPDATE last_number = last_number + 1"
)
_RECEIPT_COUNT = select(FeeReceiptCountRow.last_number).where(
    FeeReceiptCountRow.community_id == bindparam("community"),
    FeeReceiptCountRow.year == bindparam("year"),
)


# bills


def move_bill(
    tx: Tx,
    bill: Row[Any],
    act: BillAct,
    now: datetime,
    *,
    fee_payment_id: str | None = None,
    paid_at: datetime | None = None,
    said: BillSaid | None = None,
) -> None:
    """Do it, or raise BillOver. A bill that comes to be open then follows what the fee system says,
    or has said while somebody was paying.
    """
    following = BILL_MOVES.get((FeeBillState(bill.state), act))
    if following is None:
        raise BillOver(f"the bill is {bill.state}", fields={"state": bill.state})
    values = {name: getattr(bill, name) for name in _OF_BILL}
    values |= {"state": following, "fee_payment_id": fee_payment_id, "paid_at": paid_at}
    if following is FeeBillState.OPEN:
        values |= {"fee_payment_id": None, "paid_at": None}
        news = said or _said_before(bill)
        values |= _followed(news) if news else {}
    if not busy(values["state"]):
        values["said"] = None
    _write_bill(tx, bill.bill_id, values, now)


@dataclass(slots=True)
class Kept:
    """What became of the bills that the fee system, or a file, named."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    inserts: list[dict[str, Any]] = field(default_factory=list)
    updates: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def compared(said: Iterable[BillSaid], rows: Iterable[Row[Any]], now: datetime) -> Kept:
    """What would become of them, given the rows that are there."""
    known = {row.bill_id: row for row in rows}
    kept = Kept()
    for bill in {bill.bill_id: bill for bill in said}.values():
        row = known.get(bill.bill_id)
        if row is None:
            kept.created += 1
            kept.inserts.append(_new_bill(bill, now))
        elif (values := _changed(row, bill)) is None:
            kept.unchanged += 1
        else:
            kept.changed += 1
            kept.updates.append((row.bill_id, values))
    return kept


def keep_bills(tx: Tx, said: Iterable[BillSaid], now: datetime) -> Kept:
    """Put on record what the fee system says; a bill that somebody is paying follows later."""
    total, left = Kept(), list(said)
    while left:
        chunk, left = left[:CHUNK], left[CHUNK:]
        rows = locks.fee_bills_for_update(tx, [bill.bill_id for bill in chunk])
        kept = compared(chunk, rows, now)
        _write(tx, kept, now)
        total.created += kept.created
        total.changed += kept.changed
        total.unchanged += kept.unchanged
    return total


def _write(tx: Tx, kept: Kept, now: datetime) -> None:
    for bill_id, values in kept.updates:
        _write_bill(tx, bill_id, values, now)
    if not kept.inserts:
        return
    try:
        tx.execute(_INSERT_BILL, kept.inserts)
    except IntegrityError as error:
        if is_duplicate(error):
            raise Conflict("the same bills are being taken in at this moment") from error
        raise


def _write_bill(tx: Tx, bill_id: str, values: dict[str, Any], now: datetime) -> None:
    values["place"] = place_of(FeeBillState(values["state"]), values["due_day"])
    values["changed_at"] = now
    tx.execute(
        _UPDATE_BILL, {"bill": bill_id, **{f"new_{name}": value for name, value in values.items()}}
    )


def _new_bill(bill: BillSaid, now: datetime) -> dict[str, Any]:
    values = _followed(bill)
    return {
        "bill_id": bill.bill_id,
        "community_id": bill.community_id,
        "external_number": bill.external_number,
        **values,
        "place": place_of(values["state"], bill.due_day),
        "fee_payment_id": None,
        "paid_at": None,
        "said": None,
        "changed_at": now,
    }


def _changed(row: Row[Any], bill: BillSaid) -> dict[str, Any] | None:
    """The row's new values, or None when it stays as it is."""
    values = {name: getattr(row, name) for name in _OF_BILL}
    if busy(FeeBillState(row.state)):
        # What it says of a payment that it has not answered yet is an echo, or comes too early.
        differs = bill.standing is not Standing.OPEN or _followed(bill) | {"state": row.state} != {
            name: values[name] for name in (*_SAID, "state")
        }
        values["said"] = _plain(bill) if differs else None
        return None if values["said"] == row.said else values
    if row.fee_payment_id is not None:
        return None  # paid here: only a reversal opens it again
    values |= _followed(bill)
    same = all(values[name] == getattr(row, name) for name in (*_SAID, "state"))
    return None if same else values


def _followed(bill: BillSaid) -> dict[str, Any]:
    said = {name: getattr(bill, name) for name in _SAID}
    return {**said, "state": followed(bill.standing)}


def _plain(bill: BillSaid) -> dict[str, Any]:
    return {**asdict(bill), "due_day": bill.due_day.isoformat()}


def _said_before(row: Row[Any]) -> BillSaid | None:
    said: Mapping[str, Any] | None = row.said
    if said is None:
        return None
    return BillSaid(
        **{
            **said,
            "debtor_kind": DebtorKind(said["debtor_kind"]),
            "due_day": date.fromisoformat(said["due_day"]),
            "standing": Standing(said["standing"]),
        }
    )


# acts of paying


def add_payments(tx: Tx, payments: Iterable[Mapping[str, Any]]) -> None:
    """New acts of paying; what is not given is empty."""
    empty = dict.fromkeys(_OF_PAYMENT)
    blank = {"consent": "", "reference": "", "reason": "", "reversed_by": "", "last_error": ""}
    rows = [
        {**empty, **blank, "payment_id": None, "method": None, "try_count": 0, **payment}
        for payment in payments
    ]
    tx.execute(_INSERT_PAYMENT, rows)


def move_payment(tx: Tx, payment: Row[Any], act: PaymentAct, **changes: Any) -> None:
    """Do it with these changes; BillOver when the payment's state does not allow it."""
    following = FEE_PAYMENT_MOVES.get((FeePaymentState(payment.state), act))
    if following is None:
        raise BillOver(f"the payment is {payment.state}", fields={"state": payment.state})
    change_payment(tx, payment, state=following, **changes)


def change_payment(tx: Tx, payment: Row[Any], **changes: Any) -> None:
    """Change what is on record of an act of paying, but not its state by itself."""
    values = {name: getattr(payment, name) for name in _OF_PAYMENT} | changes
    tx.execute(
        _UPDATE_PAYMENT,
        {
            "fee_payment": payment.fee_payment_id,
            **{f"new_{name}": value for name, value in values.items()},
        },
    )


def next_receipt(tx: Tx, community_id: str, now: datetime) -> str:
    """The community's next receipt number of this Beijing year; given again after a roll-back."""
    year = day_of(now).year
    tx.execute(_COUNT_RECEIPT, {"community": community_id, "year": year})
    number = tx.scalar(_RECEIPT_COUNT, {"community": community_id, "year": year})
    if number is None:
        raise InvariantBroken("a receipt was counted and is not there")
    return receipt_number(year, int(number))
