"""What must hold for payments, for what is held for orders, and for cash at doors."""

from typing import Any

from sqlalchemy import Select, case, func, literal, or_, select

from services.contracts.settlement import CashState, EscrowState, PaymentState
from services.settlement.audit.claims import Claim, sum_by
from services.settlement.domain.accounts import AccountKind, Custodian
from services.settlement.domain.payments import ChannelOrderState, Purpose
from services.settlement.domain.transfers import TransferKind
from services.settlement.tables import (
    AccountRow,
    AllocationRow,
    ChannelOrderRow,
    EntryRow,
    EscrowRow,
    PaymentRow,
    RefundRow,
    TransferRow,
)
from services.settlement.tables_desk import CashRow

ESCROW_PROOF = "escrow"
_TO_MERCHANT = (
    TransferKind.RELEASE,
    TransferKind.CARD_SOLD,
    TransferKind.TAKEN_BACK,
    TransferKind.SHARED,
)
_BACK = (
    TransferKind.REFUND_BEGUN,
    TransferKind.REFUND_TO_FUND,
    TransferKind.REFUND_TO_CARD,
    TransferKind.REFUND_VOID,
)
_BACK_MONEY = EscrowRow.back_channel_fen + EscrowRow.back_fund_fen + EscrowRow.back_card_fen
_MONEY = EscrowRow.channel_fen + EscrowRow.fund_fen + EscrowRow.card_fen
_SETTLED = EscrowRow.settled_money_fen
_UNRESOLVED = (EscrowState.HELD, EscrowState.FROZEN)
_SHOP_RECEIVES = (EscrowRow.custodian == Custodian.CHANNEL) & (
    EscrowRow.state == EscrowState.RELEASED
)
"""Released here, and shared out by the channel in its own time: proved with the sharing."""


def claims() -> list[Claim]:
    """Every proof of this room."""
    return [
        (ESCROW_PROOF, "未了结的订单担保足额，了结的为零", EscrowRow, _wrong_escrows()),
        ("parts", "每个订单的各部分来源之和等于其金额", EscrowRow, _wrong_parts()),
        ("once", "付给商家的恰为其结算份额", EscrowRow, _wrong_flow(_TO_MERCHANT, _SETTLED)),
        ("returned", "担保资金退出的恰为退款之和", EscrowRow, _wrong_flow(_BACK, _BACK_MONEY)),
        ("allocations", "每张支付单的分配之和等于其金额", PaymentRow, _wrong_allocations()),
        ("receipts", "每张已付的支付单都担保了它的全部订单", PaymentRow, _wrong_receipts()),
        ("unclaimed", "迟到和重复的款项都已安排退回", ChannelOrderRow, _unclaimed()),
        ("cash.due", "待收现金等于各单待收之和", CashRow, _wrong_cash_due()),
        ("cash.courier", "配送员代收的现金等于其未交之和", CashRow, _wrong_courier_cash()),
    ]


def _wrong_escrows() -> Select[Any]:
    due = case((EscrowRow.state.in_(_UNRESOLVED), _MONEY - _BACK_MONEY), else_=0)
    account = (AccountRow.kind == AccountKind.ESCROW) & (AccountRow.owner == EscrowRow.order_id)
    return (
        select(EscrowRow.order_id, EscrowRow.state, EscrowRow.amount_fen, AccountRow.balance_fen)
        .outerjoin(AccountRow, account)
        .where(func.coalesce(AccountRow.balance_fen, 0) != due, ~_SHOP_RECEIVES)
    )


def _wrong_parts() -> Select[Any]:
    whole = _MONEY + EscrowRow.gift_fen
    return select(EscrowRow.order_id, EscrowRow.amount_fen, whole).where(
        or_(
            whole != EscrowRow.amount_fen,
            EscrowRow.back_channel_fen > EscrowRow.channel_fen,
            EscrowRow.back_fund_fen > EscrowRow.fund_fen,
            EscrowRow.back_card_fen > EscrowRow.card_fen,
            EscrowRow.back_gift_fen > EscrowRow.gift_fen,
        )
    )


def _wrong_flow(kinds: tuple[TransferKind, ...], due: Any) -> Select[Any]:
    """Escrows out of which transfers of these kinds took another sum than `due`."""
    went = (
        select(TransferRow.order_id.label("key"), (-func.sum(EntryRow.amount_fen)).label("total"))
        .join(EntryRow, EntryRow.transfer_id == TransferRow.transfer_id)
        .join(AccountRow, AccountRow.account_id == EntryRow.account_id)
        .where(TransferRow.kind.in_(kinds), AccountRow.kind == AccountKind.ESCROW)
        .group_by(TransferRow.order_id)
        .subquery("went")
    )
    total = func.coalesce(went.c.total, 0)
    return (
        select(EscrowRow.order_id, EscrowRow.state, due, total)
        .outerjoin(went, went.c.key == EscrowRow.order_id)
        .where(due != total, ~_SHOP_RECEIVES)
    )


def _wrong_allocations() -> Select[Any]:
    parts = sum_by(AllocationRow.payment_id, AllocationRow.amount_fen, "parts")
    total = func.coalesce(parts.c.total, 0)
    return (
        select(PaymentRow.payment_id, PaymentRow.amount_fen, total)
        .outerjoin(parts, parts.c.key == PaymentRow.payment_id)
        .where(PaymentRow.amount_fen != total)
    )


def _wrong_receipts() -> Select[Any]:
    held = sum_by(EscrowRow.payment_id, EscrowRow.amount_fen, "held")
    total = func.coalesce(held.c.total, 0)
    due = case((PaymentRow.state == PaymentState.PAID, PaymentRow.amount_fen), else_=0)
    return (
        select(PaymentRow.payment_id, PaymentRow.state, PaymentRow.amount_fen, total)
        .outerjoin(held, held.c.key == PaymentRow.payment_id)
        .where(total != due, PaymentRow.purpose == Purpose.ORDER)
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


def _wrong_cash_due() -> Select[Any]:
    return _wrong_cash(AccountKind.CASH_DUE, CashRow.community_id, CashState.DUE)


def _wrong_courier_cash() -> Select[Any]:
    return _wrong_cash(AccountKind.COURIER_CASH, CashRow.courier_id, CashState.COLLECTED)


def _wrong_cash(kind: AccountKind, owner: Any, state: CashState) -> Select[Any]:
    owed = (
        select(owner.label("key"), func.sum(CashRow.amount_fen).label("total"))
        .where(CashRow.state == state)
        .group_by(owner)
        .subquery("owed")
    )
    booked = -func.coalesce(func.sum(EntryRow.amount_fen), literal(0))
    return (
        select(AccountRow.owner, booked, func.coalesce(owed.c.total, 0))
        .outerjoin(EntryRow, EntryRow.account_id == AccountRow.account_id)
        .outerjoin(owed, owed.c.key == AccountRow.owner)
        .where(AccountRow.kind == kind)
        .group_by(AccountRow.account_id, AccountRow.owner, owed.c.total)
        .having(booked != func.coalesce(owed.c.total, 0))
    )
