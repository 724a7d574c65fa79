"""抵扣物业费: pay a bill with a fund account, with the consent of somebody who may."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.fees import (
    BillChanged,
    FeePaymentState,
    FeePaymentView,
    FeeWay,
    NoSuchBill,
    OffsetFee,
)
from services.kernel import failpoints, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.errors import InvariantBroken
from services.kernel.ids import new_id
from services.settlement import fee_moves, fee_queries, ledger, locks
from services.settlement.domain.fee_postings import FeePaid, fee_offset
from services.settlement.domain.fees import BillAct
from services.settlement.use_cases.fee_rights import need_to_use_fund


def offset_fee(
    db: Database, services: Any, command: OffsetFee, actor: Actor, now: datetime
) -> FeePaymentView:
    """The bill is paid in full from the fund, and the fee system is to hear of it.

    NoSuchBill to strangers; BillOver; BillChanged when it is for another amount by now;
    InsufficientFunds.
    """
    with db.reading() as tx:
        seen = fee_queries.bill_row(tx, command.bill_id)
    if seen is None:
        raise NoSuchBill()
    need_to_use_fund(services, seen, command.owner_kind, command.owner_id)
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, FeePaymentView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            bill = locked_bill(tx, command.bill_id, seen)
            claim.answer = _offset(tx, bill, command, actor, now)
    failpoints.hit("settlement.fee.after_commit")
    return claim.answer


def locked_bill(tx: Tx, bill_id: str, seen: Row[Any]) -> Row[Any]:
    """The bill as it is now; NoSuchBill when it has become another debtor's since it was seen."""
    (bill,) = locks.fee_bills_for_update(tx, [bill_id])
    if (bill.debtor_kind, bill.debtor_id) != (seen.debtor_kind, seen.debtor_id):
        raise NoSuchBill()
    return bill


def paid_now(tx: Tx, bill: Row[Any], values: dict[str, object], now: datetime) -> FeePaymentView:
    """Put an act of paying on record whose money is here already; the fee system is to hear."""
    fee_payment_id = str(values["fee_payment_id"])
    fee_moves.move_bill(tx, bill, BillAct.TAKE, now, fee_payment_id=fee_payment_id, paid_at=now)
    fee_moves.add_payments(
        tx,
        [
            {
                "bill_id": bill.bill_id,
                "community_id": bill.community_id,
                "amount_fen": bill.amount_fen,
                "state": FeePaymentState.TELLING,
                "opened_at": now,
                "paid_at": now,
                "next_try_at": now,
                **values,
            }
        ],
    )
    row = fee_queries.payment_row(tx, fee_payment_id)
    if row is None:
        raise InvariantBroken(f"fee payment {fee_payment_id} is there and is not")
    return fee_queries.payment_view(row)


def _offset(
    tx: Tx, bill: Row[Any], command: OffsetFee, actor: Actor, now: datetime
) -> FeePaymentView:
    if bill.amount_fen != command.amount_fen:
        raise BillChanged(fields={"amount_fen": str(bill.amount_fen)})
    paid = FeePaid(new_id(), bill.community_id, bill.amount_fen)
    transfer = fee_offset(paid, command.owner_kind, command.owner_id, actor.name)
    view = paid_now(
        tx,
        bill,
        {
            "fee_payment_id": paid.fee_payment_id,
            "way": FeeWay.OFFSET,
            "owner_kind": command.owner_kind,
            "owner_id": command.owner_id,
            "paid_by_account_id": actor.account_id,
            "paid_by": actor.name,
            "consent": command.consent,
            "booked_id": transfer.transfer_id,
        },
        now,
    )
    ledger.post(tx, [transfer], now)
    return view
