"""Rulings without names, searched by words: so that like cases end alike."""

from flask import Blueprint

from gateway.console.money.reading import chosen, list_links
from gateway.console.staff import need_staff
from gateway.pages import after, draw, words
from gateway.parts import parts
from services.contracts.disputes import DisputeAbout, PrecedentsQuery

blueprint = Blueprint("console_precedents", __name__)


@blueprint.get("/console/precedents")
def precedents() -> str:
    """The best fit first; all, newest first, without words."""
    need_staff()
    query = PrecedentsQuery(
        text=words("text"), about=chosen(DisputeAbout, "about"), after=after(), limit=20
    )
    page = parts().backends.orders.precedents(query)
    return draw(
        "console/precedents.html",
        text=query.text,
        about=query.about or "",
        abouts=list(DisputeAbout),
        precedents=page.items,
        **list_links("/console/precedents", page.next_after),
    )
