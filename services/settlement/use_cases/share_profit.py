"""Where the shop itself receives, the channel shares the money out: note that it is to."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert

from services.kernel.db import Tx
from services.settlement.domain.shares import ShareStep
from services.settlement.escrow_columns import left_of
from services.settlement.tables_sharing import ProfitShareRow

_INSERT = insert(ProfitShareRow)


def begin(tx: Tx, escrow: Row[Any], commission_fen: int, now: datetime) -> None:
    """Note that the order's money is to be shared out; run_shares does it a little later.

    Called once per order, in the transaction that releases it.
    """
    left = left_of(escrow)
    subsidy_fen = escrow.subsidy_fen * left.total_fen // escrow.amount_fen
    tx.execute(
        _INSERT,
        {
            "order_id": escrow.order_id,
            "payment_id": escrow.payment_id,
            "merchant_id": escrow.merchant_id,
            "state": ShareStep.PENDING,
            "money_fen": left.money_fen,
            "commission_fen": commission_fen,
            "subsidy_fen": subsidy_fen,
            "try_count": 0,
            "next_try_at": now,
            "last_error": "",
            "begun_at": now,
        },
    )
