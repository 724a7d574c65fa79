"""The cashier takes the money of a property fee bill.

The payer is a household at that home (or the merchant itself): if the fee system does not take the
payment, the money goes to that fund. Where nobody is certified, nobody's fund could take it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.fees import (
    DebtorKind,
    FeePaymentView,
    FeeWay,
    NobodyThere,
    NoSuchBill,
    TakeFeeAtDesk,
)
from services.contracts.identity import FeeRight
from services.contracts.settlement import DeskReceipt, OwnerKind
from services.kernel import failpoints, requests
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.kernel.ids import new_id
from services.settlement import fee_moves, fee_queries, ledger
from services.settlement.domain.fee_postings import FeePaid, fee_at_desk
from services.settlement.use_cases import desk
from services.settlement.use_cases.fee_rights import right_to
from services.settlement.use_cases.offset_fee import locked_bill, paid_now


def take_fee_at_desk(
    db: Database, services: Any, command: TakeFeeAtDesk, actor: Actor, now: datetime
) -> FeePaymentView:
    """The bill's money is in the till, its receipt is numbered, the fee system is to hear of it."""
    with db.reading() as tx:
        seen = fee_queries.bill_row(tx, command.bill_id)
    if seen is None:
        raise NoSuchBill()
    owner_kind, owner_id, name = _payer(services, seen, command.household_id)
    with (
        db.transaction() as tx,
        requests.claimed(tx, command, FeePaymentView, by=actor.account_id) as claim,
    ):
        if claim.answer is None:
            bill = locked_bill(tx, command.bill_id, seen)
            payer = {"owner_kind": owner_kind, "owner_id": owner_id, "paid_by": name}
            claim.answer = _take(tx, bill, command, payer, actor, now)
    failpoints.hit("settlement.fee.after_commit")
    return claim.answer


def _payer(services: Any, bill: Row[Any], household_id: str | None) -> tuple[OwnerKind, str, str]:
    at_home = bill.debtor_kind == DebtorKind.HOME
    kind = OwnerKind.HOUSEHOLD if at_home else OwnerKind.MERCHANT
    asked = household_id if at_home else bill.debtor_id
    right: FeeRight = right_to(
        services, bill.debtor_kind, bill.debtor_id, kind if asked else None, asked
    )
    payer_id = asked if asked and right.owner_fits else None
    payer_id = right.answers_id if asked is None else payer_id
    if payer_id is None:
        raise NobodyThere(fields={"household_id": household_id or ""})
    return kind, payer_id, right.debtor_name


def _take(
    tx: Tx,
    bill: Row[Any],
    command: TakeFeeAtDesk,
    payer: Mapping[str, object],
    actor: Actor,
    now: datetime,
) -> FeePaymentView:
    paid = FeePaid(new_id(), bill.community_id, bill.amount_fen)
    transfer = fee_at_desk(paid, command.method, actor.name)
    slip = DeskReceipt(
        receipt_number=desk.receipt_number(command.request_id, now),
        subject=f"{bill.title} {bill.period}"[:200],
        amount_fen=bill.amount_fen,
        method=command.method,
        reference=command.reference,
        taken_by=actor.name,
        taken_at=now,
    )
    view = paid_now(
        tx,
        bill,
        {
            "fee_payment_id": paid.fee_payment_id,
            "way": FeeWay.DESK,
            "paid_by_account_id": actor.account_id,
            "method": command.method,
            "reference": command.reference,
            "booked_id": transfer.transfer_id,
            "receipt_number": fee_moves.next_receipt(tx, bill.community_id, now),
            **payer,
        },
        now,
    )
    desk.keep_receipt(tx, "fee", paid.fee_payment_id, slip, actor)
    ledger.post(tx, [transfer], now)
    return view
