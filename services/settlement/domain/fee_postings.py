"""Every movement of property fee money that there is, by name."""

from dataclasses import dataclass

from services.contracts.settlement import Channel, DeskMethod, OwnerKind
from services.settlement.domain import accounts
from services.settlement.domain.accounts import Account
from services.settlement.domain.escrows import Parts
from services.settlement.domain.postings import Givers
from services.settlement.domain.transfers import Entry, Transfer, TransferKind, between


@dataclass(frozen=True, slots=True)
class FeePaid:
    """One act of paying one bill."""

    fee_payment_id: str
    community_id: str
    amount_fen: int

    @property
    def income(self) -> Account:
        """Where its money is while the payment stands."""
        return accounts.fee_income(self.community_id)


def fee_receipt(
    paid: FeePaid, parts: Parts, givers: Givers, payment_id: str, reference: str
) -> Transfer:
    """Paid through a channel, a fund, or both."""
    pairs = (
        (givers.channel, -parts.channel_fen),
        (givers.fund_hold, -parts.fund_fen),
        (paid.income, parts.money_fen),
    )
    return Transfer(
        kind=TransferKind.FEE_RECEIPT,
        purpose=paid.fee_payment_id,
        entries=tuple(Entry(account, fen) for account, fen in pairs if account and fen),
        reason="fee",
        payment_id=payment_id,
        reference=reference,
    )


def fee_at_desk(paid: FeePaid, method: DeskMethod, made_by: str) -> Transfer:
    """The cashier has taken it."""
    desk = accounts.clearing(Channel.DESK, method)
    return Transfer(
        kind=TransferKind.FEE_RECEIPT,
        purpose=paid.fee_payment_id,
        entries=between(desk, paid.income, paid.amount_fen),
        reason="fee",
        reference=paid.fee_payment_id,
        made_by=made_by,
    )


def fee_offset(paid: FeePaid, owner_kind: OwnerKind, owner_id: str, made_by: str) -> Transfer:
    """抵扣物业费: from the fund."""
    return Transfer(
        kind=TransferKind.FEE_OFFSET,
        purpose=paid.fee_payment_id,
        entries=between(accounts.fund(owner_kind, owner_id), paid.income, paid.amount_fen),
        reason="fee",
        reference=paid.fee_payment_id,
        made_by=made_by,
    )


def fee_undone(
    paid: FeePaid, owner_kind: OwnerKind, owner_id: str, reason: str, made_by: str = ""
) -> Transfer:
    """Refused by the fee system, or reversed: to the payer's fund."""
    return Transfer(
        kind=TransferKind.FEE_UNDONE,
        purpose=paid.fee_payment_id,
        entries=between(paid.income, accounts.fund(owner_kind, owner_id), paid.amount_fen),
        reason=reason[:200],
        reference=paid.fee_payment_id,
        made_by=made_by,
    )
