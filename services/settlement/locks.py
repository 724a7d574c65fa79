"""Every row lock of settlement, and the order in which locks are taken.

channel order → payment → escrow or refund → accounts in id order (ledger.py) → rows that are new.
"""

from typing import Any

from sqlalchemy import Row, bindparam, select

from services.contracts.settlement import Channel
from services.kernel.db import Tx
from services.settlement.tables import (
    AllocationRow,
    ChannelOrderRow,
    EscrowRow,
    PaymentRow,
    RefundRow,
)

_CHANNEL_ORDER = (
    select(
        ChannelOrderRow.channel,
        ChannelOrderRow.out_trade_no,
        ChannelOrderRow.merchant_number,
        ChannelOrderRow.app_id,
        ChannelOrderRow.state.label("channel_order_state"),
        ChannelOrderRow.transaction_id,
        PaymentRow.payment_id,
        PaymentRow.state,
        PaymentRow.household_id,
        PaymentRow.payer_account_id,
        PaymentRow.amount_fen,
        AllocationRow.order_id,
        AllocationRow.merchant_id,
        AllocationRow.amount_fen.label("allocated_fen"),
    )
    .join(PaymentRow, PaymentRow.payment_id == ChannelOrderRow.payment_id)
    .join(AllocationRow, AllocationRow.payment_id == PaymentRow.payment_id)
    .where(
        ChannelOrderRow.channel == bindparam("channel"),
        ChannelOrderRow.out_trade_no == bindparam("number"),
    )
    .order_by(AllocationRow.order_id)
    .with_for_update()
)
_PAYMENT = (
    select(
        PaymentRow.payment_id,
        PaymentRow.household_id,
        PaymentRow.state,
        PaymentRow.subject,
        PaymentRow.amount_fen,
        PaymentRow.pay_before,
        PaymentRow.channel,
        PaymentRow.paid_at,
    )
    .where(PaymentRow.payment_id == bindparam("payment"))
    .with_for_update()
)
_ESCROW = (
    select(EscrowRow.__table__).where(EscrowRow.order_id == bindparam("order")).with_for_update()
)
_REFUND = (
    select(RefundRow.__table__).where(RefundRow.refund_id == bindparam("refund")).with_for_update()
)


def channel_order_for_update(tx: Tx, channel: Channel, out_trade_no: str) -> list[Row[Any]]:
    """The channel order with its payment, a row for each allocation; empty when unknown."""
    return tx.all(_CHANNEL_ORDER, {"channel": channel, "number": out_trade_no})


def payment_for_update(tx: Tx, payment_id: str) -> Row[Any] | None:
    """The payment, or None."""
    return tx.first(_PAYMENT, {"payment": payment_id})


def escrow_for_update(tx: Tx, order_id: str) -> Row[Any] | None:
    """What is or was held for the order, or None."""
    return tx.first(_ESCROW, {"order": order_id})


def refund_for_update(tx: Tx, refund_id: str) -> Row[Any] | None:
    """The refund, or None."""
    return tx.first(_REFUND, {"refund": refund_id})
