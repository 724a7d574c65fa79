"""Who may take money out of a fund, and who may look on.

What counts is the role in this very household or merchant: somebody who may use one fund and only
belongs to another has both permissions in the token, and may still not use the other.
"""

from services.contracts.permissions import ROLE_PERMISSIONS, Permission, Role
from services.contracts.settlement import NotYourFund, OwnerKind
from services.kernel.actor import Actor
from services.kernel.errors import Forbidden

_USE = {
    OwnerKind.HOUSEHOLD: Permission.FUND_USE,
    OwnerKind.MERCHANT: Permission.MERCHANT_FUND_USE,
}
_VIEW = {
    OwnerKind.HOUSEHOLD: Permission.FUND_VIEW,
    OwnerKind.MERCHANT: Permission.MERCHANT_FUND_VIEW,
}


def need_use(actor: Actor, owner_kind: OwnerKind, owner_id: str) -> None:
    """NotYourFund for strangers, Forbidden for those whose role does not go so far."""
    if actor.role_in(owner_id) is None:
        raise NotYourFund()
    if not _granted(actor, owner_id, _USE[owner_kind]):
        raise Forbidden(f"needs {_USE[owner_kind]}")


def may_view(actor: Actor, owner_kind: OwnerKind, owner_id: str) -> bool:
    """True for the owner's people whose role lets them see its fund."""
    return _granted(actor, owner_id, _VIEW[owner_kind])


def _granted(actor: Actor, owner_id: str, permission: Permission) -> bool:
    role = actor.role_in(owner_id)
    if role not in set(Role) or not actor.may(permission):
        return False
    return permission in ROLE_PERMISSIONS[Role(role)]
