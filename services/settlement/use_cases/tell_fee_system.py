"""Tell the fee system what was paid or reversed, until it has answered, and keep what it says.

Our number for a payment is its id, so what is told again after a crash is the same payment there.
A bill closes only when its payment is accepted; when it is refused, the money goes to the payer's
fund and the bill follows what the fee system says of it.
"""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.fees import FeePaymentState, FeeWay
from services.contracts.settlement import OwnerKind
from services.kernel import failpoints
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError, Unavailable
from services.settlement import fee_moves, fee_queries, ledger, locks
from services.settlement.domain.fee_postings import FeePaid, fee_undone
from services.settlement.domain.fee_system import (
    BillSaid,
    FeeSystem,
    FeeSystemRefused,
    PaymentTold,
    ReversalTold,
)
from services.settlement.domain.fees import BillAct, PaymentAct
from services.settlement.domain.refunds import next_try_at

log = logging.getLogger(__name__)
TELL_BATCH = 20


def tell_fee_system(db: Database, fee_system: FeeSystem, now: datetime) -> int:
    """Take the next step of what is due; how much was answered. Ends when nobody answers."""
    with db.reading() as tx:
        due = fee_queries.payments_to_tell(tx, now, TELL_BATCH)
    for count, row in enumerate(due):
        try:
            _take_step(db, fee_system, row, now)
        except LinliError as error:
            log.warning("fee payment %s is not told: %s", row.fee_payment_id, error.message)
            _keep_setback(db, row, error, now)
            if isinstance(error, Unavailable):
                return count
    return len(due)


def _take_step(db: Database, fee_system: FeeSystem, row: Row[Any], now: datetime) -> None:
    reversing = row.state == FeePaymentState.REVERSING
    refusal, said = None, None
    try:
        if reversing:
            said = fee_system.tell_reversal(_reversal(row))
        else:
            fee_system.tell_payment(_payment(row))
    except FeeSystemRefused as error:
        refusal = error
    failpoints.hit("settlement.fee.after_told")
    with db.transaction() as tx:
        (bill,) = locks.fee_bills_for_update(tx, [row.bill_id])
        fresh = fee_queries.payment_row(tx, row.fee_payment_id)
        if fresh is None or fresh.state != row.state:
            return  # another copy has kept this answer
        if refusal is None and reversing:
            _reverse(tx, bill, fresh, said, now)
        elif refusal is None:
            _accept(tx, bill, fresh, now)
        elif reversing:
            _keep(tx, fresh, refusal, now)
        else:
            _refuse(tx, bill, fresh, refusal, now)


def _payment(row: Row[Any]) -> PaymentTold:
    return PaymentTold(
        number=row.fee_payment_id,
        community_id=row.community_id,
        external_number=row.external_number,
        amount_fen=row.amount_fen,
        way=FeeWay(row.way),
        paid_at=row.paid_at,
    )


def _reversal(row: Row[Any]) -> ReversalTold:
    return ReversalTold(row.fee_payment_id, row.community_id, row.external_number, row.reason)


def _accept(tx: Tx, bill: Row[Any], row: Row[Any], now: datetime) -> None:
    fee_moves.move_bill(
        tx, bill, BillAct.ACCEPT, now, fee_payment_id=row.fee_payment_id, paid_at=row.paid_at
    )
    number = row.receipt_number or fee_moves.next_receipt(tx, row.community_id, now)
    fee_moves.move_payment(
        tx,
        row,
        PaymentAct.ACCEPT,
        ended_at=now,
        next_try_at=None,
        last_error="",
        receipt_number=number,
    )


def _refuse(
    tx: Tx, bill: Row[Any], row: Row[Any], refusal: FeeSystemRefused, now: datetime
) -> None:
    fee_moves.move_bill(tx, bill, BillAct.REFUSE, now, said=refusal.bill)
    _give_back(tx, row, PaymentAct.REFUSE, refusal.message, "", now)


def _reverse(tx: Tx, bill: Row[Any], row: Row[Any], said: BillSaid | None, now: datetime) -> None:
    fee_moves.move_bill(tx, bill, BillAct.REVERSE, now, said=said)
    _give_back(tx, row, PaymentAct.REVERSE, row.reason, row.reversed_by, now)


def _give_back(
    tx: Tx, row: Row[Any], act: PaymentAct, reason: str, made_by: str, now: datetime
) -> None:
    paid = FeePaid(row.fee_payment_id, row.community_id, row.amount_fen)
    transfer = fee_undone(paid, OwnerKind(row.owner_kind), row.owner_id, reason, made_by)
    fee_moves.move_payment(
        tx,
        row,
        act,
        ended_at=now,
        next_try_at=None,
        last_error="" if act is PaymentAct.REVERSE else reason[:200],
        undone_id=transfer.transfer_id,
    )
    ledger.post(tx, [transfer], now)


def _keep(tx: Tx, row: Row[Any], refusal: FeeSystemRefused, now: datetime) -> None:
    """It will not undo it: the payment stands as it did, and says why."""
    fee_moves.move_payment(
        tx, row, PaymentAct.KEEP, next_try_at=None, last_error=refusal.message[:200], ended_at=now
    )


def _keep_setback(db: Database, row: Row[Any], error: LinliError, now: datetime) -> None:
    with db.transaction() as tx:
        locks.fee_bills_for_update(tx, [row.bill_id])
        fresh = fee_queries.payment_row(tx, row.fee_payment_id)
        if fresh is None or fresh.state != row.state:
            return
        tried = fresh.try_count + 1
        fee_moves.change_payment(
            tx,
            fresh,
            try_count=tried,
            next_try_at=next_try_at(tried, now),
            last_error=error.message[:200],
        )
