"""Reads of payments and of what is due: rows in, contract views out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, select, tuple_

from services.contracts.settlement import (
    Allocation,
    CardSale,
    Channel,
    Custody,
    PaymentState,
    PaymentView,
    RefundState,
    WayNotOpen,
)
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken, Malformed
from services.settlement import card_queries, sharing_queries
from services.settlement.domain.channel import RefundRef, TradeRef
from services.settlement.domain.payments import LIVE, Purpose
from services.settlement.domain.refunds import UNDER_WAY
from services.settlement.tables import (
    AllocationRow,
    ChannelOrderRow,
    PaymentRow,
    RefundRow,
)
from services.settlement.tables_desk import SubMerchantRow

_PAYMENT = select(PaymentRow.__table__).where(PaymentRow.payment_id == bindparam("payment"))
_ALLOCATIONS = (
    select(AllocationRow.__table__)
    .where(AllocationRow.payment_id == bindparam("payment"))
    .order_by(AllocationRow.order_id)
)
_CHANNEL_ORDERS = (
    select(ChannelOrderRow.__table__)
    .where(ChannelOrderRow.payment_id == bindparam("payment"))
    .order_by(ChannelOrderRow.out_trade_no)
)
_CHANNEL_ORDER = select(ChannelOrderRow.__table__).where(
    ChannelOrderRow.channel == bindparam("channel"),
    ChannelOrderRow.out_trade_no == bindparam("number"),
)


def payment_row(tx: Tx, payment_id: str) -> Row[Any] | None:
    """The payment, or None."""
    return tx.first(_PAYMENT, {"payment": payment_id})


def allocations(tx: Tx, payment_id: str) -> list[Allocation]:
    """The parts of a payment, in order-id order."""
    return [allocation_of(row) for row in tx.all(_ALLOCATIONS, {"payment": payment_id})]


def allocation_of(row: Row[Any]) -> Allocation:
    """An allocation from the columns of its table; joined ones call its amount `allocated_fen`."""
    amount_fen = getattr(row, "allocated_fen", None)
    sells = row.card_name is not None
    return Allocation(
        order_id=row.order_id,
        merchant_id=row.merchant_id,
        amount_fen=row.amount_fen if amount_fen is None else amount_fen,
        category=row.category,
        subsidy_fen=row.subsidy_fen,
        card=CardSale(name=row.card_name, gift_fen=row.card_gift_fen) if sells else None,
    )


def sells_cards(tx: Tx, payment_id: str) -> bool:
    """Whether an order of the payment sells a prepaid card."""
    return any(part.card is not None for part in allocations(tx, payment_id))


def paid_at_door(payment: Row[Any]) -> bool:
    """Whether somebody comes to a door with what the payment is for, and can collect."""
    return bool(payment.purpose == Purpose.ORDER and payment.cash_at_door)


def card_merchant(tx: Tx, card_id: str | None) -> str | None:
    """Whose orders a card pays."""
    return None if card_id is None else card_queries.merchant_of(tx, card_id)


def sub_merchant(tx: Tx, payment: Row[Any]) -> str:
    """The merchant number of the one shop that receives itself; empty where the property does.

    WayNotOpen when the payment is for several shops, or the shop has no number yet.
    """
    if payment.custody != Custody.PLATFORM:
        return ""
    shops = {part.merchant_id for part in allocations(tx, payment.payment_id)}
    number = tx.scalar(
        select(SubMerchantRow.sub_mchid).where(SubMerchantRow.merchant_id.in_(shops))
    )
    if len(shops) != 1 or number is None:
        raise WayNotOpen("shops that receive themselves are paid one by one")
    return str(number)


def trade_ref(row: Row[Any]) -> TradeRef:
    """What a channel may want to know of a channel order."""
    return TradeRef(
        out_trade_no=row.out_trade_no,
        asked_at=row.asked_at,
        pay_before=row.pay_before or row.asked_at,
        transaction_id=row.transaction_id or "",
        sub_merchant=row.sub_merchant,
    )


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
        fund_fen=row.fund_fen,
        card_id=row.card_id,
        card_fen=row.card_fen + row.gift_fen,
        custody=Custody(row.custody),
        allocations=list(parts),
    )


def channel_order(tx: Tx, channel: Channel, out_trade_no: str) -> Row[Any]:
    """One attempt that is known to be there."""
    row = tx.first(_CHANNEL_ORDER, {"channel": channel, "number": out_trade_no})
    if row is None:
        raise InvariantBroken(f"channel order {out_trade_no} has gone")
    return row


def channel_orders(tx: Tx, payment_id: str) -> list[Row[Any]]:
    """All attempts to have a payment paid, oldest first."""
    return tx.all(_CHANNEL_ORDERS, {"payment": payment_id})


def live_channel_orders(tx: Tx, payment_id: str) -> list[Row[Any]]:
    """Those through which money may still come."""
    return [row for row in channel_orders(tx, payment_id) if row.state in LIVE]


def channel_orders_due(tx: Tx, now: datetime, limit: int) -> list[Row[Any]]:
    """Live attempts that the channel should be asked about, the longest due first."""
    statement = (
        select(ChannelOrderRow.__table__, PaymentRow.state.label("payment_state"))
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


def _refunds_with_trades() -> Select[Any]:
    return select(
        RefundRow.__table__,
        ChannelOrderRow.asked_at.label("trade_asked_at"),
        ChannelOrderRow.pay_before,
        ChannelOrderRow.transaction_id,
        ChannelOrderRow.sub_merchant,
    ).join(
        ChannelOrderRow,
        (ChannelOrderRow.channel == RefundRow.channel)
        & (ChannelOrderRow.out_trade_no == RefundRow.out_trade_no),
    )


def refunds_due(tx: Tx, now: datetime, limit: int) -> list[Row[Any]]:
    """Refunds under way whose next try is due, the longest due first."""
    statement = (
        _refunds_with_trades()
        .where(
            RefundRow.next_try_at <= now,
            RefundRow.state.in_(UNDER_WAY),
            ~sharing_queries.COMMISSION_ON_ITS_WAY,
        )
        .order_by(RefundRow.next_try_at)
        .limit(limit)
    )
    return tx.all(statement)


def refund_with_trade(tx: Tx, refund_id: str) -> Row[Any] | None:
    """A refund with what its channel may want to know of the trade; None for those of the desk."""
    return tx.first(_refunds_with_trades().where(RefundRow.refund_id == refund_id))


def refunds_page(
    tx: Tx,
    state: RefundState | None,
    communities: Sequence[str],
    after: str | None,
    limit: int,
) -> list[Row[Any]]:
    """Refunds in a state and of these communities, newest first, behind the refund `after`."""
    statement = (
        select(RefundRow.__table__)
        .join(PaymentRow, PaymentRow.payment_id == RefundRow.payment_id)
        .where(PaymentRow.community_id.in_(communities))
        .order_by(RefundRow.requested_at.desc(), RefundRow.refund_id.desc())
    )
    if state is not None:
        statement = statement.where(RefundRow.state == state)
    if after is not None:
        edge = tx.first(
            select(RefundRow.requested_at, RefundRow.refund_id).where(RefundRow.refund_id == after)
        )
        if edge is None:
            raise Malformed("not a place in this list", fields={"after": "unknown"})
        place = tuple_(RefundRow.requested_at, RefundRow.refund_id)
        statement = statement.where(place < tuple_(edge.requested_at, edge.refund_id))
    return tx.all(statement.limit(limit))


def refunds_of(tx: Tx, order_id: str) -> list[Row[Any]]:
    """The refunds of an order, oldest first."""
    statement = (
        select(RefundRow.__table__)
        .where(RefundRow.order_id == order_id)
        .order_by(RefundRow.requested_at)
        .limit(50)
    )
    return tx.all(statement)


def refund_ref(row: Row[Any]) -> RefundRef:
    """What a channel may want to know of a refund that is due, from `refunds_due`."""
    trade = TradeRef(
        out_trade_no=row.out_trade_no,
        asked_at=row.trade_asked_at,
        pay_before=row.pay_before or row.trade_asked_at,
        transaction_id=row.transaction_id or "",
        sub_merchant=row.sub_merchant,
    )
    return RefundRef(row.refund_id, row.requested_at, trade)
