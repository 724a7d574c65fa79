"""A hold: money set aside from a guarded account, which resolves once."""

from dataclasses import dataclass
from enum import StrEnum

from services.settlement.domain import accounts
from services.settlement.domain.accounts import Account
from services.settlement.domain.transfers import Transfer, TransferKind, between


class HoldState(StrEnum):
    """Posted: all or a part of it was taken. Voided: all of it was given back."""

    HELD = "held"
    POSTED = "posted"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Hold:
    """So much of an account, for one purpose; `hold_id` is derived from that by the caller."""

    hold_id: str
    source: Account
    amount_fen: int
    purpose: str

    @property
    def account(self) -> Account:
        """Where it lies meanwhile."""
        return accounts.hold(self.hold_id, self.source.custodian)

    def placed(self) -> Transfer:
        """From the account to the hold."""
        return Transfer(
            kind=TransferKind.HELD,
            purpose=self.hold_id,
            entries=between(self.source, self.account, self.amount_fen),
            reason=self.purpose,
        )

    def given_back(self, taken_fen: int) -> list[Transfer]:
        """What is left when so much was taken goes back to the account; nothing, one transfer."""
        left_fen = self.amount_fen - taken_fen
        if left_fen == 0:
            return []
        return [
            Transfer(
                kind=TransferKind.HOLD_GIVEN_BACK,
                purpose=self.hold_id,
                entries=between(self.account, self.source, left_fen),
                reason=self.purpose,
            )
        ]
