"""One order as the shop sees it, and what the shop does with it."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, request

from gateway import guard
from gateway.errors import NoSuchPage
from gateway.h5.attachments import typed_photos
from gateway.pages import client_info, command, draw, reason, write_once
from gateway.parts import parts
from services.contracts.after_sales import CaseQuery, CaseView
from services.contracts.amendments import AmendmentsQuery, AmendmentView, WithdrawAmendment
from services.contracts.delivery import CouriersQuery, CourierView
from services.contracts.disputes import DisputeQuery, DisputeView
from services.contracts.identity import MeView, StoreMembership
from services.contracts.orders import (
    CancelOrder,
    ConfirmOrder,
    DispatchOrder,
    FinishService,
    MarkReady,
    OrderCommand,
    OrderQuery,
    OrderView,
    StartService,
)
from services.kernel.errors import Forbidden

blueprint = Blueprint("h5_merchant", __name__)

Wish = TypeVar("Wish", bound=OrderCommand)


def my_store(who: MeView) -> StoreMembership:
    """The shop that the address or the form names, else the first; Forbidden to others."""
    asked = request.values.get("store_id", "")
    for store in who.stores:
        if not asked or store.store_id == asked:
            return store
    raise Forbidden("works in no such store")


def order_of(order_id: str) -> OrderView:
    """The order, for those who have a part in it."""
    return parts().backends.orders.order(OrderQuery(order_id=order_id))


def couriers_of(store_id: str) -> list[CourierView]:
    """Whom the shop can send."""
    return parts().backends.delivery.couriers(CouriersQuery(store_id=store_id)).couriers


def href_of(order_id: str) -> str:
    """Where the shop sees the order."""
    return f"/h5/merchant/orders/{order_id}"


@blueprint.get("/h5/merchant/orders/<order_id>")
def order(order_id: str) -> str:
    """One order and its next step."""
    guard.act()
    return _draw_order(order_id)


def _draw_order(order_id: str, **context: object) -> str:
    view = order_of(order_id)
    return draw(
        "h5/merchant/order.html",
        order=view,
        couriers=couriers_of(view.store_id) if "dispatch" in view.may else [],
        amendments=_amendments(view),
        case=_case(view),
        dispute=_dispute(view),
        **context,
    )


def _amendments(order: OrderView) -> list[AmendmentView]:
    if order.amendment_id is None:
        return []
    question = AmendmentsQuery(order_id=order.order_id)
    return parts().backends.orders.amendments(question).amendments


def _case(order: OrderView) -> CaseView | None:
    if order.case_id is None:
        return None
    return parts().backends.orders.case(CaseQuery(case_id=order.case_id))


def _dispute(order: OrderView) -> DisputeView | None:
    if order.dispute_id is None:
        return None
    return parts().backends.orders.dispute(DisputeQuery(dispute_id=order.dispute_id))


@blueprint.post("/h5/merchant/orders/<order_id>/<act>")
def act(order_id: str, act: str) -> Response:
    """接单, 备好了, 出发, 开始服务, 撤回改单, 取消."""
    guard.act()
    if act not in WRITES:
        raise NoSuchPage()

    def write() -> str:
        WRITES[act](order_id)
        return href_of(order_id)

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        draw_again = _draw_cancel if act == "cancel" else _draw_order
        return draw_again(order_id, faults=faults, notice=notice)

    return write_once(write, redraw)


def _wish(kind: type[Wish], order_id: str, **values: Any) -> Wish:
    """The command of the present form on this order."""
    return command(kind, order_id=order_id, client=client_info(), **values)


def _confirm(order_id: str) -> None:
    parts().backends.orders.confirm_order(_wish(ConfirmOrder, order_id))


def _ready(order_id: str) -> None:
    parts().backends.orders.mark_ready(_wish(MarkReady, order_id))


def _dispatch(order_id: str) -> None:
    courier_id = request.form.get("courier_id", "")
    wish = _wish(DispatchOrder, order_id, courier_id=courier_id)
    parts().backends.orders.dispatch_order(wish)


def _start(order_id: str) -> None:
    parts().backends.orders.start_service(_wish(StartService, order_id))


def _finish(order_id: str) -> None:
    wish = _wish(FinishService, order_id, photos=typed_photos())
    parts().backends.orders.finish_service(wish)


def _withdraw(order_id: str) -> None:
    amendment_id = request.form.get("amendment_id", "")
    wish = _wish(WithdrawAmendment, order_id, amendment_id=amendment_id)
    parts().backends.orders.withdraw_amendment(wish)


def _cancel(order_id: str) -> None:
    parts().backends.orders.cancel_order(_wish(CancelOrder, order_id, reason=reason()))


@blueprint.get("/h5/merchant/orders/<order_id>/cancel")
def cancel_form(order_id: str) -> str:
    """Why; the resident's money goes back in full."""
    guard.act()
    return _draw_cancel(order_id)


def _draw_cancel(order_id: str, **context: object) -> str:
    return draw("h5/cancel.html", order=order_of(order_id), side="merchant", **context)


WRITES: dict[str, Callable[[str], None]] = {
    "confirm": _confirm,
    "ready": _ready,
    "dispatch": _dispatch,
    "start": _start,
    "finish": _finish,
    "withdraw-amendment": _withdraw,
    "cancel": _cancel,
}
