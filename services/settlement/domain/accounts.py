"""Accounts: what may be on each kind, who holds it, and an id that needs no look-up.

An amount is read from the side of those to whom money is owed: plus means that the platform owes
more, minus that it owes less, or that somebody (a channel) holds more for it. So a fund is never
below zero, and the money that lies at a channel is never above it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from services.contracts.settlement import Channel, OwnerKind
from services.kernel.ids import derived_id


class AccountKind(StrEnum):
    """What an account is for."""

    HOUSEHOLD_FUND = "household_fund"
    MERCHANT_FUND = "merchant_fund"
    ESCROW = "escrow"
    """Held for one order until it is done or called off."""
    CLEARING = "clearing"
    """What a channel has received for us and not yet paid out."""
    UNCLAIMED = "unclaimed"
    """Money that nobody may keep: it came too late, or twice. Every fen here has a refund."""
    REFUNDS_UNDER_WAY = "refunds_under_way"
    """Given up here, and not yet confirmed by the channel."""
    COMMISSION = "commission"


class Sign(StrEnum):
    """Which side of zero a balance must stay on."""

    NEVER_BELOW_ZERO = "never_below_zero"
    NEVER_ABOVE_ZERO = "never_above_zero"


class Custodian(StrEnum):
    """In whose hands the money is."""

    PROPERTY = "property"
    """Collected under the property's own merchant number."""
    CHANNEL = "channel"
    """Frozen at the channel, in the shop's own sub-merchant account."""


SIGNS = {
    AccountKind.HOUSEHOLD_FUND: Sign.NEVER_BELOW_ZERO,
    AccountKind.MERCHANT_FUND: Sign.NEVER_BELOW_ZERO,
    AccountKind.ESCROW: Sign.NEVER_BELOW_ZERO,
    AccountKind.CLEARING: Sign.NEVER_ABOVE_ZERO,
    AccountKind.UNCLAIMED: Sign.NEVER_BELOW_ZERO,
    AccountKind.REFUNDS_UNDER_WAY: Sign.NEVER_BELOW_ZERO,
    AccountKind.COMMISSION: Sign.NEVER_BELOW_ZERO,
}
"""Proved by the audit for every account."""

GUARDED = frozenset({AccountKind.HOUSEHOLD_FUND, AccountKind.MERCHANT_FUND, AccountKind.ESCROW})
"""Kinds that keep a locked balance, because somebody might spend what is not there.

All others are summed from their entries, so that no payment waits for another one.
"""
SUMMED = frozenset(AccountKind) - GUARDED


@dataclass(frozen=True)
class Account:
    """One account; `owner` is a household, a merchant, an order or a channel's merchant number."""

    kind: AccountKind
    owner: str = ""
    channel: str = ""
    custodian: Custodian = Custodian.PROPERTY

    @cached_property
    def account_id(self) -> str:
        """The same for the same account, everywhere and always."""
        return derived_id("account", self.custodian, self.kind, self.channel, self.owner)

    @property
    def guarded(self) -> bool:
        """True when its balance is kept and checked with each entry."""
        return self.kind in GUARDED


def household_fund(household_id: str) -> Account:
    """What the platform owes a household."""
    return Account(AccountKind.HOUSEHOLD_FUND, household_id)


def merchant_fund(merchant_id: str) -> Account:
    """What the platform owes a merchant."""
    return Account(AccountKind.MERCHANT_FUND, merchant_id)


def fund(owner_kind: OwnerKind, owner_id: str) -> Account:
    """The fund account of either."""
    if owner_kind is OwnerKind.HOUSEHOLD:
        return household_fund(owner_id)
    return merchant_fund(owner_id)


def escrow(order_id: str) -> Account:
    """What is held for one order."""
    return Account(AccountKind.ESCROW, order_id)


def clearing(channel: Channel, merchant_number: str) -> Account:
    """What lies at a channel under one merchant number."""
    return Account(AccountKind.CLEARING, merchant_number, channel)


def refunds_under_way(channel: Channel, merchant_number: str) -> Account:
    """What a channel has been asked to give back, and has not confirmed."""
    return Account(AccountKind.REFUNDS_UNDER_WAY, merchant_number, channel)


def unclaimed(channel: Channel, merchant_number: str) -> Account:
    """What a channel took too late or twice."""
    return Account(AccountKind.UNCLAIMED, merchant_number, channel)


COMMISSION = Account(AccountKind.COMMISSION)


def standing(channel_numbers: Iterable[tuple[Channel, str]]) -> list[Account]:
    """The accounts that exist before any money does: few, and all of the summed kinds."""
    accounts = [COMMISSION]
    for channel, number in channel_numbers:
        accounts += [make(channel, number) for make in (clearing, refunds_under_way, unclaimed)]
    return accounts
