"""Money on its way out of a fund: states, legal moves, limits, patience, and what is booked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.contracts.settlement import OwnerKind
from services.contracts.withdrawals import BeyondLimit, PayoutWay, WithdrawalOver, WithdrawalState
from services.kernel.ids import derived_id
from services.settlement.domain import accounts
from services.settlement.domain.holds import Hold
from services.settlement.domain.transfers import Transfer, TransferKind, between

HOLD_PURPOSE = "withdrawal"


class WithdrawalAct(StrEnum):
    """What can happen to a withdrawal."""

    APPROVE = "approve"
    REJECT = "reject"
    CANCEL = "cancel"
    BEGIN = "begin"
    """It is about to be asked for at the channel, or goes into a bank file."""
    ACCEPT = "accept"
    """The channel works on it."""
    AWAIT = "await"
    """The channel waits for the payee."""
    SUCCEED = "succeed"
    FAIL = "fail"
    EXPIRE = "expire"
    CALL_OFF = "call_off"
    """The channel has taken it back, as we asked."""


WITHDRAWAL_MOVES = {
    (WithdrawalState.TO_APPROVE, WithdrawalAct.APPROVE): WithdrawalState.TO_PAY,
    (WithdrawalState.TO_APPROVE, WithdrawalAct.REJECT): WithdrawalState.REJECTED,
    (WithdrawalState.TO_APPROVE, WithdrawalAct.CANCEL): WithdrawalState.CANCELLED,
    (WithdrawalState.TO_PAY, WithdrawalAct.REJECT): WithdrawalState.REJECTED,
    (WithdrawalState.TO_PAY, WithdrawalAct.CANCEL): WithdrawalState.CANCELLED,
    (WithdrawalState.TO_PAY, WithdrawalAct.BEGIN): WithdrawalState.PAYING,
    (WithdrawalState.PAYING, WithdrawalAct.ACCEPT): WithdrawalState.PAYING,
    (WithdrawalState.PAYING, WithdrawalAct.AWAIT): WithdrawalState.AWAITING_PAYEE,
    (WithdrawalState.PAYING, WithdrawalAct.SUCCEED): WithdrawalState.DONE,
    (WithdrawalState.PAYING, WithdrawalAct.FAIL): WithdrawalState.FAILED,
    (WithdrawalState.PAYING, WithdrawalAct.EXPIRE): WithdrawalState.EXPIRED,
    (WithdrawalState.PAYING, WithdrawalAct.CALL_OFF): WithdrawalState.CANCELLED,
    (WithdrawalState.AWAITING_PAYEE, WithdrawalAct.ACCEPT): WithdrawalState.PAYING,
    (WithdrawalState.AWAITING_PAYEE, WithdrawalAct.AWAIT): WithdrawalState.AWAITING_PAYEE,
    (WithdrawalState.AWAITING_PAYEE, WithdrawalAct.SUCCEED): WithdrawalState.DONE,
    (WithdrawalState.AWAITING_PAYEE, WithdrawalAct.FAIL): WithdrawalState.FAILED,
    (WithdrawalState.AWAITING_PAYEE, WithdrawalAct.EXPIRE): WithdrawalState.EXPIRED,
    (WithdrawalState.AWAITING_PAYEE, WithdrawalAct.CALL_OFF): WithdrawalState.CANCELLED,
}

WAITING = (WithdrawalState.TO_APPROVE, WithdrawalState.TO_PAY)
"""The money is set aside from the fund and has not left."""
UNDER_WAY = (WithdrawalState.PAYING, WithdrawalState.AWAITING_PAYEE)
"""The money has left the fund, and nobody has confirmed the end."""
BACK = (
    WithdrawalState.FAILED,
    WithdrawalState.EXPIRED,
    WithdrawalState.REJECTED,
    WithdrawalState.CANCELLED,
)
"""The money is on the fund again."""
TOLD = frozenset(
    {
        WithdrawalState.AWAITING_PAYEE,
        WithdrawalState.DONE,
        WithdrawalState.FAILED,
        WithdrawalState.EXPIRED,
        WithdrawalState.REJECTED,
    }
)
"""Of these the person who asked for it hears; taking it back, that person did."""


def moved(state: WithdrawalState, act: WithdrawalAct) -> WithdrawalState:
    """The state after the act; WithdrawalOver, which names the state, when that is not legal."""
    following = WITHDRAWAL_MOVES.get((state, act))
    if following is None:
        raise WithdrawalOver(f"it is {state}: no {act}", fields={"state": state})
    return following


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be withdrawn at once and in a Beijing day, and from when two people are needed."""

    least_fen: int
    most_fen: int
    day_fen: int
    approve_from_fen: int

    def check(self, amount_fen: int, today_fen: int) -> None:
        """BeyondLimit, which names the limit; `today_fen`: withdrawn before on this day."""
        if amount_fen < self.least_fen:
            raise BeyondLimit("less than the least", fields={"least_fen": str(self.least_fen)})
        if amount_fen > self.most_fen:
            raise BeyondLimit("more than at once", fields={"most_fen": str(self.most_fen)})
        left_fen = max(0, self.day_fen - today_fen)
        if amount_fen > left_fen:
            fields = {"day_fen": str(self.day_fen), "left_fen": str(left_fen)}
            raise BeyondLimit("more than in a day", fields=fields)

    def first_state(self, amount_fen: int) -> WithdrawalState:
        """Large ones wait for a second pair of eyes."""
        if amount_fen >= self.approve_from_fen:
            return WithdrawalState.TO_APPROVE
        return WithdrawalState.TO_PAY


RETRY_AFTER_S = (2, 5, 15, 60, 300, 600, 1800)
"""Waits between askings; the last one repeats, for as long as it takes."""
_AFTER_EXPIRY = timedelta(seconds=5)


def next_try_at(try_count: int, now: datetime, expires_at: datetime | None = None) -> datetime:
    """When to ask next after `try_count` askings; soon after the payee's time is over."""
    waited = now + timedelta(seconds=RETRY_AFTER_S[min(try_count, len(RETRY_AFTER_S) - 1)])
    if expires_at is not None and expires_at > now:
        return min(waited, expires_at + _AFTER_EXPIRY)
    return waited


_FAIL_WORDS = {
    "ACCOUNT_FROZEN": "收款人的微信账户被冻结",
    "REAL_NAME_CHECK_FAIL": "收款人没有实名认证",
    "NAME_NOT_CORRECT": "收款人姓名和微信实名不一致",
    "OPENID_INVALID": "收款人的微信号不对",
    "TRANSFER_QUOTA_EXCEED": "超过收款人单笔收款额度",
    "DAY_RECEIVED_QUOTA_EXCEED": "超过收款人单日收款额度",
    "MONTH_RECEIVED_QUOTA_EXCEED": "超过收款人单月收款额度",
    "TRANSFER_RISK": "微信认为这笔转账有风险",
}
"""Fail reasons of document 「商家转账」, as the person who waits for the money reads them."""
EXPIRED_WORDS = "没有及时确认收款"
REFUSED_WORDS = "微信没有受理"


def fail_words(code: str) -> str:
    """A channel's fail reason in words; the code itself where we know none."""
    return _FAIL_WORDS.get(code) or code or REFUSED_WORDS


def hold_id_of(withdrawal_id: str) -> str:
    """The hold that sets its money aside."""
    return derived_id("withdrawal_hold", withdrawal_id)


@dataclass(frozen=True, slots=True)
class Outflow:
    """What the ledger must know of a withdrawal."""

    withdrawal_id: str
    owner_kind: OwnerKind
    owner_id: str
    amount_fen: int
    way: PayoutWay

    @property
    def hold(self) -> Hold:
        """What is set aside from the fund when it is asked for."""
        fund = accounts.fund(self.owner_kind, self.owner_id)
        return Hold(hold_id_of(self.withdrawal_id), fund, self.amount_fen, HOLD_PURPOSE)

    def begun(self, made_by: str = "") -> Transfer:
        """What was set aside is on its way out."""
        source = accounts.hold(hold_id_of(self.withdrawal_id))
        target = accounts.withdrawals_under_way(self.way)
        return self._transfer(TransferKind.WITHDRAWAL_BEGUN, source, target, made_by)

    def done(self, made_by: str = "") -> Transfer:
        """It has left the property's own account."""
        source = accounts.withdrawals_under_way(self.way)
        return self._transfer(
            TransferKind.WITHDRAWAL_DONE, source, accounts.bank(self.way), made_by
        )

    def failed(self, made_by: str = "") -> Transfer:
        """It came to nothing: the fund has it again."""
        source = accounts.withdrawals_under_way(self.way)
        target = accounts.fund(self.owner_kind, self.owner_id)
        return self._transfer(TransferKind.WITHDRAWAL_FAILED, source, target, made_by)

    def _transfer(
        self,
        kind: TransferKind,
        source: accounts.Account,
        target: accounts.Account,
        made_by: str,
    ) -> Transfer:
        return Transfer(
            kind=kind,
            purpose=self.withdrawal_id,
            entries=between(source, target, self.amount_fen),
            reason=HOLD_PURPOSE,
            reference=self.withdrawal_id,
            made_by=made_by,
        )
