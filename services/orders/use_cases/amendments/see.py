"""Amendments as those see them who have a part in the order, and staff."""

from datetime import datetime

from services.contracts.amendments import AmendmentsQuery, AmendmentsView, AmendmentView
from services.kernel.actor import Actor
from services.kernel.db import Database
from services.orders import queries
from services.orders.queries_amendments import need_amendment, of_order, view_of
from services.orders.standing import parties_of


def amendment_view(
    db: Database, order_id: str, amendment_id: str, actor: Actor, now: datetime
) -> AmendmentView:
    """One amendment; NotYourOrder for strangers."""
    with db.reading() as tx:
        parties = parties_of(actor, queries.need_order(tx, order_id))
        return view_of(need_amendment(tx, order_id, amendment_id), actor, parties, now)


def amendments(db: Database, query: AmendmentsQuery, actor: Actor, now: datetime) -> AmendmentsView:
    """All of an order, newest first."""
    with db.reading() as tx:
        parties = parties_of(actor, queries.need_order(tx, query.order_id))
        found = of_order(tx, query.order_id)
    return AmendmentsView(amendments=[view_of(one, actor, parties, now) for one in found])
