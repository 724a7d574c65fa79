"""会员卡: a merchant's members, and the way their money goes when the merchant has left."""

from flask import Blueprint, Response
from flask_babel import gettext

from gateway import spreadsheet
from gateway.console.money.names import merchant_names
from gateway.console.money.reading import list_links, one_id
from gateway.console.staff import need_staff
from gateway.looks import look_of
from gateway.pages import after, draw
from gateway.parts import parts
from gateway.spreadsheet import Yuan
from services.contracts.cards import CardReturnsQuery, CardReturnsView, CardsQuery
from services.kernel.errors import NotFound

blueprint = Blueprint("money_cards", __name__)


@blueprint.get("/console/money/cards")
def cards() -> str | Response:
    """The cards of one merchant, or of one household."""
    who = need_staff()
    merchant_id, household_id = one_id("merchant_id"), one_id("household_id")
    names = merchant_names(who)
    query = CardsQuery(merchant_id=merchant_id, household_id=household_id, after=after(), limit=50)
    if not (merchant_id or household_id):
        return draw("console/money/cards.html", merchant_id="", cards=None, names=names)
    if spreadsheet.wanted():
        return _as_sheet(query)
    page = parts().backends.settlement.cards(query)
    return draw(
        "console/money/cards.html",
        merchant_id=merchant_id or "",
        household_id=household_id or "",
        cards=page.items,
        names=names,
        returns=_returns(merchant_id),
        **list_links("/console/money/cards", page.next_after),
    )


def _returns(merchant_id: str | None) -> CardReturnsView | None:
    """How far the return is; None where the merchant has not left."""
    if merchant_id is None:
        return None
    question = CardReturnsQuery(merchant_id=merchant_id)
    try:
        return parts().backends.settlement.card_returns(question)
    except NotFound:
        return None


def _as_sheet(query: CardsQuery) -> Response:
    heads = gettext("卡号|卡名|家庭户号|状态|本金余额（元）|赠送余额（元）|购卡付款（元）|购卡时间")
    rows = (
        [
            card.card_id,
            card.name,
            card.household_id,
            gettext(look_of(card.state, "card").word),
            Yuan(card.money_fen),
            Yuan(card.gift_fen),
            Yuan(card.paid_in_fen),
            card.bought_at,
        ]
        for card in spreadsheet.every(parts().backends.settlement.cards, query)
    )
    return spreadsheet.sheet(gettext("会员卡"), heads, rows)
