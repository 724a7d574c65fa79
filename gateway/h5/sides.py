"""What the pages have in common that both sides of a deal use: who asks, and refusals in words."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask_babel import gettext

from gateway import guard
from gateway.parts import parts
from gateway.ui import yuan
from services.contracts.after_sales import MoreThanPaid
from services.contracts.orders import NotThatMany, OrderQuery, OrderView, Party


def order_for_either(order_id: str) -> OrderView:
    """The order, in the name of whoever is signed in; NotYourOrder to strangers."""
    guard.act()
    return parts().backends.orders.order(OrderQuery(order_id=order_id))


def side_of(order: OrderView) -> str:
    """`merchant` for who stands only there, `resident` for the household, `staff` for others."""
    if Party.RESIDENT in order.sides or not order.sides:
        return Party.RESIDENT.value
    return Party.MERCHANT.value if Party.MERCHANT in order.sides else Party.STAFF.value


def order_href(order: OrderView) -> str:
    """Where that side sees the order."""
    base = "/h5/merchant/orders/" if side_of(order) == Party.MERCHANT.value else "/h5/orders/"
    return f"{base}{order.order_id}"


@contextmanager
def said_beside(field: str) -> Iterator[None]:
    """Where more money or more pieces were typed than are left, how much is, beside the field."""
    try:
        yield
    except MoreThanPaid as error:
        left_fen = error.fields.get("left_fen", "")
        if left_fen.isdigit():
            error.fields = {field: gettext("最多 %(amount)s", amount=yuan(int(left_fen)))}
        raise
    except NotThatMany as error:
        error.fields = {
            sku_id: gettext("最多 %(n)s 件", n=count) for sku_id, count in error.fields.items()
        }
        raise
