"""冲正: undo an accepted payment. The fee system hears of it first, then the money moves."""

from datetime import datetime

from services.contracts.fees import FeePaymentView, NoSuchBill, ReverseFeePayment
from services.kernel import failpoints, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.settlement import fee_moves, fee_queries, locks
from services.settlement.domain.fees import PaymentAct


def reverse_fee_payment(
    db: Database, command: ReverseFeePayment, actor: Actor, now: datetime
) -> FeePaymentView:
    """The payment, REVERSING; BillOver unless it is accepted."""
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, FeePaymentView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            claim.answer = _ask(tx, command, actor, now)
    failpoints.hit("settlement.fee.after_commit")
    return claim.answer


def _ask(tx: Tx, command: ReverseFeePayment, actor: Actor, now: datetime) -> FeePaymentView:
    seen = fee_queries.payment_row(tx, command.fee_payment_id)
    if seen is None:
        raise NoSuchBill()
    locks.fee_bills_for_update(tx, [seen.bill_id])
    row = fee_queries.payment_row(tx, command.fee_payment_id) or seen
    fee_moves.move_payment(
        tx,
        row,
        PaymentAct.ASK_REVERSAL,
        reason=command.reason,
        reversed_by=actor.name,
        try_count=0,
        next_try_at=now,
        last_error="",
    )
    return fee_queries.payment_view(fee_queries.payment_row(tx, command.fee_payment_id) or row)
