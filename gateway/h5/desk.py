"""The merchant's desk: what waits for the store. The page asks again every two seconds.

An unchanged desk costs one question to orders; the list is read again only when its stamp changed.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from gateway import guard
from gateway.h5.merchant import my_store
from gateway.pages import PAGE_MAX, after, draw
from gateway.parts import parts
from services.contracts.identity import MeView, StoreMembership
from services.contracts.orders import (
    DeskQuery,
    DeskView,
    OrderBrief,
    OrderState,
    StoreOrdersQuery,
    Trouble,
)
from services.contracts.permissions import Permission
from services.contracts.settlement import FundQuery, OwnerKind
from services.kernel.errors import Forbidden, Unavailable

blueprint = Blueprint("h5_desk", __name__)

SHOWN_MAX = 50
TABS: dict[str, list[OrderState]] = {
    "new": [OrderState.AWAITING_CONFIRMATION],
    "preparing": [OrderState.PREPARING],
    "going": [
        OrderState.READY,
        OrderState.SCHEDULED,
        OrderState.IN_SERVICE,
        OrderState.OUT_FOR_DELIVERY,
        OrderState.DELIVERED,
    ],
}
TROUBLE = "trouble"
TROUBLES = [trouble for trouble in Trouble if trouble is not Trouble.NONE]


@dataclass(frozen=True, slots=True)
class Shown:
    """The orders of one tab, and from where it goes on."""

    orders: list[OrderBrief]
    next_after: str | None


@blueprint.get("/h5/merchant/")
def desk() -> str:
    """One tab of the store's open orders with the counts of all."""
    who = guard.me()
    store = my_store(who)
    return draw(
        "h5/merchant/desk.html",
        stores=who.stores,
        today_in_fen=_today_in_fen(who, store),
        **_live(store, _ask(store)),
    )


@blueprint.get("/h5/merchant/desk/pulse")
def pulse() -> Response:
    """204 while the desk is as the page has it, else its live part anew."""
    store = my_store(guard.me())
    now = _ask(store)
    if request.args.get("stamp") == now.stamp:
        return Response(status=204)
    return Response(draw("h5/merchant/desk_live.html", **_live(store, now)))


def _ask(store: StoreMembership) -> DeskView:
    return parts().backends.orders.desk(DeskQuery(store_id=store.store_id))


def _live(store: StoreMembership, now: DeskView) -> dict[str, Any]:
    """What the live part is drawn with."""
    tab = tab_asked()
    shown = _troubled(store) if tab == TROUBLE else _in_states(store, TABS[tab])
    return {
        "store": store,
        "tab": tab,
        "counts": counts_of(now),
        "newest": now.newest_new or "",
        "orders": shown.orders,
        "pulse_href": _href("desk/pulse", store, tab, after=after(), stamp=now.stamp),
        "next_href": _href("", store, tab, after=shown.next_after) if shown.next_after else "",
        "first_href": _href("", store, tab) if after() else "",
    }


def tab_asked() -> str:
    """The tab that the address names, else the new orders."""
    tab = request.args.get("tab", "")
    return tab if tab in TABS or tab == TROUBLE else "new"


def counts_of(now: DeskView) -> dict[str, int]:
    """Tab → how many orders are there."""
    counts = {key: sum(now.counts.get(s, 0) for s in states) for key, states in TABS.items()}
    return {**counts, TROUBLE: sum(now.troubles.get(t, 0) for t in TROUBLES) + now.late}


def _href(page: str, store: StoreMembership, tab: str, **args: str | None) -> str:
    asked = {"store_id": store.store_id, "tab": tab, **args}
    return f"/h5/merchant/{page}?{urlencode({k: v for k, v in asked.items() if v})}"


def _in_states(store: StoreMembership, states: list[OrderState]) -> Shown:
    """Who has waited longest stands first, as long as all of them fit on the page.

    A new order then comes in at the end, where it moves no button away from under a finger.
    """
    question = StoreOrdersQuery(
        store_id=store.store_id, states=states, after=after(), limit=SHOWN_MAX
    )
    page = parts().backends.orders.store_orders(question)
    all_fit = page.next_after is None and not after()
    return Shown(page.items[::-1] if all_fit else page.items, page.next_after)


def _troubled(store: StoreMembership) -> Shown:
    """Orders whose time is over, then those on which something is open."""
    ask = parts().backends.orders.store_orders
    page = ask(
        StoreOrdersQuery(store_id=store.store_id, troubles=TROUBLES, after=after(), limit=SHOWN_MAX)
    )
    if after():
        return Shown(page.items, page.next_after)
    late = ask(StoreOrdersQuery(store_id=store.store_id, late=True, limit=PAGE_MAX)).items
    first = {order.order_id for order in late}
    rest = [order for order in page.items if order.order_id not in first]
    return Shown(late + rest, page.next_after)


def _today_in_fen(who: MeView, store: StoreMembership) -> int | None:
    """None without the right to see it, or while settlement is silent: the orders matter more."""
    if Permission.MERCHANT_FUND_VIEW not in who.permissions:
        return None
    question = FundQuery(owner_kind=OwnerKind.MERCHANT, owner_id=store.merchant_id, limit=1)
    try:
        return parts().backends.settlement.fund(question).today_in_fen
    except (Unavailable, Forbidden):
        return None
