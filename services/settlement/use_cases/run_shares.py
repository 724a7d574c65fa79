"""Bring shares to their end: unfreeze the shop's money, take the commission, book it, tell.

A payment is shared out once, when all its orders are over: unfreezing frees all that is left of it.
The number is committed before the channel is called, so a request that is repeated after a crash is
the same share there.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, bindparam, update

from services.contracts.settlement import Channel
from services.kernel import failpoints
from services.kernel.db import Database
from services.kernel.errors import InvariantBroken, LinliError
from services.kernel.ids import derived_id
from services.settlement import ledger, locks, sharing_queries
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.escrows import Settlement
from services.settlement.domain.postings import Till
from services.settlement.domain.shares import ShareStep, next_try_at, shared
from services.settlement.domain.sharing import Share, ShareAsk, ShareRef, ShareState, SharingChannel
from services.settlement.tables_sharing import ProfitShareRow
from services.settlement.use_cases.release_order import deal_of, tell

log = logging.getLogger(__name__)
SHARE_BATCH = 20
NOTE = "平台服务费"
_OPEN = (ShareStep.ASKED, ShareStep.PROCESSING)

_INTEND = (
    update(ProfitShareRow)
    .where(
        ProfitShareRow.payment_id == bindparam("payment"),
        ProfitShareRow.state == ShareStep.PENDING,
    )
    .values(state=ShareStep.ASKED, out_order_no=bindparam("number"))
)
_MOVE = (
    update(ProfitShareRow)
    .where(
        ProfitShareRow.payment_id == bindparam("payment"),
        ProfitShareRow.out_order_no == bindparam("number"),
        ProfitShareRow.state.in_(_OPEN),
    )
    .values(
        state=bindparam("to_state"),
        attempt=bindparam("attempts"),
        try_count=ProfitShareRow.try_count + 1,
        next_try_at=bindparam("next_at"),
        last_error=bindparam("error"),
        done_at=bindparam("done"),
    )
)
_SET_BACK = (
    update(ProfitShareRow)
    .where(
        ProfitShareRow.payment_id == bindparam("payment"), ProfitShareRow.state != ShareStep.DONE
    )
    .values(
        try_count=ProfitShareRow.try_count + 1,
        next_try_at=bindparam("next_at"),
        last_error=bindparam("error"),
    )
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A share as it was committed: its number, its orders, and how far it has come."""

    number: str
    parts: list[Row[Any]]
    step: ShareStep

    @property
    def commission_fen(self) -> int:
        return sum(part.commission_fen for part in self.parts)


def run_shares(db: Database, sharing: SharingChannel | None, after_s: float, now: datetime) -> int:
    """Take the next step of each share that is due; how many there were."""
    if sharing is None:
        return 0
    with db.reading() as tx:
        due = sharing_queries.shares_due(tx, now, now - timedelta(seconds=after_s), SHARE_BATCH)
    for row in due:
        _take_step(db, sharing, row, now)
    return len(due)


def _take_step(db: Database, sharing: SharingChannel, due: Row[Any], now: datetime) -> None:
    try:
        asked = _intend(db, due)
        failpoints.hit("settlement.share.after_intent")
        news = _ask(sharing, due, asked)
        failpoints.hit("settlement.share.after_channel")
        _keep(db, due, asked, news, now)
    except LinliError as error:
        level = logging.ERROR if isinstance(error, InvariantBroken) else logging.WARNING
        log.log(level, "share of %s, try %s: %s", due.payment_id, due.try_count + 1, error.message)
        again = next_try_at(due.try_count, now)
        with db.transaction() as tx:
            known = {"payment": due.payment_id, "next_at": again, "error": error.message[:200]}
            tx.execute(_SET_BACK, known)


def _intend(db: Database, due: Row[Any]) -> _Asked:
    """Fix the number and what is shared under it: from now on a refund wants a return."""
    number = derived_id("profit_share", due.payment_id, str(due.attempt))
    with db.transaction() as tx:
        # First the update: what is read after it cannot be changed by anybody else.
        tx.execute(_INTEND, {"payment": due.payment_id, "number": number})
        parts = sharing_queries.shares_of(tx, due.payment_id)
    return _Asked(number, parts, ShareStep(parts[0].state))


def _ask(sharing: SharingChannel, due: Row[Any], asked: _Asked) -> Share:
    if asked.step is ShareStep.PROCESSING:
        known = ShareRef(asked.number, due.transaction_id, due.sub_merchant)
        return sharing.query_share(known)
    return sharing.share(
        ShareAsk(
            out_order_no=asked.number,
            transaction_id=due.transaction_id,
            sub_merchant=due.sub_merchant,
            commission_fen=asked.commission_fen,
            note=NOTE,
        )
    )


def _keep(db: Database, due: Row[Any], asked: _Asked, news: Share, now: datetime) -> None:
    if news.state is ShareState.DONE:
        _finish(db, due, asked, news, now)
        return
    step, attempt = ShareStep.PROCESSING, due.attempt
    if news.state is ShareState.UNKNOWN:  # it never arrived: ask again
        step = ShareStep.ASKED
    elif news.state is ShareState.FAILED:  # another try needs another number
        step, attempt = ShareStep.PENDING, due.attempt + 1
        log.error("share %s failed: %s", asked.number, news.note)
    with db.transaction() as tx:
        again = next_try_at(due.try_count, now)
        tx.execute(_MOVE, _moved(due, asked, step, attempt, again, news.note, None))


def _finish(db: Database, due: Row[Any], asked: _Asked, news: Share, now: datetime) -> None:
    """The shop has its money and the property its commission: book it and tell, once."""
    if news.shared_fen != asked.commission_fen:
        raise InvariantBroken(f"{news.shared_fen} fen were shared, not {asked.commission_fen}")
    till = Till(Channel(due.channel), due.merchant_number, Custodian.CHANNEL)
    with db.transaction() as tx:
        escrows = {
            part.order_id: locks.escrow_for_update(tx, part.order_id) for part in asked.parts
        }
        moved = _moved(due, asked, ShareStep.DONE, due.attempt, None, "", news.done_at or now)
        if tx.execute(_MOVE, moved).rowcount == 0:
            return  # another copy was quicker
        for part in asked.parts:
            escrow = escrows[part.order_id]
            if escrow is None:
                raise InvariantBroken(f"nothing was ever held for order {part.order_id}")
            settled = Settlement(part.money_fen, part.commission_fen, part.subsidy_fen)
            if settled.money_fen:
                ledger.post(tx, [shared(deal_of(escrow), till, settled)], now)
            tell(tx, escrow, settled)


def _moved(
    due: Row[Any],
    asked: _Asked,
    step: ShareStep,
    attempt: int,
    next_at: datetime | None,
    error: str,
    done_at: datetime | None,
) -> dict[str, object]:
    return {
        "payment": due.payment_id,
        "number": asked.number,
        "to_state": step,
        "attempts": attempt,
        "next_at": next_at,
        "error": error[:200],
        "done": done_at,
    }
