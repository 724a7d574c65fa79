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
    HOLD = "hold"
    """Set aside from a fund or a card, until it is taken or given back."""
    CARD = "card"
    """What a member has paid in on a prepaid card and not spent."""
    CARD_GIFT = "card_gift"
    """What the merchant has promised on top of it."""
    CLEARING = "clearing"
    """What a channel has received for us and not yet paid out."""
    UNCLAIMED = "unclaimed"
    """Money that nobody may keep: it came too late, or twice. Every fen here has a refund."""
    REFUNDS_UNDER_WAY = "refunds_under_way"
    """Given up here, and not yet confirmed by the channel."""
    WITHDRAWALS_UNDER_WAY = "withdrawals_under_way"
    """Gone from a fund, and not yet confirmed by the channel or the bank."""
    COMMISSION = "commission"
    FEE_INCOME = "fee_income"
    """Property fees of a community."""
    CASH_DUE = "cash_due"
    """To be collected at doors."""
    COURIER_CASH = "courier_cash"
    """Collected by a courier, who owes it."""
    MERCHANT_RECEIVABLE = "merchant_receivable"
    """What a merchant owes the property; its next income pays that first."""
    MERCHANT_DEPOSIT = "merchant_deposit"
    PROMOTION_COST = "promotion_cost"
    """Discounts that the property pays for."""
    CHANNEL_FEES = "channel_fees"
    """What the channels keep for themselves."""
    BANK = "bank"
    """The property's own money at a bank, or topped up at a channel for payouts."""
    ROUNDING = "rounding"
    MERCHANT_PROMISE = "merchant_promise"
    """The other side of what is on CARD_GIFT."""


class Sign(StrEnum):
    """Which side of zero a balance must stay on."""

    NEVER_BELOW_ZERO = "never_below_zero"
    NEVER_ABOVE_ZERO = "never_above_zero"
    EITHER = "either"


class Custodian(StrEnum):
    """In whose hands the money is."""

    PROPERTY = "property"
    """Collected under the property's own merchant number."""
    CHANNEL = "channel"
    """Frozen at the channel, in the shop's own sub-merchant account."""
    MERCHANT = "merchant"
    """Nobody's money: a merchant's own promise of goods."""


_ABOVE = Sign.NEVER_ABOVE_ZERO
_BELOW = Sign.NEVER_BELOW_ZERO
SIGNS = {
    AccountKind.HOUSEHOLD_FUND: _BELOW,
    AccountKind.MERCHANT_FUND: _BELOW,
    AccountKind.ESCROW: _BELOW,
    AccountKind.HOLD: _BELOW,
    AccountKind.CARD: _BELOW,
    AccountKind.CARD_GIFT: _BELOW,
    AccountKind.CLEARING: _ABOVE,
    AccountKind.UNCLAIMED: _BELOW,
    AccountKind.REFUNDS_UNDER_WAY: _BELOW,
    AccountKind.WITHDRAWALS_UNDER_WAY: _BELOW,
    AccountKind.COMMISSION: _BELOW,
    AccountKind.FEE_INCOME: _BELOW,
    AccountKind.CASH_DUE: _ABOVE,
    AccountKind.COURIER_CASH: _ABOVE,
    AccountKind.MERCHANT_RECEIVABLE: _ABOVE,
    AccountKind.MERCHANT_DEPOSIT: _BELOW,
    AccountKind.PROMOTION_COST: _ABOVE,
    AccountKind.CHANNEL_FEES: Sign.EITHER,
    # A fee goes back with its refund, perhaps on a day that had no other.
    AccountKind.BANK: Sign.EITHER,
    AccountKind.ROUNDING: Sign.EITHER,
    AccountKind.MERCHANT_PROMISE: _ABOVE,
}
"""Proved by the audit for every account."""

GUARDED = frozenset(
    {
        AccountKind.HOUSEHOLD_FUND,
        AccountKind.MERCHANT_FUND,
        AccountKind.ESCROW,
        AccountKind.HOLD,
        AccountKind.CARD,
        AccountKind.CARD_GIFT,
    }
)
"""Kinds that keep a locked balance, because somebody might spend what is not there.

All others are summed from their entries, so that no payment waits for another one. A merchant's
deposit and debt move only while its fund's row is locked.
"""
SUMMED = frozenset(AccountKind) - GUARDED
STANDING = frozenset(
    {
        AccountKind.CLEARING,
        AccountKind.UNCLAIMED,
        AccountKind.REFUNDS_UNDER_WAY,
        AccountKind.WITHDRAWALS_UNDER_WAY,
        AccountKind.COMMISSION,
        AccountKind.PROMOTION_COST,
        AccountKind.CHANNEL_FEES,
        AccountKind.BANK,
        AccountKind.ROUNDING,
    }
)
"""Summed accounts that are opened when the service starts; the other summed ones with their first
entry.
"""


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


def escrow(order_id: str, custodian: Custodian = Custodian.PROPERTY) -> Account:
    """What is held for one order, and in whose hands."""
    return Account(AccountKind.ESCROW, order_id, custodian=custodian)


def hold(hold_id: str, custodian: Custodian = Custodian.PROPERTY) -> Account:
    """What one hold has set aside, in the same hands as before."""
    return Account(AccountKind.HOLD, hold_id, custodian=custodian)


def card(card_id: str) -> Account:
    """The money on a prepaid card."""
    return Account(AccountKind.CARD, card_id)


def card_gift(card_id: str) -> Account:
    """The merchant's gift on a prepaid card."""
    return Account(AccountKind.CARD_GIFT, card_id, custodian=Custodian.MERCHANT)


def merchant_promise(merchant_id: str) -> Account:
    """What a merchant has promised as gifts."""
    return Account(AccountKind.MERCHANT_PROMISE, merchant_id, custodian=Custodian.MERCHANT)


def clearing(
    channel: Channel, merchant_number: str, custodian: Custodian = Custodian.PROPERTY
) -> Account:
    """What lies at a channel under one merchant number."""
    return Account(AccountKind.CLEARING, merchant_number, channel, custodian)


def refunds_under_way(
    channel: Channel, merchant_number: str, custodian: Custodian = Custodian.PROPERTY
) -> Account:
    """What a channel has been asked to give back, and has not confirmed."""
    return Account(AccountKind.REFUNDS_UNDER_WAY, merchant_number, channel, custodian)


def unclaimed(
    channel: Channel, merchant_number: str, custodian: Custodian = Custodian.PROPERTY
) -> Account:
    """What a channel took too late or twice."""
    return Account(AccountKind.UNCLAIMED, merchant_number, channel, custodian)


def withdrawals_under_way(way: str) -> Account:
    """What is on its way out by WeChat transfer (`wechat`) or by bank (`bank`)."""
    return Account(AccountKind.WITHDRAWALS_UNDER_WAY, way)


def bank(place: str) -> Account:
    """The property's own money at a bank (`bank`), or at a channel for payouts (`wechat`)."""
    return Account(AccountKind.BANK, place)


def channel_fees(channel: Channel) -> Account:
    """What a channel keeps for itself."""
    return Account(AccountKind.CHANNEL_FEES, channel=channel)


def fee_income(community_id: str) -> Account:
    """Property fees of a community."""
    return Account(AccountKind.FEE_INCOME, community_id)


def cash_due(community_id: str) -> Account:
    """What is to be collected at the doors of a community."""
    return Account(AccountKind.CASH_DUE, community_id)


def courier_cash(courier_id: str) -> Account:
    """What a courier has collected and owes."""
    return Account(AccountKind.COURIER_CASH, courier_id)


def merchant_receivable(merchant_id: str) -> Account:
    """What a merchant owes the property."""
    return Account(AccountKind.MERCHANT_RECEIVABLE, merchant_id)


def merchant_deposit(merchant_id: str) -> Account:
    """A merchant's deposit (保证金)."""
    return Account(AccountKind.MERCHANT_DEPOSIT, merchant_id)


COMMISSION = Account(AccountKind.COMMISSION)
PROMOTION_COST = Account(AccountKind.PROMOTION_COST)
ROUNDING = Account(AccountKind.ROUNDING)


def standing(channel_numbers: Iterable[tuple[Channel, str]]) -> list[Account]:
    """The accounts that exist before any money does: few, and all of the summed kinds."""
    accounts = [COMMISSION, PROMOTION_COST, ROUNDING]
    for place in ("wechat", "bank"):
        accounts += [bank(place), withdrawals_under_way(place)]
    for channel, number in channel_numbers:
        accounts.append(channel_fees(channel))
        for custodian in (Custodian.PROPERTY, Custodian.CHANNEL):
            accounts += [
                make(channel, number, custodian)
                for make in (clearing, refunds_under_way, unclaimed)
            ]
    return list(dict.fromkeys(accounts))
