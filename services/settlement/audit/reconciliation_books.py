"""What must hold between reconciled days, their differences and the ledger."""

from typing import Any

from sqlalchemy import Select, and_, func, or_, select, union_all

from services.contracts.reconciliation import DayState, DifferenceAction, DifferenceKind
from services.settlement.audit.claims import Claim
from services.settlement.domain.accounts import AccountKind
from services.settlement.domain.transfers import TransferKind
from services.settlement.tables import AccountRow, EntryRow, TransferRow
from services.settlement.tables_reconciliation import DifferenceRow, ReconciliationDayRow

_MATCHED = (DayState.OPEN, DayState.READY, DayState.CLOSED)


def claims() -> list[Claim]:
    """Every proof of this room."""
    return [
        ("closed_days", "已关账的日子没有未处理的差异", ReconciliationDayRow, _open_in_closed()),
        ("days", "每个核对日的账单合计与账面合计之差等于差异之和", ReconciliationDayRow, _sums()),
        ("channel_fees", "渠道手续费等于关账和差异处理时记入的数", ReconciliationDayRow, _fees()),
        ("unclaimed_kept", "无主款等于对账时记入而未退的数", DifferenceRow, _unclaimed()),
    ]


def _open_in_closed() -> Select[Any]:
    is_open = and_(
        DifferenceRow.day_id == ReconciliationDayRow.day_id, DifferenceRow.resolved.is_(None)
    )
    return (
        select(ReconciliationDayRow.day_id, ReconciliationDayRow.day, DifferenceRow.reference)
        .outerjoin(DifferenceRow, is_open)
        .where(
            ReconciliationDayRow.state == DayState.CLOSED,
            or_(
                DifferenceRow.difference_id.is_not(None),
                ReconciliationDayRow.open_count != 0,
                ReconciliationDayRow.closed_by_account_id.is_(None),
            ),
        )
    )


def _sums() -> Select[Any]:
    day = ReconciliationDayRow
    apart = func.coalesce(func.sum(DifferenceRow.gap_fen), 0)
    return (
        select(day.day_id, day.day, day.their_fen, day.our_fen, apart)
        .outerjoin(DifferenceRow, DifferenceRow.day_id == day.day_id)
        .where(day.state.in_(_MATCHED))
        .group_by(day.day_id, day.day, day.their_fen, day.our_fen)
        .having(day.their_fen - day.our_fen != apart)
    )


def _fees() -> Select[Any]:
    """Per channel: the fees in the ledger, against the closed days' and what was mended."""
    booked = (
        select(AccountRow.channel.label("channel"), EntryRow.amount_fen.label("amount_fen"))
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .join(TransferRow, TransferRow.transfer_id == EntryRow.transfer_id)
        .where(
            AccountRow.kind == AccountKind.CHANNEL_FEES,
            TransferRow.kind == TransferKind.CHANNEL_FEE,
        )
    )
    closed = select(
        ReconciliationDayRow.channel, func.coalesce(ReconciliationDayRow.fee_booked_fen, 0)
    )
    mended = (
        select(ReconciliationDayRow.channel, DifferenceRow.booked_fen)
        .join(ReconciliationDayRow, ReconciliationDayRow.day_id == DifferenceRow.day_id)
        .where(DifferenceRow.kind == DifferenceKind.FEE)
    )
    sides = union_all(booked, closed, mended).subquery("sides")
    total = func.sum(sides.c.amount_fen)
    return select(sides.c.channel, total).group_by(sides.c.channel).having(total != 0)


def _unclaimed() -> Select[Any]:
    """Per channel: unclaimed money of payments has gone on to refunds, the rest people booked."""
    on_account = (
        select(AccountRow.channel.label("channel"), EntryRow.amount_fen.label("amount_fen"))
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .join(TransferRow, TransferRow.transfer_id == EntryRow.transfer_id)
        .where(
            AccountRow.kind == AccountKind.UNCLAIMED,
            TransferRow.kind != TransferKind.CORRECTION,
        )
    )
    kept = (
        select(ReconciliationDayRow.channel, -DifferenceRow.booked_fen)
        .join(ReconciliationDayRow, ReconciliationDayRow.day_id == DifferenceRow.day_id)
        .where(
            DifferenceRow.resolved == DifferenceAction.BOOK_UNCLAIMED,
            DifferenceRow.kind == DifferenceKind.ONLY_THEIRS,
        )
    )
    sides = union_all(on_account, kept).subquery("sides")
    total = func.sum(sides.c.amount_fen)
    return select(sides.c.channel, total).group_by(sides.c.channel).having(total != 0)
