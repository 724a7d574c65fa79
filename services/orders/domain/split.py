"""What a dispute is about in money: what is frozen of each order, and how it is to be split."""

from typing import NamedTuple

from services.contracts.orders import RefundTo
from services.contracts.settlement import Channel
from services.orders.domain.order import Order


class Part(NamedTuple):
    """What is frozen of one order of the deal: the order itself, or a supplement of it."""

    order_id: str
    frozen_fen: int
    taken_back_fen: int = 0
    owed_fen: int = 0


def is_unpaid(order: Order) -> bool:
    """True while a courier has yet to take the money at the door: there is none to share."""
    return order.paid_by_channel == Channel.DELIVERY and order.delivered_at is None


class Split(NamedTuple):
    """A decision: so much to the resident, the rest to the store."""

    to_resident_fen: int
    refund_to: RefundTo
    reason: str


class Person(NamedTuple):
    """A member of staff, as the dispute keeps them."""

    account_id: str
    name: str
