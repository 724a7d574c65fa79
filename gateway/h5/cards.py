"""Prepaid cards: the member's, with the money part and the gift part apart; and the shop's."""

from flask import Blueprint

from gateway import guard
from gateway.h5.owners import present_owner
from gateway.h5.resident import need_household
from gateway.pages import PAGE_MAX, after, draw, next_href
from gateway.parts import parts
from services.contracts.cards import CardQuery, CardsQuery, CardState, CardView
from services.contracts.identity import StoresQuery, StoreView
from services.kernel.errors import Unavailable

blueprint = Blueprint("h5_cards", __name__)

PAGES_MAX = 20
"""2,000 members are added up; a shop with more sees that it is so."""


@blueprint.get("/h5/cards")
def cards() -> str:
    """My household's cards, and whose shop each is."""
    household = need_household(guard.me())
    page = parts().backends.settlement.cards(
        CardsQuery(household_id=household.household_id, after=after())
    )
    return draw(
        "h5/money/cards.html",
        cards=page.items,
        stores=stores_of(household.community_id) if page.items else {},
        next_href=next_href(page.next_after),
    )


@blueprint.get("/h5/cards/<card_id>")
def card(card_id: str) -> str:
    """One card: what is on it, who keeps the money, and what happens when the shop leaves."""
    household = need_household(guard.me())
    view = parts().backends.settlement.card(CardQuery(card_id=card_id))
    store = stores_of(household.community_id).get(view.merchant_id)
    return draw("h5/money/card.html", card=view, store=store)


def stores_of(community_id: str) -> dict[str, StoreView]:
    """Merchant → its shop here; empty while identity is silent: a card is shown all the same."""
    try:
        found = parts().backends.identity.stores(
            StoresQuery(community_id=community_id, limit=PAGE_MAX)
        )
    except Unavailable:
        return {}
    return {store.merchant_id: store for store in found.items}


@blueprint.get("/h5/merchant/cards")
def members() -> str:
    """What the shop's members have paid in and not yet spent."""
    owner = present_owner()
    found, is_all = _cards_of(owner.owner_id)
    active = [card for card in found if card.state is CardState.ACTIVE]
    return draw(
        "h5/merchant/cards.html",
        owner=owner,
        cards=active,
        money_fen=sum(card.money_fen for card in active),
        gift_fen=sum(card.gift_fen for card in active),
        is_all=is_all,
    )


def _cards_of(merchant_id: str) -> tuple[list[CardView], bool]:
    found: list[CardView] = []
    after_key: str | None = None
    for _ in range(PAGES_MAX):
        page = parts().backends.settlement.cards(
            CardsQuery(merchant_id=merchant_id, after=after_key, limit=PAGE_MAX)
        )
        found += page.items
        after_key = page.next_after
        if after_key is None:
            return found, True
    return found, False
