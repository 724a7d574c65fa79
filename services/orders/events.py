"""What orders tells the others: an event with all that a listener needs, so that none asks back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from services.contracts.orders import (
    OrderCancelled,
    OrderEvent,
    OrderTrouble,
    Party,
    RefundTo,
    Step,
)
from services.orders.domain.order import Order

E = TypeVar("E", bound=OrderEvent)


def told(event_type: type[E], order: Order, **facts: Any) -> E:
    """The event about `order` as it now stands; `facts` are what this event says besides."""
    return event_type(
        aggregate_id=order.order_id,
        version=order.version,
        number=order.number,
        payment_id=order.payment_id,
        household_id=order.household_id,
        merchant_id=order.merchant_id,
        store_id=order.store_id,
        store_name=order.store_name,
        community_id=order.community_id,
        amount_fen=order.amount_fen,
        summary=order.summary,
        address=order.address,
        placed_by=order.placed_by,
        reservation_id=order.reservation_id,
        sku_ids=order.sku_ids,
        sells_card=order.sells_card,
        paid_by_channel=order.paid_by_channel,
        fulfilment=order.fulfilment,
        supplement_of=order.supplement_of,
        slot_from=order.slot_from,
        **facts,
    )


def cancelled(order: Order, *, paid: bool, given_back: bool = False) -> OrderCancelled:
    """Off: whoever set something aside for it gives it back; `paid` asks for the money too."""
    return told(
        OrderCancelled,
        order,
        paid=paid,
        given_back=given_back,
        refund_to=order.refund_to or RefundTo.CHANNEL,
        reason=order.cancel_reason,
        cancelled_by=order.cancelled_by or Party.SYSTEM,
    )


def trouble(
    order: Order,
    to: Sequence[Party],
    what: Step,
    words: str = "",
    deadline_at: datetime | None = None,
) -> OrderTrouble:
    """Something beside the course; `words` is one Chinese sentence for whoever must act."""
    return told(OrderTrouble, order, to=list(to), what=what, words=words, deadline_at=deadline_at)
