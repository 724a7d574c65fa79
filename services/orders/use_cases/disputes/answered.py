"""A side has said something: the mediator's question to it is answered."""

from services.contracts.orders import Party, Trouble
from services.kernel.db import Tx
from services.orders.domain.order import Order
from services.orders.queries_disputes import newest_dispute
from services.orders.use_cases.disputes.rows import write


def answered(tx: Tx, order: Order, party: Party) -> None:
    """To be called with the order's row held, whenever `party` has said a word."""
    if order.trouble is not Trouble.DISPUTED:
        return
    dispute = newest_dispute(tx, order.order_id)
    if dispute is not None and party in dispute.asked:
        write(tx, dispute, dispute.answered(party))
