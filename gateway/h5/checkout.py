"""From the cart to the order: how it comes, when, to where, what it costs; then to the payment."""

from flask import Blueprint, Response, request
from flask_babel import gettext

from gateway import guard
from gateway.errors import message_of
from gateway.h5.cart import Group, carried, groups_of, handovers, quantities
from gateway.h5.resident import need_household
from gateway.pages import Faults, client_info, command, draw, write_once
from gateway.parts import parts
from services.contracts.catalog import OutOfStock
from services.contracts.identity import HouseholdMembership
from services.contracts.orders import (
    AppointmentNeeded,
    NotOffered,
    OrderLine,
    PlacedView,
    PlaceOrders,
    SlotNotOffered,
    SlotTaken,
)
from services.kernel.errors import LinliError

blueprint = Blueprint("h5_checkout", __name__)


@blueprint.get("/h5/checkout")
def checkout() -> str:
    """What is about to be ordered."""
    household = need_household(guard.me())
    chosen = quantities(request.args)
    return _draw_checkout(household, chosen, groups_of(chosen))


@blueprint.post("/h5/orders")
def place() -> Response:
    """Order, then to the payment."""
    household = need_household(guard.me())
    chosen = quantities(request.form)
    groups = groups_of(chosen)

    def write() -> str:
        return f"/h5/pay/{_place(household, chosen, groups).payment_id}"

    def redraw(faults: Faults, notice: dict[str, str]) -> str:
        return _draw_checkout(household, chosen, groups, faults, notice["text"])

    return write_once(write, redraw)


def _place(
    household: HouseholdMembership, chosen: dict[str, int], groups: list[Group]
) -> PlacedView:
    wish = command(
        PlaceOrders,
        household_id=household.household_id,
        lines=[OrderLine(sku_id=sku, quantity=count) for sku, count in chosen.items()],
        other_address=request.form.get("other_address", ""),
        remark=request.form.get("remark", ""),
        handovers=handovers(groups),
        appointments=[one.appointment() for group in groups for one in group.services],
        client=client_info(),
    )
    try:
        return parts().backends.orders.place_orders(wish)
    except OutOfStock as error:
        error.fields = {sku: _left(count) for sku, count in error.fields.items()}
        raise
    except (NotOffered, AppointmentNeeded, SlotNotOffered, SlotTaken) as error:
        error.fields = _beside_the_line(error, chosen, groups)
        raise


def _beside_the_line(error: LinliError, chosen: dict[str, int], groups: list[Group]) -> Faults:
    """The refusal in words at the lines that it names, else at each service: its time is meant."""
    timed = [one.entry.line.sku_id for group in groups for one in group.services]
    named = [sku_id for sku_id in error.fields if sku_id in chosen] or timed
    return dict.fromkeys(named, message_of(error))


def _left(count: str) -> str:
    words = gettext("只剩 %(n)s 份", n=count) if count not in {"0", ""} else gettext("卖完了")
    return str(words)


def _draw_checkout(
    household: HouseholdMembership,
    chosen: dict[str, int],
    groups: list[Group],
    faults: Faults | None = None,
    changed: str = "",
) -> str:
    return draw(
        "h5/resident/checkout.html",
        household=household,
        groups=groups,
        carried=carried(chosen),
        total_fen=sum(group.amount_fen for group in groups),
        faults=faults or {},
        changed=changed,
    )
