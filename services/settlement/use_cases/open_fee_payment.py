"""Open a payment for property fee bills: it is then paid like any other payment."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert

from services.contracts.fees import (
    BillOver,
    DebtorKind,
    FeeBillState,
    FeePaymentOpened,
    FeePaymentState,
    FeeWay,
    NoSuchBill,
    OpenFeePayment,
)
from services.contracts.settlement import OwnerKind, PaymentState
from services.kernel import requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.ids import new_id
from services.settlement import fee_moves, fee_queries, locks
from services.settlement.domain.fees import BillAct, subject_of
from services.settlement.domain.payments import Purpose
from services.settlement.tables import AllocationRow, PaymentRow
from services.settlement.use_cases.fee_rights import right_to

_INSERT_PAYMENT = insert(PaymentRow)
_INSERT_ALLOCATION = insert(AllocationRow)


def open_fee_payment(
    db: Database,
    services: Any,
    command: OpenFeePayment,
    actor: Actor,
    within: timedelta,
    now: datetime,
) -> FeePaymentOpened:
    """The payment; the open one again when this household is already paying exactly these bills.

    NoSuchBill unless all are of the household's home, BillOver when one is not open.
    """
    wanted = sorted(set(command.bill_ids))
    with db.reading() as tx:
        home_id = _home_of(fee_queries.bill_rows(tx, wanted), wanted)
    household = (OwnerKind.HOUSEHOLD, command.household_id)
    if not right_to(services, DebtorKind.HOME, home_id, *household).allowed:
        raise NoSuchBill()
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, FeePaymentOpened, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            bills = locks.fee_bills_for_update(tx, wanted)
            if _home_of(bills, wanted) != home_id:
                raise NoSuchBill()
            claim.answer = _begun_before(tx, bills, command.household_id, now) or _open(
                tx, bills, command.household_id, actor, now + within, now
            )
        return claim.answer


def _home_of(bills: Sequence[Row[Any]], wanted: Sequence[str]) -> str:
    """The one home whose bills they all are; a household lives at one."""
    debtors = {(bill.debtor_kind, bill.debtor_id, bill.community_id) for bill in bills}
    if len(bills) != len(wanted) or len(debtors) != 1:
        raise NoSuchBill()
    kind, home_id, _ = debtors.pop()
    if kind != DebtorKind.HOME:
        raise NoSuchBill()
    return str(home_id)


def _begun_before(
    tx: Tx, bills: Sequence[Row[Any]], household_id: str, now: datetime
) -> FeePaymentOpened | None:
    """A second tap: the payment that the household has open for exactly these bills."""
    if any(bill.state != FeeBillState.PAYING for bill in bills):
        return None
    first = fee_queries.payment_row(tx, bills[0].fee_payment_id)
    if first is None or first.payment_id is None or first.owner_id != household_id:
        return None
    payment = fee_queries.opened_payment(tx, first.payment_id)
    parts = {part.fee_payment_id for part in fee_queries.parts_of(tx, first.payment_id)}
    if payment is None or parts != {bill.fee_payment_id for bill in bills}:
        return None
    if payment.state != PaymentState.OPEN or payment.pay_before <= now:
        return None
    return FeePaymentOpened(
        payment_id=payment.payment_id,
        amount_fen=payment.amount_fen,
        pay_before=payment.pay_before,
    )


def _open(
    tx: Tx,
    bills: Sequence[Row[Any]],
    household_id: str,
    actor: Actor,
    pay_before: datetime,
    now: datetime,
) -> FeePaymentOpened:
    for bill in bills:
        if bill.state != FeeBillState.OPEN:
            raise BillOver(f"the bill is {bill.state}", fields={"state": bill.state})
    parts = [(new_id(), bill) for bill in bills]
    for fee_payment_id, bill in parts:
        fee_moves.move_bill(tx, bill, BillAct.BEGIN, now, fee_payment_id=fee_payment_id)
    payment_id, amount_fen = new_id(), sum(bill.amount_fen for bill in bills)
    tx.execute(
        _INSERT_PAYMENT,
        {
            "payment_id": payment_id,
            "household_id": household_id,
            "community_id": bills[0].community_id,
            "payer_account_id": actor.account_id,
            "subject": subject_of([bill.period for bill in bills]),
            "amount_fen": amount_fen,
            "state": PaymentState.OPEN,
            "pay_before": pay_before,
            "opened_at": now,
            "purpose": Purpose.FEE,
        },
    )
    tx.execute(_INSERT_ALLOCATION, [_allocation(payment_id, *part) for part in parts])
    fee_moves.add_payments(
        tx, [_fee_payment(payment_id, *part, household_id, actor, now) for part in parts]
    )
    return FeePaymentOpened(payment_id=payment_id, amount_fen=amount_fen, pay_before=pay_before)


def _allocation(payment_id: str, fee_payment_id: str, bill: Row[Any]) -> dict[str, object]:
    return {
        "order_id": fee_payment_id,
        "payment_id": payment_id,
        "merchant_id": bill.community_id,
        "amount_fen": bill.amount_fen,
    }


def _fee_payment(
    payment_id: str,
    fee_payment_id: str,
    bill: Row[Any],
    household_id: str,
    actor: Actor,
    now: datetime,
) -> dict[str, object]:
    return {
        "fee_payment_id": fee_payment_id,
        "bill_id": bill.bill_id,
        "community_id": bill.community_id,
        "amount_fen": bill.amount_fen,
        "way": FeeWay.PAYMENT,
        "state": FeePaymentState.WAITING,
        "owner_kind": OwnerKind.HOUSEHOLD,
        "owner_id": household_id,
        "payment_id": payment_id,
        "paid_by_account_id": actor.account_id,
        "paid_by": actor.name,
        "opened_at": now,
    }
