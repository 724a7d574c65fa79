"""The merchant's desk: today's orders, and what to do with each."""

from flask import Blueprint, Response, request

from gateway import guard
from gateway.errors import NoSuchPage
from gateway.pages import after, client_info, command, draw, next_href, reason, write_once
from gateway.parts import parts
from services.contracts.delivery import CouriersQuery, CourierView
from services.contracts.identity import MeView, StoreMembership
from services.contracts.orders import (
    CancelOrder,
    ConfirmOrder,
    DispatchOrder,
    MarkReady,
    OrderQuery,
    OrderState,
    OrderView,
    StateCountsQuery,
    StoreOrdersQuery,
)
from services.contracts.permissions import Permission
from services.contracts.settlement import FundQuery, OwnerKind
from services.kernel.errors import Forbidden, Unavailable

blueprint = Blueprint("h5_merchant", __name__)

TABS = {
    "new": [OrderState.AWAITING_CONFIRMATION],
    "preparing": [OrderState.PREPARING],
    "ready": [OrderState.READY],
    "going": [OrderState.OUT_FOR_DELIVERY, OrderState.DELIVERED],
    "done": [OrderState.COMPLETED],
}


def my_store(who: MeView) -> StoreMembership:
    """The shop that the address or the form names, else the first; Forbidden to others."""
    asked = request.values.get("store_id", "")
    for store in who.stores:
        if not asked or store.store_id == asked:
            return store
    raise Forbidden("works in no such store")


@blueprint.get("/h5/merchant/")
def desk() -> str:
    """One tab of the shop's orders with the counts of all."""
    who = guard.me()
    store = my_store(who)
    tab = request.args.get("tab", "new")
    tab = tab if tab in TABS else "new"
    orders = parts().backends.orders
    page = orders.store_orders(
        StoreOrdersQuery(store_id=store.store_id, states=TABS[tab], after=after())
    )
    found = orders.counts(StateCountsQuery(store_id=store.store_id)).counts
    return draw(
        "h5/merchant/desk.html",
        store=store,
        stores=who.stores,
        tab=tab,
        counts={key: sum(found.get(s, 0) for s in states) for key, states in TABS.items()},
        orders=page.items,
        today_in_fen=_today_in_fen(who, store),
        next_href=next_href(page.next_after),
    )


def _today_in_fen(who: MeView, store: StoreMembership) -> int | None:
    """None without the right to see it, or while settlement is silent: the orders matter more."""
    if Permission.MERCHANT_FUND_VIEW not in who.permissions:
        return None
    question = FundQuery(owner_kind=OwnerKind.MERCHANT, owner_id=store.merchant_id, limit=1)
    try:
        return parts().backends.settlement.fund(question).today_in_fen
    except (Unavailable, Forbidden):
        return None


@blueprint.get("/h5/merchant/orders/<order_id>")
def order(order_id: str) -> str:
    """One order and its next step."""
    guard.act()
    return _draw_order(order_id)


def _draw_order(order_id: str, **context: object) -> str:
    view = parts().backends.orders.order(OrderQuery(order_id=order_id))
    return draw("h5/merchant/order.html", order=view, couriers=_couriers(view), **context)


def _couriers(order: OrderView) -> list[CourierView]:
    if "dispatch" not in order.may:
        return []
    return parts().backends.delivery.couriers(CouriersQuery(store_id=order.store_id)).couriers


@blueprint.post("/h5/merchant/orders/<order_id>/<act>")
def act(order_id: str, act: str) -> Response:
    """接单, 备好了, 交给他去送, 取消."""
    guard.act()
    writes = {"confirm": _confirm, "ready": _ready, "dispatch": _dispatch, "cancel": _cancel}
    if act not in writes:
        raise NoSuchPage()

    def write() -> str:
        writes[act](order_id)
        return f"/h5/merchant/orders/{order_id}"

    def redraw(faults: dict[str, str], notice: dict[str, str]) -> str:
        if act == "cancel":
            return _draw_cancel(order_id, faults=faults, notice=notice)
        return _draw_order(order_id, faults=faults, notice=notice)

    return write_once(write, redraw)


def _confirm(order_id: str) -> None:
    wish = command(ConfirmOrder, order_id=order_id, client=client_info())
    parts().backends.orders.confirm_order(wish)


def _ready(order_id: str) -> None:
    wish = command(MarkReady, order_id=order_id, client=client_info())
    parts().backends.orders.mark_ready(wish)


def _dispatch(order_id: str) -> None:
    courier_id = request.form.get("courier_id", "")
    wish = command(DispatchOrder, order_id=order_id, courier_id=courier_id, client=client_info())
    parts().backends.orders.dispatch_order(wish)


def _cancel(order_id: str) -> None:
    wish = command(CancelOrder, order_id=order_id, reason=reason(), client=client_info())
    parts().backends.orders.cancel_order(wish)


@blueprint.get("/h5/merchant/orders/<order_id>/cancel")
def cancel_form(order_id: str) -> str:
    """Why; the resident's money goes back in full."""
    guard.act()
    return _draw_cancel(order_id)


def _draw_cancel(order_id: str, **context: object) -> str:
    view = parts().backends.orders.order(OrderQuery(order_id=order_id))
    return draw("h5/cancel.html", order=view, side="merchant", **context)
