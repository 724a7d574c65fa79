"""What is held for an order ends once: released to the merchant, or refunded.

Both run in the transaction that notes the event in the inbox. The second of the two to come gets
AlreadyResolved and moves no money.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.orders import OrderCancelled, OrderCompleted
from services.contracts.settlement import EscrowState
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken
from services.settlement import locks
from services.settlement.domain.escrows import EscrowAct, resolve
from services.settlement.escrow_columns import left_of
from services.settlement.use_cases.give_back import Back, give_back
from services.settlement.use_cases.release_order import (
    Terms,
    in_the_way,
    note_completed,
    release,
)


def release_escrow(tx: Tx, event: OrderCompleted, terms: Terms) -> None:
    """Pay what is held for a completed order to its merchant, this very moment.

    In a dispute, or while its cash is not at the desk, the money follows later. When a ruling came
    first, or all of it was given back as the two agreed, that stands.
    """
    escrow = held_for(tx, event.aggregate_id)
    if _decided(escrow) or _went_back(escrow, given_back=event.given_back):
        return
    if in_the_way(escrow):
        note_completed(tx, escrow, terms.now)
    else:
        release(tx, escrow, EscrowAct.RELEASE, terms)


def refund_escrow(tx: Tx, event: OrderCancelled, now: datetime) -> None:
    """Send what is held for a cancelled order back the way it came, or to the household's fund.

    When a ruling, or what the two agreed, has given all of it back, nothing is left to do.
    """
    escrow = held_for(tx, event.aggregate_id)
    if _decided(escrow) and escrow.state == EscrowState.REFUNDED:
        return
    if _went_back(escrow, given_back=event.given_back):
        return
    state = resolve(EscrowState(escrow.state), EscrowAct.REFUND)
    back = Back(
        amount_fen=left_of(escrow).total_fen,
        to=event.refund_to,
        reason=event.reason or "cancelled",
        tag="whole",
    )
    give_back(tx, escrow, back, state, now)


def _decided(escrow: Row[Any]) -> bool:
    """Orders itself has had it ruled upon, or all of it given back."""
    over = escrow.state in (EscrowState.RELEASED, EscrowState.REFUNDED)
    return over and escrow.decided_at is not None


def _went_back(escrow: Row[Any], *, given_back: bool) -> bool:
    """Orders says that nothing is left; InvariantBroken when that is not so."""
    if given_back and left_of(escrow).total_fen:
        raise InvariantBroken(f"order {escrow.order_id} was not given back: {escrow.state}")
    return given_back


def held_for(tx: Tx, order_id: str) -> Row[Any]:
    """What is held for an order, locked; InvariantBroken when nothing ever was."""
    escrow = locks.escrow_for_update(tx, order_id)
    if escrow is None:
        raise InvariantBroken(f"nothing was ever held for order {order_id}")
    return escrow
