"""What must hold of property fees: each payment booked once, each bill paid once."""

from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select, union_all

from services.contracts.fees import FeeBillState, FeePaymentState
from services.settlement.audit.claims import Claim
from services.settlement.domain.accounts import AccountKind
from services.settlement.domain.fees import HELD, UNDONE
from services.settlement.domain.transfers import TransferKind
from services.settlement.tables import AccountRow, EntryRow, TransferRow
from services.settlement.tables_fees import FeeBillRow, FeePaymentRow

_LIVE = (FeePaymentState.WAITING, *HELD)
_STANDS_FOR = {
    FeeBillState.PAYING: (FeePaymentState.WAITING,),
    FeeBillState.TOLD: (FeePaymentState.TELLING,),
    FeeBillState.CLOSED: (FeePaymentState.ACCEPTED, FeePaymentState.REVERSING),
}


def claims() -> list[Claim]:
    """Name, sentence, the table whose rows are looked at, and what would break the sentence."""
    return [
        ("fee_booked", "每笔收到的物业费恰好入账一次", FeePaymentRow, _wrongly_booked()),
        ("fee_undone", "被拒和冲正的物业费恰好退回一次", FeePaymentRow, _wrongly_undone()),
        ("fee_income", "物业费收入等于有效缴费之和", FeePaymentRow, _wrong_income()),
        ("fee_once", "没有账单被缴两次", FeeBillRow, _paid_twice()),
        ("fee_bills", "账单状态与它的缴费一致", FeeBillRow, _wrong_bills()),
    ]


def _income_of(transfer_id: Any, name: str) -> Any:
    """What a transfer brought to (or took from) the fee income of the payment's community."""
    return (
        select(func.coalesce(func.sum(EntryRow.amount_fen), 0))
        .join(AccountRow, AccountRow.account_id == EntryRow.account_id)
        .where(
            EntryRow.transfer_id == transfer_id,
            AccountRow.kind == AccountKind.FEE_INCOME,
            AccountRow.owner == FeePaymentRow.community_id,
        )
        .correlate(FeePaymentRow)
        .scalar_subquery()
        .label(name)
    )


def _wrongly_booked() -> Select[Any]:
    received = FeePaymentRow.state.in_((*HELD, *UNDONE))
    due = case((received, FeePaymentRow.amount_fen), else_=0)
    brought = _income_of(FeePaymentRow.booked_id, "brought")
    return select(
        FeePaymentRow.fee_payment_id, FeePaymentRow.state, FeePaymentRow.amount_fen, brought
    ).where(brought != due)


def _wrongly_undone() -> Select[Any]:
    due = case((FeePaymentRow.state.in_(UNDONE), -FeePaymentRow.amount_fen), else_=0)
    taken = _income_of(FeePaymentRow.undone_id, "taken")
    return select(
        FeePaymentRow.fee_payment_id, FeePaymentRow.state, FeePaymentRow.amount_fen, taken
    ).where(taken != due)


def _wrong_income() -> Select[Any]:
    """By community, and only what fee transfers brought: corrections are an accountant's."""
    booked = (
        select(AccountRow.owner.label("owner"), (-EntryRow.amount_fen).label("fen"))
        .join(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .join(TransferRow, TransferRow.transfer_id == EntryRow.transfer_id)
        .where(
            AccountRow.kind == AccountKind.FEE_INCOME,
            TransferRow.kind.in_(
                (TransferKind.FEE_RECEIPT, TransferKind.FEE_OFFSET, TransferKind.FEE_UNDONE)
            ),
        )
    )
    due = select(
        FeePaymentRow.community_id.label("owner"), FeePaymentRow.amount_fen.label("fen")
    ).where(FeePaymentRow.state.in_(HELD))
    both = union_all(booked, due).subquery("both")
    missing = func.sum(both.c.fen)
    return select(both.c.owner, missing).group_by(both.c.owner).having(missing != 0)


def _paid_twice() -> Select[Any]:
    times = func.count(FeePaymentRow.fee_payment_id)
    return (
        select(FeePaymentRow.bill_id, times)
        .where(FeePaymentRow.state.in_(_LIVE))
        .group_by(FeePaymentRow.bill_id)
        .having(times > 1)
    )


def _wrong_bills() -> Select[Any]:
    """A bill that names a payment which does not stand for it, or is paid and names none."""
    fits = or_(
        *(
            and_(FeeBillRow.state == state, FeePaymentRow.state.in_(payments))
            for state, payments in _STANDS_FOR.items()
        )
    )
    paid_by_another = (
        select(FeePaymentRow.fee_payment_id)
        .where(FeePaymentRow.bill_id == FeeBillRow.bill_id, FeePaymentRow.state.in_(_LIVE))
        .correlate(FeeBillRow)
        .exists()
    )
    return (
        select(FeeBillRow.bill_id, FeeBillRow.state, FeePaymentRow.state, FeePaymentRow.amount_fen)
        .outerjoin(FeePaymentRow, FeePaymentRow.fee_payment_id == FeeBillRow.fee_payment_id)
        .where(
            case(
                (FeeBillRow.fee_payment_id.is_(None), paid_by_another),
                else_=or_(
                    FeePaymentRow.fee_payment_id.is_(None),
                    FeePaymentRow.bill_id != FeeBillRow.bill_id,
                    ~fits,
                ),
            )
        )
    )
