"""Cash from the door: what couriers have collected, and bring to the desk."""

from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway.console.money.desk import draw_slip
from gateway.console.money.reading import chosen, list_links, one_id, shown_once, typed_fen
from gateway.console.staff import need_staff
from gateway.pages import after, command, draw
from gateway.parts import parts
from gateway.ui import day, hhmm
from services.contracts.settlement import CashQuery, CashState, CashView, HandInCash
from services.kernel import clock
from services.kernel.wire import PAGE_SIZE_MAX

blueprint = Blueprint("money_cash", __name__)


@blueprint.get("/console/money/cash")
def cash() -> str:
    """Who has how much: all couriers, or the orders of one of them to be ticked."""
    need_staff()
    return _draw_cash()


def _draw_cash(**context: Any) -> str:
    courier_id = one_id("courier_id")
    state = CashState.COLLECTED if courier_id else chosen(CashState)
    query = CashQuery(courier_id=courier_id, state=state, after=after(), limit=PAGE_SIZE_MAX)
    page = parts().backends.settlement.cash(query)
    return draw(
        "console/money/cash.html",
        courier_id=courier_id,
        courier_name=next((row.courier_name for row in page.items if row.courier_name), ""),
        state=state,
        rows=page.items,
        total_fen=sum(row.amount_fen for row in page.items),
        couriers=owing(page.items),
        **list_links("/console/money/cash", page.next_after),
        **context,
    )


def owing(rows: list[CashView]) -> list[dict[str, Any]]:
    """Each courier among the rows with what was collected and not yet handed in."""
    sums: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row.state is CashState.COLLECTED and row.courier_id:
            one = sums.setdefault(
                row.courier_id, {"id": row.courier_id, "name": "", "orders": 0, "amount_fen": 0}
            )
            one["name"] = one["name"] or row.courier_name
            one["orders"] += 1
            one["amount_fen"] += row.amount_fen
    return sorted(sums.values(), key=lambda one: -int(one["amount_fen"]))


@blueprint.post("/console/money/cash")
def hand_in() -> Response:
    """Counted: it must be the sum of the orders that were ticked. The slip is the answer."""
    who = need_staff()

    def write() -> str:
        wish = command(
            HandInCash, order_ids=request.form.getlist("id"), amount_fen=typed_fen("amount")
        )
        taken = parts().backends.settlement.hand_in_cash(wish)
        facts = [
            (gettext("收款事由"), gettext("货到付款的现金，%(n)d 单", n=taken.order_count)),
            (gettext("交款人"), request.form.get("courier_name", "")[:60] or "—"),
            (gettext("收款人"), who.name),
            (gettext("打印时间"), f"{day(clock.now())} {hhmm(clock.now())}"),
        ]
        back = "/console/money/cash"
        return draw_slip(gettext("交款收据"), taken.receipt_number, taken.amount_fen, facts, back)

    return shown_once(write, lambda faults, notice: _draw_cash(faults=faults, notice=notice))
