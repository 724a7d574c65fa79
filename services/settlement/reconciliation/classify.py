"""What a line of a bill and the books say of the same number, and in what they differ. Pure.

Amounts are effects on the money that lies at the channel: plus came in, minus went out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.contracts.reconciliation import DifferenceAction, DifferenceKind
from services.contracts.settlement import PaymentState, RefundState
from services.kernel.money import as_yuan
from services.settlement.domain.channel import BillLine

BP_WHOLE = 10_000
_A, _K = DifferenceAction, DifferenceKind
ACTIONS: Mapping[DifferenceKind, tuple[DifferenceAction, ...]] = {
    _K.ONLY_OURS: (_A.ASK_CHANNEL, _A.CARRY_OVER, _A.EXPLAIN),
    _K.ONLY_THEIRS: (_A.BOOK_UNCLAIMED, _A.EXPLAIN),
    _K.AMOUNT: (_A.ASK_CHANNEL, _A.BOOK_UNCLAIMED, _A.EXPLAIN),
    _K.STATE: (_A.ASK_CHANNEL, _A.EXPLAIN),
    _K.FEE: (_A.BOOK_FEE, _A.EXPLAIN),
}
"""What mends each kind; an amount can be booked as unclaimed only while nothing of it is booked."""

_PAYMENT_WORDS = {
    PaymentState.OPEN: "未付",
    PaymentState.CLOSING: "正在关闭",
    PaymentState.CLOSED: "已关闭",
    PaymentState.PAID: "已付，但没有这一笔入账",
}
_REFUND_WORDS = {
    RefundState.PENDING: "还没有受理",
    RefundState.PROCESSING: "处理中",
    RefundState.DONE: "已退到账",
    RefundState.FAILED: "失败",
}


@dataclass(frozen=True, slots=True)
class Ours:
    """What the books know of one number; nothing of it when all is empty."""

    booked_fen: int = 0
    payment_state: PaymentState | None = None
    """Of the payment, where the number is a channel order of ours."""
    asked_fen: int = 0
    """What we asked the channel to take, or to give back."""
    refund_state: RefundState | None = None
    done_at: datetime | None = None
    order_id: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference; `gap_fen` is what the bill says more than the books."""

    kind: DifferenceKind
    reference: str
    is_refund: bool
    order_id: str | None
    their_fen: int
    our_fen: int
    gap_fen: int
    words: str


@dataclass(frozen=True, slots=True)
class FeeRate:
    """The channel's share of each payment, in hundredths of a percent."""

    rate_bp: int

    def fee_fen(self, amount_fen: int) -> int:
        """Of one line, half a fen rounded up."""
        return (2 * amount_fen * self.rate_bp + BP_WHOLE) // (2 * BP_WHOLE)

    @property
    def percent(self) -> str:
        """As people write it."""
        return f"{as_yuan(self.rate_bp)}%"


def effect_fen(line: BillLine) -> int:
    """What the line does to the money at the channel."""
    if not line.out_refund_no:
        return line.amount_fen
    return -line.amount_fen if line.refund_state is RefundState.DONE else 0


def differences(
    line: BillLine, ours: Ours, day_end: datetime, rate: FeeRate | None
) -> list[Finding]:
    """In what a line and the books differ: at most its money and its fee."""
    money = _money_difference(line, ours, day_end)
    fee = _fee_difference(line, ours, rate)
    return [found for found in (money, fee) if found is not None]


def only_ours(reference: str, ours: Ours) -> Finding:
    """Booked here, and not on the bill."""
    is_refund = ours.refund_state is not None
    what = "退款" if is_refund else "收款"
    words = f"我方已记{what} {_yuan(abs(ours.booked_fen))}，渠道当天的账单里没有这一笔。"
    return Finding(
        kind=DifferenceKind.ONLY_OURS,
        reference=reference,
        is_refund=is_refund,
        order_id=ours.order_id,
        their_fen=0,
        our_fen=ours.booked_fen,
        gap_fen=-ours.booked_fen,
        words=words,
    )


def _money_difference(line: BillLine, ours: Ours, day_end: datetime) -> Finding | None:
    their_fen = effect_fen(line)
    if their_fen == ours.booked_fen:
        return None
    if line.out_refund_no:
        if _ended_after(line, ours, day_end):
            return None
        kind, words = _refund_fault(line, ours)
    else:
        kind, words = _payment_fault(line, ours)
    gap_fen = their_fen - ours.booked_fen
    return _finding(kind, line, ours, their_fen, ours.booked_fen, gap_fen, words)


def _ended_after(line: BillLine, ours: Ours, day_end: datetime) -> bool:
    """Under way when the bill was written, and done since: both are right."""
    return (
        line.refund_state is RefundState.PROCESSING
        and ours.refund_state is RefundState.DONE
        and ours.asked_fen == line.amount_fen
        and ours.done_at is not None
        and ours.done_at >= day_end
    )


def _refund_fault(line: BillLine, ours: Ours) -> tuple[DifferenceKind, str]:
    if ours.refund_state is None:
        return DifferenceKind.ONLY_THEIRS, (
            f"渠道退出 {_yuan(line.amount_fen)}，我方没有这笔退款，多半是在渠道后台退的。"
        )
    if line.amount_fen != ours.asked_fen:
        return DifferenceKind.AMOUNT, _amount_words(line.amount_fen, ours.asked_fen)
    theirs = _REFUND_WORDS[line.refund_state or RefundState.PROCESSING]
    our_state = _REFUND_WORDS[ours.refund_state]
    return DifferenceKind.STATE, (
        f"退款 {_yuan(line.amount_fen)}：渠道账单说{theirs}，我方是{our_state}。"
    )


def _payment_fault(line: BillLine, ours: Ours) -> tuple[DifferenceKind, str]:
    if ours.booked_fen:
        return DifferenceKind.AMOUNT, _amount_words(line.amount_fen, ours.booked_fen)
    if ours.payment_state is None:
        return DifferenceKind.ONLY_THEIRS, (
            f"渠道收到 {_yuan(line.amount_fen)}，我方没有这张支付单，不知是谁付的。"
        )
    if line.amount_fen != ours.asked_fen:
        return DifferenceKind.AMOUNT, _amount_words(line.amount_fen, ours.asked_fen)
    return DifferenceKind.STATE, (
        f"渠道已收 {_yuan(line.amount_fen)}，我方这张支付单{_PAYMENT_WORDS[ours.payment_state]}。"
    )


def _amount_words(theirs_fen: int, ours_fen: int) -> str:
    apart_fen = abs(theirs_fen - ours_fen)
    return (
        f"渠道账单是 {_yuan(theirs_fen)}，我方是 {_yuan(ours_fen)}，"
        f"渠道{'多' if theirs_fen > ours_fen else '少'} {_yuan(apart_fen)}。"
    )


def _fee_difference(line: BillLine, ours: Ours, rate: FeeRate | None) -> Finding | None:
    if rate is None:
        return None
    due_fen = rate.fee_fen(line.amount_fen)
    # Where the amount itself is in doubt, the fee of ours is no second difference.
    fair = {due_fen, rate.fee_fen(abs(ours.booked_fen or ours.asked_fen) or line.amount_fen)}
    if line.out_refund_no:
        # A channel may keep its fee when the money goes back, or give its share back.
        fair, due_fen = {0, *(-fee_fen for fee_fen in fair)}, -due_fen
    if line.fee_fen in fair:
        return None
    words = (
        f"渠道手续费 {_yuan(line.fee_fen)}，按费率 {rate.percent} 应为 {_yuan(due_fen)}，"
        f"{'多' if line.fee_fen > due_fen else '少'}收 {_yuan(abs(line.fee_fen - due_fen))}。"
    )
    return _finding(DifferenceKind.FEE, line, ours, line.fee_fen, due_fen, 0, words)


def _finding(
    kind: DifferenceKind,
    line: BillLine,
    ours: Ours,
    their_fen: int,
    our_fen: int,
    gap_fen: int,
    words: str,
) -> Finding:
    return Finding(
        kind=kind,
        reference=line.reference,
        is_refund=bool(line.out_refund_no),
        order_id=ours.order_id,
        their_fen=their_fen,
        our_fen=our_fen,
        gap_fen=gap_fen,
        words=words,
    )


def _yuan(amount_fen: int) -> str:
    return f"¥{as_yuan(amount_fen)}"
