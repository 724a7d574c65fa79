"""Every FOR UPDATE of orders: orders in id order, and nothing else beside them."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from services.contracts.orders import NotYourOrder
from services.kernel.db import Tx
from services.kernel.errors import InvariantBroken
from services.orders.domain.order import Order
from services.orders.queries import order_from
from services.orders.tables import OrderRow

_ORDERS = select(OrderRow.__table__).order_by(OrderRow.order_id).with_for_update()
_BY_ID = _ORDERS.where(OrderRow.order_id == bindparam("order"))
_BY_IDS = _ORDERS.where(OrderRow.order_id.in_(bindparam("orders", expanding=True)))
_BY_PAYMENT = _ORDERS.where(OrderRow.payment_id == bindparam("payment"))


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
