"""What must hold where the shop itself receives and the channel shares the money out."""

from typing import Any

from sqlalchemy import Select, case, func, select

from services.contracts.settlement import EscrowState
from services.settlement.audit.claims import Claim
from services.settlement.domain.accounts import AccountKind, Custodian
from services.settlement.domain.shares import ShareStep
from services.settlement.domain.transfers import TransferKind
from services.settlement.tables import AccountRow, EntryRow, EscrowRow, TransferRow
from services.settlement.tables_sharing import ProfitShareRow

_RELEASED = (EscrowRow.custodian == Custodian.CHANNEL) & (EscrowRow.state == EscrowState.RELEASED)
_DONE = ProfitShareRow.state == ShareStep.DONE


def claims() -> list[Claim]:
    """Every proof of this room."""
    return [
        ("shares", "待分账的订单足额冻结在渠道，分完的为零", ProfitShareRow, _wrong_frozen()),
        ("shares.booked", "每个订单的分账恰为其结算份额", ProfitShareRow, _wrong_booked()),
    ]


def _wrong_frozen() -> Select[Any]:
    """Released orders without a share, or whose account holds another sum than is to be shared."""
    due = case((_DONE, 0), else_=ProfitShareRow.money_fen)
    account = (AccountRow.kind == AccountKind.ESCROW) & (AccountRow.owner == EscrowRow.order_id)
    held = func.coalesce(AccountRow.balance_fen, 0)
    return (
        select(EscrowRow.order_id, ProfitShareRow.state, due, held)
        .outerjoin(ProfitShareRow, ProfitShareRow.order_id == EscrowRow.order_id)
        .outerjoin(AccountRow, account)
        .where(_RELEASED, func.coalesce(due, -1) != held)
    )


def _wrong_booked() -> Select[Any]:
    kinds = (TransferKind.SHARED, TransferKind.TAKEN_BACK)
    went = (
        select(TransferRow.order_id.label("key"), (-func.sum(EntryRow.amount_fen)).label("total"))
        .join(EntryRow, EntryRow.transfer_id == TransferRow.transfer_id)
        .join(AccountRow, AccountRow.account_id == EntryRow.account_id)
        .where(TransferRow.kind.in_(kinds), AccountRow.kind == AccountKind.ESCROW)
        .group_by(TransferRow.order_id)
        .subquery("went")
    )
    total = func.coalesce(went.c.total, 0)
    due = case((_DONE, EscrowRow.settled_money_fen), else_=0)
    return (
        select(EscrowRow.order_id, ProfitShareRow.state, due, total)
        .join(ProfitShareRow, ProfitShareRow.order_id == EscrowRow.order_id)
        .outerjoin(went, went.c.key == EscrowRow.order_id)
        .where(_RELEASED, due != total)
    )
