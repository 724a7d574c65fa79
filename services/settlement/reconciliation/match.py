"""What the books know of a channel's numbers: the one place where a bill meets the ledger.

Used line by line by the daily reconciliation and by the audit.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, select, tuple_

from services.contracts.settlement import PaymentState, RefundState
from services.kernel.db import Tx
from services.settlement.domain import accounts
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.days import bounds
from services.settlement.domain.payments import ChannelOrderState, Purpose
from services.settlement.domain.postings import Till
from services.settlement.domain.transfers import TransferKind
from services.settlement.reconciliation.classify import Ours
from services.settlement.tables import (
    AllocationRow,
    ChannelOrderRow,
    EntryRow,
    PaymentRow,
    RefundRow,
    TransferRow,
)
from services.settlement.tables_reconciliation import BillLineRow

BATCH = 500
"""Numbers looked up together: MariaDB plans longer lists another way."""

ON_BILLS = (
    TransferKind.RECEIPT,
    TransferKind.FEE_RECEIPT,
    TransferKind.UNCLAIMED_RECEIPT,
    TransferKind.REFUND_PAID_OUT,
    TransferKind.CORRECTION,
)
"""Movements of a clearing account that a bill names by `reference`."""

_BOOKED = (
    select(TransferRow.reference, func.sum(EntryRow.amount_fen).label("entries_fen"))
    .join(EntryRow, EntryRow.transfer_id == TransferRow.transfer_id)
    .where(
        TransferRow.reference.in_(bindparam("numbers", expanding=True)),
        TransferRow.kind.in_(ON_BILLS),
        EntryRow.account_id.in_((bindparam("by_property"), bindparam("by_channel"))),
    )
    .group_by(TransferRow.reference)
)
_CHANNEL_ORDERS = (
    select(
        ChannelOrderRow.out_trade_no.label("number"),
        ChannelOrderRow.amount_fen,
        PaymentRow.state,
        select(func.min(AllocationRow.order_id))
        .where(
            AllocationRow.payment_id == PaymentRow.payment_id,
            PaymentRow.purpose == Purpose.ORDER,
        )
        .correlate(PaymentRow)
        .scalar_subquery()
        .label("order_id"),
    )
    .join(PaymentRow, PaymentRow.payment_id == ChannelOrderRow.payment_id)
    .where(
        ChannelOrderRow.channel == bindparam("channel"),
        ChannelOrderRow.merchant_number == bindparam("merchant_number"),
        ChannelOrderRow.out_trade_no.in_(bindparam("numbers", expanding=True)),
    )
)
_REFUNDS = select(
    RefundRow.refund_id.label("number"),
    RefundRow.amount_fen,
    RefundRow.state,
    RefundRow.done_at,
    RefundRow.order_id,
).where(
    RefundRow.channel == bindparam("channel"),
    RefundRow.merchant_number == bindparam("merchant_number"),
    RefundRow.refund_id.in_(bindparam("numbers", expanding=True)),
)


def clearing_ids(till: Till) -> tuple[str, str]:
    """The accounts of what lies at a channel: the property's, and the shops' own."""
    by_property, by_channel = (
        accounts.clearing(till.channel, till.merchant_number, custodian).account_id
        for custodian in (Custodian.PROPERTY, Custodian.CHANNEL)
    )
    return by_property, by_channel


def booked_fen(tx: Tx, till: Till, numbers: Sequence[str]) -> dict[str, int]:
    """What each of at most BATCH numbers has done to the money at the channel; plus came in."""
    by_property, by_channel = clearing_ids(till)
    known = {"numbers": numbers, "by_property": by_property, "by_channel": by_channel}
    # An entry is minus where the channel holds more for us.
    return {row.reference: -int(row.entries_fen) for row in tx.all(_BOOKED, known)}


def what_is_known(tx: Tx, till: Till, numbers: Sequence[str]) -> dict[str, Ours]:
    """All that the books know of at most BATCH numbers; the unknown ones are left out."""
    asked: dict[str, Any] = {
        "numbers": numbers,
        "channel": till.channel,
        "merchant_number": till.merchant_number,
    }
    booked = booked_fen(tx, till, numbers)
    known = {number: Ours(booked_fen=amount_fen) for number, amount_fen in booked.items()}
    for row in tx.all(_CHANNEL_ORDERS, asked):
        known[row.number] = _of_channel_order(row, booked.get(row.number, 0))
    for row in tx.all(_REFUNDS, asked):
        known[row.number] = _of_refund(row, booked.get(row.number, 0))
    return known


def _of_channel_order(row: Row[Any], amount_fen: int) -> Ours:
    return Ours(
        booked_fen=amount_fen,
        payment_state=PaymentState(row.state),
        asked_fen=row.amount_fen,
        order_id=row.order_id,
    )


def _of_refund(row: Row[Any], amount_fen: int) -> Ours:
    return Ours(
        booked_fen=amount_fen,
        refund_state=RefundState(row.state),
        asked_fen=row.amount_fen,
        done_at=row.done_at,
        order_id=row.order_id,
    )


def due_on_bill(
    tx: Tx, till: Till, day: date, staged_as: str | None = None
) -> Iterator[dict[str, Ours]]:
    """In batches, what the bill of a day should name, as we know it.

    With `staged_as`, a day's id: only what that day's staged lines do not name.
    """
    for column, number, others in (
        (
            ChannelOrderRow.paid_at,
            ChannelOrderRow.out_trade_no,
            ChannelOrderRow.state == ChannelOrderState.PAID,
        ),
        (RefundRow.asked_at, RefundRow.refund_id, RefundRow.state == RefundState.DONE),
    ):
        for numbers in _pages(tx, _expected(till, day, column, number, others, staged_as)):
            known = what_is_known(tx, till, numbers)
            # A refund that a cashier has paid out by hand is done, and the channel knows nothing.
            yield {
                number: ours
                for number, ours in known.items()
                if ours.refund_state is None or ours.booked_fen
            }


def _expected(
    till: Till, day: date, column: Any, number: Any, others: Any, staged_as: str | None
) -> tuple[Select[Any], Any, Any]:
    first, end = bounds(day)
    owner = column.class_
    query = select(column.label("at"), number.label("number")).where(
        column >= first,
        column < end,
        others,
        owner.channel == till.channel,
        owner.merchant_number == till.merchant_number,
    )
    if staged_as is not None:
        on_bill = (BillLineRow.day_id == staged_as) & (BillLineRow.reference == number)
        query = query.outerjoin(BillLineRow, on_bill).where(BillLineRow.reference.is_(None))
    return query.order_by(column, number).limit(BATCH), column, number


def _pages(tx: Tx, expected: tuple[Select[Any], Any, Any]) -> Iterator[list[str]]:
    query, column, number = expected
    page: list[Row[Any]] = tx.all(query)
    while page:
        yield [row.number for row in page]
        last = page[-1]
        page = tx.all(query.where(tuple_(column, number) > (last.at, last.number)))
