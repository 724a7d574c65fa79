"""What orders believes about money, against the ledger."""

from typing import Any

from sqlalchemy import Row, case, func, select

from services.contracts.orders import OrderAmount, OrderState
from services.contracts.settlement import EscrowState, MatchOrders, Proof, RefundState
from services.kernel.db import Database, Tx
from services.settlement.tables import AllocationRow, EscrowRow, RefundRow

STATEMENT = "账本与订单的状态和金额一致"
_BACK_FEN = case((RefundRow.state == RefundState.DONE, RefundRow.amount_fen), else_=0)
_UNDER_WAY = (EscrowState.HELD, EscrowState.FROZEN)
_FITTING = {
    OrderState.COMPLETED: (EscrowState.RELEASED, EscrowState.REFUNDED, EscrowState.FROZEN),
    OrderState.CANCELLED: (EscrowState.REFUNDED,),
}
"""A completed order may be quarrelled over, or have been given back as a whole."""
_ESCROW = (
    EscrowRow.state,
    EscrowRow.completed_at,
    EscrowRow.decided_at,
    EscrowRow.releases,
)


def match_orders(db: Database, query: MatchOrders) -> Proof:
    """Compare a page of orders; `checked` counts those for which money was ever held."""
    with db.reading() as tx:
        ours = {row.order_id: row for row in _money_of(tx, [o.order_id for o in query.orders])}
    differences = [
        f"{order.order_id}: {fault}"
        for order in query.orders
        for fault in _faults(order, ours.get(order.order_id))
    ]
    return Proof(
        name="orders",
        statement=STATEMENT,
        holds=not differences,
        checked=sum(1 for row in ours.values() if row.state is not None),
        differences=differences[:20],
    )


def _money_of(tx: Tx, order_ids: list[str]) -> list[Row[Any]]:
    return tx.all(
        select(
            AllocationRow.order_id,
            AllocationRow.payment_id,
            AllocationRow.merchant_id,
            AllocationRow.amount_fen,
            *_ESCROW,
            func.coalesce(func.sum(_BACK_FEN), 0).label("back_fen"),
        )
        .outerjoin(EscrowRow, EscrowRow.order_id == AllocationRow.order_id)
        .outerjoin(RefundRow, RefundRow.order_id == AllocationRow.order_id)
        .group_by(
            AllocationRow.order_id,
            AllocationRow.payment_id,
            AllocationRow.merchant_id,
            AllocationRow.amount_fen,
            *_ESCROW,
        )
        .where(AllocationRow.order_id.in_(order_ids))
    )


def _faults(order: OrderAmount, money: Row[Any] | None) -> list[str]:
    """What orders and the ledger disagree about; an order never opened for payment has no money."""
    if money is None:
        return ["paid, and the ledger knows nothing of it"] if order.paid else []
    held = None if money.state is None else EscrowState(money.state)
    beliefs = {
        "payment": (order.payment_id, money.payment_id),
        "merchant": (order.merchant_id, money.merchant_id),
        "amount": (order.amount_fen, money.amount_fen),
        "paid": (order.paid, held is not None),
        "settled": (order.settled, bool(money.releases)),
        "refunded": (order.refunded, money.back_fen >= money.amount_fen),
        "given back": (order.refunded_fen, money.back_fen),
    }
    if order.paid and held is not None and held not in (fitting := _fitting(order.state, money)):
        due = " or ".join(fitting)
        beliefs[f"escrow of an order that is {order.state}"] = (due, held)
    return [
        f"{name}: orders {theirs}, ledger {ours}"
        for name, (theirs, ours) in beliefs.items()
        if theirs != ours
    ]


def _fitting(state: OrderState, money: Row[Any]) -> tuple[EscrowState, ...]:
    """In which states the money of an order may be; a decision comes before the order's own end."""
    fitting = _FITTING.get(state, _UNDER_WAY)
    if state is OrderState.COMPLETED and money.completed_at is not None:
        return (*fitting, EscrowState.HELD)  # until its cash is at the desk
    if state not in _FITTING and money.decided_at is not None:
        return tuple(EscrowState)
    return fitting
