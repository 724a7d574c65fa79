"""One order with everything about it: its life, its record, its money; and taking it back."""

from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway.console.asking import ask_all
from gateway.console.flow import flow_of
from gateway.console.money.books import CORRECTABLE
from gateway.console.staff import need_staff
from gateway.pages import client_info, command, draw, write_once
from gateway.parts import parts
from gateway.wording import N_
from services.contracts.after_sales import CasesQuery
from services.contracts.amendments import AmendmentsQuery
from services.contracts.orders import CancelOrder, OrderQuery, RecordQuery
from services.contracts.settlement import OrderMoneyQuery

blueprint = Blueprint("console_order", __name__)

SILENT_NAMES = {
    "record": N_("完整记录"),
    "amendments": N_("改单"),
    "cases": N_("售后"),
    "money": N_("账务"),
}


@blueprint.get("/console/orders/<order_id>")
def order(order_id: str) -> str:
    """The page, which also opens beside the list."""
    need_staff()
    return draw_order(order_id)


def draw_order(order_id: str, **context: Any) -> str:
    """The order's page; also after a refusal, with what was typed."""
    backends = parts().backends
    view = backends.orders.order(OrderQuery(order_id=order_id))
    answers, silent = ask_all(
        {
            "record": lambda: backends.orders.record(RecordQuery(order_id=order_id)),
            "amendments": lambda: (
                backends.orders.amendments(AmendmentsQuery(order_id=order_id)).amendments
            ),
            "cases": lambda: backends.orders.cases(CasesQuery(order_id=order_id)).items,
            "money": lambda: backends.settlement.order_money(OrderMoneyQuery(order_id=order_id)),
        }
    )
    money = answers["money"]
    return draw(
        "console/order.html",
        order=view,
        flow=flow_of(money) if money else None,
        correctable=CORRECTABLE,
        silent=[gettext(SILENT_NAMES[name]) for name in silent],
        **answers,
        **context,
    )


@blueprint.post("/console/orders/<order_id>/cancel")
def cancel(order_id: str) -> Response:
    """Take an order back; the reason is on record."""
    need_staff()

    def write() -> str:
        reason = request.form.get("reason", "").strip()
        wish = command(CancelOrder, order_id=order_id, reason=reason, client=client_info())
        parts().backends.orders.cancel_order(wish)
        return f"/console/orders/{order_id}"

    return write_once(
        write, lambda faults, notice: draw_order(order_id, faults=faults, notice=notice)
    )
