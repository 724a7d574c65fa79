"""What lists of the console are narrowed by, read from the address: a community, days."""

from datetime import date, datetime, time, timedelta

from flask import request

from gateway.parts import parts
from gateway.ui import SHANGHAI
from services.contracts.identity import CommunitiesQuery, MeView
from services.kernel.errors import Refused, Unavailable

ONE_DAY = timedelta(days=1)


def chosen_community(who: MeView) -> str | None:
    """The only community of this person, or the one that is asked for; None for all in reach."""
    if len(who.communities) == 1:
        return who.communities[0]
    asked = request.args.get("community", "")
    return asked if asked in who.communities else None


def community_names(who: MeView) -> dict[str, str]:
    """Id → name where there is a choice; nothing for one community, or when identity is silent."""
    if len(who.communities) < 2:
        return {}
    try:
        known = parts().backends.identity.communities(CommunitiesQuery()).communities
    except (Refused, Unavailable):
        return {}
    return {one.community_id: one.name for one in known if one.community_id in who.communities}


def day_words(name: str) -> str:
    """A day of the address as it stands there; empty for what is no day."""
    text = request.args.get(name, "")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def day_begins(name: str) -> datetime | None:
    """The first moment in Shanghai of a day of the address."""
    text = day_words(name)
    return datetime.combine(date.fromisoformat(text), time(), SHANGHAI) if text else None


def day_ends(name: str) -> datetime | None:
    """The first moment that is after a day of the address."""
    begins = day_begins(name)
    return begins + ONE_DAY if begins else None
