"""Transfers: immutable, of two entries or more, which sum to zero.

A transfer's id is derived from what it is for, so the same thing cannot be booked twice: the second
insert meets the first one's key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from services.contracts.settlement import Unbalanced
from services.kernel.ids import derived_id
from services.kernel.money import exact
from services.settlement.domain.accounts import Account


class TransferKind(StrEnum):
    """Why money moves."""

    RECEIPT = "receipt"
    UNCLAIMED_RECEIPT = "unclaimed_receipt"
    RELEASE = "release"
    REFUND_BEGUN = "refund_begun"
    REFUND_PAID_OUT = "refund_paid_out"
    REFUND_TO_FUND = "refund_to_fund"
    REFUND_TO_CARD = "refund_to_card"
    REFUND_VOID = "refund_void"
    """Called off before the courier collected: nothing to give back."""
    REFUND_REDIRECTED = "refund_redirected"
    """The channel would not take it back: the household's fund did."""
    TAKEN_BACK = "taken_back"
    """From the merchant, after settlement."""
    HELD = "held"
    HOLD_GIVEN_BACK = "hold_given_back"
    GIFT_USED = "gift_used"
    GIFT_RESTORED = "gift_restored"
    GIFT_PROMISED = "gift_promised"
    GIFT_VOIDED = "gift_voided"
    CARD_SOLD = "card_sold"
    CARD_RETURNED = "card_returned"
    CASH_COLLECTED = "cash_collected"
    CASH_HANDED_IN = "cash_handed_in"
    DEPOSIT_TAKEN = "deposit_taken"
    FEE_RECEIPT = "fee_receipt"
    FEE_OFFSET = "fee_offset"
    FEE_UNDONE = "fee_undone"
    """The fee system refused it, or it was reversed: the money is on the payer's fund."""
    WITHDRAWAL_BEGUN = "withdrawal_begun"
    WITHDRAWAL_DONE = "withdrawal_done"
    WITHDRAWAL_FAILED = "withdrawal_failed"
    SHARED = "shared"
    """The channel has unfrozen the shop's part and shared the commission."""
    CHANNEL_FEE = "channel_fee"
    CORRECTION = "correction"


BETWEEN_HOLDERS = frozenset({TransferKind.CASH_COLLECTED, TransferKind.CASH_HANDED_IN})
"""Money that only changes hands: who holds it for us owes it, so the arrow points to minus."""


@dataclass(frozen=True, slots=True)
class Entry:
    """So much on one account, with its sign."""

    account: Account
    amount_fen: int


@dataclass(frozen=True)
class Transfer:
    """Money that moves once, and why. `reference` is the number by which the outside knows it."""

    kind: TransferKind
    purpose: str
    """What makes it the only one of its kind: an order, a refund, a channel order."""
    entries: tuple[Entry, ...]
    reason: str = ""
    order_id: str | None = None
    payment_id: str | None = None
    refund_id: str | None = None
    reference: str | None = None
    made_by: str = ""
    """The person behind it, where one is."""
    corrects: str | None = None
    """The transfer that this one undoes."""

    def __post_init__(self) -> None:
        amounts = [exact(entry.amount_fen) for entry in self.entries]
        if sum(amounts) != 0 or len(amounts) < 2 or 0 in amounts:
            raise Unbalanced(f"{self.kind} of {self.purpose}: {amounts}")
        if len({entry.account for entry in self.entries}) != len(self.entries):
            raise Unbalanced(f"{self.kind} of {self.purpose} names an account twice")

    @cached_property
    def transfer_id(self) -> str:
        """The same for the same kind and purpose."""
        return derived_id("transfer", self.kind, self.purpose)


def between(source: Account, target: Account, amount_fen: int) -> tuple[Entry, ...]:
    """The entries that move so much from one account to another."""
    return Entry(source, -amount_fen), Entry(target, amount_fen)


def net_changes(transfers: Iterable[Transfer]) -> list[Entry]:
    """What the transfers together change on each guarded account, in account-id order.

    Rows are locked in that order: two opposite transfers would deadlock otherwise.
    """
    changes: dict[Account, int] = {}
    for transfer in transfers:
        for entry in transfer.entries:
            if entry.account.guarded:
                changes[entry.account] = changes.get(entry.account, 0) + entry.amount_fen
    in_order = sorted(changes.items(), key=lambda change: change[0].account_id)
    return [Entry(account, amount_fen) for account, amount_fen in in_order]


@dataclass(frozen=True, slots=True)
class Flow:
    """From one account to another: a transfer as a person sees it."""

    source: str
    target: str
    amount_fen: int


def flows(entries: Sequence[tuple[str, int]]) -> list[Flow]:
    """The entries (account, amount) of one transfer as arrows from givers to takers."""
    givers = [(account, -amount_fen) for account, amount_fen in entries if amount_fen < 0]
    takers = [(account, amount_fen) for account, amount_fen in entries if amount_fen > 0]
    arrows: list[Flow] = []
    while givers and takers:
        (source, given_fen), (target, taken_fen) = givers.pop(0), takers.pop(0)
        moved_fen = min(given_fen, taken_fen)
        arrows.append(Flow(source, target, moved_fen))
        if given_fen > moved_fen:
            givers.insert(0, (source, given_fen - moved_fen))
        if taken_fen > moved_fen:
            takers.insert(0, (target, taken_fen - moved_fen))
    return arrows
