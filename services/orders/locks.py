"""Every FOR UPDATE of orders: orders in id order, then what is beside one (its amendment, case,
dispute, review), then its saga."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from services.contracts.orders import NotYourOrder
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken
from services.orders.domain.order import Order
from services.orders.domain.saga import Saga
from services.orders.queries import order_from
from services.orders.tables import OrderRow
from services.orders.tables_sagas import SagaRow

_ORDERS = select(OrderRow.__table__).order_by(OrderRow.order_id).with_for_update()
_BY_ID = _ORDERS.where(OrderRow.order_id == bindparam("order"))
_BY_IDS = _ORDERS.where(OrderRow.order_id.in_(bindparam("orders", expanding=True)))
_BY_PAYMENT = _ORDERS.where(OrderRow.payment_id == bindparam("payment"))
_SUPPLEMENTS = _ORDERS.where(OrderRow.supplement_of == bindparam("order"))
_SAGA = select(SagaRow.__table__).where(SagaRow.saga_id == bindparam("saga")).with_for_update()


def order_for_update(tx: Tx, order_id: str) -> Order:
    """The order, ours until commit; NotYourOrder when there is none."""
    row = tx.first(_BY_ID, {"order": order_id})
    if row is None:
        raise NotYourOrder
    return order_from(row)


def orders_for_update(tx: Tx, order_ids: Sequence[str]) -> list[Order]:
    """All of these orders; InvariantBroken when one is unknown: only orders names orders."""
    orders = [order_from(row) for row in tx.all(_BY_IDS, {"orders": list(order_ids)})]
    if len(orders) != len(set(order_ids)):
        raise InvariantBroken(f"somebody speaks of unknown orders among {list(order_ids)}")
    return orders


def payment_orders_for_update(tx: Tx, payment_id: str) -> list[Order]:
    """The orders that one payment is for; until it is paid they move together."""
    return [order_from(row) for row in tx.all(_BY_PAYMENT, {"payment": payment_id})]


def deal_for_update(tx: Tx, order_id: str) -> list[Order]:
    """The order and its supplements, in id order: a supplement is always younger."""
    order = order_for_update(tx, order_id)
    return [order, *(order_from(row) for row in tx.all(_SUPPLEMENTS, {"order": order_id}))]


def saga_for_update(tx: Tx, saga_id: str) -> Saga | None:
    """The saga, ours until commit; taken after the orders that its step changes."""
    row = tx.first(_SAGA, {"saga": saga_id})
    return None if row is None else Saga(**row._mapping)
