"""Fetch from the fee system what is new, page by page; how far it was read is kept in a row."""

import logging
from datetime import datetime

from sqlalchemy import bindparam, insert, update

from services.contracts.fees import FeeImportView
from services.kernel.db import Database, Tx
from services.settlement import fee_moves, fee_queries
from services.settlement.domain.fee_system import BillPage, FeeSystem
from services.settlement.tables_fees import FeeCursorRow

log = logging.getLogger(__name__)
PAGES_MAX = 50

_BEGIN = insert(FeeCursorRow).prefix_with("IGNORE")
_ADVANCE = (
    update(FeeCursorRow)
    .where(FeeCursorRow.system == bindparam("name"), FeeCursorRow.cursor == bindparam("seen"))
    .values(cursor=bindparam("reached"), read_at=bindparam("at"))
)


def fetch_fee_bills(db: Database, fee_system: FeeSystem, now: datetime) -> FeeImportView:
    """What the fee system's news came to; bills that cannot be read are named and passed over."""
    created, changed, unchanged, faults = 0, 0, 0, dict[str, str]()
    for _ in range(PAGES_MAX):
        with db.reading() as tx:
            cursor = fee_queries.cursor_of(tx, fee_system.name)
        page = fee_system.bills_since(cursor)
        faults |= page.faults
        with db.transaction() as tx:
            if not _advance(tx, fee_system.name, cursor, page, now):
                break  # another copy is reading
            kept = fee_moves.keep_bills(tx, page.bills, now)
        created, changed = created + kept.created, changed + kept.changed
        unchanged += kept.unchanged
        if not page.more:
            break
    for number, fault in faults.items():
        log.error("the fee system's bill %s cannot be read: %s", number, fault)
    return FeeImportView(
        rows=created + changed + unchanged + len(faults),
        created=created,
        changed=changed,
        unchanged=unchanged,
        faults=faults,
    )


def _advance(tx: Tx, system: str, cursor: str, page: BillPage, now: datetime) -> bool:
    if not cursor:
        tx.execute(_BEGIN, {"system": system, "cursor": "", "read_at": now})
    step = {"name": system, "seen": cursor, "reached": page.cursor, "at": now}
    return tx.execute(_ADVANCE, step).rowcount == 1
