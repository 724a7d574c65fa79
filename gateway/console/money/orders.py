"""What a cashier does with one order's money: give a part back."""

from flask import Blueprint, Response

from gateway.console.money.reading import typed, typed_fen
from gateway.console.order_page import draw_order
from gateway.console.staff import need_staff
from gateway.pages import command, write_once
from gateway.parts import parts
from services.contracts.settlement import RefundOrderPart

blueprint = Blueprint("money_orders", __name__)


@blueprint.post("/console/orders/<order_id>/money/refund")
def refund(order_id: str) -> Response:
    """退一部分; settlement decides who may."""
    need_staff()

    def write() -> str:
        wish = command(
            RefundOrderPart,
            order_id=order_id,
            amount_fen=typed_fen("amount"),
            to=typed("to"),
            reason=typed("reason"),
        )
        parts().backends.settlement.refund_order_part(wish)
        return f"/console/orders/{order_id}"

    return write_once(
        write,
        lambda faults, notice: draw_order(order_id, act="refund", faults=faults, notice=notice),
    )
