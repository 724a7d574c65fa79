"""Reads of shares and returns: what is due, and what belongs together."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select

from services.contracts.settlement import EscrowState, RefundState
from services.kernel.db import Tx
from services.settlement.domain.shares import ShareStep
from services.settlement.tables import ChannelOrderRow, EscrowRow, PaymentRow, RefundRow
from services.settlement.tables_sharing import ProfitShareRow, ShareReturnRow

COMMISSION_ON_ITS_WAY = (
    select(ShareReturnRow.return_id)
    .where(ShareReturnRow.refund_id == RefundRow.refund_id, ShareReturnRow.state != ShareStep.DONE)
    .correlate(RefundRow)
    .exists()
)
"""The refund has to wait: the shop has not got the commission back yet."""
_UNRESOLVED = (
    select(EscrowRow.order_id)
    .where(
        EscrowRow.payment_id == ProfitShareRow.payment_id,
        EscrowRow.state.in_((EscrowState.HELD, EscrowState.FROZEN)),
    )
    .correlate(ProfitShareRow)
    .exists()
)
_REFUND_UNDER_WAY = (
    select(RefundRow.refund_id)
    .where(
        RefundRow.payment_id == ProfitShareRow.payment_id,
        RefundRow.state.in_((RefundState.PENDING, RefundState.PROCESSING)),
    )
    .correlate(ProfitShareRow)
    .exists()
)
"""It comes out of what is frozen; unfreezing first would take it from the shop's own balance."""
_PAID_THROUGH = (ChannelOrderRow.channel == PaymentRow.channel) & (
    ChannelOrderRow.out_trade_no == PaymentRow.out_trade_no
)
_DUE = (
    select(
        ProfitShareRow.payment_id,
        func.max(ProfitShareRow.attempt).label("attempt"),
        func.max(ProfitShareRow.try_count).label("try_count"),
        ChannelOrderRow.channel,
        ChannelOrderRow.merchant_number,
        ChannelOrderRow.sub_merchant,
        ChannelOrderRow.transaction_id,
    )
    .join(PaymentRow, PaymentRow.payment_id == ProfitShareRow.payment_id)
    .join(ChannelOrderRow, _PAID_THROUGH)
    .where(
        ProfitShareRow.next_try_at <= bindparam("now"),
        ChannelOrderRow.paid_at <= bindparam("paid_before"),
        ~_UNRESOLVED,
        (ProfitShareRow.state != ShareStep.PENDING) | ~_REFUND_UNDER_WAY,
    )
    .group_by(
        ProfitShareRow.payment_id,
        ChannelOrderRow.channel,
        ChannelOrderRow.merchant_number,
        ChannelOrderRow.sub_merchant,
        ChannelOrderRow.transaction_id,
    )
    .order_by(func.min(ProfitShareRow.next_try_at))
    .limit(bindparam("most"))
)
_OF_PAYMENT = (
    select(ProfitShareRow.__table__)
    .where(ProfitShareRow.payment_id == bindparam("payment"))
    .order_by(ProfitShareRow.order_id)
)
_OF_ORDER = (
    select(
        ProfitShareRow.__table__,
        ChannelOrderRow.channel,
        ChannelOrderRow.merchant_number,
        ChannelOrderRow.sub_merchant,
        ChannelOrderRow.transaction_id,
    )
    .join(PaymentRow, PaymentRow.payment_id == ProfitShareRow.payment_id)
    .join(ChannelOrderRow, _PAID_THROUGH)
    .where(ProfitShareRow.order_id == bindparam("order"))
)
_RETURNS_DUE = (
    select(
        ShareReturnRow.__table__,
        ProfitShareRow.out_order_no,
        ChannelOrderRow.sub_merchant,
        ChannelOrderRow.transaction_id,
    )
    .join(ProfitShareRow, ProfitShareRow.order_id == ShareReturnRow.order_id)
    .join(PaymentRow, PaymentRow.payment_id == ProfitShareRow.payment_id)
    .join(ChannelOrderRow, _PAID_THROUGH)
    .where(ShareReturnRow.next_try_at <= bindparam("now"))
    .order_by(ShareReturnRow.next_try_at)
    .limit(bindparam("most"))
)


def shares_due(tx: Tx, now: datetime, paid_before: datetime, most: int) -> list[Row[Any]]:
    """Payments whose orders are all over and whose share wants a step, the longest due first."""
    return tx.all(_DUE, {"now": now, "paid_before": paid_before, "most": most})


def shares_of(tx: Tx, payment_id: str) -> list[Row[Any]]:
    """The orders' parts of a payment's share, in order-id order."""
    return tx.all(_OF_PAYMENT, {"payment": payment_id})


def share_of_order(tx: Tx, order_id: str) -> Row[Any] | None:
    """One order's part, with the channel order through which it was paid; or None."""
    return tx.first(_OF_ORDER, {"order": order_id})


def returns_due(tx: Tx, now: datetime, most: int) -> list[Row[Any]]:
    """Returns that want a step, with the share that they belong to."""
    return tx.all(_RETURNS_DUE, {"now": now, "most": most})
