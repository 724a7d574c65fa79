"""Every movement of money that there is, by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.settlement import Allocation, Channel
from services.settlement.domain import accounts
from services.settlement.domain.transfers import Transfer, TransferKind, between


@dataclass(frozen=True, slots=True)
class Till:
    """Where a channel takes money for us: the channel and our merchant number there."""

    channel: Channel
    merchant_number: str


@dataclass(frozen=True, slots=True)
class Source:
    """The channel order through which money came, and the payment that it was for."""

    till: Till
    out_trade_no: str
    payment_id: str


def receipts(source: Source, allocations: Sequence[Allocation]) -> list[Transfer]:
    """Paid in time: from the channel into the escrow of each order."""
    clearing = accounts.clearing(source.till.channel, source.till.merchant_number)
    return [
        Transfer(
            kind=TransferKind.RECEIPT,
            purpose=part.order_id,
            entries=between(clearing, accounts.escrow(part.order_id), part.amount_fen),
            reason="paid",
            order_id=part.order_id,
            payment_id=source.payment_id,
            reference=source.out_trade_no,
        )
        for part in allocations
    ]


def unclaimed_receipt(source: Source, amount_fen: int, reason: str) -> Transfer:
    """Paid too late or twice: from the channel to where nobody may keep it."""
    till = source.till
    return Transfer(
        kind=TransferKind.UNCLAIMED_RECEIPT,
        purpose=source.out_trade_no,
        entries=between(
            accounts.clearing(till.channel, till.merchant_number),
            accounts.unclaimed(till.channel, till.merchant_number),
            amount_fen,
        ),
        reason=reason,
        payment_id=source.payment_id,
        reference=source.out_trade_no,
    )


def release(order_id: str, payment_id: str, merchant_id: str, amount_fen: int) -> Transfer:
    """The deal is done: from the escrow to the merchant."""
    return Transfer(
        kind=TransferKind.RELEASE,
        purpose=order_id,
        entries=between(accounts.escrow(order_id), accounts.merchant_fund(merchant_id), amount_fen),
        reason="completed",
        order_id=order_id,
        payment_id=payment_id,
    )


@dataclass(frozen=True, slots=True)
class RefundWay:
    """One refund: its id, its amount, and for which payment and (maybe) order it is."""

    refund_id: str
    payment_id: str
    order_id: str | None
    amount_fen: int
    reason: str


def refund_to_fund(refund: RefundWay, order_id: str, household_id: str) -> Transfer:
    """Called off, and the household keeps the money here: done at once."""
    return Transfer(
        kind=TransferKind.REFUND_TO_FUND,
        purpose=refund.refund_id,
        entries=between(
            accounts.escrow(order_id), accounts.household_fund(household_id), refund.amount_fen
        ),
        reason=refund.reason,
        order_id=order_id,
        payment_id=refund.payment_id,
        refund_id=refund.refund_id,
        reference=refund.refund_id,
    )


def refund_begun(refund: RefundWay, till: Till) -> Transfer:
    """Given up here; the channel has yet to pay it out."""
    held = (
        accounts.escrow(refund.order_id)
        if refund.order_id
        else accounts.unclaimed(till.channel, till.merchant_number)
    )
    under_way = accounts.refunds_under_way(till.channel, till.merchant_number)
    return Transfer(
        kind=TransferKind.REFUND_BEGUN,
        purpose=refund.refund_id,
        entries=between(held, under_way, refund.amount_fen),
        reason=refund.reason,
        order_id=refund.order_id,
        payment_id=refund.payment_id,
        refund_id=refund.refund_id,
    )


def refund_paid_out(refund: RefundWay, till: Till) -> Transfer:
    """The channel has paid it out: it holds so much less for us."""
    return Transfer(
        kind=TransferKind.REFUND_PAID_OUT,
        purpose=refund.refund_id,
        entries=between(
            accounts.refunds_under_way(till.channel, till.merchant_number),
            accounts.clearing(till.channel, till.merchant_number),
            refund.amount_fen,
        ),
        reason=refund.reason,
        order_id=refund.order_id,
        payment_id=refund.payment_id,
        refund_id=refund.refund_id,
        reference=refund.refund_id,
    )
