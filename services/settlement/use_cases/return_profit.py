"""A refund after the money was shared out: first the commission goes back to the shop.

Only then can the channel take the whole refund from the shop. While nobody has been asked to share,
the refund simply comes out of what is frozen, and there is less to share.
"""

import logging
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, update

from services.contracts.settlement import Channel, WayNotOpen
from services.kernel import failpoints
from services.kernel.db import Database, Tx
from services.kernel.errors import LinliError
from services.kernel.ids import derived_id
from services.settlement import ledger, sharing_queries
from services.settlement.domain.accounts import Custodian
from services.settlement.domain.escrows import Settlement
from services.settlement.domain.postings import Till
from services.settlement.domain.shares import ShareStep, next_try_at, share_undone
from services.settlement.domain.sharing import (
    ReturnAsk,
    ShareRef,
    ShareReturn,
    ShareState,
    SharingChannel,
)
from services.settlement.tables_sharing import ProfitShareRow, ShareReturnRow
from services.settlement.use_cases.give_back import Back
from services.settlement.use_cases.release_order import deal_of

log = logging.getLogger(__name__)
RETURN_BATCH = 20
NOTE = "退款前退回服务费"

_LESS = (
    update(ProfitShareRow)
    .where(ProfitShareRow.order_id == bindparam("order"), ProfitShareRow.state == ShareStep.PENDING)
    .values(
        money_fen=ProfitShareRow.money_fen - bindparam("money"),
        commission_fen=ProfitShareRow.commission_fen - bindparam("commission"),
        subsidy_fen=ProfitShareRow.subsidy_fen - bindparam("subsidy"),
    )
)
_INSERT = insert(ShareReturnRow)
_MOVE = (
    update(ShareReturnRow)
    .where(
        ShareReturnRow.return_id == bindparam("id_"),
        ShareReturnRow.attempt == bindparam("of_attempt"),
        ShareReturnRow.state != ShareStep.DONE,
    )
    .values(
        state=bindparam("to_state"),
        attempt=bindparam("attempts"),
        try_count=ShareReturnRow.try_count + 1,
        next_try_at=bindparam("next_at"),
        last_error=bindparam("error"),
        done_at=bindparam("done"),
    )
)


def take_back(tx: Tx, escrow: Row[Any], undo: Settlement, back: Back, now: datetime) -> None:
    """Bring so much of a released order into its escrow again, for `back`, which follows at once.

    WayNotOpen while the channel is sharing it out: that takes a moment.
    """
    less = {
        "order": escrow.order_id,
        "money": undo.money_fen,
        "commission": undo.commission_fen,
        "subsidy": undo.subsidy_fen,
    }
    if tx.execute(_LESS, less).rowcount:
        return
    share = sharing_queries.share_of_order(tx, escrow.order_id)
    if share is None or share.state != ShareStep.DONE:
        raise WayNotOpen("the channel is sharing it out this moment", fields={"way": "refund"})
    if not undo.money_fen:
        return
    till = Till(Channel(share.channel), share.merchant_number, Custodian.CHANNEL)
    purpose = f"{escrow.order_id}.refund.{back.tag}"
    transfer = share_undone(deal_of(escrow), till, undo, purpose, back.reason)
    ledger.post(tx, [transfer], now)
    if undo.commission_fen:
        tx.execute(_INSERT, _return_row(escrow, undo.commission_fen, back, now))


def run_returns(db: Database, sharing: SharingChannel | None, now: datetime) -> int:
    """Take the next step of each return that is due; how many there were."""
    if sharing is None:
        return 0
    with db.reading() as tx:
        due = sharing_queries.returns_due(tx, now, RETURN_BATCH)
    for row in due:
        _take_step(db, sharing, row, now)
    return len(due)


def _return_row(
    escrow: Row[Any], commission_fen: int, back: Back, now: datetime
) -> dict[str, object]:
    return {
        "return_id": derived_id("share_return", escrow.order_id, back.tag),
        "order_id": escrow.order_id,
        "refund_id": derived_id("refund", escrow.order_id, back.tag, "channel"),
        "state": ShareStep.ASKED,
        "amount_fen": commission_fen,
        "try_count": 0,
        "next_try_at": now,
        "last_error": "",
        "begun_at": now,
    }


def _take_step(db: Database, sharing: SharingChannel, row: Row[Any], now: datetime) -> None:
    try:
        news = _ask(sharing, row)
        failpoints.hit("settlement.share.after_return")
        _keep(db, row, news, now)
    except LinliError as error:
        log.warning("return %s, try %s: %s", row.return_id, row.try_count + 1, error.message)
        _move(db, row, ShareStep(row.state), row.attempt, error.message, now)


def _ask(sharing: SharingChannel, row: Row[Any]) -> ShareReturn:
    ask = ReturnAsk(
        out_return_no=derived_id("share_return", row.return_id, str(row.attempt)),
        share=ShareRef(row.out_order_no, row.transaction_id, row.sub_merchant),
        amount_fen=row.amount_fen,
        note=NOTE,
    )
    if row.state == ShareStep.PROCESSING:
        return sharing.query_return(ask)
    return sharing.return_commission(ask)


def _keep(db: Database, row: Row[Any], news: ShareReturn, now: datetime) -> None:
    if news.state is ShareState.FAILED:  # another try needs another number
        log.error("return %s failed: %s", row.return_id, news.note)
        _move(db, row, ShareStep.ASKED, row.attempt + 1, news.note, now)
    elif news.state is ShareState.DONE:
        _move(db, row, ShareStep.DONE, row.attempt, "", now, news.done_at or now)
    else:
        unknown = news.state is ShareState.UNKNOWN
        step = ShareStep.ASKED if unknown else ShareStep.PROCESSING
        _move(db, row, step, row.attempt, "", now)


def _move(
    db: Database,
    row: Row[Any],
    step: ShareStep,
    attempt: int,
    error: str,
    now: datetime,
    done_at: datetime | None = None,
) -> None:
    with db.transaction() as tx:
        tx.execute(
            _MOVE,
            {
                "id_": row.return_id,
                "of_attempt": row.attempt,
                "to_state": step,
                "attempts": attempt,
                "next_at": None if done_at else next_try_at(row.try_count, now),
                "error": error[:200],
                "done": done_at,
            },
        )
