"""What is held for an order ends once: released to the merchant, or refunded.

Both run in the transaction that notes the event in the inbox. The second of the two to come gets
AlreadyResolved and moves no money.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from services.contracts.orders import OrderCancelled, OrderCompleted, RefundTo
from services.contracts.settlement import (
    Channel,
    EscrowReleased,
    EscrowState,
    RefundCompleted,
)
from services.kernel import outbox
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken
from services.kernel.ids import derived_id
from services.settlement import ledger, locks
from services.settlement.domain import postings
from services.settlement.domain.escrows import EscrowAct, resolve
from services.settlement.domain.postings import Source, Till
from services.settlement.tables import ChannelOrderRow, EscrowRow, PaymentRow
from services.settlement.use_cases.begin_refund import RefundWish, insert_refund

_RESOLVE = (
    update(EscrowRow)
    .where(EscrowRow.order_id == bindparam("order"))
    .values(state=bindparam("resolved_as"), resolved_at=bindparam("at"))
)
_PAID_THROUGH = (
    select(
        PaymentRow.payment_id,
        PaymentRow.payer_account_id,
        ChannelOrderRow.channel,
        ChannelOrderRow.merchant_number,
        ChannelOrderRow.out_trade_no,
        ChannelOrderRow.amount_fen,
    )
    .join(
        ChannelOrderRow,
        (ChannelOrderRow.channel == PaymentRow.channel)
        & (ChannelOrderRow.out_trade_no == PaymentRow.out_trade_no),
    )
    .where(PaymentRow.payment_id == bindparam("payment"))
)


def release_escrow(tx: Tx, event: OrderCompleted, now: datetime) -> None:
    """Pay what is held for a completed order to its merchant, this very moment."""
    escrow = _resolve(tx, event.aggregate_id, EscrowAct.RELEASE, now)
    transfer = postings.release(
        escrow.order_id, escrow.payment_id, escrow.merchant_id, escrow.amount_fen
    )
    ledger.post(tx, [transfer], now)
    outbox.emit(
        tx,
        EscrowReleased(
            aggregate_id=escrow.order_id,
            version=1,
            merchant_id=escrow.merchant_id,
            household_id=escrow.household_id,
            amount_fen=escrow.amount_fen,
        ),
    )


def refund_escrow(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    """Send what is held for a cancelled order back the way it came, or to the household's fund."""
    escrow = _resolve(tx, event.aggregate_id, EscrowAct.REFUND, now)
    wish = _wish(tx, escrow, event)
    insert_refund(tx, wish, now)
    if wish.to is RefundTo.CHANNEL:
        ledger.post(tx, [postings.refund_begun(wish.way, wish.source.till)], now)
        return
    to_fund = postings.refund_to_fund(wish.way, escrow.order_id, escrow.household_id)
    ledger.post(tx, [to_fund], now)
    outbox.emit(tx, _completed(wish))


def _resolve(tx: Tx, order_id: str, act: EscrowAct, now: datetime) -> Row[Any]:
    escrow = locks.escrow_for_update(tx, order_id)
    if escrow is None:
        raise InvariantBroken(f"nothing was ever held for order {order_id}")
    state = resolve(EscrowState(escrow.state), act)
    tx.execute(_RESOLVE, {"order": order_id, "resolved_as": state, "at": now})
    return escrow


def _wish(tx: Tx, escrow: Row[Any], event: OrderCancelled) -> RefundWish:
    paid = tx.first(_PAID_THROUGH, {"payment": escrow.payment_id})
    if paid is None:
        raise InvariantBroken(f"payment {escrow.payment_id} holds money that came from nowhere")
    till = Till(Channel(paid.channel), paid.merchant_number)
    return RefundWish(
        refund_id=derived_id("refund", escrow.order_id),
        source=Source(till, paid.out_trade_no, escrow.payment_id),
        order_id=escrow.order_id,
        household_id=escrow.household_id,
        payer_account_id=paid.payer_account_id,
        amount_fen=escrow.amount_fen,
        total_fen=paid.amount_fen,
        to=event.refund_to,
        reason=event.reason or "cancelled",
    )


def _completed(wish: RefundWish) -> RefundCompleted:
    return RefundCompleted(
        aggregate_id=wish.refund_id,
        version=1,
        order_id=wish.order_id,
        payment_id=wish.source.payment_id,
        household_id=wish.household_id,
        payer_account_id=wish.payer_account_id,
        amount_fen=wish.amount_fen,
        to=wish.to,
        reason=wish.reason,
    )
