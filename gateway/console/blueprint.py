"""All desk pages on one app."""

from flask import Flask

from gateway.console import (
    dead,
    disputes,
    order_list,
    order_page,
    precedents,
    reviews,
    sagas,
    signing,
    views,
)
from gateway.console.menu import who_may_what
from gateway.console.money import (
    bank_files,
    books,
    cards,
    cash,
    desk,
    fee_payments,
    fees,
    orders,
    reconciliation,
    refunds,
    rules,
    withdrawals,
)

DEALS = (order_list, order_page, disputes, precedents, reviews, sagas)
MONEY = (
    desk,
    cash,
    refunds,
    withdrawals,
    bank_files,
    fees,
    fee_payments,
    cards,
    reconciliation,
    books,
    orders,
    rules,
)


def register(app: Flask) -> None:
    """Serve them."""
    app.register_blueprint(signing.blueprint)
    for module in (views, dead, *DEALS, *MONEY):
        app.register_blueprint(module.blueprint)
        app.template_context_processors.setdefault(module.blueprint.name, []).append(who_may_what)
