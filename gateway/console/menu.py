"""What each desk page knows of the person before it: the menu shows what may be opened."""

from typing import Any

from flask import g

from gateway.console.dead import may_handle
from services.contracts.identity import MeView
from services.contracts.permissions import Permission


def who_may_what() -> dict[str, Any]:
    """`me` and `can(permission)`; nothing on a page that is drawn because nobody could be known."""
    who: MeView | None = g.get("me")
    if who is None:
        return {}
    permissions = set(who.permissions)
    if not may_handle(who):
        permissions.discard(Permission.DEAD_LETTERS)
    return {"me": who, "can": lambda permission: permission in permissions}
