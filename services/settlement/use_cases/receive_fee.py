"""The end of a payment for property fee bills: its money is here, or will not come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.settlement import Allocation
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken
from services.settlement import fee_moves, fee_queries, ledger, locks
from services.settlement.domain.escrows import Parts
from services.settlement.domain.fee_postings import FeePaid, fee_receipt
from services.settlement.domain.fees import BillAct, PaymentAct
from services.settlement.domain.postings import Givers, Source
from services.settlement.domain.transfers import Transfer


def receive(
    tx: Tx,
    source: Source,
    payment: Row[Any],
    bills: Sequence[Allocation],
    parts: Sequence[Parts],
    givers: Givers,
    back: list[Transfer],
    now: datetime,
) -> None:
    """Each bill's part is income of the community, and the fee system is to hear of it.

    `back` gives back what was set aside and is not needed.
    """
    pairs = _paid_for(tx, payment.payment_id)
    receipts = []
    for bill, part in zip(bills, parts, strict=True):
        fee_payment, row = pairs[bill.order_id]
        paid = FeePaid(fee_payment.fee_payment_id, row.community_id, fee_payment.amount_fen)
        receipt = fee_receipt(paid, part, givers, source.payment_id, source.out_trade_no)
        receipts.append(receipt)
        fee_moves.move_bill(
            tx, row, BillAct.RECEIVE, now, fee_payment_id=paid.fee_payment_id, paid_at=now
        )
        fee_moves.move_payment(
            tx,
            fee_payment,
            PaymentAct.RECEIVE,
            paid_at=now,
            booked_id=receipt.transfer_id,
            next_try_at=now,
        )
    ledger.post(tx, [*receipts, *back], now)


def dropped(tx: Tx, payment_id: str, now: datetime) -> None:
    """The payment closed without money: its bills are open again."""
    for fee_payment, bill in _paid_for(tx, payment_id).values():
        fee_moves.move_bill(tx, bill, BillAct.DROP, now)
        fee_moves.move_payment(tx, fee_payment, PaymentAct.DROP, ended_at=now)


def _paid_for(tx: Tx, payment_id: str) -> dict[str, tuple[Row[Any], Row[Any]]]:
    """Each act of paying with its locked bill."""
    parts = fee_queries.parts_of(tx, payment_id)
    bills = {row.bill_id: row for row in locks.fee_bills_for_update(tx, [p.bill_id for p in parts])}
    pairs = {part.fee_payment_id: (part, bills[part.bill_id]) for part in parts}
    if any(bill.fee_payment_id != fee_payment_id for fee_payment_id, (_, bill) in pairs.items()):
        raise InvariantBroken(f"a bill of payment {payment_id} is paid by another payment")
    return pairs
