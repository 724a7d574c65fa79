"""On whose side an actor stands in an order, and what that lets the actor do."""

from datetime import datetime

from sqlalchemy import ColumnElement

from services.contracts.orders import ClientInfo, NotYourOrder, OrderState, Party
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.errors import Forbidden
from services.orders.domain.doer import Doer
from services.orders.domain.moves import Act
from services.orders.domain.order import Order
from services.orders.domain.wording import client_text
from services.orders.tables import OrderRow

_NEEDS: dict[tuple[Party, Act], Permission] = {
    (Party.RESIDENT, Act.PAY): Permission.PAYMENT_PAY,
    (Party.RESIDENT, Act.CLOSE): Permission.ORDER_CANCEL,
    (Party.RESIDENT, Act.CANCEL): Permission.ORDER_CANCEL,
    (Party.RESIDENT, Act.CANCEL_LATE): Permission.ORDER_CANCEL,
    (Party.RESIDENT, Act.COMPLETE): Permission.ORDER_CONFIRM_RECEIPT,
    (Party.MERCHANT, Act.CANCEL): Permission.STORE_ORDER_HANDLE,
    (Party.MERCHANT, Act.CONFIRM): Permission.STORE_ORDER_HANDLE,
    (Party.MERCHANT, Act.SCHEDULE): Permission.STORE_ORDER_HANDLE,
    (Party.MERCHANT, Act.HAND_OVER): Permission.STORE_ORDER_HANDLE,
    (Party.MERCHANT, Act.START): Permission.STORE_ORDER_HANDLE,
    (Party.MERCHANT, Act.FINISH): Permission.STORE_ORDER_HANDLE,
    (Party.MERCHANT, Act.MARK_READY): Permission.STORE_ORDER_HANDLE,
    (Party.MERCHANT, Act.DISPATCH): Permission.STORE_ORDER_HANDLE,
    (Party.STAFF, Act.CLOSE): Permission.ORDER_MEDIATE,
    (Party.STAFF, Act.CANCEL): Permission.ORDER_MEDIATE,
}
"""Which permission an act takes on which side; what is not here nobody does by hand."""

_CALLED = {
    Act.CLOSE: "cancel",
    Act.CANCEL: "cancel",
    Act.CANCEL_LATE: "cancel",
    Act.CONFIRM: "confirm",
    Act.SCHEDULE: "confirm",
    Act.MARK_READY: "mark_ready",
    Act.DISPATCH: "dispatch",
    Act.HAND_OVER: "hand_over",
    Act.START: "start_service",
    Act.FINISH: "finish_service",
    Act.COMPLETE: "confirm_receipt",
}
"""What the pages call an act."""


def sees_all(actor: Actor) -> bool:
    """Staff who may look at orders that are not theirs."""
    return actor.may(Permission.ORDER_VIEW_ANY) or actor.may(Permission.ORDER_MEDIATE)


def reaches(actor: Actor, community_id: str) -> bool:
    """Staff work in the communities that identity names, which may be all of them."""
    return community_id in actor.communities


def within_reach(actor: Actor) -> list[ColumnElement[bool]]:
    """The same as a condition."""
    return [OrderRow.community_id.in_(actor.communities)]


def parties_of(actor: Actor, order: Order) -> list[Party]:
    """The sides on which the actor stands; NotYourOrder for a stranger.

    A shopkeeper who lives next door may be on two sides of one order.
    """
    parties = []
    if actor.role_in(order.household_id):
        parties.append(Party.RESIDENT)
    if actor.role_in(order.store_id):
        parties.append(Party.MERCHANT)
    if sees_all(actor) and reaches(actor, order.community_id):
        parties.append(Party.STAFF)
    if not parties:
        raise NotYourOrder
    return parties


def party_for(actor: Actor, order: Order, *acts: Act) -> Party:
    """The side on which the actor may do one of `acts` now.

    NotYourOrder for a stranger, Forbidden without the permission, WrongState or InTrouble when it
    is not the time.
    """
    parties = parties_of(actor, order)
    granted = [(act, p) for act in acts for p in parties if _granted(actor, p, act)]
    if not granted:
        raise Forbidden(f"may not {acts[0]} this order")
    act, party = next(((a, p) for a, p in granted if order.allows(a, p)), granted[0])
    order.need(act, party)
    return party


def what_may(actor: Actor, order: Order, now: datetime) -> list[str]:
    """What the actor can do next, in the pages' words."""
    parties = parties_of(actor, order)
    allowed = [
        name
        for act, name in _CALLED.items()
        if any(order.allows(act, p) and _granted(actor, p, act) for p in parties)
    ]
    names = list(dict.fromkeys(allowed))
    if order.paid_at and (parties != [Party.STAFF] or actor.may(Permission.ORDER_MEDIATE)):
        names.append("say")
    return [*names, "pay"] if _can_pay(actor, order, parties, now) else names


def doer_of(actor: Actor, party: Party, client: ClientInfo) -> Doer:
    """The actor as the timeline keeps it."""
    return Doer(party, actor.account_id, actor.name, client_text(client))


def _granted(actor: Actor, party: Party, act: Act) -> bool:
    permission = _NEEDS.get((party, act))
    return permission is not None and actor.may(permission)


def _can_pay(actor: Actor, order: Order, parties: list[Party], now: datetime) -> bool:
    waiting = order.state is OrderState.AWAITING_PAYMENT
    in_time = order.deadline_at is not None and now < order.deadline_at
    payer = Party.RESIDENT in parties and _granted(actor, Party.RESIDENT, Act.PAY)
    return waiting and in_time and payer
