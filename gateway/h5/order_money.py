"""One order's money: how it was paid, who held it when, what went back."""

from flask import Blueprint

from gateway import guard
from gateway.pages import draw
from gateway.parts import parts
from services.contracts.settlement import OrderMoneyQuery

blueprint = Blueprint("h5_order_money", __name__)


@blueprint.get("/h5/orders/<order_id>/money")
def of_resident(order_id: str) -> str:
    """As the household sees it."""
    return _draw(order_id, "resident")


@blueprint.get("/h5/merchant/orders/<order_id>/money")
def of_merchant(order_id: str) -> str:
    """As the shop sees it: with the commission, and from when it may be withdrawn."""
    return _draw(order_id, "merchant")


def _draw(order_id: str, side: str) -> str:
    guard.act()
    money = parts().backends.settlement.order_money(OrderMoneyQuery(order_id=order_id))
    return draw("h5/money/order_money.html", money=money, side=side)
