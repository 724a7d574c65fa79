"""Which promotions change an order's lines."""

from datetime import datetime

from services.contracts.marketing import QuoteQuery, QuoteView
from services.kernel.db import Database
from services.marketing import queries
from services.marketing.domain.promotions import adjustments


def quote(db: Database, query: QuoteQuery, now: datetime) -> QuoteView:
    """The adjustments of these lines, each with who funds it; one statement."""
    sku_ids = sorted({line.sku_id for line in query.lines})
    with db.reading() as tx:
        promotions = queries.promotions_for(tx, sku_ids, now)
    return QuoteView(adjustments=adjustments(query.lines, promotions))
