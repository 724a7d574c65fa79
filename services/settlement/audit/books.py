"""What must hold inside the ledger. Each proof is one statement over all rows, so that it sees one
moment, and brings back only what breaks it.
"""

from typing import Any

from sqlalchemy import FromClause, Select, case, func, literal, or_, select

from services.contracts.orders import RefundTo
from services.contracts.settlement import EscrowState, PaymentState, Proof, RefundState
from services.kernel.db import Tx
from services.settlement.domain.accounts import GUARDED, SIGNS, AccountKind, Sign
from services.settlement.domain.payments import ChannelOrderState
from services.settlement.domain.transfers import TransferKind
from services.settlement.tables import (
    AccountRow,
    AllocationRow,
    ChannelOrderRow,
    CheckpointRow,
    EntryRow,
    EscrowRow,
    PaymentRow,
    RefundRow,
    TransferRow,
)

DIFFERENCES_MAX = 20
ESCROW_PROOF = "escrow"

_SUM = func.coalesce(func.sum(EntryRow.amount_fen), 0)
_RESOLUTIONS = (
    TransferKind.RELEASE,
    TransferKind.REFUND_TO_FUND,
    TransferKind.REFUND_BEGUN,
)
_UNDER_WAY_OR_FAILED = (RefundState.PENDING, RefundState.PROCESSING, RefundState.FAILED)


def prove(tx: Tx) -> list[Proof]:
    """Every proof of the ledger itself."""
    return [_proof(tx, *claim) for claim in _claims()]


def trial_balance(tx: Tx) -> dict[str, int]:
    """The sum of the entries by kind of account."""
    rows = tx.all(
        select(AccountRow.kind, _SUM.label("total_fen"))
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .group_by(AccountRow.kind)
        .order_by(AccountRow.kind)
    )
    return {row.kind: int(row.total_fen) for row in rows}


def _claims() -> list[tuple[str, str, type[Any], Select[Any]]]:
    """Name, sentence, the table whose rows are looked at, and what would break the sentence."""
    return [
        ("transfers", "每一笔转账的分录之和为零", TransferRow, _unbalanced()),
        ("entries", "每一条分录都属于一笔转账和一个账户", EntryRow, _lost_entries()),
        ("balances", "每个留存余额等于其分录之和", AccountRow, _wrong_balances()),
        ("checkpoints", "每个检查点等于截至其分录的合计", CheckpointRow, _wrong_checkpoints()),
        ("signs", "没有账户越过零线", AccountRow, _wrong_signs()),
        (ESCROW_PROOF, "未了结的订单担保足额，了结的为零", EscrowRow, _wrong_escrows()),
        ("once", "每笔担保资金只了结一次", EscrowRow, _wrong_resolutions()),
        ("allocations", "每张支付单的分配之和等于其金额", PaymentRow, _wrong_allocations()),
        ("receipts", "每张已付的支付单都担保了它的全部订单", PaymentRow, _wrong_receipts()),
        ("unclaimed", "迟到和重复的款项都已安排退回", ChannelOrderRow, _unclaimed()),
        ("refunds", "在途退款等于退款中的账户余额", RefundRow, _refunds_under_way()),
        ("payouts", "每笔完成的退款都已记账", RefundRow, _unbooked_refunds()),
    ]


def _proof(tx: Tx, name: str, statement: str, table: type[Any], breaking: Select[Any]) -> Proof:
    differences = [
        " ".join(str(value) for value in row) for row in tx.all(breaking.limit(DIFFERENCES_MAX))
    ]
    checked = int(tx.scalar(select(func.count()).select_from(table)) or 0)
    return Proof(
        name=name,
        statement=statement,
        holds=not differences,
        checked=checked,
        differences=differences,
    )


def _unbalanced() -> Select[Any]:
    return (
        select(TransferRow.transfer_id, TransferRow.kind, _SUM, func.count(EntryRow.entry_id))
        .outerjoin(EntryRow, EntryRow.transfer_id == TransferRow.transfer_id)
        .group_by(TransferRow.transfer_id, TransferRow.kind)
        .having(or_(_SUM != 0, func.count(EntryRow.entry_id) < 2))
    )


def _lost_entries() -> Select[Any]:
    return (
        select(EntryRow.entry_id, EntryRow.transfer_id, EntryRow.account_id)
        .outerjoin(TransferRow, TransferRow.transfer_id == EntryRow.transfer_id)
        .outerjoin(AccountRow, AccountRow.account_id == EntryRow.account_id)
        .where(or_(TransferRow.transfer_id.is_(None), AccountRow.account_id.is_(None)))
    )


def _wrong_balances() -> Select[Any]:
    return (
        select(AccountRow.kind, AccountRow.owner, AccountRow.balance_fen, _SUM)
        .outerjoin(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .where(AccountRow.kind.in_(GUARDED))
        .group_by(AccountRow.account_id, AccountRow.kind, AccountRow.owner, AccountRow.balance_fen)
        .having(or_(AccountRow.balance_fen.is_(None), AccountRow.balance_fen != _SUM))
    )


def _wrong_checkpoints() -> Select[Any]:
    return (
        select(CheckpointRow.account_id, CheckpointRow.balance_fen, _SUM)
        .outerjoin(
            EntryRow,
            (EntryRow.account_id == CheckpointRow.account_id)
            & (EntryRow.entry_id <= CheckpointRow.entry_id),
        )
        .group_by(CheckpointRow.account_id, CheckpointRow.balance_fen)
        .having(CheckpointRow.balance_fen != _SUM)
    )


def _wrong_signs() -> Select[Any]:
    above = [kind for kind, sign in SIGNS.items() if sign is Sign.NEVER_ABOVE_ZERO]
    wrong_side = case((AccountRow.kind.in_(above), _SUM > 0), else_=_SUM < 0)
    return (
        select(AccountRow.kind, AccountRow.owner, _SUM)
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .group_by(AccountRow.account_id, AccountRow.kind, AccountRow.owner)
        .having(wrong_side)
    )


def _wrong_escrows() -> Select[Any]:
    due = case((EscrowRow.state == EscrowState.HELD, EscrowRow.amount_fen), else_=0)
    return (
        select(EscrowRow.order_id, EscrowRow.state, EscrowRow.amount_fen, AccountRow.balance_fen)
        .outerjoin(
            AccountRow,
            (AccountRow.kind == AccountKind.ESCROW) & (AccountRow.owner == EscrowRow.order_id),
        )
        .where(or_(AccountRow.balance_fen.is_(None), AccountRow.balance_fen != due))
    )


def _wrong_resolutions() -> Select[Any]:
    times = func.count(TransferRow.transfer_id)
    due = case((EscrowRow.state == EscrowState.HELD, 0), else_=1)
    return (
        select(EscrowRow.order_id, EscrowRow.state, times)
        .outerjoin(
            TransferRow,
            (TransferRow.order_id == EscrowRow.order_id) & TransferRow.kind.in_(_RESOLUTIONS),
        )
        .group_by(EscrowRow.order_id, EscrowRow.state)
        .having(times != due)
    )


def _sum_by(column: Any, amount: Any, name: str) -> FromClause:
    return (
        select(column.label("key"), func.sum(amount).label("total")).group_by(column).subquery(name)
    )


def _wrong_allocations() -> Select[Any]:
    parts = _sum_by(AllocationRow.payment_id, AllocationRow.amount_fen, "parts")
    total = func.coalesce(parts.c.total, 0)
    return (
        select(PaymentRow.payment_id, PaymentRow.amount_fen, total)
        .outerjoin(parts, parts.c.key == PaymentRow.payment_id)
        .where(PaymentRow.amount_fen != total)
    )


def _wrong_receipts() -> Select[Any]:
    held = _sum_by(EscrowRow.payment_id, EscrowRow.amount_fen, "held")
    total = func.coalesce(held.c.total, 0)
    due = case((PaymentRow.state == PaymentState.PAID, PaymentRow.amount_fen), else_=0)
    return (
        select(PaymentRow.payment_id, PaymentRow.state, PaymentRow.amount_fen, total)
        .outerjoin(held, held.c.key == PaymentRow.payment_id)
        .where(total != due)
    )


def _unclaimed() -> Select[Any]:
    """Paid channel orders that paid for nothing, and have no refund of their own."""
    return (
        select(ChannelOrderRow.out_trade_no, ChannelOrderRow.payment_id, ChannelOrderRow.amount_fen)
        .join(PaymentRow, PaymentRow.payment_id == ChannelOrderRow.payment_id)
        .outerjoin(
            RefundRow,
            (RefundRow.payment_id == ChannelOrderRow.payment_id)
            & (RefundRow.out_trade_no == ChannelOrderRow.out_trade_no)
            & RefundRow.order_id.is_(None),
        )
        .where(
            ChannelOrderRow.state == ChannelOrderState.PAID,
            func.coalesce(PaymentRow.out_trade_no, "") != ChannelOrderRow.out_trade_no,
            RefundRow.refund_id.is_(None),
        )
    )


def _refunds_under_way() -> Select[Any]:
    """Accounts of money under way, or unclaimed, that hold other sums than the refunds."""
    rows = (
        select(
            RefundRow.channel,
            RefundRow.merchant_number,
            func.sum(RefundRow.amount_fen).label("total"),
        )
        .where(RefundRow.refund_to == RefundTo.CHANNEL, RefundRow.state.in_(_UNDER_WAY_OR_FAILED))
        .group_by(RefundRow.channel, RefundRow.merchant_number)
        .subquery("under_way")
    )
    due = case(
        (AccountRow.kind == AccountKind.REFUNDS_UNDER_WAY, func.coalesce(rows.c.total, 0)),
        else_=literal(0),
    )
    return (
        select(AccountRow.kind, AccountRow.owner, _SUM, due)
        .outerjoin(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .outerjoin(
            rows,
            (rows.c.channel == AccountRow.channel) & (rows.c.merchant_number == AccountRow.owner),
        )
        .where(AccountRow.kind.in_((AccountKind.REFUNDS_UNDER_WAY, AccountKind.UNCLAIMED)))
        .group_by(AccountRow.account_id, AccountRow.kind, AccountRow.owner, rows.c.total)
        .having(due != _SUM)
    )


def _unbooked_refunds() -> Select[Any]:
    done = case((RefundRow.state == RefundState.DONE, 1), else_=0)
    booked = func.count(TransferRow.transfer_id)
    kinds = (TransferKind.REFUND_PAID_OUT, TransferKind.REFUND_TO_FUND)
    return (
        select(RefundRow.refund_id, RefundRow.state, booked)
        .outerjoin(
            TransferRow,
            (TransferRow.reference == RefundRow.refund_id) & TransferRow.kind.in_(kinds),
        )
        .group_by(RefundRow.refund_id, RefundRow.state)
        .having(booked != done)
    )
