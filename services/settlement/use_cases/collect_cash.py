"""The courier was at the door: what was due there is with the courier, who owes it.

An order may be called off, or made cheaper, while the courier stands at the door with the cash in
hand. What was due at that moment was collected; what should not have been is the household's.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update

from services.contracts.delivery import DropDelivered
from services.contracts.orders import RefundTo
from services.contracts.settlement import CashState
from services.kernel.db import Tx
from services.kernel.ids import derived_id
from services.settlement import ledger, locks, queries
from services.settlement.domain import accounts
from services.settlement.domain.postings import Source
from services.settlement.domain.transfers import Entry, Transfer, TransferKind
from services.settlement.tables import AccountRow, EntryRow, TransferRow
from services.settlement.tables_desk import CashRow
from services.settlement.use_cases.begin_refund import RefundWish, insert_refund
from services.settlement.use_cases.book_trade import Booking
from services.settlement.use_cases.give_back import DESK

_COLLECT = (
    update(CashRow)
    .where(CashRow.order_id == bindparam("order"))
    .values(
        state=CashState.COLLECTED,
        amount_fen=bindparam("fen"),
        courier_id=bindparam("courier"),
        courier_name=bindparam("name"),
        collected_at=bindparam("at"),
    )
)
_CALLED_OFF = (
    select(func.sum(EntryRow.amount_fen))
    .select_from(TransferRow)
    .join(EntryRow, EntryRow.transfer_id == TransferRow.transfer_id)
    .join(AccountRow, AccountRow.account_id == EntryRow.account_id)
    .where(
        TransferRow.order_id == bindparam("order"),
        TransferRow.kind == TransferKind.REFUND_VOID,
        TransferRow.at > bindparam("since"),
        AccountRow.kind == accounts.AccountKind.CASH_DUE,
    )
)


def collect(tx: Tx, event: DropDelivered, now: datetime) -> None:
    """Delivered: what was due at the door is with the courier now. Other orders have no cash."""
    row = locks.cash_for_update(tx, event.order_id)
    if row is None or row.state not in (CashState.DUE, CashState.VOID):
        return
    too_much_fen = _called_off_fen(tx, event)
    collected_fen = row.amount_fen + too_much_fen
    if not collected_fen:
        return
    tx.execute(
        _COLLECT,
        {
            "order": row.order_id,
            "fen": collected_fen,
            "courier": event.courier_id,
            "name": event.courier_name[:200],
            "at": event.at,
        },
    )
    ledger.post(tx, [_collected(row, event.courier_id, too_much_fen)], now)
    if too_much_fen:
        _owe_back(tx, row, too_much_fen, now)


def _called_off_fen(tx: Tx, event: DropDelivered) -> int:
    """What was due when the courier was at the door, and is not any more."""
    return int(tx.scalar(_CALLED_OFF, {"order": event.order_id, "since": event.at}) or 0)


def _collected(row: Row[Any], courier_id: str, too_much_fen: int) -> Transfer:
    """From what was due, and for what should not have been: to be given back over the desk."""
    entries = (
        Entry(accounts.courier_cash(courier_id), -row.amount_fen - too_much_fen),
        Entry(accounts.cash_due(row.community_id), row.amount_fen),
        Entry(DESK.refunds_under_way, too_much_fen),
    )
    return Transfer(
        kind=TransferKind.CASH_COLLECTED,
        purpose=row.order_id,
        entries=tuple(entry for entry in entries if entry.amount_fen),
        reason="cash",
        order_id=row.order_id,
        payment_id=row.payment_id,
        reference=row.order_id,
    )


def _owe_back(tx: Tx, row: Row[Any], amount_fen: int, now: datetime) -> None:
    """It waits for the cashier, who gives it out when the courier has brought it.

    No order's refund: what the order gave back at the door is told already. So it is known by the
    order's number.
    """
    payment = queries.payment_row(tx, row.payment_id)
    if payment is None:
        raise LookupError(row.payment_id)
    wish = RefundWish(
        refund_id=derived_id("refund", row.order_id, "collected"),
        source=Source(DESK, row.order_id, row.payment_id),
        order_id=None,
        household_id=row.household_id,
        payer_account_id=payment.payer_account_id,
        amount_fen=amount_fen,
        total_fen=amount_fen,
        to=RefundTo.CHANNEL,
        reason=Booking.PAID_LATE,
    )
    insert_refund(tx, wish, now, by_hand=True)
