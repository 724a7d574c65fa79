"""A resident's home, orders and own page."""

from flask import Blueprint, Response, request

from gateway import guard
from gateway.answers import moved, see_other
from gateway.pages import (
    after,
    client_info,
    command,
    draw,
    next_href,
    reason,
    write_once,
)
from gateway.parts import parts
from services.contracts.identity import (
    HouseholdMembership,
    MeView,
    NotCertified,
    NotYourHousehold,
    StoresQuery,
)
from services.contracts.orders import (
    CancelOrder,
    ConfirmReceipt,
    HouseholdOrdersQuery,
    OrderQuery,
    OrderState,
    RefundTo,
    StateCountsQuery,
)

blueprint = Blueprint("h5_resident", __name__)

HOME_STORES = 6
HOME_ORDERS = 3
OPEN = [state for state in OrderState if state not in {OrderState.COMPLETED, OrderState.CANCELLED}]
TABS: dict[str, list[OrderState]] = {
    "all": [],
    "pay": [OrderState.AWAITING_PAYMENT],
    "doing": [state for state in OPEN if state is not OrderState.AWAITING_PAYMENT],
    "done": [OrderState.COMPLETED],
    "off": [OrderState.CANCELLED],
}


def need_household(who: MeView) -> HouseholdMembership:
    """The home that is meant; NotCertified where there is none."""
    home = guard.household(who)
    if home is None:
        raise NotCertified()
    return home


@blueprint.get("/")
def front() -> Response:
    """The plain address leads to the phone pages."""
    return moved("/h5/")


@blueprint.get("/h5/")
def home() -> str | Response:
    """Near shops and open orders; people without a home here go to their work."""
    who = guard.me()
    if not who.households:
        return see_other(_place_of_work(who))
    household = need_household(who)
    orders, identity = parts().backends.orders, parts().backends.identity
    open_orders = orders.household_orders(
        HouseholdOrdersQuery(household_id=household.household_id, states=OPEN, limit=HOME_ORDERS)
    )
    near = StoresQuery(
        community_id=household.community_id,
        near_building_id=household.building_id,
        limit=HOME_STORES,
    )
    return draw(
        "h5/resident/home.html",
        me=who,
        household=household,
        stores=identity.stores(near).items,
        open_orders=open_orders.items,
    )


def _place_of_work(who: MeView) -> str:
    if who.stores:
        return "/h5/merchant/"
    if who.is_courier:
        return "/h5/courier/"
    if "gate.pass" in who.permissions:
        return "/gate/"
    return "/console/" if who.staff_roles else "/h5/not-certified"


@blueprint.get("/h5/orders")
def orders() -> str:
    """The household's orders, newest first."""
    household = need_household(guard.me())
    tab = request.args.get("tab", "all")
    tab = tab if tab in TABS else "all"
    page = parts().backends.orders.household_orders(
        HouseholdOrdersQuery(household_id=household.household_id, states=TABS[tab], after=after())
    )
    found = parts().backends.orders.counts(StateCountsQuery(household_id=household.household_id))
    counts = {key: sum(found.counts.get(s, 0) for s in states) for key, states in TABS.items()}
    return draw(
        "h5/resident/orders.html",
        household=household,
        tab=tab,
        counts=counts,
        orders=page.items,
        next_href=next_href(page.next_after),
    )


@blueprint.get("/h5/orders/<order_id>")
def order(order_id: str, notice: dict[str, str] | None = None) -> str:
    """One order with its timeline and the next step."""
    guard.act()
    view = parts().backends.orders.order(OrderQuery(order_id=order_id))
    return draw("h5/resident/order.html", order=view, notice=notice)


@blueprint.post("/h5/orders/<order_id>/confirm-receipt")
def confirm_receipt(order_id: str) -> Response:
    """The money goes to the merchant."""
    guard.act()

    def write() -> str:
        wish = command(ConfirmReceipt, order_id=order_id, client=client_info())
        parts().backends.orders.confirm_receipt(wish)
        return f"/h5/orders/{order_id}"

    return write_once(write, lambda _faults, notice: order(order_id, notice))


@blueprint.get("/h5/orders/<order_id>/cancel")
def cancel_form(order_id: str) -> str:
    """Why, and where the money goes."""
    guard.act()
    return _draw_cancel(order_id)


@blueprint.post("/h5/orders/<order_id>/cancel")
def cancel(order_id: str) -> Response:
    """Take the order back."""
    guard.act()
    to = request.form.get("refund_to") or RefundTo.CHANNEL

    def write() -> str:
        wish = command(
            CancelOrder, order_id=order_id, reason=reason(), refund_to=to, client=client_info()
        )
        parts().backends.orders.cancel_order(wish)
        return f"/h5/orders/{order_id}"

    return write_once(
        write, lambda faults, notice: _draw_cancel(order_id, faults=faults, notice=notice)
    )


def _draw_cancel(order_id: str, **context: object) -> str:
    view = parts().backends.orders.order(OrderQuery(order_id=order_id))
    return draw("h5/cancel.html", order=view, side="resident", **context)


@blueprint.get("/h5/me")
def me() -> str:
    """Who I am here."""
    who = guard.me()
    return draw("h5/resident/me.html", me=who, household=guard.household(who))


@blueprint.post("/h5/household")
def choose_household() -> Response:
    """Another of my homes is meant from now on."""
    who = guard.me()
    chosen = request.form.get("household_id", "")
    if chosen not in {home.household_id for home in who.households}:
        raise NotYourHousehold()
    response = see_other("/h5/me")
    parts().cookies.keep_household(response, chosen)
    return response
