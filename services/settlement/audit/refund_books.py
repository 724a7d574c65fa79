"""What must hold for money on its way back."""

from typing import Any

from sqlalchemy import Select, case, func, literal, select

from services.contracts.orders import RefundTo
from services.contracts.settlement import RefundState
from services.settlement.audit.claims import Claim
from services.settlement.domain.accounts import AccountKind
from services.settlement.domain.transfers import TransferKind
from services.settlement.tables import AccountRow, EntryRow, RefundRow, TransferRow

_SUM = func.coalesce(func.sum(EntryRow.amount_fen), 0)
_UNDER_WAY_OR_FAILED = (RefundState.PENDING, RefundState.PROCESSING, RefundState.FAILED)
_ENDS = (
    TransferKind.REFUND_PAID_OUT,
    TransferKind.REFUND_TO_FUND,
    TransferKind.REFUND_TO_CARD,
    TransferKind.GIFT_RESTORED,
    TransferKind.REFUND_VOID,
    TransferKind.REFUND_REDIRECTED,
)


def claims() -> list[Claim]:
    """Every proof of this room."""
    return [
        ("refunds", "在途退款等于退款中的账户余额", RefundRow, _under_way()),
        ("payouts", "每笔完成的退款都已记账", RefundRow, _unbooked()),
    ]


def _under_way() -> Select[Any]:
    """Accounts of money under way that hold other sums than the refunds."""
    rows = (
        select(
            RefundRow.channel,
            RefundRow.merchant_number,
            RefundRow.custodian,
            func.sum(RefundRow.amount_fen).label("total"),
        )
        .where(RefundRow.refund_to == RefundTo.CHANNEL, RefundRow.state.in_(_UNDER_WAY_OR_FAILED))
        .group_by(RefundRow.channel, RefundRow.merchant_number, RefundRow.custodian)
        .subquery("under_way")
    )
    due = func.coalesce(rows.c.total, literal(0))
    return (
        select(AccountRow.kind, AccountRow.owner, _SUM, due)
        .outerjoin(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .outerjoin(
            rows,
            (rows.c.channel == AccountRow.channel)
            & (rows.c.merchant_number == AccountRow.owner)
            & (rows.c.custodian == AccountRow.custodian),
        )
        .where(AccountRow.kind == AccountKind.REFUNDS_UNDER_WAY)
        .group_by(AccountRow.account_id, AccountRow.kind, AccountRow.owner, rows.c.total)
        .having(due != _SUM)
    )


def _unbooked() -> Select[Any]:
    """Refunds that are done and not booked, or booked and not done."""
    done = case((RefundRow.state == RefundState.DONE, 1), else_=0)
    booked = case((func.count(TransferRow.transfer_id) > 0, 1), else_=0)
    return (
        select(RefundRow.refund_id, RefundRow.state, booked)
        .outerjoin(
            TransferRow,
            (TransferRow.reference == RefundRow.refund_id) & TransferRow.kind.in_(_ENDS),
        )
        .group_by(RefundRow.refund_id, RefundRow.state)
        .having(booked != done)
    )
