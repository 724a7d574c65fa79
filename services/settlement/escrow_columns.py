"""What a decision about an order's money needs to know beside its escrow's own row."""

from typing import Any

from sqlalchemy import Row, func, literal, or_, select

from services.contracts.settlement import CashState
from services.settlement.domain.accounts import AccountKind
from services.settlement.domain.escrows import Parts
from services.settlement.tables import AccountRow, EscrowRow
from services.settlement.tables_desk import CashRow, CommissionRuleRow

_DEBT = (
    select(literal(1))
    .where(
        AccountRow.kind == AccountKind.MERCHANT_RECEIVABLE,
        AccountRow.owner == EscrowRow.merchant_id,
    )
    .correlate(EscrowRow)
    .exists()
)
_RATE = (
    select(CommissionRuleRow.rate_bp)
    .where(
        or_(
            CommissionRuleRow.merchant_id == EscrowRow.merchant_id,
            CommissionRuleRow.merchant_id == "",
        ),
        or_(CommissionRuleRow.category == EscrowRow.category, CommissionRuleRow.category == ""),
        CommissionRuleRow.from_day <= func.date(func.addtime(EscrowRow.held_at, "08:00:00")),
        or_(
            CommissionRuleRow.until_day.is_(None),
            CommissionRuleRow.until_day >= func.date(func.addtime(EscrowRow.held_at, "08:00:00")),
        ),
    )
    .correlate(EscrowRow)
    .order_by(
        CommissionRuleRow.merchant_id.desc(),
        CommissionRuleRow.category.desc(),
        CommissionRuleRow.made_at.desc(),
    )
    .limit(1)
    .scalar_subquery()
)
"""The rule of the Beijing day on which the order was paid: the merchant's own beats its category's,
which beats the general one; of two alike the newer one counts.
"""
ESCROW_COLUMNS = (
    EscrowRow.__table__,
    func.coalesce(_RATE, 0).label("rate_bp"),
    _DEBT.label("may_owe"),
    select(CashRow.state)
    .where(CashRow.order_id == EscrowRow.order_id)
    .correlate(EscrowRow)
    .scalar_subquery()
    .label("cash_state"),
)
CASH_MISSING = (
    select(CashRow.order_id)
    .where(
        CashRow.order_id == EscrowRow.order_id,
        CashRow.state.in_((CashState.DUE, CashState.COLLECTED)),
    )
    .correlate(EscrowRow)
    .exists()
)


def left_of(escrow: Row[Any]) -> Parts:
    """What has not gone back yet, by where it came from."""
    paid = Parts(escrow.channel_fen, escrow.fund_fen, escrow.card_fen, escrow.gift_fen)
    return paid.minus(
        Parts(
            escrow.back_channel_fen,
            escrow.back_fund_fen,
            escrow.back_card_fen,
            escrow.back_gift_fen,
        )
    )
