"""A refund's row: what goes back, to whom, and through which channel order it came."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert

from services.contracts.orders import RefundTo
from services.contracts.settlement import RefundCompleted, RefundState
from services.kernel.db import Tx
from services.settlement.domain.postings import RefundWay, Source
from services.settlement.tables import RefundRow

_INSERT = insert(RefundRow)


@dataclass(frozen=True, slots=True)
class RefundWish:
    """A refund that is to be; `total_fen` is what had been paid through the channel order."""

    refund_id: str
    source: Source
    order_id: str | None
    household_id: str
    payer_account_id: str
    amount_fen: int
    total_fen: int
    to: RefundTo
    reason: str
    asked_by: str = ""

    @property
    def payment_id(self) -> str:
        """The payment that it gives back of."""
        return self.source.payment_id

    @property
    def way(self) -> RefundWay:
        """What the ledger needs to know of it."""
        return RefundWay(
            self.refund_id,
            self.source.payment_id,
            self.order_id,
            self.amount_fen,
            self.reason,
            self.asked_by,
        )


def insert_refund(
    tx: Tx, wish: RefundWish, now: datetime, *, by_hand: bool = False, done: bool = False
) -> None:
    """Note the refund: due at once through its channel; `by_hand`, it waits for the cashier;
    `done`, the money is where it should be already.
    """
    due = not (by_hand or done)
    tx.execute(
        _INSERT,
        {
            "refund_id": wish.refund_id,
            "order_id": wish.order_id,
            "payment_id": wish.source.payment_id,
            "household_id": wish.household_id,
            "payer_account_id": wish.payer_account_id,
            "amount_fen": wish.amount_fen,
            "refund_to": wish.to,
            "state": RefundState.DONE if done else RefundState.PENDING,
            "reason": wish.reason[:200],
            "channel": wish.source.till.channel,
            "merchant_number": wish.source.till.merchant_number,
            "out_trade_no": wish.source.out_trade_no,
            "total_fen": wish.total_fen,
            "try_count": 0,
            "refusal_count": 0,
            "next_try_at": now if due else None,
            "last_error": "",
            "requested_at": now,
            "done_at": now if done else None,
            "version": 1,
            "custodian": wish.source.till.custodian,
            "asked_by": wish.asked_by[:80],
        },
    )


def completed(
    refund: Row[Any] | RefundWish, version: int, to: RefundTo, reason: str
) -> RefundCompleted:
    """The event that a refund's money is back; `refund` is its row, or the wish for it."""
    return RefundCompleted(
        aggregate_id=refund.refund_id,
        version=version,
        order_id=refund.order_id,
        payment_id=refund.payment_id,
        household_id=refund.household_id,
        payer_account_id=refund.payer_account_id,
        amount_fen=refund.amount_fen,
        to=to,
        reason=reason,
    )
