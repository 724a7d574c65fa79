"""Whose word counts: at a store, at a gate, over a courier."""

from collections.abc import Iterable

from services.contracts.identity import NoSuchStore
from services.contracts.permissions import ROLE_PERMISSIONS, STAFF_ROLES, Permission, Role
from services.kernel.actor import Actor
from services.kernel.errors import Forbidden


def acts_for_property(actor: Actor, permission: Permission) -> bool:
    """Whether one of the actor's staff roles carries the permission; a guard who also keeps a shop
    registers couriers as a shopkeeper."""
    roles = STAFF_ROLES & {Role(role) for role in actor.roles}
    return any(permission in ROLE_PERMISSIONS[role] for role in roles)


def need_store(actor: Actor, store_id: str, permission: Permission) -> None:
    """NoSuchStore unless the actor's role in this very store carries the permission."""
    role = actor.role_in(store_id)
    if role is None or permission not in ROLE_PERMISSIONS[Role(role)]:
        raise NoSuchStore()


def need_to_register(actor: Actor, store_ids: Iterable[str], community_ids: Iterable[str]) -> None:
    """Staff register couriers for any store, shopkeepers for their own; both in communities that
    they have to do with."""
    stores = list(store_ids)
    need_communities(actor, community_ids)
    if acts_for_property(actor, Permission.COURIER_REGISTER):
        return
    if not stores:
        raise Forbidden("only the property has couriers without a store")
    for store_id in stores:
        need_store(actor, store_id, Permission.COURIER_REGISTER)


def need_communities(actor: Actor, community_ids: Iterable[str]) -> None:
    """Forbidden unless each of these is a community of the actor's."""
    if not set(community_ids) <= set(actor.communities):
        raise Forbidden("not one of your communities")


def counted_communities(actor: Actor, wanted: str | None) -> list[str]:
    """Which communities' numbers the actor sees."""
    if wanted is None:
        return list(actor.communities)
    need_communities(actor, [wanted])
    return [wanted]
