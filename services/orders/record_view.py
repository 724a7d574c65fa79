"""An order's whole record, and the proof that its past is as it was written."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.contracts.orders import OrderRecord, Party, RecordEntry, RecordQuery
from services.kernel.actor import Actor
from services.kernel.db import Database, Tx
from services.orders import queries, thread
from services.orders.domain.order import Order
from services.orders.domain.record import Entry, Linked, broken_at
from services.orders.settings import Settings
from services.orders.views import view_of

MESSAGES_MAX = 500
_ENTRY_FIELDS = Entry._fields


def see_record(
    db: Database, query: RecordQuery, actor: Actor, now: datetime, settings: Settings
) -> OrderRecord:
    """For those who have a part in the order; NotYourOrder for others."""
    with db.reading() as tx:
        return order_record(tx, query.order_id, actor, now, settings)


def order_record(
    tx: Tx, order_id: str, actor: Actor, now: datetime, settings: Settings
) -> OrderRecord:
    """The same in the caller's transaction."""
    order, rows = _as_one(tx, order_id)
    view = view_of(tx, order, actor, now, settings)
    chain = [
        Linked(Entry(*(getattr(row, name) for name in _ENTRY_FIELDS)), row.hash) for row in rows
    ]
    broken = broken_at(chain, order.record_hash, order.version)
    return OrderRecord(
        order=view,
        entries=[
            RecordEntry.model_validate({**row._mapping, "party": Party(row.party)}) for row in rows
        ],
        messages=thread.words(tx, order_id, None, MESSAGES_MAX),
        whole=broken is None,
        broken_at=broken,
    )


def _as_one(tx: Tx, order_id: str) -> tuple[Order, list[Row[Any]]]:
    """The order and its timeline as of one moment: what is told while they are read would look like
    an entry too many."""
    order = queries.need_order(tx, order_id)
    while True:
        rows = queries.timeline_of(tx, order_id)
        after = queries.need_order(tx, order_id)
        if after.version == order.version:
            return order, rows
        order = after
