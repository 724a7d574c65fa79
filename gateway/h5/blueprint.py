"""All phone pages on one app."""

from flask import Flask

from gateway.h5 import (
    cards,
    courier,
    fees,
    funds,
    gate,
    merchant,
    order_money,
    paying,
    resident,
    shelf,
    shopping,
    signing,
    withdrawing,
)

ORDINARY = (signing, resident, shopping, merchant, shelf, courier, gate)
OF_MONEY = (paying, funds, withdrawing, fees, cards, order_money)


def register(app: Flask) -> None:
    """Serve them."""
    for module in (*ORDINARY, *OF_MONEY):
        app.register_blueprint(module.blueprint)
