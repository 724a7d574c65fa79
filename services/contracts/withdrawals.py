"""settlement, withdrawals: money leaves a fund account, by WeChat transfer or by bank."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import Field

from services.contracts.settlement import OwnerKind
from services.kernel.errors import Conflict, NotFound, Refused
from services.kernel.ids import Id
from services.kernel.money import Fen, PositiveFen
from services.kernel.wire import Command, Event, PageQuery, Query, ShortText, View


class PayoutWay(StrEnum):
    """How the money goes out."""

    WECHAT = "wechat"
    BANK = "bank"


class WithdrawalState(StrEnum):
    """待审核 待付款 付款中 待本人确认 已到账 失败 已过期 已驳回 已撤回."""

    TO_APPROVE = "to_approve"
    TO_PAY = "to_pay"
    """Approved, or small enough: about to be asked of WeChat, or waiting for a bank file."""
    PAYING = "paying"
    """The channel or the bank has it; the end is not known."""
    AWAITING_PAYEE = "awaiting_payee"
    """WeChat waits for the payee to confirm on the phone."""
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


class NoSuchWithdrawal(NotFound):
    """There is no such withdrawal, or it is not yours."""

    code = "settlement.no_such_withdrawal"


class WithdrawalOver(Conflict):
    """Its state does not allow this; `fields.state` says which it is."""

    code = "settlement.withdrawal_over"


class BeyondLimit(Refused):
    """Less than the least, more than the most at once or in a day; `fields` says which."""

    code = "settlement.beyond_limit"


class CoolingDown(Refused):
    """The bank data changed lately; `fields.until` says when withdrawing is possible."""

    code = "settlement.cooling_down"


class NoPayoutAccount(Refused):
    """Where should it go? Bank data are missing."""

    code = "settlement.no_payout_account"


class BadBankFile(Refused):
    """The bank's result file has faults; `fields` maps a row's number to its fault."""

    code = "settlement.bad_bank_file"


class PutPayoutAccount(Command):
    """Where a fund's money goes by bank; a change starts the cooling time."""

    owner_kind: OwnerKind
    owner_id: Id
    holder: Annotated[str, Field(min_length=2, max_length=80)]
    bank: Annotated[str, Field(min_length=2, max_length=80)]
    number: Annotated[str, Field(pattern=r"^[0-9]{8,30}$")]


class PayoutAccountQuery(Query):
    """Where it goes."""

    owner_kind: OwnerKind
    owner_id: Id


class PayoutAccountView(View):
    """Masked: the last four digits only."""

    holder: str = ""
    bank: str = ""
    number_masked: str = ""
    usable_from: datetime | None = None


class Withdraw(Command):
    """Take money out of a fund; it is set aside at once."""

    owner_kind: OwnerKind
    owner_id: Id
    amount_fen: PositiveFen
    way: PayoutWay
    openid: Annotated[str, Field(max_length=80)] = ""
    """Whose WeChat gets it, for the WeChat way."""


class WithdrawalQuery(Query):
    """One withdrawal; `refresh` asks the channel."""

    withdrawal_id: Id
    refresh: bool = False


class WithdrawalsQuery(PageQuery):
    """Of one owner, or (staff) all; newest first."""

    owner_kind: OwnerKind | None = None
    owner_id: Id | None = None
    state: WithdrawalState | None = None


class CancelWithdrawal(Command):
    """Taken back before it was paid."""

    withdrawal_id: Id


class ApproveWithdrawal(Command):
    """By somebody else than who asked for it."""

    withdrawal_id: Id


class RejectWithdrawal(Command):
    """The money goes back to the fund."""

    withdrawal_id: Id
    reason: Annotated[str, Field(min_length=2, max_length=200)]


class WithdrawalView(View):
    """Money on its way out."""

    withdrawal_id: Id
    owner_kind: OwnerKind
    owner_id: Id
    amount_fen: int
    way: PayoutWay
    state: WithdrawalState
    payee: str
    """Masked."""
    asked_by: str
    asked_at: datetime
    approved_by: str = ""
    done_at: datetime | None = None
    expires_at: datetime | None = None
    """Until when the payee may confirm."""
    note: str = ""
    confirm_package: str = ""
    """For the payee's phone: what WeixinJSBridge's requestMerchantTransfer takes."""
    confirm_mchid: str = ""
    confirm_app_id: str = ""
    batch_id: Id | None = None


class MakeBankFile(Command):
    """Put all bank withdrawals that wait into one file (at most 500)."""


class BankFileQuery(Query):
    """A file again."""

    batch_id: Id


class BankFileView(View):
    """The payment file for the bank, as CSV text (UTF-8): number, name, bank, account, amount."""

    batch_id: Id
    made_at: datetime
    made_by: str
    count: int
    total_fen: int
    csv: str


class BankFilesQuery(PageQuery):
    """The files made so far, newest first."""


class BankFileLine(View):
    """A file in the list."""

    batch_id: Id
    made_at: datetime
    made_by: str
    count: int
    total_fen: int
    open_count: int


class ImportBankResult(Command):
    """The bank's answer: withdrawal number, outcome (成功 or 失败), and a reason."""

    batch_id: Id
    csv: Annotated[str, Field(max_length=200_000)]


class BankResultView(View):
    """What the result said."""

    done: int
    failed: int
    unchanged: int


class WithdrawalChanged(Event):
    """A withdrawal was paid, failed, or waits for the payee. `aggregate_id`: the withdrawal."""

    name: ClassVar[str] = "withdrawal.changed"
    source: ClassVar[str] = "settlement"
    owner_kind: OwnerKind
    owner_id: Id
    asked_by_account_id: Id
    amount_fen: Fen
    state: WithdrawalState
    note: ShortText = ""
