"""Settlement's entrypoints for prepaid cards."""

from typing import Any

from services.contracts.cards import (
    CardQuery,
    CardReturnsQuery,
    CardReturnsView,
    CardsQuery,
    CardView,
)
from services.kernel.actor import Actor
from services.kernel.clock import now
from services.kernel.entrypoints import every, rpc
from services.kernel.wire import Page
from services.settlement.use_cases import return_cards, see_cards


class CardsEntry:
    """Questions about cards, and their return when a merchant leaves."""

    runtime: Any

    @rpc(signed_in=True)
    def cards(self, query: CardsQuery, actor: Actor) -> Page[CardView]:
        return see_cards.see_cards(self.runtime.db, query, actor)

    @rpc(signed_in=True)
    def card(self, query: CardQuery, actor: Actor) -> CardView:
        return see_cards.see_card(self.runtime.db, query, actor)

    @rpc(signed_in=True)
    def card_returns(self, query: CardReturnsQuery, actor: Actor) -> CardReturnsView:
        return see_cards.see_returns(self.runtime.db, query, actor)

    @every(seconds=1)
    def return_cards(self) -> None:
        return_cards.return_cards(self.runtime.db, now())

    @every(seconds=60)
    def return_card_remnants(self) -> None:
        return_cards.return_remnants(self.runtime.db, now())
