"""settlement, property fees: what a home or a shop owes the property, and how it is paid."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from services.contracts.settlement import DeskMethod, OwnerKind
from services.kernel.errors import Conflict, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.money import PositiveFen
from services.kernel.wire import Command, PageQuery, Query, ShortText, View


class DebtorKind(StrEnum):
    """Whose bill it is: a home's (whoever lives there), or a merchant's premises'."""

    HOME = "home"
    MERCHANT = "merchant"


class FeeBillState(StrEnum):
    """待缴 缴费中 已入账待确认 已缴清."""

    OPEN = "open"
    PAYING = "paying"
    """A payment for it is open."""
    TOLD = "told"
    """The money is here; the fee system has not yet accepted it."""
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    """The fee system took the bill back."""


class FeeWay(StrEnum):
    """How it was paid."""

    PAYMENT = "payment"
    OFFSET = "offset"
    DESK = "desk"


class FeePaymentState(StrEnum):
    """One act of paying a bill."""

    WAITING = "waiting"
    """For the money."""
    TELLING = "telling"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The fee system did not take it: the money went to the fund."""
    REVERSING = "reversing"
    """The fee system is being told that it is undone."""
    REVERSED = "reversed"
    DROPPED = "dropped"
    """Never paid."""


class NoSuchBill(NotFound):
    """There is no such bill, or it is not yours."""

    code = "settlement.no_such_bill"


class BillOver(Conflict):
    """The bill is being paid, or is paid; `fields.state` says which."""

    code = "settlement.bill_over"


class BillChanged(Conflict):
    """The bill's amount is another one by now; `fields.amount_fen` says which."""

    code = "settlement.bill_changed"


class BadFeeFile(Refused):
    """The file of bills has faults; `fields` maps a row's number to its fault."""

    code = "settlement.bad_fee_file"


class NobodyThere(Refused):
    """No certified household is known at that home: nobody's fund could take the money back."""

    code = "settlement.nobody_there"


class FeeBillsQuery(PageQuery):
    """Bills of a home or a merchant, or (staff) all; the oldest open one first."""

    debtor_kind: DebtorKind | None = None
    debtor_id: Id | None = None
    state: FeeBillState | None = None


class FeeBillView(View):
    """What is owed for one period."""

    bill_id: Id
    external_number: str
    debtor_kind: DebtorKind
    debtor_id: Id
    community_id: Id
    title: str
    period: str
    amount_fen: int
    due_day: date
    state: FeeBillState
    overdue: bool = False
    paid_at: datetime | None = None
    fee_payment_id: Id | None = None


class FeeBillQuery(Query):
    """One bill."""

    bill_id: Id


class FeePaymentView(View):
    """One act of paying a bill."""

    fee_payment_id: Id
    bill_id: Id
    amount_fen: int
    way: FeeWay
    state: FeePaymentState
    owner_kind: OwnerKind | None = None
    owner_id: Id | None = None
    paid_by: str
    at: datetime
    receipt_number: str = ""
    note: str = ""
    external_number: str = ""


class FeePaymentsQuery(PageQuery):
    """Acts of paying of a bill, or of one Beijing day, newest first: for staff, and to export."""

    bill_id: Id | None = None
    community_id: Id | None = None
    state: FeePaymentState | None = None
    day: date | None = None


class OpenFeePayment(Command):
    """Pay bills through a channel: opens a payment that is paid like any other."""

    household_id: Id
    bill_ids: Annotated[list[Id], Field(min_length=1, max_length=12)]


class FeePaymentOpened(View):
    """The payment to be paid."""

    payment_id: Id
    amount_fen: int
    pay_before: datetime


class OffsetFee(Command):
    """抵扣物业费: pay a bill with a fund account. `consent` is the sentence that was agreed to."""

    owner_kind: OwnerKind
    owner_id: Id
    bill_id: Id
    amount_fen: PositiveFen
    consent: Annotated[str, Field(min_length=4, max_length=200)]


class TakeFeeAtDesk(Command):
    """The cashier has taken a bill's money.

    A home's payer is `household_id`, or else the household that answers for the home (the owner's
    before a tenant's): its fund gets the money if the fee system does not take it.
    """

    bill_id: Id
    method: DeskMethod
    reference: ShortText = ""
    household_id: Id | None = None


class ReverseFeePayment(Command):
    """Undo an accepted payment: the fee system is told, the money goes to the payer's fund."""

    fee_payment_id: Id
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class FeeReceiptQuery(Query):
    """The receipt of a payment that was accepted, or taken at the desk."""

    fee_payment_id: Id


class FeeReceiptView(View):
    """The receipt as PDF, base64, small."""

    receipt_number: str
    pdf_base64: str


class ImportFeeBills(Command):
    """Bills from a file (CSV, UTF-8): number, debtor kind, debtor id, title, period, yuan, due."""

    community_id: Id
    csv: Annotated[str, Field(max_length=1_000_000)]
    dry_run: bool = False


class FeeImportView(View):
    """What the file brought; `faults` maps a row's number to what is wrong with it."""

    rows: int
    created: int
    changed: int
    unchanged: int
    faults: dict[str, str] = {}


class FetchFeeBills(Command):
    """Fetch what is new from the fee system now; it is also done every few minutes."""
