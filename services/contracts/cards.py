"""settlement, prepaid cards: the member's money stays with the property until it is spent."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.kernel.errors import Conflict, NotFound
from services.kernel.ids import Id
from services.kernel.money import Fen
from services.kernel.wire import Event, PageQuery, Query, ShortText, View


class CardState(StrEnum):
    """可用 退回中 已退回."""

    ACTIVE = "active"
    RETURNED = "returned"
    """The merchant left, and the money went to the household's fund; or the sale was undone."""


class NoSuchCard(NotFound):
    """There is no such card, or it is not yours."""

    code = "settlement.no_such_card"


class CardSpent(Conflict):
    """A part of the card is spent or set aside, so that its sale cannot be frozen as a whole;
    `fields.left_fen` says what can still be refunded.
    """

    code = "settlement.card_spent"


class CardsQuery(PageQuery):
    """A household's cards, or a merchant's (its members'), newest first."""

    household_id: Id | None = None
    merchant_id: Id | None = None


class CardView(View):
    """One card: money paid in that is not spent, and the merchant's gift that is not spent."""

    card_id: Id
    merchant_id: Id
    household_id: Id
    name: str
    state: CardState
    money_fen: int
    gift_fen: int
    bought_at: datetime
    paid_in_fen: int = 0


class CardQuery(Query):
    """One card."""

    card_id: Id


class CardReturnsQuery(Query):
    """How far the return of a leaving merchant's cards is."""

    merchant_id: Id


class CardReturnsView(View):
    """Progress of the return."""

    merchant_id: Id
    cards: int
    returned: int
    returned_fen: int
    done: bool


class CardReturned(Event):
    """The merchant has left: the card's money is on the household's fund. `aggregate_id`: the card.

    `gift_fen` is what the merchant had promised and does not owe any more.
    """

    name: ClassVar[str] = "card.returned"
    source: ClassVar[str] = "settlement"
    merchant_id: Id
    household_id: Id
    card_name: ShortText
    amount_fen: Fen
    gift_fen: Fen = 0
