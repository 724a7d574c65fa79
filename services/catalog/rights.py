"""Whose shelf it is."""

from services.contracts.catalog import ItemsQuery, NotYourShelf
from services.contracts.permissions import Role
from services.kernel.actor import Actor

_SHOP_ROLES = frozenset({Role.SHOPKEEPER, Role.SHOP_HAND})


def need_work_at(actor: Actor, store_id: str) -> None:
    """NotYourShelf for everybody but the people of the store."""
    if actor.role_in(store_id) not in _SHOP_ROLES:
        raise NotYourShelf


def need_see_all_states(actor: Actor | None, query: ItemsQuery) -> None:
    """What is off the shelf is for the people of the stores, who name them."""
    if not query.all_states:
        return
    if actor is None or not query.store_ids:
        raise NotYourShelf
    for store_id in query.store_ids:
        need_work_at(actor, store_id)
