"""Show prepaid cards: to the household that bought them, to their shop, and to staff."""

from services.contracts.cards import (
    CardQuery,
    CardReturnsQuery,
    CardReturnsView,
    CardsQuery,
    CardView,
    NoSuchCard,
)
from services.contracts.permissions import Permission
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.kernel.errors import Forbidden
from services.kernel.wire import Page
from services.settlement import card_queries


def see_cards(db: Database, query: CardsQuery, actor: Actor) -> Page[CardView]:
    """A household's or a merchant's cards, newest first; all of them for staff."""
    if not _has_part(actor, query.household_id, query.merchant_id):
        raise NoSuchCard()
    with db.reading() as tx:
        found = card_queries.cards(
            tx, query.household_id, query.merchant_id, query.after, query.limit + 1
        )
    shown = found[: query.limit]
    more = len(found) > query.limit
    return Page[CardView](items=shown, next_after=shown[-1].card_id if more else None)


def see_card(db: Database, query: CardQuery, actor: Actor) -> CardView:
    """One card; NoSuchCard for strangers."""
    with db.reading() as tx:
        row = card_queries.card_for_spending(tx, query.card_id)
    if row is None or not _has_part(actor, row.household_id, row.merchant_id):
        raise NoSuchCard()
    return card_queries.card_view(row)


def see_returns(db: Database, query: CardReturnsQuery, actor: Actor) -> CardReturnsView:
    """How far the return of a merchant's cards is, for staff of the money or of the merchants."""
    if not (actor.may(Permission.MONEY_VIEW_ANY) or actor.may(Permission.MERCHANT_CERTIFY)):
        raise Forbidden(f"needs {Permission.MONEY_VIEW_ANY} or {Permission.MERCHANT_CERTIFY}")
    with db.reading() as tx:
        return card_queries.returns(tx, query.merchant_id)


def _has_part(actor: Actor, household_id: str | None, merchant_id: str | None) -> bool:
    if actor.may(Permission.MONEY_VIEW_ANY):
        return True
    member = household_id is not None and actor.role_in(household_id) is not None
    shop = merchant_id is not None and actor.role_in(merchant_id) is not None
    return (member and actor.may(Permission.FUND_VIEW)) or (
        shop and actor.may(Permission.STORE_ORDER_HANDLE)
    )
