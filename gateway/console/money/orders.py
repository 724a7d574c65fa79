"""What staff do with one order's money: give a part back, freeze it, rule on it."""

from flask import Blueprint, Response

from gateway.console.money.reading import typed, typed_fen
from gateway.console.staff import need_staff
from gateway.console.views import draw_order
from gateway.errors import NoSuchPage
from gateway.pages import command, write_once
from gateway.parts import parts
from services.contracts.settlement import FreezeOrder, RefundOrderPart, RuleOrder

blueprint = Blueprint("money_orders", __name__)


@blueprint.post("/console/orders/<order_id>/money/<act>")
def act(order_id: str, act: str) -> Response:
    """退一部分, 冻结, 裁定; settlement decides who may."""
    need_staff()
    acts = {"refund": _refund, "freeze": _freeze, "rule": _rule}
    if act not in acts:
        raise NoSuchPage()

    def write() -> str:
        acts[act](order_id)
        return f"/console/orders/{order_id}"

    return write_once(
        write, lambda faults, notice: draw_order(order_id, act=act, faults=faults, notice=notice)
    )


def _refund(order_id: str) -> None:
    wish = command(
        RefundOrderPart,
        order_id=order_id,
        amount_fen=typed_fen("amount"),
        to=typed("to"),
        reason=typed("reason"),
    )
    parts().backends.settlement.refund_order_part(wish)


def _freeze(order_id: str) -> None:
    wish = command(FreezeOrder, order_id=order_id, reason=typed("reason"))
    parts().backends.settlement.freeze_order(wish)


def _rule(order_id: str) -> None:
    wish = command(
        RuleOrder,
        order_id=order_id,
        to_resident_fen=typed_fen("amount"),
        to=typed("to"),
        reason=typed("reason"),
    )
    parts().backends.settlement.rule_order(wish)
