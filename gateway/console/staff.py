"""Who is at the desk, and for which community."""

from gateway import guard
from services.contracts.identity import MeView
from services.kernel.errors import Forbidden


def need_staff() -> MeView:
    """Whoever works for the property; Forbidden to the others."""
    who = guard.me()
    if not who.staff_roles:
        raise Forbidden("not of the staff")
    return who


def my_community(who: MeView) -> str | None:
    """The community that the pages are about: the only or first one of the member of staff."""
    return who.communities[0] if who.communities else None
