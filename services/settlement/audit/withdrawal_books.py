"""What must hold between withdrawals and the ledger, in the form of books.py."""

from typing import Any

from sqlalchemy import Select, and_, case, func, literal, not_, or_, select, union_all

from services.contracts.withdrawals import WithdrawalState
from services.settlement.audit.claims import Claim
from services.settlement.domain.accounts import AccountKind
from services.settlement.domain.holds import HoldState
from services.settlement.domain.transfers import TransferKind
from services.settlement.domain.withdrawals import HOLD_PURPOSE, UNDER_WAY, WAITING
from services.settlement.tables import AccountRow, EntryRow, HoldRow, TransferRow
from services.settlement.tables_withdrawals import WithdrawalRow


def claims() -> list[Claim]:
    """Of money under way, money set aside, and each withdrawal's end."""
    return [
        ("withdrawals", "在途提现等于各途径提现中的账户余额", WithdrawalRow, _under_way()),
        ("withdrawal_holds", "每笔待付的提现都有等额的冻结款", WithdrawalRow, _holds()),
        ("withdrawal_ends", "每笔提现只出账一次，只了结一次", WithdrawalRow, _ends()),
    ]


def _under_way() -> Select[Any]:
    """Both sides as rows, so that neither an account nor a withdrawal can be missing unseen."""
    booked = (
        select(AccountRow.owner.label("way"), EntryRow.amount_fen.label("amount_fen"))
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .where(AccountRow.kind == AccountKind.WITHDRAWALS_UNDER_WAY)
    )
    owed = select(WithdrawalRow.way, -WithdrawalRow.amount_fen).where(
        WithdrawalRow.state.in_(UNDER_WAY)
    )
    sides = union_all(booked, owed).subquery("sides")
    difference = func.sum(sides.c.amount_fen)
    return select(sides.c.way, difference).group_by(sides.c.way).having(difference != 0)


def _holds() -> Select[Any]:
    waits = WithdrawalRow.state.in_(WAITING)
    is_held = and_(HoldRow.state == HoldState.HELD, HoldRow.amount_fen == WithdrawalRow.amount_fen)
    without_hold = (
        select(WithdrawalRow.withdrawal_id, WithdrawalRow.state, HoldRow.state.label("hold_state"))
        .outerjoin(HoldRow, HoldRow.hold_id == WithdrawalRow.hold_id)
        .where(
            or_(
                HoldRow.hold_id.is_(None),
                and_(waits, not_(is_held)),
                and_(not_(waits), HoldRow.state == HoldState.HELD),
            )
        )
    )
    without_withdrawal = (
        select(HoldRow.hold_id, literal("no withdrawal"), HoldRow.state)
        .outerjoin(WithdrawalRow, WithdrawalRow.hold_id == HoldRow.hold_id)
        .where(HoldRow.purpose == HOLD_PURPOSE, WithdrawalRow.withdrawal_id.is_(None))
    )
    found = union_all(without_hold, without_withdrawal).subquery("found")
    return select(found)


def _ends() -> Select[Any]:
    begun, done, failed = (
        func.count(case((TransferRow.kind == kind, 1)))
        for kind in (
            TransferKind.WITHDRAWAL_BEGUN,
            TransferKind.WITHDRAWAL_DONE,
            TransferKind.WITHDRAWAL_FAILED,
        )
    )
    is_done = case((WithdrawalRow.state == WithdrawalState.DONE, 1), else_=0)
    is_out = case((WithdrawalRow.state.in_(UNDER_WAY), 1), else_=0)
    return (
        select(WithdrawalRow.withdrawal_id, WithdrawalRow.state, begun, done, failed)
        .outerjoin(TransferRow, TransferRow.reference == WithdrawalRow.withdrawal_id)
        .group_by(WithdrawalRow.withdrawal_id, WithdrawalRow.state)
        .having(or_(begun > 1, done != is_done, begun - done - failed != is_out))
    )
