"""The small order that pays an amendment's difference: what its payment, or its end, sets going."""

from datetime import datetime

from services.contracts.amendments import AmendmentState
from services.contracts.orders import OrderState, RefundTo, Step
from services.kernel.db import Database, Tx
from services.kernel.ids import derived_id
from services.orders import locks
from services.orders.domain.amendment import Amendment
from services.orders.domain.doer import SYSTEM
from services.orders.domain.order import Order
from services.orders.domain.wording_amendments import WHY_FAILED, WHY_UNPAID
from services.orders.ending import cancel_paid
from services.orders.queries_amendments import answered_supplements, of_supplement
from services.orders.sagas import engine
from services.orders.settings import Settings
from services.orders.store import Change, record

DEARER = "amend_dearer"
"""The kind of saga that waits for a difference to be paid."""


def supplement_paid(tx: Tx, order: Order, now: datetime) -> None:
    """Its money is here: the change goes on; or, when that is off, the money goes back.

    `order` is the supplement as it now stands, paid and locked.
    """
    amendment = of_supplement(tx, order.order_id)
    if amendment is None or amendment.state is not AmendmentState.AWAITING_PAYMENT:
        cancel_paid(tx, order, SYSTEM, WHY_FAILED, RefundTo.CHANNEL, now)
        return
    record(tx, [Change(order, order.confirm_supplement(now), Step.CONFIRMED, SYSTEM)], now)
    engine.resume(tx, _saga_of(amendment), now)


def supplement_gone(tx: Tx, order: Order, now: datetime) -> None:
    """It was not paid: all that the change had set aside goes back."""
    amendment = of_supplement(tx, order.order_id)
    if amendment is not None:
        engine.turn_back(tx, _saga_of(amendment), WHY_UNPAID, now)


def take_up_answered(db: Database, now: datetime, settings: Settings) -> None:
    """Say the word again where it came before its saga had begun to wait for it."""
    for order_id in answered_supplements(db, settings.sweep_batch):
        with db.transaction() as tx:
            order = locks.order_for_update(tx, order_id)
            amendment = of_supplement(tx, order_id)
            if amendment is None:
                continue
            if order.state is OrderState.CANCELLED:
                engine.turn_back(tx, _saga_of(amendment), WHY_UNPAID, now)
            else:
                engine.resume(tx, _saga_of(amendment), now)


def _saga_of(amendment: Amendment) -> str:
    return derived_id("saga", DEARER, amendment.amendment_id)
