"""Reads of payments and of what is due: rows in, contract views out."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.settlement import Allocation, Channel, PaymentState, PaymentView
from services.kernel.db import Tx
from services.settlement.domain.payments import LIVE
from services.settlement.domain.refunds import UNDER_WAY
from services.settlement.tables import AllocationRow, ChannelOrderRow, PaymentRow, RefundRow

_PAYMENT = select(PaymentRow.__table__).where(PaymentRow.payment_id == bindparam("payment"))
_ALLOCATIONS = (
    select(AllocationRow.order_id, AllocationRow.merchant_id, AllocationRow.amount_fen)
    .where(AllocationRow.payment_id == bindparam("payment"))
    .order_by(AllocationRow.order_id)
)
_CHANNEL_ORDERS = (
    select(ChannelOrderRow.__table__)
    .where(ChannelOrderRow.payment_id == bindparam("payment"))
    .order_by(ChannelOrderRow.out_trade_no)
)


def payment_row(tx: Tx, payment_id: str) -> Row[Any] | None:
    """The payment, or None."""
    return tx.first(_PAYMENT, {"payment": payment_id})


def allocations(tx: Tx, payment_id: str) -> list[Allocation]:
    """The parts of a payment, in order-id order."""
    return [
        Allocation(order_id=row.order_id, merchant_id=row.merchant_id, amount_fen=row.amount_fen)
        for row in tx.all(_ALLOCATIONS, {"payment": payment_id})
    ]


def payment_view(row: Row[Any], parts: Iterable[Allocation]) -> PaymentView:
    """A payment for those who may see it."""
    return PaymentView(
        payment_id=row.payment_id,
        household_id=row.household_id,
        state=PaymentState(row.state),
        amount_fen=row.amount_fen,
        subject=row.subject,
        pay_before=row.pay_before,
        channel=Channel(row.channel) if row.channel else None,
        paid_at=row.paid_at,
        allocations=list(parts),
    )


def channel_orders(tx: Tx, payment_id: str) -> list[Row[Any]]:
    """All attempts to have a payment paid, oldest first."""
    return tx.all(_CHANNEL_ORDERS, {"payment": payment_id})


def live_channel_orders(tx: Tx, payment_id: str) -> list[Row[Any]]:
    """Those through which money may still come."""
    return [row for row in channel_orders(tx, payment_id) if row.state in LIVE]


def channel_orders_due(tx: Tx, now: datetime, limit: int) -> list[Row[Any]]:
    """Live attempts that the channel should be asked about, the longest due first."""
    statement = (
        select(
            ChannelOrderRow.channel,
            ChannelOrderRow.out_trade_no,
            ChannelOrderRow.payment_id,
            ChannelOrderRow.poll_count,
            PaymentRow.state.label("payment_state"),
        )
        .join(PaymentRow, PaymentRow.payment_id == ChannelOrderRow.payment_id)
        .where(ChannelOrderRow.next_poll_at <= now)
        .order_by(ChannelOrderRow.next_poll_at)
        .limit(limit)
    )
    return tx.all(statement)


def payments_to_close(tx: Tx, past: datetime, limit: int) -> list[Row[Any]]:
    """Payments long past their time that nobody has closed, or whose closing got stuck."""
    statement = (
        select(PaymentRow.payment_id, PaymentRow.household_id)
        .where(
            PaymentRow.state.in_((PaymentState.OPEN, PaymentState.CLOSING)),
            PaymentRow.pay_before < past,
        )
        .order_by(PaymentRow.state, PaymentRow.pay_before)
        .limit(limit)
    )
    return tx.all(statement)


def refunds_due(tx: Tx, now: datetime, limit: int) -> list[Row[Any]]:
    """Refunds under way whose next try is due, the longest due first."""
    statement = (
        select(RefundRow.__table__)
        .where(RefundRow.next_try_at <= now, RefundRow.state.in_(UNDER_WAY))
        .order_by(RefundRow.next_try_at)
        .limit(limit)
    )
    return tx.all(statement)


def refunds_of(tx: Tx, order_id: str) -> list[Row[Any]]:
    """The refunds of an order, oldest first."""
    statement = (
        select(RefundRow.__table__)
        .where(RefundRow.order_id == order_id)
        .order_by(RefundRow.requested_at)
        .limit(50)
    )
    return tx.all(statement)
