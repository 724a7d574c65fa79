"""Every movement of an order's money that there is, by name."""

from dataclasses import dataclass

from services.contracts.settlement import Channel
from services.kernel.ids import derived_id
from services.settlement.domain import accounts
from services.settlement.domain.accounts import Account, Custodian
from services.settlement.domain.escrows import Parts, Settlement
from services.settlement.domain.transfers import Entry, Transfer, TransferKind, between


@dataclass(frozen=True, slots=True)
class Till:
    """Where a channel takes money for us: the channel and our merchant number there."""

    channel: Channel
    merchant_number: str
    custodian: Custodian = Custodian.PROPERTY

    @property
    def clearing(self) -> Account:
        """What lies there."""
        return accounts.clearing(self.channel, self.merchant_number, self.custodian)

    @property
    def unclaimed(self) -> Account:
        """What came there and nobody may keep."""
        return accounts.unclaimed(self.channel, self.merchant_number, self.custodian)

    @property
    def refunds_under_way(self) -> Account:
        """What it has been asked to give back."""
        return accounts.refunds_under_way(self.channel, self.merchant_number, self.custodian)


@dataclass(frozen=True, slots=True)
class Source:
    """The channel order through which money came, and the payment that it was for."""

    till: Till
    out_trade_no: str
    payment_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """What comes to be held for one order."""

    order_id: str
    merchant_id: str
    parts: Parts


@dataclass(frozen=True, slots=True)
class Givers:
    """Who gives each part of a payment."""

    channel: Account
    fund_hold: Account | None = None
    card_hold: Account | None = None
    gift: Account | None = None


def _entries(*pairs: tuple[Account | None, int]) -> tuple[Entry, ...]:
    return tuple(
        Entry(account, amount_fen) for account, amount_fen in pairs if account and amount_fen
    )


def receipt(source: Source, held: Held, givers: Givers) -> Transfer:
    """Paid in time: from channel, fund and card into the escrow of an order."""
    parts = held.parts
    escrow = accounts.escrow(held.order_id, source.till.custodian)
    return Transfer(
        kind=TransferKind.RECEIPT,
        purpose=held.order_id,
        entries=_entries(
            (givers.channel, -parts.channel_fen),
            (givers.fund_hold, -parts.fund_fen),
            (givers.card_hold, -parts.card_fen),
            (escrow, parts.money_fen),
        ),
        reason="paid",
        order_id=held.order_id,
        payment_id=source.payment_id,
        reference=source.out_trade_no,
    )


def gift_used(source: Source, held: Held, gift_hold: Account) -> Transfer:
    """The merchant keeps so much of its promise: it gives goods for nothing."""
    return Transfer(
        kind=TransferKind.GIFT_USED,
        purpose=held.order_id,
        entries=between(
            gift_hold, accounts.merchant_promise(held.merchant_id), held.parts.gift_fen
        ),
        reason="paid",
        order_id=held.order_id,
        payment_id=source.payment_id,
    )


def unclaimed_receipt(source: Source, amount_fen: int, reason: str) -> Transfer:
    """Paid too late or twice: from the channel to where nobody may keep it."""
    return Transfer(
        kind=TransferKind.UNCLAIMED_RECEIPT,
        purpose=source.out_trade_no,
        entries=between(source.till.clearing, source.till.unclaimed, amount_fen),
        reason=reason,
        payment_id=source.payment_id,
        reference=source.out_trade_no,
    )


@dataclass(frozen=True, slots=True)
class Deal:
    """The two sides of one order's money."""

    order_id: str
    payment_id: str
    merchant_id: str
    household_id: str
    custodian: Custodian = Custodian.PROPERTY

    @property
    def escrow(self) -> Account:
        """Where its money is held."""
        return accounts.escrow(self.order_id, self.custodian)


@dataclass(frozen=True, slots=True)
class Owed:
    """What is taken of a merchant's income first: its debt, then what a quarrel took of its
    deposit."""

    debt_fen: int = 0
    deposit_fen: int = 0


def release(deal: Deal, settled: Settlement, owed: Owed, turn: int) -> Transfer:
    """The deal is done: from the escrow to the merchant, less commission, and less what it owes."""
    debt_fen = min(owed.debt_fen, settled.net_fen)
    deposit_fen = min(owed.deposit_fen, settled.net_fen - debt_fen)
    return Transfer(
        kind=TransferKind.RELEASE,
        purpose=deal.order_id if turn == 1 else f"{deal.order_id}.{turn}",
        entries=_entries(
            (deal.escrow, -settled.money_fen),
            (accounts.PROMOTION_COST, -settled.subsidy_fen),
            (accounts.COMMISSION, settled.commission_fen),
            (accounts.merchant_receivable(deal.merchant_id), debt_fen),
            (accounts.merchant_deposit(deal.merchant_id), deposit_fen),
            (accounts.merchant_fund(deal.merchant_id), settled.net_fen - debt_fen - deposit_fen),
        ),
        reason="completed",
        order_id=deal.order_id,
        payment_id=deal.payment_id,
    )


@dataclass(frozen=True, slots=True)
class Purse:
    """What a merchant has: its fund, then its deposit; the rest it comes to owe."""

    fund_fen: int
    deposit_fen: int

    def pay(self, amount_fen: int) -> tuple[int, int, int]:
        """So much from the fund, from the deposit, and as a debt."""
        from_fund_fen = min(amount_fen, self.fund_fen)
        from_deposit_fen = min(amount_fen - from_fund_fen, self.deposit_fen)
        return from_fund_fen, from_deposit_fen, amount_fen - from_fund_fen - from_deposit_fen


def taken_back_id(order_id: str, tag: str) -> str:
    """The id of the transfer that took an order's money back for `tag`."""
    return derived_id("transfer", TransferKind.TAKEN_BACK, f"{order_id}.{tag}")


def taken_back(deal: Deal, undo: Settlement, purse: Purse, purpose: str, reason: str) -> Transfer:
    """After settlement: from the merchant (and of the commission) into the escrow again."""
    fund_fen, deposit_fen, owed_fen = purse.pay(undo.net_fen)
    return Transfer(
        kind=TransferKind.TAKEN_BACK,
        purpose=purpose,
        entries=_entries(
            (accounts.merchant_fund(deal.merchant_id), -fund_fen),
            (accounts.merchant_deposit(deal.merchant_id), -deposit_fen),
            (accounts.merchant_receivable(deal.merchant_id), -owed_fen),
            (accounts.COMMISSION, -undo.commission_fen),
            (accounts.PROMOTION_COST, undo.subsidy_fen),
            (deal.escrow, undo.money_fen),
        ),
        reason=reason,
        order_id=deal.order_id,
        payment_id=deal.payment_id,
    )


@dataclass(frozen=True, slots=True)
class RefundWay:
    """One refund: its id, its amount, and for which payment and (maybe) order it is."""

    refund_id: str
    payment_id: str
    order_id: str | None
    amount_fen: int
    reason: str
    asked_by: str = ""


def _refund(kind: TransferKind, refund: RefundWay, entries: tuple[Entry, ...]) -> Transfer:
    return Transfer(
        kind=kind,
        purpose=refund.refund_id,
        entries=entries,
        reason=refund.reason,
        order_id=refund.order_id,
        payment_id=refund.payment_id,
        refund_id=refund.refund_id,
        reference=None if kind is TransferKind.REFUND_BEGUN else refund.refund_id,
        made_by=refund.asked_by,
    )


def refund_to_fund(refund: RefundWay, escrow: Account, household_id: str) -> Transfer:
    """The household keeps the money here: done at once."""
    fund = accounts.household_fund(household_id)
    entries = between(escrow, fund, refund.amount_fen)
    return _refund(TransferKind.REFUND_TO_FUND, refund, entries)


def refund_to_card(refund: RefundWay, escrow: Account, card_id: str, money_fen: int) -> Transfer:
    """Back onto the card that paid: done at once."""
    entries = between(escrow, accounts.card(card_id), money_fen)
    return _refund(TransferKind.REFUND_TO_CARD, refund, entries)


def gift_restored(refund: RefundWay, card_id: str, merchant_id: str, gift_fen: int) -> Transfer:
    """The merchant promises it again."""
    promise = accounts.merchant_promise(merchant_id)
    return Transfer(
        kind=TransferKind.GIFT_RESTORED,
        purpose=refund.refund_id,
        entries=between(promise, accounts.card_gift(card_id), gift_fen),
        reason=refund.reason,
        order_id=refund.order_id,
        payment_id=refund.payment_id,
        refund_id=refund.refund_id,
        reference=refund.refund_id,
    )


def refund_void(refund: RefundWay, escrow: Account, community_id: str) -> Transfer:
    """Nobody has collected it: it is not due any more."""
    entries = between(escrow, accounts.cash_due(community_id), refund.amount_fen)
    return _refund(TransferKind.REFUND_VOID, refund, entries)


def refund_begun(refund: RefundWay, till: Till, held: Account) -> Transfer:
    """Given up here; the channel has yet to pay it out."""
    entries = between(held, till.refunds_under_way, refund.amount_fen)
    return _refund(TransferKind.REFUND_BEGUN, refund, entries)


def refund_paid_out(refund: RefundWay, till: Till) -> Transfer:
    """The channel has paid it out: it holds so much less for us."""
    entries = between(till.refunds_under_way, till.clearing, refund.amount_fen)
    return _refund(TransferKind.REFUND_PAID_OUT, refund, entries)


def refund_redirected(refund: RefundWay, till: Till, household_id: str) -> Transfer:
    """The channel would not; the household's fund takes it."""
    fund = accounts.household_fund(household_id)
    entries = between(till.refunds_under_way, fund, refund.amount_fen)
    return _refund(TransferKind.REFUND_REDIRECTED, refund, entries)
