"""All phone pages on one app."""

from flask import Flask

from gateway.h5 import (
    amending,
    cards,
    cases,
    checkout,
    courier,
    deals,
    desk,
    disputes,
    fees,
    funds,
    gate,
    merchant,
    order_money,
    past_orders,
    paying,
    pickup,
    resident,
    reviews,
    shelf,
    shopping,
    signing,
    slip,
    talk,
    voices,
    withdrawing,
)

ORDINARY = (signing, resident, shopping, courier, gate)
OF_SHOPS = (desk, merchant, amending, pickup, slip, past_orders, voices, shelf)
OF_DEALS = (checkout, deals, cases, disputes, reviews, talk)
OF_MONEY = (paying, funds, withdrawing, fees, cards, order_money)


def register(app: Flask) -> None:
    """Serve them."""
    for module in (*ORDINARY, *OF_SHOPS, *OF_DEALS, *OF_MONEY):
        app.register_blueprint(module.blueprint)
