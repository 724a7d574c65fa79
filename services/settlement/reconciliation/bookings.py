"""What reconciling books: money that nobody knows, fees, and the undoing of a transfer. Pure."""

from collections.abc import Iterable

from services.contracts.settlement import Channel
from services.settlement.domain import accounts
from services.settlement.domain.postings import Till
from services.settlement.domain.transfers import Entry, Transfer, TransferKind, between

REFERENCE_MAX = 40
"""What a transfer's `reference` holds; our own numbers are shorter."""

CORRECTABLE = frozenset(
    {
        TransferKind.DEPOSIT_TAKEN,
        TransferKind.CHANNEL_FEE,
        TransferKind.UNCLAIMED_RECEIPT,
    }
)
"""Transfers that stand for themselves. All others go with the state of an order, a refund, a hold
or a withdrawal, which has its own way back; undoing only the money would make the two disagree.
"""


def unknown_receipt(till: Till, reference: str, amount_fen: int, reason: str, by: str) -> Transfer:
    """The channel has received it, for what nobody knows."""
    entries = between(till.clearing, till.unclaimed, amount_fen)
    return _unclaimed(reference, entries, reason, by)


def unknown_return(till: Till, reference: str, amount_fen: int, reason: str, by: str) -> Transfer:
    """The channel has given it back, by its own desk: so much less is unclaimed."""
    entries = between(till.unclaimed, till.clearing, amount_fen)
    return _unclaimed(reference, entries, reason, by)


def _unclaimed(reference: str, entries: tuple[Entry, ...], reason: str, by: str) -> Transfer:
    return Transfer(
        kind=TransferKind.UNCLAIMED_RECEIPT,
        purpose=reference,
        entries=entries,
        reason=reason,
        reference=reference if len(reference) <= REFERENCE_MAX else None,
        made_by=by,
    )


def channel_fee(till: Till, purpose: str, fee_fen: int, reason: str, by: str) -> Transfer:
    """The channel has kept so much; below zero it has given it back."""
    return Transfer(
        kind=TransferKind.CHANNEL_FEE,
        purpose=purpose,
        entries=between(accounts.channel_fees(Channel(till.channel)), till.clearing, fee_fen),
        reason=reason,
        made_by=by,
    )


def correction(
    corrects: str, entries: Iterable[Entry], reference: str | None, reason: str, by: str
) -> Transfer:
    """The opposite of every entry; only one for each transfer."""
    return Transfer(
        kind=TransferKind.CORRECTION,
        purpose=corrects,
        entries=tuple(Entry(entry.account, -entry.amount_fen) for entry in entries),
        reason=reason,
        reference=reference,
        made_by=by,
        corrects=corrects,
    )
