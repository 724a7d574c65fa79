"""What settlement wants of a fee system (收费系统), in settlement's own words.

The fee system says what is owed and decides whether a payment is taken; settlement has the money.
Its calls go over the network: never inside a transaction. They raise Unavailable when it is not
known what became of the call, and FeeSystemRefused when the fee system said no.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from services.contracts.fees import DebtorKind, FeeWay
from services.kernel.errors import Refused
from services.kernel.ids import derived_id


class Standing(StrEnum):
    """A bill as the fee system sees it."""

    OPEN = "open"
    PAID = "paid"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class BillSaid:
    """What the fee system says of one bill; its number is unique within the community."""

    community_id: str
    external_number: str
    debtor_kind: DebtorKind
    debtor_id: str
    title: str
    period: str
    amount_fen: int
    due_day: date
    standing: Standing = Standing.OPEN

    @property
    def bill_id(self) -> str:
        """The same for the same bill, however often and by whatever way it comes."""
        return derived_id("fee_bill", self.community_id, self.external_number)


@dataclass(frozen=True, slots=True)
class BillPage:
    """What has changed since a cursor; `faults` names the bills that cannot be read."""

    bills: list[BillSaid]
    cursor: str
    more: bool = False
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """A payment that the fee system is told of; `number` is ours, and the same for ever."""

    number: str
    community_id: str
    external_number: str
    amount_fen: int
    way: FeeWay
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class ReversalTold:
    """A payment told of earlier that is undone."""

    number: str
    community_id: str
    external_number: str
    reason: str


class FeeSystemRefused(Refused):
    """The fee system refused; the message is its own. `bill` is the bill as it stands there."""

    code = "settlement.fee_system_refused"

    def __init__(
        self,
        message: str = "",
        *,
        bill: BillSaid | None = None,
        code: str | None = None,
        fields: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message, code=code, fields=fields)
        self.bill = bill


class FeeSystem(Protocol):
    """Where the bills come from, and who must hear that they are paid."""

    @property
    def name(self) -> str:
        """Its cursor is kept under this name."""

    def bills_since(self, cursor: str) -> BillPage:
        """The next bills that changed after the cursor, in the order of change; `""`: all."""

    def tell_payment(self, told: PaymentTold) -> None:
        """Returns when the fee system has taken it; the same number again is the same payment."""

    def tell_reversal(self, told: ReversalTold) -> BillSaid | None:
        """Returns when it is undone there, with the bill as it stands then; may be repeated."""
