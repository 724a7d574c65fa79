"""A resident's home, list of orders and own page."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, request

from gateway import guard
from gateway.answers import moved, see_other
from gateway.h5.scores import scores_of
from gateway.pages import after, draw, next_href
from gateway.parts import parts
from services.contracts.identity import (
    HouseholdMembership,
    MeView,
    NotCertified,
    NotYourHousehold,
    StoresQuery,
)
from services.contracts.orders import (
    HouseholdOrdersQuery,
    OrderState,
    StateCounts,
    StateCountsQuery,
    Trouble,
)

blueprint = Blueprint("h5_resident", __name__)

HOME_STORES = 6
HOME_ORDERS = 3
OPEN = [state for state in OrderState if state not in {OrderState.COMPLETED, OrderState.CANCELLED}]
TROUBLES = [trouble for trouble in Trouble if trouble is not Trouble.NONE]


@dataclass(frozen=True, slots=True)
class Tab:
    """What a tab of the list is narrowed to; empty means all."""

    states: Sequence[OrderState] = ()
    troubles: Sequence[Trouble] = ()

    def count(self, found: StateCounts) -> int:
        """How many there are."""
        of_states = sum(found.counts.get(state, 0) for state in self.states)
        return of_states + sum(found.troubles.get(trouble, 0) for trouble in self.troubles)


TABS = {
    "all": Tab(),
    "pay": Tab([OrderState.AWAITING_PAYMENT]),
    "doing": Tab([state for state in OPEN if state is not OrderState.AWAITING_PAYMENT]),
    "trouble": Tab(troubles=TROUBLES),
    "done": Tab([OrderState.COMPLETED]),
    "off": Tab([OrderState.CANCELLED]),
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
    stores = identity.stores(near).items
    return draw(
        "h5/resident/home.html",
        me=who,
        household=household,
        stores=stores,
        scores=scores_of([store.store_id for store in stores]),
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
    """The household's orders, newest first; what only pays a difference stands on its order."""
    household = need_household(guard.me())
    asked = request.args.get("tab", "all")
    tab = asked if asked in TABS else "all"
    narrowed = TABS[tab]
    page = parts().backends.orders.household_orders(
        HouseholdOrdersQuery(
            household_id=household.household_id,
            states=list(narrowed.states),
            troubles=list(narrowed.troubles),
            after=after(),
        )
    )
    found = parts().backends.orders.counts(StateCountsQuery(household_id=household.household_id))
    return draw(
        "h5/resident/orders.html",
        household=household,
        tab=tab,
        counts={key: one.count(found) for key, one in TABS.items()},
        orders=page.items,
        next_href=next_href(page.next_after),
    )


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
