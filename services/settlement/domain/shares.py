"""An order's money that the channel froze for the shop: how far its sharing is, and transfers."""

from datetime import datetime, timedelta
from enum import StrEnum

from services.settlement.domain import accounts
from services.settlement.domain.accounts import Account, Custodian
from services.settlement.domain.escrows import Settlement
from services.settlement.domain.postings import Deal, Till
from services.settlement.domain.transfers import Entry, Transfer, TransferKind


class ShareStep(StrEnum):
    """How far a share, or a return of one, has come."""

    PENDING = "pending"
    """Nobody has been asked: a refund still comes out of what is frozen."""
    ASKED = "asked"
    """Committed; the channel has it, or is asked again under the same number."""
    PROCESSING = "processing"
    DONE = "done"


RETRY_AFTER_S = (1, 2, 5, 15, 60, 300, 900, 3600)
"""Waits between tries; the last one repeats: money that is frozen is never given up."""


def next_try_at(try_count: int, now: datetime) -> datetime:
    """When to ask again after `try_count` tries."""
    return now + timedelta(seconds=RETRY_AFTER_S[min(try_count, len(RETRY_AFTER_S) - 1)])


def shared(deal: Deal, till: Till, settled: Settlement) -> Transfer:
    """The channel has unfrozen the shop's part, and the commission lies at our own number.

    What the shop got has left the books; the property adds its discounts on the shop's fund.
    """
    return Transfer(
        kind=TransferKind.SHARED,
        purpose=deal.order_id,
        entries=_entries(_sides(deal, till, settled, accounts.merchant_fund(deal.merchant_id))),
        reason="completed",
        order_id=deal.order_id,
        payment_id=deal.payment_id,
    )


def share_undone(deal: Deal, till: Till, undo: Settlement, purpose: str, reason: str) -> Transfer:
    """A part is to go back: the shop holds it for us again, the commission goes to the shop."""
    owed = accounts.merchant_receivable(deal.merchant_id)
    sides = [(account, -fen) for account, fen in _sides(deal, till, undo, owed)]
    return Transfer(
        kind=TransferKind.TAKEN_BACK,
        purpose=purpose,
        entries=_entries(sides),
        reason=reason,
        order_id=deal.order_id,
        payment_id=deal.payment_id,
    )


def _sides(
    deal: Deal, till: Till, settled: Settlement, subsidy: Account
) -> list[tuple[Account, int]]:
    own = accounts.clearing(till.channel, till.merchant_number, Custodian.PROPERTY)
    return [
        (deal.escrow, -settled.money_fen),
        (till.clearing, settled.money_fen),
        (own, -settled.commission_fen),
        (accounts.COMMISSION, settled.commission_fen),
        (accounts.PROMOTION_COST, -settled.subsidy_fen),
        (subsidy, settled.subsidy_fen),
    ]


def _entries(sides: list[tuple[Account, int]]) -> tuple[Entry, ...]:
    return tuple(Entry(account, amount_fen) for account, amount_fen in sides if amount_fen)
