"""Open a payment: how much, for which orders, until when."""

from datetime import datetime

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from services.contracts.settlement import Custody, OpenPayment, PaymentState, PaymentView
from services.kernel.db import Database, Tx, is_duplicate
from services.kernel.errors import Conflict, InvariantBroken
from services.settlement import queries
from services.settlement.tables import AllocationRow, PaymentRow
from services.settlement.tables_desk import CustodyRow

_INSERT_PAYMENT = insert(PaymentRow).values(
    custody=func.coalesce(
        select(CustodyRow.custody)
        .where(CustodyRow.community_id == bindparam("of_community"))
        .scalar_subquery(),
        Custody.COLLECT,
    )
)
_INSERT_ALLOCATION = insert(AllocationRow)


def open_payment(db: Database, command: OpenPayment, now: datetime) -> PaymentView:
    """The payment, open; the same one again for a repeat; closed when the closing came first.

    The payment's key is the claim: a rival with the same id waits for it and finds the row.
    """
    with db.transaction() as tx:
        try:
            tx.execute(_INSERT_PAYMENT, _payment_row(command, now))
        except IntegrityError as error:
            if not is_duplicate(error):
                raise
            return _opened_before(tx, command)
        _allocate(tx, command)
        return PaymentView(
            payment_id=command.payment_id,
            household_id=command.household_id,
            state=PaymentState.OPEN,
            amount_fen=_amount_fen(command),
            subject=command.subject,
            pay_before=command.pay_before,
            allocations=command.allocations,
        )


def _allocate(tx: Tx, command: OpenPayment) -> None:
    try:
        tx.execute(_INSERT_ALLOCATION, _allocation_rows(command))
    except IntegrityError as error:
        if is_duplicate(error):
            raise Conflict("an order belongs to one payment, and once only") from error
        raise


def _opened_before(tx: Tx, command: OpenPayment) -> PaymentView:
    row = queries.payment_row(tx, command.payment_id)
    if row is None:
        raise InvariantBroken(f"payment {command.payment_id} is there and is not")
    parts = queries.allocations(tx, command.payment_id)
    closed_first = not parts and row.state == PaymentState.CLOSED
    same_parts = parts == sorted(command.allocations, key=lambda part: part.order_id)
    if row.household_id != command.household_id or not (closed_first or same_parts):
        raise Conflict(f"payment {command.payment_id} was opened for something else")
    return queries.payment_view(row, parts)


def _amount_fen(command: OpenPayment) -> int:
    return sum(part.amount_fen for part in command.allocations)


def _payment_row(command: OpenPayment, now: datetime) -> dict[str, object]:
    return {
        "payment_id": command.payment_id,
        "household_id": command.household_id,
        "community_id": command.community_id,
        "of_community": command.community_id,
        "payer_account_id": command.payer_account_id,
        "subject": command.subject,
        "amount_fen": _amount_fen(command),
        "state": PaymentState.OPEN,
        "pay_before": command.pay_before,
        "opened_at": now,
        "cash_at_door": command.cash_at_door,
    }


def _allocation_rows(command: OpenPayment) -> list[dict[str, object]]:
    return [
        {
            "payment_id": command.payment_id,
            **part.model_dump(exclude={"card"}),
            "card_name": part.card.name if part.card else None,
            "card_gift_fen": part.card.gift_fen if part.card else 0,
        }
        for part in command.allocations
    ]
