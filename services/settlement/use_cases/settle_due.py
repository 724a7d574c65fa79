"""Settle what was completed and could not be settled then: after a ruling, with the cash at the
desk, or when a great many were held up. In bulk, one batch a transaction, so that it may be cut off
anywhere and goes on where it was.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, text

from services.kernel import failpoints, jsons, outbox
from services.kernel.columns import UtcDateTime
from services.kernel.db import Database, Tx
from services.settlement import ledger, locks
from services.settlement.domain import postings
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.escrows import EscrowAct, Settlement
from services.settlement.domain.postings import Owed
from services.settlement.use_cases.release_order import (
    Terms,
    deal_of,
    release,
    released,
    shares_of,
)

BATCH = 1000
_RELEASE_MANY = text(
    "UPDATE JSON_TABLE(:settled, '$[*]' COLUMNS("
    " id CHAR(26) CHARACTER SET ascii COLLATE ascii_bin PATH '$[0]', money BIGINT PATH '$[1]',"
    " commission BIGINT PATH '$[2]', subsidy BIGINT PATH '$[3]')) s"
    " STRAIGHT_JOIN escrow e ON e.order_id = s.id"
    " SET e.state = 'released', e.resolved_at = :at, e.withdrawable_at = :withdrawable,"
    " e.settled_money_fen = s.money, e.settled_commission_fen = s.commission,"
    " e.settled_subsidy_fen = s.subsidy, e.releases = e.releases + 1, e.version = e.version + 1"
).bindparams(bindparam("at", type_=UtcDateTime), bindparam("withdrawable", type_=UtcDateTime))


def settle_due(db: Database, terms: Terms, batches: int = 1) -> int:
    """Settle up to so many batches; how many orders that were."""
    settled = 0
    for _ in range(batches):
        with db.transaction() as tx:
            due = locks.escrows_due_for_update(tx, BATCH)
            _settle(tx, due, terms)
        failpoints.hit("settlement.settle.after_batch")
        settled += len(due)
        if len(due) < BATCH:
            break
    return settled


def _settle(tx: Tx, due: Sequence[Row[Any]], terms: Terms) -> None:
    plain = [escrow for escrow in due if _is_plain(escrow)]
    if plain:
        _settle_many(tx, plain, terms)
    for escrow in due:
        if not _is_plain(escrow):
            release(tx, escrow, EscrowAct.RELEASE, terms)


def _is_plain(escrow: Row[Any]) -> bool:
    """From the escrow to the merchant's fund, and nothing else to see to."""
    own = escrow.custodian == Custodian.PROPERTY
    return own and escrow.card_name is None and not escrow.may_owe


def _settle_many(tx: Tx, escrows: Sequence[Row[Any]], terms: Terms) -> None:
    shares = [shares_of(escrow) for escrow in escrows]
    _mark(tx, escrows, shares, terms)
    transfers = [
        postings.release(deal_of(escrow), settled, Owed(), escrow.releases + 1)
        for escrow, settled in zip(escrows, shares, strict=True)
        if settled.net_fen or settled.commission_fen
    ]
    if transfers:
        ledger.post(tx, transfers, terms.now)
    told = [released(escrow, one) for escrow, one in zip(escrows, shares, strict=True)]
    outbox.emit(tx, *told)


def _mark(tx: Tx, escrows: Sequence[Row[Any]], shares: Sequence[Settlement], terms: Terms) -> None:
    rows = [
        [escrow.order_id, one.money_fen, one.commission_fen, one.subsidy_fen]
        for escrow, one in zip(escrows, shares, strict=True)
    ]
    tx.execute(
        _RELEASE_MANY,
        {
            "settled": jsons.dumps(rows).decode(),
            "at": terms.now,
            "withdrawable": terms.now + terms.dispute_window,
        },
    )
